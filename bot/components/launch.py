"""The engine's entry: Rasa's command line with Yingda's settings and patches.

``python -m bot.components.launch run|train|shell|test|data ...`` passes everything to Rasa.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import Any

# Names and defaults of what the engine takes from its environment. Rasa reads them in
# endpoints.yml and credentials.yml, where a missing one is an error.
DEFAULTS = {
    "YINGDA_ACTIONS_URL": "http://127.0.0.1:8000/actions/webhook",
    "YINGDA_ACTIONS_TOKEN": "",
    "YINGDA_ENGINE_TOKEN": "",
    "YINGDA_TRACKER_DB": "var/engine.sqlite3",
    "YINGDA_ENCODER": "models/encoder",
}
_RASA = {
    # Rasa's telemetry tries the network at every command.
    "RASA_TELEMETRY_ENABLED": "false",
    # Its training cache does not know when the encoder's folder has changed, and would mix the
    # vectors of two encoders. The whole training takes seconds.
    "RASA_MAX_CACHE_SIZE": "0",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}
# A turn's matrices are small: a second thread costs more in waiting than it brings.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# The commands that only use a trained model.
_SERVING = ("run", "shell")
_NOISY = ("sanic.access", "sanic.root", "apscheduler", "asyncio", "matplotlib", "jieba")


def main() -> None:
    """Run Rasa's command line."""
    serves = sys.argv[1:2] != [] and sys.argv[1] in _SERVING
    for name, value in {**DEFAULTS, **_RASA, **(_ONE_THREAD if serves else {})}.items():
        os.environ.setdefault(name, value)
    for logger in _NOISY:
        logging.getLogger(logger).setLevel(logging.WARNING)

    import sanic.app  # noqa: F401 - asks for every deprecation to be shown; what is set after it counts

    warnings.filterwarnings("ignore", category=DeprecationWarning)
    from bot.components import patches

    if serves:
        patches.leave_tensorflow_out()

    import rasa.__main__

    patches.apply_all()
    configure = rasa.__main__.configure_logging_and_warnings

    def configure_quietly(*arguments: Any, **named: Any) -> None:
        configure(*arguments, **named)
        # Rasa shows them all; the libraries that it pins are three years old and speak of nothing else.
        warnings.filterwarnings("ignore", category=DeprecationWarning)

    rasa.__main__.configure_logging_and_warnings = configure_quietly
    sys.argv[0] = "rasa"
    rasa.__main__.main()


if __name__ == "__main__":
    main()
