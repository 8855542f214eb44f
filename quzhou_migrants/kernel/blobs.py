"""Content-addressed storage: a file is kept once, under the SHA-256 of its bytes, and never altered.

A blob is complete and on disk before its name exists; a crash leaves a draft, never half a blob.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.file_types import MIB

SHA256 = re.compile(r"[0-9a-f]{64}")
THUMB = (480, 480)
DRAFTS, THUMBS = "drafts", "thumbs"


@dataclass(frozen=True, slots=True)
class Draft:
    """A file received whole, hashed, not yet kept."""

    path: Path
    sha256: str
    size: int


async def receive(root: Path, chunks: AsyncIterator[bytes], *, limit: int, announced: int = 0) -> Draft:
    """Write a stream to a draft, hashing as it comes; never more than one chunk in memory.

    Units: bytes; `announced` is the Content-Length, so that a giant is refused before it is sent.
    Raises: Refused KRN-642, larger than the limit; nothing is left behind.
    """
    _within(announced, limit)
    folder = root / DRAFTS
    folder.mkdir(parents=True, exist_ok=True)
    path, digest, size = folder / secrets.token_hex(16), hashlib.sha256(), 0
    try:
        with path.open("xb") as out:
            async for chunk in chunks:
                size += len(chunk)
                _within(size, limit)
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Draft(path, digest.hexdigest(), size)


def _within(size: int, limit: int) -> None:
    if size > limit:
        raise Refused("KRN-642", limit=limit // MIB)


def keep(root: Path, draft: Draft) -> Path:
    """Give a draft its name; keeping the same content twice is keeping it once."""
    path = blob_path(root, draft.sha256)
    if path.exists():
        draft.path.unlink()
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    draft.path.chmod(0o440)
    draft.path.replace(path)
    return path


def blob_path(root: Path, sha256: str) -> Path:
    """Tell where a blob lives. Raises: ValueError for what is no hash (no path is built from it)."""
    if not SHA256.fullmatch(sha256):
        raise ValueError(sha256)
    return root / sha256[:2] / sha256[2:4] / sha256


def thumbnail(root: Path, sha256: str) -> Path:
    """Make a small upright JPEG without any metadata, once, and tell where it is."""
    made = root / THUMBS / f"{sha256}.jpg"
    if made.exists():
        return made
    made.parent.mkdir(parents=True, exist_ok=True)
    draft = made.with_suffix("." + secrets.token_hex(4))
    with Image.open(blob_path(root, sha256), formats=("JPEG", "PNG")) as image:
        image.draft("RGB", THUMB)
        small = ImageOps.exif_transpose(image)
        small.thumbnail(THUMB)
        small.convert("RGB").save(draft, "JPEG", quality=80)
    draft.replace(made)
    return made


def altered(root: Path) -> Iterator[str]:
    """Yield the hash of every blob whose bytes no longer give its name."""
    for path in sorted(root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != path.name:
                yield path.name
