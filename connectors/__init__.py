"""The face: every way in which people reach Yingda. May import ``bot``, never ``actions``."""
