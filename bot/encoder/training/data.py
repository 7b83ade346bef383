"""Reads the public training data into sentence pairs and English sentences.

Only training files are read here; development and test files belong to `bench/encoder`. Every
source may train committed weights (its licence is named in `models/encoder/README.md`).
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.faq.questions import nlu_examples
from bot.faq.records import load_corpus

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")

# Text of the interfaces of shops and support desks: nearest to what the bot hears.
SHOP_SOURCES = frozenset(
    {
        "magento2_zh",
        "bagisto_zh",
        "chatwoot_zh",
        "django_oscar_zh",
        "sylius_zh",
        "saleor_dashboard_zh",
        "mattermost_mobile_zh",
    }
)

MAX_EN_CHARS = 180
MAX_ZH_CHARS = 64
# Programming manuals are far from our domain and long: only their short sentences help.
MAX_MANUAL_EN_CHARS = 80

_ROLE = re.compile(r":[a-z:]+:`~?!?([^`<]*)(?:<[^`]*>)?`")
_MARKUP = re.compile(r"`+|\*+|</?[a-zA-Z][^>]*>|\\n|\|")
_PLACEHOLDER = re.compile(
    r"%\([^)]*\)\w|\{\{[^}]*\}\}|\{[^}]*\}|%\d?\$?[a-z]\b|%\d|:[a-z_]+\b(?=\s|$)"
)
_BRACKETS = re.compile(r"\([^)]*\)|（[^）]*）|\[[^\]]*\]")
_DETACHED = re.compile(r"\s+([,.!?;:%)\]])|([(\[$])\s+")
_CLITIC = re.compile(r"\b(\w+) (n ?'t|'(?:s|m|re|ve|ll|d|t))\b")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Pair:
    """One translation.

    Attributes:
        source: name of the data set, as in the file's first column.
        en: English text, cleaned.
        zh: Chinese text, cleaned.
    """

    source: str
    en: str
    zh: str


@dataclass(frozen=True)
class Labelled:
    """A message of a public set and its intent there."""

    text: str
    intent: str


def clean(text: str) -> str:
    """Removes manual markup, placeholders and doubled spaces from an interface text."""
    text = _ROLE.sub(r"\1", text)
    text = _PLACEHOLDER.sub(" ", _MARKUP.sub(" ", text))
    return _SPACE.sub(" ", text).strip(" -:#")


def join_tokens(text: str) -> str:
    """Undoes word tokenisation of English: ``i couldn 't leave .`` becomes ``i couldn't leave.``"""
    text = _CLITIC.sub(lambda m: m[1] + m[2].replace(" ", ""), text)
    text = text.replace("n 't", "n't").replace(" ...", "...")
    return _SPACE.sub(" ", _DETACHED.sub(r"\1\2", text)).strip()


def read_parallel(folder: Path) -> list[Pair]:
    """Reads ``parallel/en_zh.tsv.gz``, cleaned, without duplicates and untranslated rows."""
    seen: set[tuple[str, str]] = set()
    pairs: list[Pair] = []
    with gzip.open(folder / "parallel" / "en_zh.tsv.gz", "rt", encoding="utf-8") as file:
        next(file)
        for line in file:
            source, _, en, zh = line.rstrip("\n").split("\t")
            if source == "msctd_chat":
                en, zh = join_tokens(en), zh.strip()
            else:
                en, zh = clean(en), clean(zh)
            limit = MAX_MANUAL_EN_CHARS if source == "python_docs_zh" else MAX_EN_CHARS
            if not (2 <= len(en) <= limit and 1 <= len(zh) <= MAX_ZH_CHARS):
                continue
            if not HAN.search(zh) or HAN.search(en) or (en.lower(), zh) in seen:
                continue
            seen.add((en.lower(), zh))
            pairs.append(Pair(source, en, zh))
    return pairs


def read_dictionary(folder: Path, name: str) -> list[Pair]:
    """Reads ``dictionary/NAME.tsv.gz`` as pairs of (gloss, word), without remarks in brackets."""
    pairs: list[Pair] = []
    with gzip.open(folder / "dictionary" / f"{name}.tsv.gz", "rt", encoding="utf-8") as file:
        next(file)
        for line in file:
            en, zh = line.rstrip("\n").split("\t")[:2]
            en = _SPACE.sub(" ", _BRACKETS.sub(" ", en)).strip(" ;,")
            zh = _SPACE.sub(" ", _BRACKETS.sub(" ", zh)).strip(" ;,；，")
            if re.search(r"[()（）]", en + zh) or not HAN.search(zh) or HAN.search(en):
                continue
            if 1 < len(en) <= 60 and len(zh) <= 12:
                pairs.append(Pair(name, en, zh))
    return pairs


def _massive(folder: Path) -> Iterator[dict[str, str]]:
    with gzip.open(folder / "intent" / "massive_train.jsonl.gz", "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def read_massive(folder: Path) -> list[Pair]:
    """Reads MASSIVE's training utterances as pairs."""
    return [Pair("massive", row["en"], row["zh"]) for row in _massive(folder)]


def read_labelled(folder: Path) -> dict[str, list[Labelled]]:
    """Reads the training parts of CLINC150, Banking77, HWU64 and MASSIVE (both languages in one set)."""
    intent = folder / "intent"
    with gzip.open(intent / "clinc150_train_val.json.gz", "rt", encoding="utf-8") as file:
        clinc = [Labelled(text, name) for text, name in json.load(file)["train"]]
    with (intent / "banking77_train.csv").open(encoding="utf-8", newline="") as file:
        banking = [
            Labelled(_SPACE.sub(" ", row["text"]).strip(), row["category"])
            for row in csv.DictReader(file)
        ]
    massive = [
        Labelled(row[language], row["intent"])
        for row in _massive(folder)
        for language in ("zh", "en")
    ]
    return {"clinc": clinc, "banking": banking, "hwu": list(_hwu(intent)), "massive": massive}


def read_english(folder: Path) -> list[str]:
    """Reads English user messages: CLINC150 (out of scope too), Banking77 and HWU64, training parts."""
    labelled = read_labelled(folder)
    path = folder / "intent" / "clinc150_train_val.json.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        texts = {text for text, _ in json.load(file)["oos_train"]}
    return sorted(
        texts | {row.text for name in ("clinc", "banking", "hwu") for row in labelled[name]}
    )


def read_shop(data: Path) -> list[Labelled]:
    """Reads a shop's own ``data`` folder: its tasks' examples, and each FAQ record's questions as one intent."""
    corpus = load_corpus(data / "faq")
    examples = [Labelled(text, intent) for intent, text in nlu_examples(data / "nlu")]
    questions = [Labelled(p.text, f"faq/{corpus.records[p.record].id}") for p in corpus.phrasings]
    # Neither is about one thing.
    return [e for e in examples if e.intent not in {"ask_faq", "out_of_scope"}] + questions


def _hwu(folder: Path) -> Iterator[Labelled]:
    name = ""
    for line in (folder / "hwu64_fold2_train.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## intent:"):
            name = line.removeprefix("## intent:").strip()
        elif line.startswith("- "):
            yield Labelled(re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line[2:]).strip(), name)
