"""How the reserve is put in order: criteria, points, ties, moves. Exact: nothing is rounded.

A criterion gives points by where a value lies between two published marks (`zero` earns nothing,
`full` earns everything), never by comparison with the best of the field: who is ranked beside a
project cannot change its points, and leaving one out never turns two others round.
Source: 衢政办发〔2016〕65号 二(二)1 (a reserve from which support is drawn); the criteria are the pack's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import groupby
from math import gcd

from quzhou_migrants.kernel.errors import Problem, Refused

WHOLE_BP = 10_000
FULL_POINTS = 100
BP_PER_POINT = WHOLE_BP // FULL_POINTS
ADMITTED, CODE = "admitted", "code"
Pair = tuple[int, int]
"""A value as numerator and denominator, the denominator positive."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of a scheme. Units: weight in basis points; `zero` and `full` in the criterion's own unit."""

    key: str
    title: str
    unit: str
    weight_bp: int
    zero: Fraction
    full: Fraction
    source: str = ""
    confirmed: bool = False

    @property
    def rising(self) -> bool:
        """Tell whether more is better."""
        return self.full > self.zero


@dataclass(frozen=True, slots=True)
class Scheme:
    """Criteria whose weights make one whole, and the order in which ties are broken."""

    criteria: tuple[Criterion, ...]
    ties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A project to rank. Shape: `values` {criterion: pair, None when nothing is known}."""

    id: int
    code: str
    admitted_on: date
    values: Mapping[str, Pair | None]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Where a project stands. `tie` names the rule that put it behind an equal score, empty otherwise."""

    id: int
    rank: int
    score: Fraction
    tie: str = ""


@dataclass(frozen=True, slots=True)
class Working:
    """One line of the working: what was counted, how far it lies between the marks, what it earned."""

    criterion: Criterion
    value: Fraction | None
    merit: Fraction
    points: Fraction


def check_scheme(scheme: Scheme, known: Sequence[str]) -> list[Problem]:
    """Find what keeps a scheme from being published.

    Raises: nothing. Shape: problems PRJ-250 (weights), PRJ-251 (marks), PRJ-252 (tie rules).
    """
    total = sum(c.weight_bp for c in scheme.criteria)
    found = [] if total == WHOLE_BP else [Problem("PRJ-250", "criteria", {"total": total})]
    found += [
        Problem("PRJ-251", f"criteria.{n}.full", {"title": c.title})
        for n, c in enumerate(scheme.criteria)
        if c.zero == c.full
    ]
    allowed = {*known, ADMITTED, CODE}
    if not scheme.ties or scheme.ties[-1] != CODE or not set(scheme.ties) <= allowed:
        found.append(Problem("PRJ-252", "ties"))
    return found


def explain(scheme: Scheme, values: Mapping[str, Pair | None]) -> list[Working]:
    """Show the working of one project: the same points as `rank` gives, line by line."""
    return list(_explained(scheme, values))


def _explained(scheme: Scheme, values: Mapping[str, Pair | None]) -> Iterator[Working]:
    for c in scheme.criteria:
        pair = values.get(c.key)
        value = None if pair is None else Fraction(*pair)
        merit = _merit(c, value)
        yield Working(c, value, merit, merit * Fraction(c.weight_bp, BP_PER_POINT))


def _merit(c: Criterion, value: Fraction | None) -> Fraction:
    """Tell how far a value lies on the way from nothing to everything; an unknown one earns nothing."""
    return Fraction(0) if value is None else min(max((value - c.zero) / (c.full - c.zero), Fraction(0)), Fraction(1))


def rank(scheme: Scheme, candidates: Sequence[Candidate]) -> list[Ranked]:
    """Put candidates in order: score falling, then the published tie rules.

    Raises: nothing; the code of a project is unique, so that no two share a place.
    """
    steps = [_step(c) for c in scheme.criteria]
    scored = [(_score(steps, c.values), c) for c in candidates]
    # Distinct fractions with denominators up to B differ by at least 1/B², so this integer orders them exactly.
    most = max((den for (_, den), _ in scored), default=1)
    scale = most * most
    keyed = sorted(((num * scale // den, (num, den), c) for (num, den), c in scored), key=lambda k: -k[0])
    found: list[Ranked] = []
    for _, group in groupby(keyed, key=lambda k: k[0]):
        found += _broken(scheme, [(pair, c) for _, pair, c in group], len(found))
    return found


Step = tuple[str, int, int, int, int, int]


def _step(c: Criterion) -> Step:
    """Turn a criterion into whole numbers: points = weight * (n*zd - zn*d) * sd / (d*zd*sn)."""
    span = c.full - c.zero
    sign = 1 if span > 0 else -1
    return c.key, c.weight_bp, c.zero.numerator, c.zero.denominator, abs(span.numerator), sign * span.denominator


def _score(steps: Sequence[Step], values: Mapping[str, Pair | None]) -> Pair:
    """Add the points of one project up, as one reduced fraction of basis points."""
    num, den = 0, 1
    for key, weight, zero_n, zero_d, span_n, span_d in steps:
        pair = values.get(key)
        if pair is None:
            continue
        n, d = pair
        above = (n * zero_d - zero_n * d) * span_d
        below = d * zero_d * span_n
        if above <= 0:
            continue
        if above >= below:
            num += weight * den
        else:
            num, den = num * below + weight * above * den, den * below
    shared = gcd(num, den)
    return num // shared, den // shared


def _broken(scheme: Scheme, group: list[tuple[Pair, Candidate]], before: int) -> Iterator[Ranked]:
    """Order candidates of one score by the tie rules and say which rule decided each."""
    rules = {c.key: c for c in scheme.criteria}
    keyed = [([_tie_key(rules, name, c) for name in scheme.ties], pair, c) for pair, c in group]
    keyed.sort(key=lambda k: k[0])
    for n, (key, (num, den), c) in enumerate(keyed):
        tie = ""
        if n:
            above = keyed[n - 1][0]
            tie = next(name for name, a, b in zip(scheme.ties, above, key, strict=True) if a != b)
        yield Ranked(c.id, before + n + 1, Fraction(num, den * BP_PER_POINT), tie)


def _tie_key(rules: Mapping[str, Criterion], name: str, c: Candidate) -> tuple[int, Fraction | date | str]:
    """Give what a tie rule compares, the better one smaller; an unknown value comes last."""
    if name == ADMITTED:
        return 0, c.admitted_on
    if name == CODE:
        return 0, c.code
    pair = c.values.get(name)
    if pair is None:
        return 1, Fraction(0)
    rising = rules[name].rising if name in rules else True
    return 0, -Fraction(*pair) if rising else Fraction(*pair)


def move(order: Sequence[int], project: int, to: int, reason: str) -> list[int]:
    """Put one project at another place; the others close up in their order.

    Raises: Refused PRJ-253 (no such place), PRJ-254 (already there), PRJ-255 (no reason).
    """
    if not 1 <= to <= len(order):
        raise Refused("PRJ-253", field="to", most=len(order))
    if order[to - 1] == project:
        raise Refused("PRJ-254", field="to", rank=to)
    if not reason.strip():
        raise Refused("PRJ-255", field="reason")
    left = [one for one in order if one != project]
    return [*left[: to - 1], project, *left[to - 1 :]]
