"""The vector cache: restarts are free, edits cost only themselves, damage is survived."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.encoder.cache import cached_array, encode_cached
from tests.bot.faq.conftest import MeaningEncoder


@pytest.fixture
def encoder() -> MeaningEncoder:
    return MeaningEncoder()


def test_a_second_load_encodes_nothing(tmp_path: Path, encoder: MeaningEncoder) -> None:
    first = encode_cached(["包邮吗", "怎么退货"], encoder, tmp_path, "faq")
    encoder.encoded.clear()
    second = encode_cached(["包邮吗", "怎么退货"], encoder, tmp_path, "faq")
    assert encoder.encoded == []
    assert np.array_equal(first, second)
    assert second.dtype == np.float32


def test_only_changed_texts_are_encoded_in_the_order_asked(
    tmp_path: Path, encoder: MeaningEncoder
) -> None:
    encode_cached(["a", "b", "c"], encoder, tmp_path, "faq")
    encoder.encoded.clear()
    got = encode_cached(["c", "d", "a", "d"], encoder, tmp_path, "faq")
    assert encoder.encoded == ["d"]
    assert np.array_equal(got, MeaningEncoder().encode(["c", "d", "a", "d"]))


def test_texts_that_are_gone_leave_the_cache(tmp_path: Path, encoder: MeaningEncoder) -> None:
    encode_cached(["a", "b"], encoder, tmp_path, "faq")
    encode_cached(["a"], encoder, tmp_path, "faq")
    encoder.encoded.clear()
    encode_cached(["a", "b"], encoder, tmp_path, "faq")
    assert encoder.encoded == ["b"]


def test_an_owner_takes_the_rows_of_the_others_and_leaves_them_theirs(
    tmp_path: Path, encoder: MeaningEncoder
) -> None:
    encode_cached(["a", "b"], encoder, tmp_path, "engine")
    encoder.encoded.clear()
    encode_cached(["b", "c"], encoder, tmp_path, "faq")
    assert encoder.encoded == ["c"]
    encoder.encoded.clear()
    encode_cached(["a", "b"], encoder, tmp_path, "engine")
    assert encoder.encoded == []
    assert len(list(tmp_path.iterdir())) == 2


def test_another_encoder_has_a_cache_of_its_own(tmp_path: Path, encoder: MeaningEncoder) -> None:
    encode_cached(["a"], encoder, tmp_path, "faq")
    other = MeaningEncoder()
    other.fingerprint = "meaning/2 beta"
    encode_cached(["a"], other, tmp_path, "faq")
    assert other.encoded == ["a"]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_damaged_cache_is_encoded_anew(tmp_path: Path, encoder: MeaningEncoder) -> None:
    expected = encode_cached(["a", "b"], encoder, tmp_path, "faq")
    (file,) = tmp_path.iterdir()
    for damage in (b"", b"not a zip file", file.read_bytes()[:300]):
        file.write_bytes(damage)
        assert np.array_equal(encode_cached(["a", "b"], encoder, tmp_path, "faq"), expected)
    (left,) = tmp_path.iterdir()
    assert left == file


def test_without_a_folder_nothing_is_written(tmp_path: Path, encoder: MeaningEncoder) -> None:
    encode_cached(["a"], encoder, None, "faq")
    assert not list(tmp_path.iterdir())


def test_no_texts_give_no_rows(tmp_path: Path, encoder: MeaningEncoder) -> None:
    assert encode_cached([], encoder, tmp_path, "faq").shape == (0, encoder.dimension)


def test_an_array_is_computed_once_per_key_and_again_after_damage(tmp_path: Path) -> None:
    calls: list[int] = []

    def compute() -> NDArray[np.float32]:
        calls.append(1)
        return np.full(3, len(calls), np.float32)

    file = tmp_path / "cache" / "array.npz"
    assert cached_array(file, b"a", compute).tolist() == [1, 1, 1]
    assert cached_array(file, b"a", compute).tolist() == [1, 1, 1]
    assert cached_array(file, b"b", compute).tolist() == [2, 2, 2]
    file.write_bytes(b"broken")
    assert cached_array(file, b"b", compute).tolist() == [3, 3, 3]
    assert len(calls) == 3
