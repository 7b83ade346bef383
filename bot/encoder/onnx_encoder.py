"""The encoder that serves: ONNX Runtime and tokenizers, the same code in engine and app.

Text normalisation (width, case, traditional characters, punctuation) is part of ``tokenizer.json``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from bot.encoder.base import EncoderError, Vectors

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
MANIFEST_FILE = "manifest.json"
_ERRORS_ONLY = 3  # ONNX Runtime's severity


class OnnxEncoder:
    """Reads a folder made by `bot.encoder.export`.

    Args:
        folder: holds ``model.onnx`` (inputs input_ids and attention_mask, output the unit rows)
            and ``tokenizer.json``.
        threads: how many batches of one call are read at a time, each on a core of its own: 1.7 times as fast
            on two cores as both of them on one batch. A shop server has few cores and several processes, so 1.
        batch_size: texts per run of the model; texts are sorted by length first, so that little
            is spent on padding.
        max_tokens: longer texts are cut here.

    Raises:
        EncoderError: a file is missing.
    """

    def __init__(
        self, folder: Path, threads: int = 1, batch_size: int = 32, max_tokens: int = 256
    ) -> None:
        self.folder = folder
        self._batch_size = batch_size
        self._threads = threads
        model_path, tokenizer_path = folder / MODEL_FILE, folder / TOKENIZER_FILE
        if not (model_path.is_file() and tokenizer_path.is_file()):
            raise EncoderError(
                f"Expected {MODEL_FILE} and {TOKENIZER_FILE} in {folder}. "
                "Run: python -m bot.encoder.export models/encoder"
            )
        model, tokenizer = model_path.read_bytes(), tokenizer_path.read_bytes()
        self.fingerprint = _fingerprint(folder, model, tokenizer)
        self._tokenizer = Tokenizer.from_buffer(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self.dimension = int(self._session.get_outputs()[0].shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See `bot.encoder.base.Encoder.encode`."""
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        found = np.empty((len(rows), self.dimension), dtype=np.float32)
        parts = [order[i : i + self._batch_size] for i in range(0, len(order), self._batch_size)]

        def read(part: list[int]) -> None:
            found[part] = self._read([rows[i] for i in part])

        if self._threads == 1 or len(parts) == 1:
            for part in parts:
                read(part)
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(read, parts))
        return found

    def _read(self, rows: Sequence[Sequence[int]]) -> Vectors:
        """Return the vectors of one batch of token ids, the longest last."""
        ids = np.zeros((len(rows), len(rows[-1])), dtype=np.int64)  # id 0 is padding
        mask = np.zeros_like(ids)
        for line, row in enumerate(rows):
            ids[line, : len(row)] = row
            mask[line, : len(row)] = 1
        vectors: Vectors = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return vectors


def _fingerprint(folder: Path, model: bytes, tokenizer: bytes) -> str:
    """Name the model by what it was made from: its source's hash, precision and export format.

    The bytes of ``model.onnx`` may differ between machines, and what was fitted on one machine
    (the FAQ's calibration) must be at home on all of them. A folder without a manifest was not
    made by `bot.encoder.export`; its bytes are all that is known.
    """
    manifest = folder / MANIFEST_FILE
    known = manifest.read_bytes() if manifest.is_file() else model + tokenizer
    return hashlib.sha256(known).hexdigest()[:16]
