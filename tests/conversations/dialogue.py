"""What the dialogue files hold. README.md in this folder tells how to write one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, model_validator
from ruamel.yaml import YAML

from bot.language import Language
from bot.orders.answers import Goal

FOLDER = Path(__file__).parent
# The decision of a message that the bot leaves to the people at the desk.
NO_TURN = "none"


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


ShopSays = Literal[
    "arrived",
    "created",
    "packed",
    "shipped",
    "out_for_delivery",
    "delivery_failed",
    "delivered",
    "cancelled",
]
_Texts = Annotated[tuple[StrictStr, ...], BeforeValidator(_as_list)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(_Strict):
    """One message of the customer, and what must come of it."""

    say: StrictStr | None = Field(None, description="Typed text; quote bare digits.")
    press: StrictStr | Annotated[int, Field(ge=1)] | None = Field(
        None, description="Title of a button in the last replies, or its position from 1 on."
    )
    shop: ShopSays | None = Field(
        None, description="The shop tells of an event; the replies are what comes unasked."
    )
    intent: StrictStr | None = Field(None, description="What must be understood.")
    decision: _Texts = Field(
        (), description="What must be decided, one of several; README.md lists the short forms."
    )
    reply: _Texts = Field((), description="Texts that must all occur in the replies.")
    without: _Texts = Field((), description="Texts that must not occur in the replies.")
    same_reply_as: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Number of an earlier turn whose replies must be repeated word for word."
    )
    language: Language | None = Field(None, description="Of the replies, if not the dialogue's.")

    @model_validator(mode="after")
    def _is_checkable(self) -> Self:
        if sum(part is not None for part in (self.say, self.press, self.shop)) != 1:
            raise ValueError("expected one of 'say', 'press' and 'shop'")
        if self.shop and (self.intent or self.decision):
            raise ValueError("expected no intent and no decision of what comes unasked")
        if self.silent:
            return self
        if not (self.intent or self.decision or self.reply or self.same_reply_as):
            raise ValueError("expected at least one of intent, decision, reply, same_reply_as")
        return self

    @property
    def silent(self) -> bool:
        """Whether nothing comes of it unasked: an order that has already arrived."""
        return self.shop == "arrived"

    @property
    def intents(self) -> set[str]:
        """The intents that this turn pins down, as far as its line says.

        ``flow:greet`` can only come of the intent ``greet``, ``decline`` is the answer to what is out
        of scope, ``clarify`` to what fits nothing. A goal of the order form is also the decision of
        a bare order number, so for these only ``intent`` counts.
        """
        named = {self.intent} if self.intent else set()
        match self.decision:
            case ["decline"]:
                named.add("out_of_scope")
            case ["clarify"]:
                named.add("nlu_fallback")
            case [decision] if decision.startswith("flow:"):
                named |= {decision.removeprefix("flow:")} - set(Goal)
        return named


class Dialogue(_Strict):
    """One conversation of one customer, from the first message on."""

    name: StrictStr = Field(description="What the dialogue shows; English, for the test's id.")
    language: Language = Field(description="Of the replies, unless a turn says another.")
    fen: int = Field(12900, description="Price of what the shop's order holds, in fen.")
    turns: tuple[Turn, ...] = Field(min_length=1)

    @property
    def on_widget(self) -> bool:
        """Whether the customer sits at the widget, where the bot may speak first."""
        return any(turn.shop for turn in self.turns)


class _File(_Strict):
    dialogues: tuple[Dialogue, ...] = Field(min_length=1)


def load_dialogues(
    folder: Literal["zh", "en", "mixed"] | None = None,
) -> dict[str, Dialogue]:
    """Return the dialogues of one folder, or of all, by ``<folder>/<topic>: <name>``.

    A topic is a file, or a folder of files.

    Raises:
        ValueError: a file is not as ``Dialogue`` describes it, or a name occurs twice in a topic.
    """
    found: dict[str, Dialogue] = {}
    yaml = YAML(typ="safe")
    for file in sorted(FOLDER.glob(f"{folder or '*'}/**/*.yml")):
        place = "/".join(file.relative_to(FOLDER).with_suffix("").parts[:2])
        try:
            content = _File.model_validate({"dialogues": yaml.load(file.read_text("utf-8"))})
        except ValueError as error:
            raise ValueError(f"{file}: {error}") from error
        for dialogue in content.dialogues:
            key = f"{place}: {dialogue.name}"
            if key in found:
                raise ValueError(f"{file}: expected each name once, got {dialogue.name!r} twice")
            found[key] = dialogue
    return found
