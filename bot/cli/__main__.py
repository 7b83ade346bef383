"""``python -m bot.cli``: the ``yingda`` command without its script."""

from bot.cli.run import main

main()
