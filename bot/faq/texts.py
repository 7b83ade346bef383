"""What of the FAQ's texts is indexed, and in which form."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.language import normalise

# A question is in the first few hundred characters or nowhere; bounds the work for pasted essays.
MAX_CHARS = 400

_MARKUP = re.compile(r"\[([^\]\n]*)\]\([^)\n]*\)|[*_`#>]+")
_SENTENCE_END = re.compile(r"\n+|(?<=[。！？；!?;])|(?<=\.)\s+")
_SHORTEST_SENTENCE = 4


def prepare(text: str) -> str:
    """Return what is encoded of a text: normalised, at most ``MAX_CHARS`` characters."""
    return normalise(text[:MAX_CHARS])


# Every publish compares all phrasings, and all but a few are those of the publish before.
@lru_cache(maxsize=200_000)
def phrase_key(text: str) -> str:
    """Return what two phrasings share when they are the same question to the index.

    Case, width, traditional forms, spaces, punctuation and emoji make no difference:
    ``phrase_key("包郵嗎？") == phrase_key("包邮吗")``. Empty when the text has no letter and no digit.
    """
    return "".join(c for c in normalise(text).casefold() if c.isalnum())


def answer_sentences(answer: str) -> list[str]:
    """Return the sentences and list items of an answer without their Markdown; never empty."""
    plain = _MARKUP.sub(lambda found: found.group(1) or "", answer)
    parts = (part.strip(" -\t•") for part in _SENTENCE_END.split(plain))
    return [part for part in parts if len(part) >= _SHORTEST_SENTENCE] or [plain.strip() or answer]
