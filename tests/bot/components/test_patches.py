"""The changes to Rasa: each still meets the code it was written for, and does what it says."""

from __future__ import annotations

import asyncio
import inspect
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import rasa.core.actions.forms
import rasa.core.agent
import rasa.core.policies.memoization
import rasa.core.policies.rule_policy
import rasa.core.processor
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import CountVectorsFeaturizer
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig
from rasa.validator import Validator
from sklearn.feature_extraction.text import CountVectorizer

from bot.components import patches

DOMAIN = Domain.from_yaml(
    """
    intents: [greet]
    slots: {order_number: {type: text, mappings: [{type: custom}]}}
    forms: {order_form: {required_slots: [order_number]}}
    responses: {utter_hi: [{text: hi}]}
    """
)
_CHANGED = [
    (RemoteAction, "_validate_action_result"),
    (RemoteAction, "_action_call_format"),
    (EndpointConfig, "session"),
    (Agent, "_create_tracker_store"),
    (DaskGraphRunner, "run"),
    (RulePolicy, "_find_action_from_rules"),
    (Validator, "_gather_utterance_actions"),
    (rasa.core.agent, "load_agent"),
    (CountVectorsFeaturizer, "_create_features"),
]


@pytest.fixture(autouse=True)
def restore(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo every patch after the test."""
    for owner, name in _CHANGED:
        monkeypatch.setattr(owner, name, inspect.getattr_static(owner, name))


_SLOT = {"event": "slot", "timestamp": None, "name": "a", "value": 1}


@pytest.mark.parametrize(
    ("result", "good"),
    [
        ({"events": [_SLOT], "responses": []}, True),
        ({"events": [_SLOT], "responses": [{"text": "您好"}]}, True),
        ({"events": [{"event": "slot", "name": "a", "value": 1}], "responses": []}, True),
        ({"events": [{"event": "followup", "name": "action_x"}], "responses": []}, True),
        ({"events": [{"event": "slot"}], "responses": []}, False),
        ({"events": [{**_SLOT, "name": 7}], "responses": []}, False),
        ({"events": [{**_SLOT, "timestamp": "now"}], "responses": []}, False),
        ({"events": [{**_SLOT, "event": "sloth"}], "responses": []}, False),
        ({"events": [_SLOT, "slot"], "responses": []}, False),
        ({"events": [_SLOT], "responses": ["text"]}, False),
        ({"events": [], "responses": "none"}, False),
        ([], False),
    ],
)
@pytest.mark.parametrize("patched", [False, True])
def test_results_of_actions_are_accepted_and_refused_as_rasa_does(
    result: Any, *, good: bool, patched: bool
) -> None:
    action = RemoteAction("action_x", None)
    if patched:
        patches.compile_action_schema()
    if good:
        assert action._validate_action_result(result)
    else:
        with pytest.raises(ValidationError):
            action._validate_action_result(result)


def test_an_action_call_is_rasas_with_slots_and_forms_for_domain() -> None:
    action = RemoteAction("action_x", EndpointConfig("http://127.0.0.1"))
    tracker = DialogueStateTracker.from_events("customer", [], DOMAIN.slots)
    whole = action._action_call_format(tracker, DOMAIN)
    patches.send_small_domain()
    small = action._action_call_format(tracker, DOMAIN)
    assert small.pop("domain") == {key: whole["domain"][key] for key in ("slots", "forms")}
    whole.pop("domain")
    assert small == whole


def test_the_counts_of_a_message_are_rasas_without_those_of_its_words() -> None:
    texts = [["怎么", "退货"], [], ["return", "it"]]
    vectorizer = CountVectorizer(analyzer="char_wb", ngram_range=(1, 4))
    vectorizer.fit([" ".join(tokens) for tokens in texts])
    featurizer = SimpleNamespace(vectorizers={"text": vectorizer, "response": None})
    _, whole = CountVectorsFeaturizer._create_features(featurizer, "text", texts)
    patches.count_messages_only()
    words, messages = CountVectorsFeaturizer._create_features(featurizer, "text", texts)
    assert words == [None] * 3
    assert messages[1] is whole[1] is None
    for i in (0, 2):
        assert (messages[i] != whole[i]).nnz == 0
        assert messages[i].nnz > 0
    nothing = CountVectorsFeaturizer._create_features(featurizer, "response", texts)
    assert nothing == ([None] * 3, [None] * 3)


def test_an_endpoint_keeps_its_connections() -> None:
    patches.keep_connections()

    async def two_requests() -> tuple[Any, Any]:
        endpoint = EndpointConfig("http://127.0.0.1")
        async with endpoint.session() as first:
            pass
        async with endpoint.session() as second:
            assert not second.closed
        await second.close()
        async with endpoint.session() as third:
            assert third is not second
            await third.close()
        return first, second

    first, second = asyncio.run(two_requests())
    assert first is second


@pytest.mark.parametrize(
    "module",
    [
        rasa.core.actions.forms,
        rasa.core.policies.memoization,
        rasa.core.policies.rule_policy,
        rasa.core.processor,
    ],
)
def test_modules_without_copies_used_them_for_debug_lines_only(module: Any) -> None:
    """Every ``copy.deepcopy`` in the source stands inside a call of ``structlogger.debug``."""
    source = inspect.getsource(module)
    logged = "".join(re.findall(r"structlogger\.debug\((?:[^()]|\([^()]*\))*\)", source))
    assert source.count("copy.deepcopy") == logged.count("copy.deepcopy") > 0
    assert not re.search(r"\bcopy\.(?!deepcopy)\w+\(", source)


def test_the_graph_runs_each_node_once_after_what_it_needs() -> None:
    calls: list[str] = []

    def node(name: str) -> Any:
        def run(*inputs: Any) -> tuple[str, str]:
            calls.append(name)
            return name, f"{name}({','.join(value for _, value in inputs)})"

        return run

    needs = {"a": ["message"], "b": ["a"], "c": ["a", "b"], "unused": ["c"]}
    runner = SimpleNamespace(
        _graph_schema=SimpleNamespace(
            nodes={
                n: SimpleNamespace(needs={str(i): x for i, x in enumerate(w)})
                for n, w in needs.items()
            }
        ),
        _instantiated_nodes={name: node(name) for name in needs},
    )
    patches.run_graph_directly()
    for _ in range(2):
        results = DaskGraphRunner.run(runner, {"message": "hi"}, ["c"])
        assert results == {"c": "c(a(hi),b(a(hi)))"}
    assert calls == ["a", "b", "c"] * 2


@pytest.mark.parametrize(
    ("rule", "reads_text"), [('[{"user": {"text": "hi"}}]', True), ("[]", False)]
)
def test_rules_over_texts_are_searched_only_if_there_are_any(
    monkeypatch: pytest.MonkeyPatch, rule: str, reads_text: bool
) -> None:
    searched: list[bool] = []
    monkeypatch.setattr(
        RulePolicy, "_find_action_from_rules", lambda *arguments: searched.append(arguments[3])
    )
    patches.skip_rules_over_text()
    policy = SimpleNamespace(lookup={"rules": {rule: "action"}})
    RulePolicy._find_action_from_rules(policy, None, None, True)
    RulePolicy._find_action_from_rules(policy, None, None, False)
    assert searched == ([True, False] if reads_text else [False])


def test_an_error_of_the_tracker_store_is_not_swallowed() -> None:
    patches.keep_tracker_store_bare()
    store = SimpleNamespace(domain=None)
    assert Agent._create_tracker_store(store, DOMAIN) is store
    assert store.domain is DOMAIN


def test_an_engine_without_model_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    async def load(*arguments: Any, **named: Any) -> Any:
        return SimpleNamespace(is_ready=lambda: False)

    monkeypatch.setattr(rasa.core.agent, "load_agent", load)
    patches.refuse_to_serve_without_model()
    with pytest.raises(RasaException, match="yingda train"):
        asyncio.run(rasa.core.agent.load_agent())


def test_responses_that_code_sends_count_as_used_and_no_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = """
say("utter_decline"); say(f"utter_handoff_{reason}"); say(f"utter_{intent}")
_confirmation("cod_reminder"); asked("new_phone")
"""
    (tmp_path / "faq.py").write_text(code)
    monkeypatch.setattr(patches, "_CODE", (tmp_path,))
    names = {
        "utter_greet",
        "utter_decline",
        "utter_handoff_anger",
        "utter_ask_order_number",
        "utter_cod_reminder",
        "utter_ask_new_phone",
        "utter_orphan",
    }
    monkeypatch.setattr(Validator, "_gather_utterance_actions", lambda self: names)
    patches.count_responses_of_actions_as_used()
    validator = SimpleNamespace(domain=DOMAIN, story_graph=SimpleNamespace(story_steps=[]))
    assert Validator._gather_utterance_actions(validator) == {"utter_orphan"}
