"""Our encoder as it is served: beside sentence-transformers, in int8, and on odd texts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bot.encoder import EncoderError, load_encoder
from bot.encoder.base import Vectors
from bot.encoder.export import export
from bot.encoder.loading import served_folder
from bot.encoder.onnx_encoder import OnnxEncoder
from bot.encoder.st_encoder import SentenceTransformerEncoder

TRANSLATIONS = [
    ("什么时候发货？", "When will my order be shipped?"),
    ("我想退货", "I want to return this item"),
    ("可以货到付款吗", "Can I pay on delivery?"),
    ("运费是多少", "How much is the shipping fee?"),
    ("怎么开发票", "How do I get an invoice?"),
    ("手机坏了能修吗", "My phone is broken, can you repair it?"),
    ("我要改收货地址", "I need to change my delivery address"),
    ("有没有优惠券", "Do you have any coupons?"),
    ("空调什么时候上门安装", "When will you come to install the air conditioner?"),
    ("这件衬衫有大号吗", "Do you have this shirt in large?"),
    ("我的快递到哪了", "Where is my parcel now?"),
    ("转人工客服", "I want to talk to a human agent"),
    ("密码忘了怎么办", "I forgot my password"),
    ("今天天气真好", "The weather is lovely today"),
]
ODD = ["", " ", "😀😀", "\u200b", "a" * 20_000, "好" * 20_000, "🙂 COD 可以吗 ¥99", "\x00\ufffd"]


@pytest.fixture(scope="session")
def model_folder(root: Path) -> Path:
    return root / "models" / "encoder"


@pytest.fixture(scope="session")
def served(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> OnnxEncoder:
    folder = tmp_path_factory.mktemp("int8")
    export(str(model_folder), folder)
    return OnnxEncoder(folder)


@pytest.fixture(scope="session")
def plain(model_folder: Path) -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder(str(model_folder))


def _texts() -> list[str]:
    return [text for pair in TRANSLATIONS for text in pair] + ODD


def _cosines(first: Vectors, second: Vectors) -> Vectors:
    return np.asarray((first * second).sum(axis=1), dtype=np.float32)


def test_float32_export_equals_sentence_transformers(
    model_folder: Path, plain: SentenceTransformerEncoder, tmp_path: Path
) -> None:
    export(str(model_folder), tmp_path, "float32")
    exported = OnnxEncoder(tmp_path)
    together = exported.encode(_texts())
    assert _cosines(together, plain.encode(_texts())).min() > 0.999
    alone = np.concatenate([exported.encode([text]) for text in _texts()])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_int8_stays_close_to_float32(
    served: OnnxEncoder, plain: SentenceTransformerEncoder
) -> None:
    cosines = _cosines(served.encode(_texts()), plain.encode(_texts()))
    assert cosines.mean() > 0.998
    assert cosines.min() > 0.99


def test_a_vector_hardly_depends_on_its_batch(served: OnnxEncoder) -> None:
    """ONNX Runtime quantises activations only in small batches, so int8 vectors move a little."""
    together = served.encode(_texts())
    alone = np.concatenate([served.encode([text]) for text in _texts()])
    assert _cosines(together, alone).min() > 0.998


def test_rows_are_units_whatever_the_text(served: OnnxEncoder) -> None:
    vectors = served.encode(_texts())
    assert vectors.shape == (len(_texts()), served.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)


def test_no_texts_give_no_rows(served: OnnxEncoder, plain: SentenceTransformerEncoder) -> None:
    assert served.encode([]).shape == (0, served.dimension)
    assert plain.encode([]).shape == (0, plain.dimension)


def test_translations_find_each_other(served: OnnxEncoder) -> None:
    similar = (
        served.encode([zh for zh, _ in TRANSLATIONS])
        @ served.encode([en for _, en in TRANSLATIONS]).T
    )
    own = np.arange(len(TRANSLATIONS))
    assert (similar.argmax(axis=1) == own).mean() >= 0.92
    assert (similar.argmax(axis=0) == own).mean() >= 0.92


@pytest.mark.parametrize(
    ("plainly", "other"),
    [
        ("我想退货，怎么办？", "我想退貨，怎麼辦？"),  # traditional characters
        ("充电器坏了", "充電器壞了"),
        ("订单,什么时候发货?", "订单，什么时候发货？"),  # full-width punctuation
        ("COD ok? 99", "ＣＯＤ　ok？ ９９"),  # full-width letters
        ("Where is my order", "WHERE IS MY ORDER"),
    ],
)
def test_forms_of_writing_are_read_as_one(served: OnnxEncoder, plainly: str, other: str) -> None:
    first, second = served.encode([plainly, other])
    assert float(first @ second) > 0.9999


def test_export_does_nothing_when_up_to_date(model_folder: Path, tmp_path: Path) -> None:
    assert export(str(model_folder), tmp_path) is True
    assert export(str(model_folder), tmp_path) is False
    assert export(str(model_folder), tmp_path, "float32") is True


def test_fingerprint_names_the_served_bytes(served: OnnxEncoder, tmp_path: Path) -> None:
    assert len(served.fingerprint) == 16
    with pytest.raises(EncoderError, match=r"bot\.encoder\.export"):
        OnnxEncoder(tmp_path)


def test_files_of_another_model_are_refused(tmp_path: Path) -> None:
    """A model folder that changed after its export must not be served from the old file."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    out = served_folder(folder)
    out.mkdir(parents=True)
    (out / "model.onnx").write_bytes(b"old")
    (out / "manifest.json").write_text(json.dumps({"source": "of another model"}))
    with pytest.raises(EncoderError, match="was not made from the model"):
        load_encoder(str(folder))


def test_a_folder_that_is_no_model_is_an_encoder_error(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="Expected the name or folder"):
        load_encoder(str(tmp_path))


def test_model_folder_is_small(model_folder: Path) -> None:
    size = sum(path.stat().st_size for path in model_folder.rglob("*") if path.is_file())
    assert size <= 55_000_000


def test_the_engine_computes_the_same_vectors(served: OnnxEncoder, root: Path) -> None:
    """The engine's interpreter (Python 3.10, no torch) opens the same file with the same code."""
    python = root / ".venv-engine" / "bin" / "python"
    if not python.exists():
        pytest.skip("no engine environment: run 'make setup'")
    texts = [text for pair in TRANSLATIONS for text in pair]
    script = (
        "import json, sys; from bot.encoder import load_encoder;"
        "print(json.dumps(load_encoder(sys.argv[1]).encode(json.loads(sys.argv[2])).tolist()));"
        "assert 'torch' not in sys.modules and 'sentence_transformers' not in sys.modules"
    )
    done = subprocess.run(
        [str(python), "-c", script, str(served.folder), json.dumps(texts)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = np.array(json.loads(done.stdout), dtype=np.float32)
    assert _cosines(found, served.encode(texts)).min() > 0.999
