"""The half-yearly refresh: when it runs, what an owner may change in it, what silence leads to, how a freeze is named.

Source: 衢政办发〔2016〕65号 二(二)1 (the reserve is refreshed in April and October).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from quzhou_migrants.kernel.clock import month_span
from quzhou_migrants.kernel.errors import Problem

WHOLE_BP = 10_000
MAY_CHANGE = (
    "estimate_fen",
    "asked_fen",
    "own_fen",
    "other_fen",
    "beneficiaries",
    "migrants",
    "low_income",
    "starts_on",
    "ends_on",
)
"""Columns an owner may bring up to date; anything else is another project."""
LIMITED = ("estimate_fen", "asked_fen")
FROZEN = (
    "code",
    "title",
    "category",
    "state",
    "estimate_fen",
    "asked_fen",
    "own_fen",
    "other_fen",
    "beneficiaries",
    "migrants",
    "low_income",
    "valid_until",
    "silences",
    "rank",
)
"""Columns of a frozen project, in the order in which they are hashed."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """One refresh: its name and its days, both inside."""

    name: str
    opens_on: date
    closes_on: date


def running(today: date, months: Sequence[int]) -> Span | None:
    """Give the refresh that runs on a day: the whole of a named month, to the end of its last day."""
    return _span(today.year, today.month) if today.month in months else None


def coming(today: date, months: Sequence[int]) -> Span:
    """Give the first refresh that begins after a day."""
    begins = [(today.year + (month <= today.month), month) for month in months]
    return _span(*min(begins))


def _span(year: int, month: int) -> Span:
    opens, closes = month_span(year, month)
    return Span(f"{year:04d}-{month:02d}", opens, closes)


def changes(before: Row, after: Row) -> dict[str, tuple[Any, Any]]:
    """List what differs. Shape: {column: (before, after)}."""
    return {name: (before[name], after[name]) for name in MAY_CHANGE if before[name] != after[name]}


def as_admitted(project: Row, earlier: Iterable[Row]) -> dict[str, int]:
    """Give the limited figures as they stood at admission.

    Shape: `earlier` what former changes found before them {column: value}, the oldest first; what none
    of them touched still stands as admitted.
    """
    found: dict[str, int] = {}
    for before in earlier:
        for name in LIMITED:
            if name in before:
                found.setdefault(name, int(before[name]))
    return {name: found.get(name, int(project[name])) for name in LIMITED}


def check_change(before: Row, after: Row, growth_bp: int, admitted: Row | None = None) -> list[Problem]:
    """Find what keeps a change from being an update of the same project.

    Growth is measured against what was admitted, so that small steps do not add up unseen.
    Shape: problems PRJ-276 (nothing differs), PRJ-273 (grew too much), PRJ-141 (sources do not add
    up), PRJ-142 (dates), PRJ-144 (people).
    Units: fen, basis points.
    """
    found = [] if changes(before, after) else [Problem("PRJ-276", "answer")]
    for name in LIMITED:
        limit = (admitted or before)[name] * (WHOLE_BP + growth_bp) // WHOLE_BP
        if after[name] > limit:
            found.append(Problem("PRJ-273", name, {"most": growth_bp, "limit": limit}))
    total = after["asked_fen"] + after["own_fen"] + after["other_fen"]
    if total != after["estimate_fen"]:
        found.append(Problem("PRJ-141", "estimate_fen", {"total": total, "estimate": after["estimate_fen"]}))
    if after["starts_on"] and after["ends_on"] and after["ends_on"] < after["starts_on"]:
        found.append(Problem("PRJ-142", "ends_on"))
    if after["migrants"] > after["beneficiaries"]:
        found.append(Problem("PRJ-144", "migrants"))
    return found


def lapsed(silences: int, limit: int) -> bool:
    """Tell whether a project leaves by silence; a limit of 0 only counts."""
    return 0 < limit <= silences


def content(rows: Iterable[Row]) -> bytes:
    """Write a snapshot out: one JSON array per project in the order of FROZEN, by code, a line each."""
    lines = []
    for row in sorted(rows, key=lambda r: str(r["code"])):
        values = [v.isoformat() if isinstance(v := row[name], date) else v for name in FROZEN]
        lines.append(json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n")
    return "".join(lines).encode()


def digest(rows: Iterable[Row]) -> str:
    """Name the content of a snapshot: the SHA-256 of its file, which anybody can reckon again. Shape: hexadecimal."""
    return hashlib.sha256(content(rows)).hexdigest()
