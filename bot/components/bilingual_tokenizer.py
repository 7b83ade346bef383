"""One tokenizer for Chinese, English and sentences that mix them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jieba
import spacy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

from bot.han_words import load_jieba

# Half of a character, which JSON can carry and spaCy can't encode; another of the same length stands in.
_SURROGATE = re.compile("[\ud800-\udfff]")
# Han ideographs with their extensions, the iteration mark and the ideographic zero.
_HAN_RUN = re.compile(
    r"[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]+"
)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class BilingualTokenizer(Tokenizer):
    """Splits runs of Han characters with jieba and everything between them with spaCy.

    For every token ``text[token.start:token.end] == token.text``, the tokens do not overlap, and
    only white space lies between them. Codes such as ``SO20261105001`` stay one token, also when
    they stand directly between Han characters.

    jieba's dictionary (0.6 s) is loaded in the constructor and not by the first customer, and
    the instance is this component's own: the shop's words never reach another user of jieba.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the settings; ``dictionary`` is a jieba user dictionary, from the project root."""
        return {
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
            "prefix_separator_symbol": None,
            "dictionary": "data/dictionary/shop.txt",
        }

    @staticmethod
    def required_packages() -> list[str]:
        """Return the packages that Rasa checks for before it builds the graph."""
        return ["spacy", "jieba"]

    def __init__(self, config: dict[str, Any]) -> None:
        """Load both tokenizers.

        Raises:
            FileNotFoundError: the user dictionary is named and does not exist.
        """
        super().__init__(config)
        self._latin = spacy.blank("en")
        self._han = load_jieba()
        if dictionary := config.get("dictionary"):
            _add_words(self._han, Path(dictionary))

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """Return the tokens of one attribute of ``message``, in the order of the text."""
        tokens: list[Token] = self._apply_token_pattern(list(self._split(message.get(attribute))))
        return tokens

    def _split(self, text: str) -> Iterator[Token]:
        end_of_last = 0
        for run in _HAN_RUN.finditer(text):
            yield from self._split_latin(text, end_of_last, run.start())
            start = run.start()
            for word in self._han.cut(run.group()):
                yield Token(word, start)
                start += len(word)
            end_of_last = run.end()
        yield from self._split_latin(text, end_of_last, len(text))

    def _split_latin(self, text: str, start: int, end: int) -> list[Token]:
        if end - start <= 1:  # a comma between two Han runs needs no spaCy
            alone = text[start:end]
            return [Token(alone, start)] if alone.strip() else []
        # The memory zone gives back the strings of this message; without it spaCy's string store
        # grows with every unseen word for as long as the engine runs.
        with self._latin.memory_zone():
            return [
                Token(text[start + token.idx :][: len(token)], start + token.idx)
                for token in self._latin.tokenizer(_SURROGATE.sub("\ufffd", text[start:end]))
                if not token.is_space
            ]


def _add_words(tokenizer: jieba.Tokenizer, dictionary: Path) -> None:
    if not dictionary.is_file():
        raise FileNotFoundError(
            f"The tokenizer's dictionary '{dictionary.absolute()}' does not exist. Start the engine "
            "from the project's root, or set `dictionary` in config.yml."
        )
    with dictionary.open(encoding="utf-8") as lines:
        tokenizer.load_userdict(lines)
