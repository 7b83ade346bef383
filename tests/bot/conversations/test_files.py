"""Files of customers: the type is what the content is, pictures are drawn anew, the scanner has the last word."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from PIL import Image

from bot.conversations.files import LIMIT_BYTES, FileRefusedError, Files
from bot.conversations.model import Body, FileKind


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 20), **more: object) -> bytes:
    """Return a small picture."""
    drawn = io.BytesIO()
    mode = "RGBA" if kind == "PNG" else "RGB"
    Image.new(mode, size, "red").save(drawn, kind, **more)
    return drawn.getvalue()


async def test_a_picture_is_drawn_anew_upright_smaller_and_without_what_the_camera_wrote(
    tmp_path: Path,
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    exif[0x010F] = "a camera"
    sent = picture(size=(3000, 1500), exif=exif) + b"<?php hidden(); ?>"
    files = Files(tmp_path)
    kept = await files.keep(sent, "C:\\DCIM\\破损的杯子.php")
    assert (kept.kind, kept.media_type, kept.name) == (
        FileKind.PICTURE,
        "image/jpeg",
        "破损的杯子.php",
    )
    content = files.path_of(kept.id).read_bytes()
    assert len(content) == kept.size_bytes
    assert b"hidden" not in content
    with Image.open(io.BytesIO(content)) as drawn:
        assert drawn.size == (1280, 2560)
        assert not drawn.getexif()


@pytest.mark.parametrize(
    ("content", "ending"),
    [(picture("PNG"), "png"), (picture("GIF"), "jpg"), (picture("WEBP"), "jpg"),
     (b"%PDF-1.7 ...", "pdf"), (b"\0\0\0\x18ftypmp42....", "mp4")],
)  # fmt: skip
async def test_the_content_says_what_it_is(tmp_path: Path, content: bytes, ending: str) -> None:
    kept = await Files(tmp_path).keep(content, "x.exe")
    assert kept.id.endswith(f".{ending}")
    assert Body.from_json(Body("", attachments=(kept,)).to_json()).attachments == (kept,)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"x" * (LIMIT_BYTES + 1), "size"), (b"<svg onload='x()'/>", "type"),
     (b"<html>", "type"), (b"MZ\x90", "type"), (picture()[:100], "type")],
)  # fmt: skip
async def test_anything_else_is_refused_and_leaves_nothing(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(FileRefusedError) as caught:
        await Files(tmp_path / "files").keep(content, "photo.jpg")
    assert caught.value.reason == reason
    assert not (tmp_path / "files").exists()


async def test_the_scanner_gets_what_was_sent_and_its_no_is_final(tmp_path: Path) -> None:
    script = tmp_path / "scanner.py"
    script.write_text("import sys; sys.exit(b'EICAR' in open(sys.argv[1], 'rb').read())")
    files = Files(tmp_path / "files", f"{sys.executable} {script}")
    assert (await files.keep(picture(), "a.jpg")).kind is FileKind.PICTURE
    with pytest.raises(FileRefusedError) as caught:
        await files.keep(picture() + b"EICAR", "b.jpg")
    assert caught.value.reason == "virus"


@pytest.mark.parametrize(
    "identifier", ["", "../secrets.json", "a" * 32, "A" * 32 + ".jpg", "a" * 32 + ".exe"]
)
def test_no_id_leads_out_of_the_folder(tmp_path: Path, identifier: str) -> None:
    with pytest.raises(ValueError, match="expected the id of a file"):
        Files(tmp_path).path_of(identifier)
