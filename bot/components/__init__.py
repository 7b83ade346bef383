"""Rasa graph components and server parts: the only part of Yingda that the engine imports.

Everything here runs on the engine's Python 3.10 and imports of the rest of Yingda only
``bot.language`` and ``bot.encoder``. Each file holds one component; ``config.yml``,
``endpoints.yml`` and ``credentials.yml`` name them by module path.
"""
