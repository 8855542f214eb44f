"""Blobs: one name a content, nothing half-written, nothing over the limit."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from quzhou_migrants.kernel import blobs
from quzhou_migrants.kernel.errors import Refused


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"0" * 65536


def photo(orientation: int) -> bytes:
    out, exif = BytesIO(), Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "phone"
    Image.new("RGB", (800, 400), "blue").save(out, "JPEG", exif=exif)
    return out.getvalue()


async def test_content_is_kept_once_under_its_hash(tmp_path: Path) -> None:
    first = await blobs.receive(tmp_path, chunks(b"ab", b"c"), limit=10)
    second = await blobs.receive(tmp_path, chunks(b"abc"), limit=10)
    expected = hashlib.sha256(b"abc").hexdigest()
    assert (first.sha256, first.size) == (expected, 3)
    assert blobs.keep(tmp_path, first) == blobs.keep(tmp_path, second) == blobs.blob_path(tmp_path, expected)
    assert blobs.blob_path(tmp_path, expected).read_bytes() == b"abc"
    assert list((tmp_path / "drafts").iterdir()) == []


async def test_announced_giant_is_refused_before_a_byte_is_read(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        await blobs.receive(tmp_path, endless(), limit=1 << 20, announced=200 << 20)
    assert (refused.value.code, refused.value.facts) == ("KRN-642", {"limit": 1})
    assert not (tmp_path / "drafts").exists()


async def test_unannounced_giant_stops_at_the_limit_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        await blobs.receive(tmp_path, endless(), limit=1 << 20)
    assert refused.value.code == "KRN-642"
    assert list((tmp_path / "drafts").iterdir()) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "é", "", "A" * 64, "a" * 63])
def test_no_path_is_built_from_what_is_no_hash(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=name or "^$"):
        blobs.blob_path(tmp_path, name)


async def test_thumbnail_is_small_upright_and_bare(tmp_path: Path) -> None:
    draft = await blobs.receive(tmp_path, chunks(photo(6)), limit=1 << 20)
    blobs.keep(tmp_path, draft)
    with Image.open(blobs.thumbnail(tmp_path, draft.sha256)) as small:
        assert small.size == (240, 480)
        assert dict(small.getexif()) == {}


async def test_altered_blob_is_named(tmp_path: Path) -> None:
    kept = [await blobs.receive(tmp_path, chunks(part), limit=9) for part in (b"one", b"two")]
    paths = [blobs.keep(tmp_path, draft) for draft in kept]
    assert list(blobs.altered(tmp_path)) == []
    paths[1].chmod(0o600)
    paths[1].write_bytes(b"t0o")
    assert list(blobs.altered(tmp_path)) == [kept[1].sha256]
