"""Attachments in one zip: a folder for each row, named by its key; what a file is, its name says."""

from __future__ import annotations

import asyncio
import zipfile
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from projects.intake.forms import FileKind
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.file_types import MAX_ENTRIES, MAX_RATIO, MAX_UNPACKED

_UTF8 = 0x800
PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class Packed:
    """One file of the zip: whose it is, what it is, how it is called, where it lies inside."""

    key: str
    kind: str
    name: str
    inside: zipfile.ZipInfo


def read_folders(path: Path) -> list[Packed]:
    """List the files by folder, in the order of their names.

    Raises: Refused PRJ-566 (no zip, too many or too large inside), PRJ-567 (a file outside any folder).
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [i for i in archive.infolist() if not i.is_dir()]
    except (zipfile.BadZipFile, ValueError, OSError):
        raise Refused("PRJ-566", field="papers") from None
    whole, packed = sum(i.file_size for i in infos), sum(i.compress_size for i in infos)
    if len(infos) > MAX_ENTRIES or whole > MAX_UNPACKED or whole > max(packed, 1) * MAX_RATIO:
        raise Refused("PRJ-566", field="papers")
    found = [_packed(i) for i in infos]
    return sorted((p for p in found if p), key=lambda p: (p.key, p.name))


def _packed(info: zipfile.ZipInfo) -> Packed | None:
    parts = [part for part in decoded(info).replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    if not parts or parts[0] == "__MACOSX" or parts[-1].startswith("."):
        return None
    if len(parts) == 1:
        raise Refused("PRJ-567", field="papers", name=parts[0])
    return Packed(parts[-2].strip(), kind_of(parts[-1]), parts[-1], info)


def decoded(info: zipfile.ZipInfo) -> str:
    """Read a name as it was meant: Windows in China packs GB18030 without saying so."""
    if info.flag_bits & _UTF8 or info.filename.isascii():
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    for code in ("utf-8", "gb18030"):
        try:
            return raw.decode(code)
        except UnicodeDecodeError:
            continue
    return info.filename


def kind_of(name: str) -> str:
    """Tell what a paper is from the word its name carries."""
    for kind in FileKind:
        word = CATALOGUE.text(f"projects.bulk.word.{kind.value}")
        if word in name:
            return kind.value
    return FileKind.OTHER.value


def counted(files: list[Packed]) -> Mapping[str, Counter[str]]:
    """Count the papers of each row by kind."""
    found: dict[str, Counter[str]] = {}
    for file in files:
        found.setdefault(file.key, Counter())[file.kind] += 1
    return found


async def pieces(path: Path, file: Packed) -> AsyncIterator[bytes]:
    """Unpack one file piece by piece. Raises: Refused PRJ-575, it is locked by a password or broken."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(file.inside) as source:
            while piece := await asyncio.to_thread(source.read, PIECE):
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError):
        raise Refused("PRJ-575", field="papers", name=file.name) from None
