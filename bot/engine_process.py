"""How the engine is started and trained: its command, its environment, the state of its model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.settings import Settings

MODEL_NAME = "yingda"
# They serve turns; no model depends on them.
_SERVING = frozenset({"turn_channel.py", "language_nlg.py", "snapshot_tracker_store.py"})


def engine_command(settings: Settings, *arguments: str) -> list[str]:
    """Return the command that passes ``arguments`` to Rasa's command line in the engine's environment."""
    return [str(settings.engine_python), "-m", "bot.components.launch", *arguments]


def run_command(settings: Settings) -> list[str]:
    """Return the command of the engine's server: loopback only."""
    return engine_command(
        settings,
        "run",
        "--interface", "127.0.0.1",
        "--port", str(settings.engine_port),
        "--model", str(model_file(settings)),
        "--endpoints", "endpoints.yml",
        "--credentials", "credentials.yml",
    )  # fmt: skip


def train_command(settings: Settings, folder: Path) -> list[str]:
    """Return the command that trains the model into ``folder``."""
    return engine_command(
        settings,
        "train",
        "--skip-validation",  # the tests validate; a start must not pay for it
        "--force",  # without it Rasa first runs the whole graph to find out what changed
        "--fixed-model-name", MODEL_NAME,
        "--out", str(folder),
    )  # fmt: skip


def engine_environment(settings: Settings) -> dict[str, str]:
    """Return the environment of the engine: this one's, and what engine and app share."""
    inherited = dict(os.environ)
    # Compiling TensorFlow's sources anew at every start would cost the engine some 20 seconds.
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    return {
        **inherited,
        # A message is a few small products: a second BLAS thread only spins, on the app's core.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "YINGDA_ENGINE_TOKEN": settings.secrets.engine_token,
        "YINGDA_ACTIONS_TOKEN": settings.secrets.actions_token,
        "YINGDA_ACTIONS_URL": f"{settings.app_url}/actions/webhook",
        "YINGDA_TRACKER_DB": str((settings.var / "tracker.sqlite3").resolve()),
        "YINGDA_ENCODER": settings.encoder,
        "YINGDA_VECTORS": str((settings.var / "cache").resolve()),
        "PYTHONPATH": str(settings.root),
    }


def model_file(settings: Settings) -> Path:
    """Return where the trained model lies."""
    return settings.root / "models" / f"{MODEL_NAME}.tar.gz"


def inputs_fingerprint(settings: Settings) -> str:
    """Return a digest of everything the model is trained from.

    Of the FAQ only ids and questions count: an edited answer needs no training.
    """
    digest = hashlib.sha256()
    for path in sorted(_training_files(settings.root)):
        digest.update(path.relative_to(settings.root).as_posix().encode())
        digest.update(path.read_bytes())
    yaml = YAML(typ="safe")
    for path in sorted(settings.faq_folder.glob("*.yml")):
        try:
            for record in (yaml.load(path.read_text("utf-8")) or {}).get("records", ()):
                questions = [record.get(side, {}).get("questions") for side in ("zh", "en")]
                digest.update(repr((record.get("id"), questions)).encode())
        except (YAMLError, AttributeError, UnicodeDecodeError):
            digest.update(path.read_bytes())  # what is wrong with it, ``yingda faq check`` says
    return digest.hexdigest()


def is_trained(settings: Settings) -> bool:
    """Tell whether the model exists and was trained from the files as they are now."""
    stamp = _stamp(settings)
    return (
        model_file(settings).exists()
        and stamp.exists()
        and stamp.read_text("utf-8") == inputs_fingerprint(settings)
    )


def take_model(settings: Settings, folder: Path, fingerprint: str) -> None:
    """Put the model trained into ``folder`` in the place of the former, in one step.

    An engine that starts meanwhile, or a second training, never sees half a file.
    """
    model = model_file(settings)
    (folder / model.name).replace(model)
    _stamp(settings).write_text(fingerprint, "utf-8")


def _stamp(settings: Settings) -> Path:
    return model_file(settings).with_suffix("").with_suffix(".inputs")


def _training_files(root: Path) -> Iterator[Path]:
    yield from (root / name for name in ("config.yml", "domain.yml", "requirements/engine.txt"))
    for folder in ("data/nlu", "data/rules", "data/stories", "data/dictionary"):
        yield from (path for path in (root / folder).rglob("*") if path.is_file())
    components = (root / "bot" / "components").glob("*.py")
    yield from (path for path in components if path.name not in _SERVING)
    yield root / "bot" / "language.py"
    yield from (path for path in (root / "models" / "encoder").glob("*") if path.is_file())
