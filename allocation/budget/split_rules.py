"""What a split document must satisfy: direct children, whole persons, not more than the giver holds.

Source: 衢政办发〔2016〕65号 二(三)1; 国发〔2006〕17号 (600 yuan a head a year)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.errors import Finding, Problem
from quzhou_migrants.kernel.money import Fen


@dataclass(frozen=True, slots=True)
class Part:
    """What one division shall get. Units: fen. `at` is the line of the form."""

    at: int
    division_code: str
    cash_fen: Fen = 0
    project_fen: Fen = 0
    earmark: int = 0
    earmark_fen: Fen = 0


@dataclass(frozen=True, slots=True)
class Holds:
    """What the giver holds of the batch and who may receive. Units: fen."""

    cash_fen: Fen
    project_fen: Fen
    earmarks: Mapping[int, Fen]
    places: Mapping[int, str]  # earmark -> place it is bound to, empty when to none
    receivers: frozenset[str]
    per_head_fen: Fen
    notified_on: date


def split_problems(parts: Sequence[Part], holds: Holds, issued_on: date, today: date) -> list[Problem]:
    """Find what is wrong with a split as typed, all of it.

    Codes: ALC-110 (persons), ALC-114 (date), ALC-136 (nobody gets anything), ALC-137 (more than is held),
    ALC-138 (before the batch), ALC-139 (not a direct child), ALC-146 (earmark bound elsewhere).
    """
    found = list(_lines(parts, holds))
    if not parts:
        found.append(Problem("ALC-136"))
    if issued_on > today:
        found.append(Problem("ALC-114", "issued_on", {"issued": issued_on}))
    if issued_on < holds.notified_on:
        found.append(Problem("ALC-138", "issued_on", {"issued": issued_on, "notified": holds.notified_on}))
    sums = [("cash_fen", sum(p.cash_fen for p in parts), holds.cash_fen)]
    sums.append(("project_fen", sum(p.project_fen for p in parts), holds.project_fen))
    for mark in sorted({p.earmark for p in parts if p.earmark_fen}):
        given = sum(p.earmark_fen for p in parts if p.earmark == mark)
        sums.append(("earmark_fen", given, holds.earmarks.get(mark, 0)))
    found += [
        Problem("ALC-137", _first(parts, name), {"asked": asked, "left": left})
        for name, asked, left in sums
        if asked > left
    ]
    return found


def _lines(parts: Sequence[Part], holds: Holds) -> list[Problem]:
    found = []
    for p in parts:
        if p.division_code not in holds.receivers:
            found.append(Problem("ALC-139", f"lines.{p.at}.division_code", {"code": p.division_code}))
        if rest := p.cash_fen % holds.per_head_fen:
            facts = {"cash": p.cash_fen, "per_head": holds.per_head_fen, "rest": rest}
            found.append(Problem("ALC-110", f"lines.{p.at}.cash_fen", facts))
        place = holds.places.get(p.earmark, "")
        if p.earmark_fen and place and not _meet(place, p.division_code):
            found.append(Problem("ALC-146", f"lines.{p.at}.earmark_fen", {"place": place}))
    return found


def _first(parts: Sequence[Part], name: str) -> str:
    for p in parts:
        if getattr(p, name):
            return f"lines.{p.at}.{name}"
    return ""


def _meet(a: str, b: str) -> bool:
    """Tell whether one place lies inside the other."""
    return any(lo <= x < hi for x, (lo, hi) in ((a, code_range(b)), (b, code_range(a))))


def persons_gaps(persons: Mapping[str, int], registered: Mapping[str, int]) -> list[Finding]:
    """Notice every division whose cash part does not tie to the register. Code: ALC-115."""
    found = []
    for code, told in persons.items():
        there = registered.get(code, 0)
        if told and told != there:
            found.append(Finding("ALC-115", code, {"persons": told, "register": there, "gap": told - there}))
    return found
