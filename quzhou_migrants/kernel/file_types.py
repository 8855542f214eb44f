"""What a file is, decided by its content; its name is only text."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Collection
from pathlib import Path, PurePath

import puremagic
from PIL import Image, UnidentifiedImageError

from quzhou_migrants.kernel.errors import Refused

JPEG, PNG, PDF = "image/jpeg", "image/png", "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ZIP = "application/zip"

PICTURES = frozenset({JPEG, PNG})
PAPERS = frozenset({JPEG, PNG, PDF})
ATTACHMENTS = frozenset({JPEG, PNG, PDF, XLSX, DOCX, ZIP})

SUFFIXES = {JPEG: (".jpg", ".jpeg"), PNG: (".png",), PDF: (".pdf",), XLSX: (".xlsx",), DOCX: (".docx",), ZIP: (".zip",)}
MIB = 1 << 20
MAX_PIXELS = 50_000_000  # a 48-megapixel telephone; Pillow warns at 89 million, decoding needs 3 bytes each
MAX_UNPACKED = 300 * MIB
MAX_RATIO = 200  # text shrinks 20 times, a bomb a thousand times
MAX_ENTRIES = 5_000
EDGE = 2048  # readers look for the marks of a PDF this near its ends


def media_type_of(path: Path, name: str, accept: Collection[str]) -> str:
    """Decide the media type of a stored file and prove that it is whole.

    Raises: Refused KRN-641 not an accepted kind, KRN-643 the name says otherwise, KRN-644
    damaged, KRN-645 unpacks too large, KRN-646 empty, KRN-647 too many pixels, KRN-649 macros.
    """
    head, tail = _edges(path)
    if not head:
        raise Refused("KRN-646", name=name)
    found = _sniff(head, path)
    if found is None or found not in accept:
        raise Refused("KRN-641", name=name, found=found or _second_opinion(head), accepted=suffixes(accept))
    suffix = PurePath(name).suffix.lower()
    if suffix in {s for known in SUFFIXES.values() for s in known} and suffix not in SUFFIXES[found]:
        raise Refused("KRN-643", name=name, found=SUFFIXES[found][0].lstrip(".").upper())
    _PROOFS[found](path, name, tail)
    return found


def suffixes(accept: Collection[str]) -> str:
    """Name the accepted kinds as people know them: "JPG、PDF"."""
    return "、".join(SUFFIXES[kind][0].lstrip(".").upper() for kind in SUFFIXES if kind in accept)


def _edges(path: Path) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        head = file.read(EDGE)
        file.seek(max(path.stat().st_size - EDGE, 0))
        return head, file.read()


def _sniff(head: bytes, path: Path) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if b"%PDF-" in head[:1024]:
        return PDF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _packed(path)
    return None


def _packed(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError):
        return ZIP  # said to be damaged by the proof that follows
    if "[Content_Types].xml" in names:
        if "xl/workbook.xml" in names:
            return XLSX
        return DOCX if "word/document.xml" in names else None
    return ZIP


def _second_opinion(head: bytes) -> str:
    """Ask puremagic what it may be, only to say it to the person."""
    try:
        return puremagic.from_string(head).lstrip(".").upper() or "?"
    except (puremagic.PureError, ValueError):
        return "?"


def _prove_png(path: Path, name: str, tail: bytes) -> None:
    if b"IEND" not in tail:  # Pillow is content with less
        raise Refused("KRN-644", name=name)
    _prove_picture(path, name, tail)


def _prove_picture(path: Path, name: str, _tail: bytes) -> None:
    try:
        with Image.open(path, formats=("JPEG", "PNG")) as image:
            if image.width * image.height > MAX_PIXELS:
                raise Refused("KRN-647", name=name, width=image.width, height=image.height)
            image.draft("RGB", (64, 64))  # JPEG decodes at an eighth: the whole stream is read, little is kept
            image.load()
    except Image.DecompressionBombError as bomb:
        raise Refused("KRN-647", name=name, width=0, height=0) from bomb
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError) as wrong:
        raise Refused("KRN-644", name=name) from wrong


def _prove_pdf(_path: Path, name: str, tail: bytes) -> None:
    if b"%%EOF" not in tail:
        raise Refused("KRN-644", name=name)


def _prove_archive(path: Path, name: str, _tail: bytes) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as wrong:
        raise Refused("KRN-644", name=name) from wrong
    unpacked = sum(e.file_size for e in entries)
    packed = sum(e.compress_size for e in entries)
    bombed = unpacked > MIB and unpacked > packed * MAX_RATIO
    if unpacked > MAX_UNPACKED or len(entries) > MAX_ENTRIES or bombed:
        raise Refused("KRN-645", name=name)
    if any(PurePath(e.filename).name.lower() == "vbaproject.bin" for e in entries):
        raise Refused("KRN-649", name=name)


_PROOFS: dict[str, Callable[[Path, str, bytes], None]] = {
    JPEG: _prove_picture,
    PNG: _prove_png,
    PDF: _prove_pdf,
    XLSX: _prove_archive,
    DOCX: _prove_archive,
    ZIP: _prove_archive,
}
