"""Builds the student's tokenizer: English word pieces, Han characters and Chinese words.

All text normalisation lives inside ``tokenizer.json``, so that training, sentence-transformers and
the ONNX server cannot differ: a SentencePiece character map does NFKC, lower-casing, simplified
characters for traditional ones and ASCII for Chinese punctuation; Chinese words are added tokens
(matched leftmost-longest), and every other Han character is a token of its own.
"""

from __future__ import annotations

import heapq
import io
import json
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from opencc import OpenCC
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)

from bot.encoder.training.data import HAN

_LATIN_END = 0x100  # single characters below it (letters, signs such as ¥) are always kept
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_PUNCTUATION = {
    "。": ".",
    "、": ",",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "「": '"',
    "」": '"',
    "『": '"',
    "』": '"',
    "《": '"',
    "》": '"',
    "【": "[",
    "】": "]",
    "—": "-",
    "–": "-",
    "〜": "~",
    "·": " ",
    "×": "x",
}


def character_map() -> bytes:
    """Compiles our normalisation rules to SentencePiece's character-map format."""
    to_simplified = OpenCC("t2s")
    rules: dict[str, str] = {}
    for code in range(0x80, 0x10000):
        if 0xD800 <= code < 0xF900:  # surrogates and private use
            continue
        char = chr(code)
        plain = unicodedata.normalize("NFKC", char).lower()
        plain = "".join(_PUNCTUATION.get(c, c) for c in plain)
        if HAN.search(plain):
            plain = to_simplified.convert(plain)
        if plain != char and plain and len(plain) <= 8:
            rules[char] = plain
    # Only training needs it (requirements/training.txt).
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    lines = [
        f"{ord(char):X}\t{' '.join(f'{ord(c):X}' for c in plain)}" for char, plain in rules.items()
    ]
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.tsv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["a b c d e f g"] * 10),
            model_writer=model,
            vocab_size=12,
            hard_vocab_limit=False,
            normalization_rule_tsv=str(path),
            minloglevel=2,
        )
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return bytes(proto.normalizer_spec.precompiled_charsmap)


def build(pieces: Sequence[str], characters: Sequence[str], words: Sequence[str]) -> Tokenizer:
    """Puts the parts together.

    Args:
        pieces: English word pieces, the special tokens first.
        characters: single Han characters (simplified).
        words: Chinese words of two or more characters (simplified).

    Returns:
        A tokenizer whose ids run over pieces, characters, words in this order.
    """
    vocabulary = {token: i for i, token in enumerate([*pieces, *characters])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(character_map()),
            normalizers.BertNormalizer(
                clean_text=True, handle_chinese_chars=False, strip_accents=True, lowercase=True
            ),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[\u3400-\u4dbf\u4e00-\u9fff]"), "isolated"),
            pre_tokenizers.BertPreTokenizer(),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.add_tokens([AddedToken(word, normalized=True) for word in words])
    return tokenizer


def without_words(tokenizer: Tokenizer) -> Tokenizer:
    """Returns the same tokenizer that reads Chinese character by character (an augmentation)."""
    spec = json.loads(tokenizer.to_str())
    spec["added_tokens"] = [token for token in spec["added_tokens"] if token["special"]]
    return Tokenizer.from_str(json.dumps(spec))


def choose_pieces(teacher: Tokenizer, english: Iterable[str]) -> list[str]:
    """Keeps the teacher's word pieces that are used in our English texts, or are one character."""
    used: Counter[str] = Counter()
    batch: list[str] = []
    for text in english:
        batch.append(text)
        if len(batch) == 4096:
            used.update(token for e in teacher.encode_batch(batch) for token in e.tokens)
            batch.clear()
    used.update(token for e in teacher.encode_batch(batch) for token in e.tokens)
    kept = [
        token
        for token, _ in sorted(teacher.get_vocab().items(), key=lambda item: item[1])
        if token not in SPECIAL
        and not HAN.search(token)
        and (
            used[token] > 0
            or (len(token) == 1 and ord(token) < _LATIN_END)
            or (len(token.removeprefix("##")) == 1 and token.isascii())
        )
    ]
    return [*SPECIAL, *kept]


def choose_chinese(
    weighted_texts: Iterable[tuple[str, float]],
    known_words: dict[str, float],
    n_characters: int,
    n_words: int,
) -> tuple[list[str], list[str]]:
    """Chooses the most frequent Han characters and words.

    Args:
        weighted_texts: Chinese texts (simplified) and how much each counts.
        known_words: dictionary words of 2 to 4 characters and a prior count of each.
        n_characters: how many characters to keep.
        n_words: how many words to keep.

    Returns:
        (characters, words), most frequent first.
    """
    characters: defaultdict[str, float] = defaultdict(float)
    words = defaultdict(float, known_words)
    for text, weight in weighted_texts:
        for char in text:
            if HAN.match(char):
                characters[char] += weight
        start = 0
        while start < len(text):  # forward maximum matching, as the tokenizer will do
            for size in (4, 3, 2):
                if text[start : start + size] in known_words:
                    words[text[start : start + size]] += weight
                    start += size
                    break
            else:
                start += 1
    return (
        heapq.nlargest(n_characters, characters, key=lambda char: characters[char]),
        heapq.nlargest(n_words, words, key=lambda word: words[word]),
    )
