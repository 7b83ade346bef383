"""From a setting to an encoder."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from bot.encoder.base import Encoder, EncoderError
from bot.encoder.onnx_encoder import MANIFEST_FILE, MODEL_FILE, OnnxEncoder

logger = logging.getLogger(__name__)

_SOURCE_FILES = ("model.safetensors", "tokenizer.json", "config.json", "1_Pooling/config.json")


def served_folder(folder: Path) -> Path:
    """Where `bot.encoder.export` puts the files derived from a model folder."""
    return folder.parent / "serve" / folder.name


def source_hash(source: str) -> str:
    """Hash of what a derived file depends on: the folder's files, or a public model's name."""
    folder = Path(source)
    digest = hashlib.sha256(b"" if folder.is_dir() else source.encode())
    for name in _SOURCE_FILES:
        if (folder / name).is_file():
            digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def read_manifest(served: Path) -> dict[str, Any]:
    """What a derived folder says it was made from; empty if it does not say."""
    try:
        found = json.loads((served / MANIFEST_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def load_encoder(folder_or_name: str, threads: int = 1) -> Encoder:
    """Loads what the setting names.

    Args:
        folder_or_name: a folder of derived files (``models/serve/encoder``), a model folder whose
            derived files exist (``models/encoder``), or any sentence-transformers name or folder.
        threads: that one call may use, of a model with derived files.

    Raises:
        EncoderError: the derived files are not of the model that is in the folder now, or there
            are none and sentence-transformers cannot open the model either.
    """
    folder = Path(folder_or_name)
    if (folder / MODEL_FILE).is_file():
        return OnnxEncoder(folder, threads)
    served = served_folder(folder)
    if (served / MODEL_FILE).is_file():
        if read_manifest(served).get("source") != source_hash(folder_or_name):
            raise EncoderError(
                f"{served} was not made from the model that is in {folder} now. "
                f"Run: python -m bot.encoder.export {folder_or_name}"
            )
        return OnnxEncoder(served, threads)
    logger.warning("%s has no derived files: slower, with torch", folder_or_name)
    try:
        from bot.encoder.st_encoder import SentenceTransformerEncoder

        return SentenceTransformerEncoder(folder_or_name)
    except ImportError as error:
        raise EncoderError(
            f"{folder_or_name} has no derived files and sentence-transformers is not installed "
            f"here. Run in the app's environment: python -m bot.encoder.export {folder_or_name}"
        ) from error
    except (OSError, ValueError) as error:
        raise EncoderError(
            f"Expected the name or folder of a sentence-transformers model, got "
            f"{folder_or_name!r}: {error}"
        ) from error
