"""What Yingda changes in Rasa 3.6.21, each change with its reason.

Rasa's last open release gets no more fixes, so they are made here, at start, by name: a changed
Rasa fails at once and loudly. Gains are processor time of the engine for one turn with one action,
ten turns into a conversation, each patch taken away alone; with all of them such a turn takes 12 ms
on two busy cores.
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

_SMALL_DOMAIN = "_yingda_small_domain"
_CODE = (Path("actions"), Path("bot"), Path("connectors"))
_HERE = Path("bot/components")


def apply_all() -> None:
    """Apply every patch; call once, before Rasa reads the command line."""
    compile_action_schema()
    send_small_domain()
    run_graph_directly()
    skip_rules_over_text()
    fail_turns_whose_action_failed()
    keep_connections()
    spare_debug_copies()
    keep_tracker_store_bare()
    refuse_to_serve_without_model()
    count_responses_of_actions_as_used()
    keep_no_training_cache()
    merge_examples_cheaply()
    count_messages_only()


def leave_tensorflow_out() -> None:
    """Let Rasa start without TensorFlow, which the pipeline does not use.

    Three modules that only training uses import it whatever the pipeline holds; they are replaced
    by ones whose classes cannot be built. Call before Rasa is imported, and not for training.
    Halves the start (6 s of computing for 13 s) and the memory.
    """
    for name, classes in {
        "rasa.utils.tensorflow.callback": ("RasaTrainingLogger", "RasaModelCheckpoint"),
        "rasa.utils.tensorflow.data_generator": (
            "RasaBatchDataGenerator",
            "RasaDataGenerator",
        ),
        "rasa.graph_components.validators.default_recipe_validator": ("DefaultV1RecipeValidator",),
    }.items():
        module = ModuleType(name)
        for class_name in classes:
            setattr(module, class_name, type(class_name, (_NotLoaded,), {}))
        sys.modules[name] = module


class _NotLoaded:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            f"{type(self).__name__} serves training and was left out at start. Remove the "
            "call of patches.leave_tensorflow_out from bot/components/launch.py."
        )


def compile_action_schema() -> None:
    """Compile the schema of action results once instead of at every call.

    ``jsonschema.validate`` checks its own constant schema against the meta-schema each time.
    Saves 36 ms, three quarters of the turn. What nearly every action returns, slots and texts, is checked
    by hand, since the schema tries each event against 24 kinds: 0.9 ms more.
    """
    from jsonschema import Draft7Validator
    from rasa.core.actions.action import RemoteAction

    validator = Draft7Validator(RemoteAction.action_response_format_spec())

    def validate_action_result(self: Any, result: dict[str, Any]) -> bool:
        if not _sets_slots_only(result):
            validator.validate(result)
        return True

    RemoteAction._validate_action_result = validate_action_result


def _sets_slots_only(result: Any) -> bool:
    """Tell whether the result of an action is surely what the schema asks for: slots, and responses."""
    if not isinstance(result, dict):
        return False
    events, responses = result.get("events"), result.get("responses")
    return (
        isinstance(events, list)
        and isinstance(responses, list)
        and all(isinstance(response, dict) for response in responses)
        and all(
            isinstance(event, dict)
            and event.keys() == {"event", "timestamp", "name", "value"}
            and event["event"] == "slot"
            and isinstance(event["name"], str)
            and (event["timestamp"] is None or type(event["timestamp"]) in {int, float})
            for event in events
        )
    )


def send_small_domain() -> None:
    """Send slots and forms with every action in place of the whole domain.

    That is what rasa_sdk's forms read. All of it is 60 kB of JSON per action, mostly responses, and
    none of it (``enable_selective_domain``) is refused by rasa_sdk 3.21, which then waits for a
    second request that Rasa 3.6 does not know to send. Saves 1.5 ms.
    """
    from rasa.core.actions.action import RemoteAction

    def small(domain: Any) -> Any:
        # Kept on the domain itself: its hash, which a cache would ask for, is a digest of all of it.
        if _SMALL_DOMAIN not in domain.__dict__:
            whole = domain.as_dict()
            domain.__dict__[_SMALL_DOMAIN] = {k: whole.get(k, {}) for k in ("slots", "forms")}
        return domain.__dict__[_SMALL_DOMAIN]

    def action_call_format(self: Any, tracker: Any, domain: Any) -> dict[str, Any]:
        from rasa.shared.core.trackers import EventVerbosity

        return {
            "next_action": self.name(),
            "sender_id": tracker.sender_id,
            "tracker": tracker.current_state(EventVerbosity.ALL),
            "version": rasa.__version__,
            "domain": small(domain),
        }

    import rasa

    RemoteAction._action_call_format = action_call_format


def run_graph_directly() -> None:
    """Run the nodes of a prediction in an order that is worked out once.

    Rasa walks the graph's dependencies and builds a dask graph for every message and every
    prediction, three times a turn, to call some ten functions one after the other. Training keeps
    dask, which frees each result as soon as nothing needs it any more. Saves 1.8 ms.
    """
    from rasa.engine.runner.dask import DaskGraphRunner

    run_by_dask = DaskGraphRunner.run

    def run(self: Any, inputs: Any = None, targets: Any = None) -> dict[str, Any]:
        if not inputs or not targets:  # training
            return dict(run_by_dask(self, inputs, targets))
        plans = self.__dict__.setdefault("_yingda_plans", {})
        key = tuple(targets)
        if key not in plans:
            plans[key] = _plan(self._graph_schema.nodes, targets)
        results = {name: (name, value) for name, value in inputs.items()}
        for name in plans[key]:
            needs = self._graph_schema.nodes[name].needs.values()
            results[name] = self._instantiated_nodes[name](*(results[need] for need in needs))
        return {target: results[target][1] for target in targets}

    DaskGraphRunner.run = run


def _plan(nodes: dict[str, Any], targets: Iterable[str]) -> list[str]:
    """Return the names of the nodes that ``targets`` need, each after what it needs itself."""
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in nodes and name not in order:
            for need in nodes[name].needs.values():
                visit(need)
            order[name] = None

    for target in targets:
        visit(target)
    return list(order)


def skip_rules_over_text() -> None:
    """Look for rules over a message's wording only where there are any.

    Rasa goes through all rules twice at every prediction, first with the text and then with the
    intent, also when no rule names a text. Saves 0.6 ms.
    """
    from rasa.core.policies.rule_policy import RulePolicy

    find = RulePolicy._find_action_from_rules

    def find_action_from_rules(
        self: Any, tracker: Any, domain: Any, use_text_for_last_user_input: bool
    ) -> Any:
        if use_text_for_last_user_input:
            if "_yingda_reads_text" not in self.__dict__:
                self._yingda_reads_text = any('"text"' in rule for rule in self.lookup["rules"])
            if not self._yingda_reads_text:
                return None, None, False
        return find(self, tracker, domain, use_text_for_last_user_input)

    RulePolicy._find_action_from_rules = find_action_from_rules


class ActionFailedError(BaseException):
    """An action could not be run, so the turn must not count.

    Not an ``Exception``: Rasa catches those around an action, logs them and goes on without the
    action's words and events.
    """


def fail_turns_whose_action_failed() -> None:
    """Let a turn fail as a whole when one of its actions could not be run.

    Rasa would store the turn as done, with a form half filled and nothing said. A failed turn is not
    stored, so the app, which is often the one that was just restarted, asks again and gets it whole.
    """
    from rasa.core.actions.action import ActionExecutionRejection, RemoteAction

    run = RemoteAction.run

    async def run_or_fail(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await run(self, *args, **kwargs)
        except ActionExecutionRejection:
            raise
        except Exception as error:
            raise ActionFailedError(f"{self.name()} failed: {error}") from error

    RemoteAction.run = run_or_fail


def keep_connections() -> None:
    """Keep one connection pool per endpoint instead of a new connection for every action.

    Saves 1.8 ms.
    """
    from rasa.utils.endpoints import EndpointConfig

    new_session = EndpointConfig.session

    def session(self: Any) -> _KeptSession:
        kept: _KeptSession | None = self.__dict__.get("_kept_session")
        if kept is None or kept.session.closed:
            kept = self.__dict__["_kept_session"] = _KeptSession(new_session(self))
        return kept

    EndpointConfig.session = session


class _KeptSession:
    """An aiohttp session that stays open when its ``async with`` block ends."""

    def __init__(self, session: Any) -> None:
        self.session = session

    async def __aenter__(self) -> Any:
        return self.session

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the session open; it ends with the process."""


def spare_debug_copies() -> None:
    """Stop Rasa from copying trackers, events and states for debug lines that nobody reads.

    It writes ``structlogger.debug(..., copy.deepcopy(x))``: the copy is made whatever the log level.
    The modules below use ``copy.deepcopy`` for nothing else, which a test checks on the source.
    Saves 1 ms.
    """
    import rasa.core.actions.forms
    import rasa.core.policies.memoization
    import rasa.core.policies.rule_policy
    import rasa.core.processor

    for module in (
        rasa.core.actions.forms,
        rasa.core.policies.memoization,
        rasa.core.policies.rule_policy,
        rasa.core.processor,
    ):
        module.copy = _with_deepcopy(lambda value: value)


def _with_deepcopy(deepcopy: Callable[[Any], Any]) -> ModuleType:
    module = ModuleType("copy")
    module.__dict__.update(copy.__dict__, deepcopy=deepcopy)
    return module


def keep_tracker_store_bare() -> None:
    """Let an error of the tracker store reach the app.

    Rasa wraps every store in one that answers an error with an empty conversation in memory: the
    customer's form and identity check would silently be gone. The app has an honest answer for it.
    """
    from rasa.core.agent import Agent
    from rasa.core.tracker_store import InMemoryTrackerStore

    def create_tracker_store(store: Any, domain: Any) -> Any:
        if store is None:
            return InMemoryTrackerStore(domain)
        store.domain = domain
        return store

    Agent._create_tracker_store = staticmethod(create_tracker_store)


def refuse_to_serve_without_model() -> None:
    """Stop the server when its model cannot be loaded.

    Rasa logs the error and serves on, answering every message with nothing.
    """
    import rasa.core.agent
    from rasa.shared.exceptions import RasaException

    load_agent: Callable[..., Any] = rasa.core.agent.load_agent

    async def load_agent_or_stop(*args: Any, **kwargs: Any) -> Any:
        agent = await load_agent(*args, **kwargs)
        if not agent.is_ready():
            raise RasaException(
                "The engine's model could not be loaded; the lines above say why. "
                "`yingda train` makes a new one."
            )
        return agent

    rasa.core.agent.load_agent = load_agent_or_stop


def count_responses_of_actions_as_used() -> None:
    """Let ``rasa data validate`` see which responses the actions and forms send.

    It only looks into rules and stories, and would warn of every response that is sent by code. A
    response that neither a rule nor code names is still reported.
    """
    from rasa.validator import Validator

    gather = Validator._gather_utterance_actions

    def gather_utterance_actions(self: Any) -> set[str]:
        used = {
            f"utter_ask_{slot}"
            for form in self.domain.form_names
            for slot in self.domain.required_slots_for_form(form)
        }
        for file in (f for folder in _CODE for f in folder.rglob("*.py") if _HERE not in f.parents):
            text = file.read_text(encoding="utf-8")
            used.update(re.findall(r"utter_[a-z0-9_]+", text))
            # f"utter_{name}" and f"utter_ask_{slot}" with a name that stands elsewhere.
            for name in re.findall(r'"([a-z0-9_]+)"', text):
                used.update((f"utter_{name}", f"utter_ask_{name}"))
            if "utter_{intent}" in text:
                used.update(f"utter_{intent}" for intent in self.domain.intents)
        in_stories = {
            event.action_name
            for step in self.story_graph.story_steps
            for event in step.events
            if hasattr(event, "action_name")
        }
        # f"utter_handoff_{reason}" names every response that begins so.
        prefixes = tuple(name for name in used if name.endswith("_"))
        return {
            name
            for name in gather(self)
            if name in in_stories or not (name in used or (prefixes and name.startswith(prefixes)))
        }

    Validator._gather_utterance_actions = gather_utterance_actions


def keep_no_training_cache() -> None:
    """Train all of the model, every time.

    To reuse parts of an earlier training, Rasa hashes what each component made of each example: 11 s of
    68. `yingda train` knows from the files whether anything changed, and a change of the examples leaves
    nothing to reuse.
    """
    from rasa.engine.training.hooks import TrainingHook

    def nothing(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {}

    TrainingHook.on_before_node = nothing
    TrainingHook.on_after_node = nothing


def merge_examples_cheaply() -> None:
    """Merge training data without copying and hashing every example in full each time.

    Rasa merges the files one by one and then the importers' results. The examples are read before anything
    changes them, so lists of the same examples will do; and equal examples have equal texts, so the text's
    hash finds the doubled ones. Saves a sixth of the training.
    """
    import rasa.shared.nlu.training_data.training_data as training_data
    from rasa.shared.nlu.constants import TEXT
    from rasa.shared.nlu.training_data.message import Message

    training_data.copy = _with_deepcopy(copy.copy)
    Message.__hash__ = lambda self: hash(self.get(TEXT))


def count_messages_only() -> None:
    """Count the n-grams of messages, not of each of their words as well.

    Rasa makes both, the latter for sequence models like DIET; no component of the pipeline reads them. Saves a
    tenth of the training and half of the featurizer's time in a turn.
    """
    from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import (
        CountVectorsFeaturizer,
    )

    def create_features(self: Any, attribute: str, all_tokens: list[list[str]]) -> Any:
        vectorizer = self.vectorizers.get(attribute)
        rows: list[Any] = [None] * len(all_tokens)
        filled = [i for i, tokens in enumerate(all_tokens) if tokens]
        if vectorizer and filled:
            counts = vectorizer.transform([" ".join(all_tokens[i]) for i in filled])
            counts.sort_indices()
            for row, i in enumerate(filled):
                rows[i] = counts[row] if len(filled) > 1 else counts
        return [None] * len(all_tokens), rows

    CountVectorsFeaturizer._create_features = create_features
