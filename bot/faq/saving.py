"""Reading a file that somebody may be in the middle of saving.

Text editors write in place, in several steps, and half a file can be correct by itself: its last answer merely ends
early. So what was changed a moment ago is looked at again until it rests. A file that was replaced in one step,
as ours are, is whole at once.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

# Between two steps of a save pass a few milliseconds.
_REST_S = 0.15
_LOOK_EVERY_S = 0.02
# A clock that is wrong, or a file that never rests, holds nobody up for longer.
_PATIENCE_S = 2.0


def read_saved(file: Path, inode: int | None) -> tuple[bytes, int]:
    """Return the content of a file that was changed, once nobody writes it any more, and its inode.

    Args:
        file: The file.
        inode: What it was when the file was read before, None when it never was.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        before = file.stat()
        raw = file.read_bytes()
        after = file.stat()
        replaced = inode is not None and after.st_ino != inode
        rests = replaced or not 0 <= time.time() - after.st_mtime < _REST_S
        if (rests and _same(before, after)) or time.monotonic() > deadline:
            return raw, after.st_ino
        time.sleep(_LOOK_EVERY_S)


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_ino, one.st_size, one.st_mtime_ns) == (
        other.st_ino, other.st_size, other.st_mtime_ns,
    )  # fmt: skip
