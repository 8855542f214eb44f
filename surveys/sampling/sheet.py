"""The plain file that carries a draw: settings, the frozen frame, the result. See FORMAT.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from quzhou_migrants.kernel.errors import Refused
from surveys.sampling.rules import COLUMNS, Design, Drawn

HEAD = "quzhou-migrants sample,1"
_ROW = ",".join((*COLUMNS, "role", "rank"))
_SETTINGS = {"campaign", "frame_date", "rate_bp", "least", "substitutes_bp", "strata", "seed", "frame_sha256"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the file says: how to draw, from whom, and what came out."""

    campaign: str
    frame_date: str
    design: Design
    seed: str
    frame_sha256: str
    frame: Iterable[bytes]
    result: Mapping[str, tuple[str, int]]


def frame_hash(frame: Iterable[bytes]) -> str:
    """Name a frame by its content: SHA-256 over its lines, each with a line feed, in lower-case hex."""
    digest = sha256()
    for line in frame:
        digest.update(line + b"\n")
    return digest.hexdigest()


def result_of(drawn: Iterable[Drawn]) -> dict[str, tuple[str, int]]:
    """Map every household drawn to its role and rank."""
    return {one.household: (one.role, one.rank) for one in drawn}


def result_hash(drawn: Iterable[Drawn]) -> str:
    """Name a result by its content, so that two draws can be compared at a glance.

    Shape: SHA-256 over the lines `household,role,rank` in the order of the households.
    """
    result = sorted(result_of(drawn).items())
    return frame_hash(f"{household},{role},{rank}".encode() for household, (role, rank) in result)


def write_sheet(sheet: Sheet) -> Iterator[bytes]:
    """Write the file, line by line."""
    design = sheet.design
    settings = {
        "campaign": sheet.campaign,
        "frame_date": sheet.frame_date,
        "rate_bp": design.rate_bp,
        "least": design.least,
        "substitutes_bp": design.substitutes_bp,
        "strata": " ".join(design.strata),
        "seed": sheet.seed,
        "frame_sha256": sheet.frame_sha256,
    }
    yield f"{HEAD}\n".encode()
    for name, value in settings.items():
        yield f"{name},{value}\n".encode()
    yield f"\n{_ROW}\n".encode()
    for line in sheet.frame:
        role, rank = sheet.result.get(line.partition(b",")[0].decode(), ("", ""))
        yield line + f",{role},{rank}\n".encode()


def read_sheet(path: Path) -> Sheet:
    """Read the file back.

    Raises: Refused SUR-110, it is not such a file; SUR-111, a setting is missing or unreadable;
        SUR-112, a row is not complete.
    """
    text = path.read_bytes().replace(b"\r\n", b"\n")
    if not _is_utf8(text):  # a spreadsheet here saves GB18030: a seed in Chinese would be another seed
        raise Refused("SUR-110", file=path.name)
    # A spreadsheet that saves the file again may pad short lines with commas.
    head, body = [*re.split(rb"\n,*\n", text, maxsplit=1), b""][:2]
    first, *lines = head.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")
    rows = body.splitlines()
    if first.rstrip(",") != HEAD or not rows or rows[0].decode("utf-8", "replace") != _ROW:
        raise Refused("SUR-110", file=path.name)
    settings = dict(line.rstrip(",").split(",", 1) for line in lines if "," in line)
    if missing := _SETTINGS - settings.keys():
        raise Refused("SUR-111", names=", ".join(sorted(missing)))
    frame, result = _rows(rows[1:])
    return Sheet(
        settings["campaign"],
        settings["frame_date"],
        _design(settings),
        settings["seed"],
        settings["frame_sha256"],
        frame,
        result,
    )


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _design(settings: Mapping[str, str]) -> Design:
    numbers = [settings[name] for name in ("rate_bp", "least", "substitutes_bp")]
    if not all(number.isdecimal() for number in numbers):
        raise Refused("SUR-111", names="rate_bp, least, substitutes_bp")
    rate, least, substitutes = map(int, numbers)
    return Design(rate, least, substitutes, tuple(settings["strata"].split()))


def _rows(rows: list[bytes]) -> tuple[list[bytes], dict[str, tuple[str, int]]]:
    frame, result = [], {}
    for number, row in enumerate(rows, 1):
        line, *outcome = row.rsplit(b",", 2)
        if row.count(b",") != len(COLUMNS) + 1:
            raise Refused("SUR-112", row=number)
        frame.append(line)
        if outcome[0]:
            role, rank = (cell.decode("utf-8", "replace") for cell in outcome)
            result[line.partition(b",")[0].decode()] = (role, int(rank) if rank.isdecimal() else 0)
    return frame, result
