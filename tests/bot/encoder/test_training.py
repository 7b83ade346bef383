"""The training recipe's parts that can be proved without training."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import BertConfig, BertModel

from bot.encoder.training.alignment import align, mean_vectors
from bot.encoder.training.data import (
    Labelled,
    clean,
    join_tokens,
    read_english,
    read_labelled,
    read_shop,
)
from bot.encoder.training.intents import contrast, nearest_first
from bot.encoder.training.student import between

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("tokenised", "joined"),
    [
        ("i just ... i couldn 't leave .", "i just... i couldn't leave."),
        ("what do you care if we 're not together ?", "what do you care if we're not together?"),
        ("it 's fine , thanks", "it's fine, thanks"),
    ],
)
def test_tokenised_english_is_joined(tokenised: str, joined: str) -> None:
    assert join_tokens(tokenised) == joined


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Hello {{ name }}, your order %(number)s", "Hello , your order"),
        ("See :class:`list <builtins.list>` **now**", "See list now"),
        ("<b>Payment</b>  methods:", "Payment methods"),
    ],
)
def test_markup_and_placeholders_are_removed(raw: str, text: str) -> None:
    assert clean(raw) == text


def test_alignment_finds_the_translation_of_each_word() -> None:
    """Words 1, 2, 3 mean 11, 12, 13; only their co-occurrence tells."""
    chinese = [[1, 2], [2, 3], [1, 3], [1], [2], [3]] * 3
    english = [[11, 12], [12, 13], [13, 11], [11], [12], [13]] * 3
    z, e, t = align(chinese, english, n_tokens=20)
    best = {int(i): int(e[z == i][t[z == i].argmax()]) for i in (1, 2, 3)}
    assert best == {1: 11, 2: 12, 3: 13}


def test_a_word_begins_near_its_translation() -> None:
    vectors = np.zeros((20, 4), dtype=np.float32)
    vectors[11:14] = np.eye(4, dtype=np.float32)[:3]
    z, e, t = np.array([1, 2]), np.array([11, 12]), np.array([1.0, 1.0])
    found = mean_vectors(z, e, t, vectors)
    assert found[1] @ vectors[11] > found[1] @ vectors[12]
    assert not found[5].any()  # nothing is known of word 5


def test_messages_of_one_intent_are_drawn_together() -> None:
    """The loss falls as a message nears its own intent, and rises as it nears another's."""
    labels = torch.tensor([0, 0, 1, 1])
    apart = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    mixed = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    halfway = functional.normalize(apart + 0.4, dim=1)
    losses = [float(contrast(vectors, labels)) for vectors in (apart, halfway, mixed)]
    assert losses == sorted(losses)
    assert losses[0] == pytest.approx(0.0, abs=1e-3)


def test_an_intent_is_contrasted_with_those_nearest_to_it() -> None:
    means = torch.tensor([[3.0, 0.0], [0.0, 1.0], [1.0, 0.5]])
    order = nearest_first(["return", "greet", "exchange"], means)
    assert order["return"] == ["return", "exchange", "greet"]
    assert order["greet"] == ["greet", "exchange", "return"]


def test_a_shop_gives_its_tasks_and_each_faq_record_as_intents() -> None:
    found = {row.text: row.intent for row in read_shop(ROOT / "data")}
    assert found["包邮吗"] == "faq/delivery-fee"
    assert {"return_request", "urge_delivery"} < set(found.values())
    assert not {"ask_faq", "out_of_scope"} & set(found.values())


def test_a_mean_of_two_models_lies_between_them() -> None:
    config = BertConfig(
        vocab_size=10,
        hidden_size=4,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=4,
    )
    one, other = (BertModel(config, add_pooling_layer=False) for _ in range(2))
    first, second = (m.embeddings.word_embeddings.weight.detach().clone() for m in (one, other))
    mixed = between(one, other, 0.25).embeddings.word_embeddings.weight.detach()
    assert torch.allclose(mixed, 0.75 * first + 0.25 * second)


def test_labelled_sets_are_read_and_their_texts_are_the_english_messages(tmp_path: Path) -> None:
    folder = tmp_path / "intent"
    folder.mkdir()
    with gzip.open(folder / "clinc150_train_val.json.gz", "wt", encoding="utf-8") as file:
        json.dump({"train": [["pay my bill", "pay_bill"]], "oos_train": [["who won", "oos"]]}, file)
    (folder / "banking77_train.csv").write_text(
        'text,category\n"my card\n is lost",lost_card\n', "utf-8"
    )
    (folder / "hwu64_fold2_train.md").write_text(
        "## intent:alarm_set\n- wake me at [six](time)\n", "utf-8"
    )
    with gzip.open(folder / "massive_train.jsonl.gz", "wt", encoding="utf-8") as file:
        row = {"id": 1, "intent": "alarm_set", "zh": "六点叫我", "en": "wake me at six"}
        file.write(json.dumps(row) + "\n")
    sets = read_labelled(tmp_path)
    assert sets["banking"] == [Labelled("my card is lost", "lost_card")]
    assert sets["hwu"] == [Labelled("wake me at six", "alarm_set")]
    assert sets["massive"] == [
        Labelled("六点叫我", "alarm_set"),
        Labelled("wake me at six", "alarm_set"),
    ]
    assert read_english(tmp_path) == ["my card is lost", "pay my bill", "wake me at six", "who won"]
