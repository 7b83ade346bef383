"""Files that customers send: checked, pictures drawn anew, kept outside of what the web server serves.

A file's type is read from its content, never from its name or from what a browser claims. A picture is
decoded and encoded again, which drops hidden content and what a telephone wrote into it about the place.
"""

from __future__ import annotations

import asyncio
import io
import secrets
import shlex
import tempfile
from pathlib import Path

import structlog
from PIL import Image, ImageOps, UnidentifiedImageError

from bot.conversations.model import Attachment, FileKind

_log = structlog.get_logger(__name__)

LIMIT_BYTES = 10_000_000
_PICTURES = ("JPEG", "PNG", "WEBP", "GIF")
_LONGEST_SIDE_PX = 2560
# A picture of few bytes may unpack to gigabytes; a telephone's camera has up to 50 megapixels.
_MOST_PIXELS = 60_000_000
_SCAN_WITHIN_S = 60.0
_NAME_LIMIT = 120
_MEDIA_TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "pdf": "application/pdf",
    "mp4": "video/mp4",
}


class FileRefusedError(Exception):
    """A file that is not kept.

    Args:
        reason: "empty", "size", "type" or "virus".
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Files:
    """Keeps files under random names.

    Args:
        folder: where; made with the first file.
        scan_command: a virus scanner that gets the file's path as its last argument and ends with 0
            for a clean file, as ``clamdscan`` does; empty: none.
    """

    def __init__(self, folder: Path, scan_command: str = "") -> None:
        self._folder = folder
        self._scan_command = shlex.split(scan_command)

    async def keep(self, content: bytes, name: str) -> Attachment:
        """Check and keep a file.

        Args:
            name: what the customer called it; only shown, never used as a path.

        Raises:
            FileRefusedError: when it is empty, too large, of another type, or the scanner objects.
        """
        if not content:
            raise FileRefusedError("empty", "expected a file, got nothing")
        if len(content) > LIMIT_BYTES:
            raise FileRefusedError("size", f"expected at most {LIMIT_BYTES} bytes")
        await self._scan(content)
        ending, kept = await asyncio.to_thread(_read, content)
        identifier = f"{secrets.token_hex(16)}.{ending}"
        path = self.path_of(identifier)
        await asyncio.to_thread(_write, path, kept)
        media_type = _MEDIA_TYPES[ending]
        kind = FileKind.PICTURE if media_type.startswith("image/") else FileKind.FILE
        shown = "".join(c for c in name if c.isprintable()).replace("\\", "/").rpartition("/")[2]
        return Attachment(identifier, kind, shown[-_NAME_LIMIT:], media_type, len(kept))

    def path_of(self, identifier: str) -> Path:
        """Return where a file is, whether or not it is there.

        Raises:
            ValueError: for what ``keep`` never returned.
        """
        stem, _, ending = identifier.partition(".")
        if len(stem) != 32 or set(stem) - set("0123456789abcdef") or ending not in _MEDIA_TYPES:
            raise ValueError(f"expected the id of a file, got {identifier!r}")
        return self._folder / stem[:2] / identifier

    def media_type_of(self, identifier: str) -> str:
        """Return the type that a file was found to have."""
        return _MEDIA_TYPES[identifier.partition(".")[2]]

    async def delete(self, identifier: str) -> None:
        """Delete a file, if it is there."""
        path = self.path_of(identifier)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _scan(self, content: bytes) -> None:
        if not self._scan_command:
            return
        with tempfile.NamedTemporaryFile(prefix="yingda-upload-") as file:
            await asyncio.to_thread(file.write, content)
            file.flush()
            process = await asyncio.create_subprocess_exec(
                *self._scan_command,
                file.name,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                async with asyncio.timeout(_SCAN_WITHIN_S):
                    code = await process.wait()
            except TimeoutError:
                process.kill()
                code = -1
        if code != 0:
            # A scanner that fails keeps files out too: unchecked ones would be worse.
            _log.warning("file refused by the scanner", code=code)
            raise FileRefusedError("virus", f"expected the scanner to end with 0, got {code}")


def _read(content: bytes) -> tuple[str, bytes]:
    """Return the ending and the bytes to keep."""
    if content.startswith(b"%PDF-"):
        return "pdf", content
    if content[4:8] == b"ftyp" and content[8:12] in (b"isom", b"iso2", b"mp41", b"mp42", b"qt  "):
        return "mp4", content
    try:
        picture = Image.open(io.BytesIO(content), formats=_PICTURES)
        if picture.width * picture.height > _MOST_PIXELS:
            raise FileRefusedError("size", f"expected at most {_MOST_PIXELS} pixels")
        upright = ImageOps.exif_transpose(picture)
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,
    ) as error:
        raise FileRefusedError(
            "type", "expected a JPEG, PNG, WebP or GIF picture, a PDF or an MP4 video"
        ) from error
    upright.thumbnail((_LONGEST_SIDE_PX, _LONGEST_SIDE_PX))
    drawn = io.BytesIO()
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        upright.convert("RGBA").save(drawn, "PNG", optimize=False)
        return "png", drawn.getvalue()
    upright.convert("RGB").save(drawn, "JPEG", quality=85)
    return "jpg", drawn.getvalue()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(content)
    path.chmod(0o600)
