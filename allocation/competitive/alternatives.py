"""What the same scores would give under other rules: looked at, never chosen. Pure.

Every alternative changes one thing of the published rules, or leaves one member's scores out; the
official result stands beside it. Nothing here is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import median

from allocation.competitive.rules import Criterion, Cut, CutRule, Entry, cut, rank
from quzhou_migrants.kernel.money import Fen

NEVER = 10_000  # more scores than any panel gives: nothing is dropped
SMALLEST_TRIM = 3  # of fewer scores nothing would be left


@dataclass(frozen=True, slots=True)
class Rules:
    """How scores become money. `out` is a seat whose scores are left out."""

    trim_from: int
    cut: Cut
    by_median: bool = False
    out: int | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One candidate with its scores by seat. Units: fen."""

    code: str
    asked_fen: Fen
    scores: Mapping[int, Mapping[int, int]]
    ruled_out: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """One candidate under some rules; without any score it has no place. Units: fen."""

    rank: int | None
    mean: Fraction | None
    fen: Fen


@dataclass(frozen=True, slots=True)
class Alternative:
    """One set of rules, named, with what it would give, who would get more or less, and who would stand elsewhere."""

    key: str
    rules: Rules
    places: Mapping[str, Place]
    changed: tuple[str, ...]
    moved: tuple[str, ...]


def judge(rows: Sequence[Judged], criteria: Sequence[Criterion], rules: Rules) -> dict[str, Place]:
    """Rank and cut under some rules, exactly as the official result is made."""
    entries = [
        Entry(r.code, r.asked_fen, tuple(s for seat, s in sorted(r.scores.items()) if seat != rules.out), r.ruled_out)
        for r in rows
    ]
    scored = [e for e in entries if e.scores]
    if rules.by_median:
        scored = [replace(e, scores=(_middle(e, criteria),)) for e in scored]
    placings = rank(scored, criteria, rules.trim_from) if scored else ()
    money = cut(placings, {e.code: e.asked_fen for e in scored}, rules.cut)
    found = {p.code: Place(p.rank, p.mean, money[p.code]) for p in placings}
    return {r.code: found.get(r.code, Place(None, None, 0)) for r in rows}


def _middle(entry: Entry, criteria: Sequence[Criterion]) -> dict[int, int | Fraction]:
    """Take the median of each criterion. Shape: {criterion: points}, exact."""
    return {c.id: Fraction(median(Fraction(s[c.id]) for s in entry.scores)) for c in criteria}


def variants(official: Rules, seats: Sequence[int]) -> dict[str, Rules]:
    """List the rules to look at: one thing changed in each. Shape: {key: rules}."""
    terms = official.cut
    found = {
        "no_trim": replace(official, trim_from=NEVER),
        "trim": replace(official, trim_from=SMALLEST_TRIM),
        "median": replace(official, by_median=True, trim_from=NEVER),
        **{f"cut_{rule.value}": replace(official, cut=replace(terms, rule=rule)) for rule in CutRule},
        "no_mark": replace(official, cut=replace(terms, pass_mark=0)),
        "no_cap": replace(official, cut=replace(terms, cap_fen=terms.budget_fen)),
        **{f"out_{seat}": replace(official, out=seat) for seat in sorted(seats)},
    }
    return {key: rules for key, rules in found.items() if rules != official}


def compare(
    rows: Sequence[Judged], criteria: Sequence[Criterion], official: Rules, others: Mapping[str, Rules]
) -> tuple[dict[str, Place], list[Alternative]]:
    """Set every alternative beside the official result. Shape: (official places, alternatives)."""
    base = judge(rows, criteria, official)
    found = []
    for key, rules in others.items():
        places = judge(rows, criteria, rules)
        changed = tuple(sorted(code for code, place in places.items() if place.fen != base[code].fen))
        moved = tuple(sorted(code for code, place in places.items() if place.rank != base[code].rank))
        found.append(Alternative(key, rules, places, changed, moved))
    return base, found
