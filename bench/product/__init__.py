"""How well the whole bot decides, measured on messages that it has never seen."""
