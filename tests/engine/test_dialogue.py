"""The rules as conversations: a trained dialogue model, driven by intents, with the app's actions faked."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rasa.model_training
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, Event, SlotSet
from rasa.utils.endpoints import EndpointConfig

from bot.components import patches
from bot.components.snapshot_tracker_store import SnapshotTrackerStore

ROOT = Path(__file__).resolve().parents[2]
Say = Callable[[str], list[Event]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The dialogue model alone: rules and domain of the project, no language understanding."""
    folder = tmp_path_factory.mktemp("model")
    config = folder / "config.yml"
    policies = (ROOT / "config.yml").read_text(encoding="utf-8").partition("policies:")[2]
    config.write_text(
        f"recipe: default.v1\nassistant_id: yingda\nlanguage: zh\npolicies:{policies}", "utf-8"
    )
    made = rasa.model_training.train_core(
        str(ROOT / "domain.yml"),
        str(config),
        str(ROOT / "data/rules"),
        output=str(folder),
        fixed_model_name="dialogue",
    )
    assert made is not None
    return str(made)


@pytest.fixture(scope="module")
def agent(model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    """The engine with an app that answers every action with nothing."""

    async def request(self: Any, **arguments: Any) -> dict[str, Any]:
        return {"events": [], "responses": []}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EndpointConfig, "request", request)
        patch.setattr(Agent, "_create_tracker_store", Agent._create_tracker_store)
        patches.keep_tracker_store_bare()
        store = SnapshotTrackerStore(None, str(tmp_path_factory.mktemp("store") / "engine.sqlite3"))
        endpoint = EndpointConfig("http://127.0.0.1:1/actions/webhook")
        yield Agent.load(model, tracker_store=store, action_endpoint=endpoint)
        store._connection.close()


@pytest.fixture
def say(agent: Agent, request: pytest.FixtureRequest) -> Say:
    """Return a function that runs one turn of a conversation of this test's own."""
    numbers = itertools.count()
    customer = request.node.name

    def run(message: str) -> list[Event]:
        async def turn() -> list[Event]:
            await agent.handle_message(
                UserMessage(
                    message, CollectingOutputChannel(), customer, message_id=str(next(numbers))
                )
            )
            return list(await agent.tracker_store.last_turn(customer))

        return asyncio.run(turn())

    return run


def actions(events: list[Event]) -> list[str]:
    """Return what was done, without listening."""
    names = [e.action_name for e in events if isinstance(e, ActionExecuted)]
    return [name for name in names if name != "action_listen"]


def said(events: list[Event]) -> list[str]:
    return [e.metadata.get("utter_action", "") for e in events if isinstance(e, BotUttered)]


def goals(events: list[Event]) -> list[str]:
    return [e.value for e in events if isinstance(e, SlotSet) and e.key == "order_goal"]


def loop_after(events: list[Event]) -> str | None:
    loops = [e.name for e in events if isinstance(e, ActiveLoop)]
    return loops[-1] if loops else "unchanged"


@pytest.mark.parametrize(
    "intent",
    [
        "order_status",
        "my_orders",
        "urge_delivery",
        "not_received",
        "cod_confirm",
        "change_address",
        "change_delivery_time",
        "cancel_order",
        "return_request",
        "exchange_request",
        "wrong_or_damaged_item",
        "invoice",
    ],
)
def test_everything_about_an_order_asks_for_number_and_phone_and_then_acts(
    say: Say, intent: str
) -> None:
    first = say(f"/{intent}")
    assert actions(first) == ["order_form"]
    assert said(first) == ["utter_ask_order_number"]
    assert said(say('/inform{"order_number": "SO20261105001"}')) == ["utter_ask_phone_last4"]
    last = say('/inform{"last_four": "5678"}')
    assert actions(last) == ["order_form", "action_order"]
    assert loop_after(last) is None
    assert set(goals(first)) == {intent}


def test_an_order_number_in_the_first_sentence_is_not_asked_again(say: Say) -> None:
    assert said(say('/order_status{"order_number": "SO20261105001"}')) == ["utter_ask_phone_last4"]


@pytest.mark.parametrize("code", ["order_number", "tracking_number"])
def test_a_bare_code_starts_the_order_form(say: Say, code: str) -> None:
    events = say(f'/inform{{"{code}": "X1"}}')
    assert actions(events) == ["order_form"]
    assert said(events) == ["utter_ask_phone_last4"]
    assert goals(events)[0] == "order_status"


def test_information_that_names_no_order_is_acknowledged(say: Say) -> None:
    assert actions(say('/inform{"phone": "+8613812345678"}')) == ["action_inform"]


@pytest.mark.parametrize(
    ("intent", "action"),
    [
        ("ask_faq", "action_answer_faq"),
        ("nlu_fallback", "action_answer_faq"),
        ("cod_question", "action_answer_faq"),
        ("product_question", "action_answer_faq"),
        ("installation_help", "action_answer_faq"),
        ("out_of_scope", "action_decline"),
        ("greet", "utter_greet"),
        ("thanks", "action_thanks"),
        ("bot_challenge", "utter_bot_challenge"),
        ("price_bargain", "utter_price_bargain"),
        ("suggestion", "action_suggestion"),
        ("affirm", "action_affirm"),
    ],
)
def test_a_question_in_mid_form_is_answered_and_the_form_asks_again(
    say: Say, intent: str, action: str
) -> None:
    say("/order_status")
    events = say(f"/{intent}")
    assert actions(events) == [action, "order_form"]
    assert said(events)[-1] == "utter_ask_order_number"
    # and the form goes on from where it was
    assert said(say('/inform{"order_number": "SO20261105001"}')) == ["utter_ask_phone_last4"]


def test_several_questions_in_a_row_do_not_shake_the_form(say: Say) -> None:
    say("/order_status")
    for intent in ("ask_faq", "greet", "ask_faq", "out_of_scope"):
        assert said(say(f"/{intent}"))[-1] == "utter_ask_order_number"
    say('/inform{"order_number": "SO20261105001"}')
    assert said(say("/ask_faq"))[-1] == "utter_ask_phone_last4"
    assert actions(say('/inform{"last_four": "5678"}')) == ["order_form", "action_order"]


@pytest.mark.parametrize(
    ("intent", "action"),
    [
        ("deny", "action_deny"),
        ("ask_human", "action_handoff"),
        ("complaint", "action_handoff"),
        ("goodbye", "utter_goodbye"),
        ("repair_warranty", "utter_repair_warranty"),
        ("undo_change", "action_undo_change"),
    ],
)
def test_another_task_leaves_the_form(say: Say, intent: str, action: str) -> None:
    say("/order_status")
    events = say(f"/{intent}")
    assert actions(events)[-1] == action
    assert loop_after(events) is None
    assert "utter_ask_order_number" not in said(events)
    # the next message is not taken for an answer to the form
    assert said(say("/greet")) == ["utter_greet"]


def test_another_task_leaves_the_form_even_when_it_names_an_order(say: Say) -> None:
    say("/order_status")
    events = say('/repair_warranty{"order_number": "SO20261105001"}')
    assert actions(events)[-1] == "utter_repair_warranty"
    assert loop_after(events) is None


def test_the_goal_may_change_in_mid_form_and_the_form_goes_on(say: Say) -> None:
    say("/order_status")
    say('/inform{"order_number": "SO20261105001"}')
    events = say("/urge_delivery")
    assert said(events) == ["utter_ask_phone_last4"]
    assert goals(events)[-1] == "urge_delivery"
    assert actions(say('/inform{"last_four": "5678"}')) == ["order_form", "action_order"]


@pytest.mark.parametrize(
    ("intent", "action"),
    [
        ("greet", "utter_greet"),
        ("deny", "action_deny"),
        ("affirm", "action_affirm"),
        ("ask_human", "action_handoff"),
        ("complaint", "action_handoff"),
        ("undo_change", "action_undo_change"),
        ("suggestion", "action_suggestion"),
        ("continue_elsewhere", "action_continue_elsewhere"),
    ],
)
def test_one_message_one_answer_outside_the_form(say: Say, intent: str, action: str) -> None:
    assert actions(say(f"/{intent}")) == [action]
