"""How much interest of a loan is subsidised in a year: exact, line by line, so that it can be followed. Pure.

For each stretch of interest paid, as far as it lies in the year and within the subsidised term:
balance that counts × rate that counts × days ÷ days of the year, never more than the interest really paid on that
balance, times the share; the sum is rounded once and kept under the yearly cap. Penalty interest never counts.
Source: 衢政办发〔2016〕65号 二(三)2; 人民币利率管理规定
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen, Mode, Rounding, part_of

MILLION, TEN_THOUSAND, PPM_OF_BP = 1_000_000, 10_000, 100
LEAP_DAY = 29


class GrantKind(StrEnum):
    """What a grant is given for."""

    BEAUTIFUL_HOME = "beautiful_home"
    VILLAGE_PROJECT = "village_project"
    COOP = "coop"
    LEADER = "leader"
    GRADUATE = "graduate"
    INTEREST = "interest"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the pack allows. Units: fen, basis points, years, days."""

    principal_most_fen: Fen
    rate_most_bp: int
    share_bp: int
    yearly_most_fen: Fen
    subsidy_years: int
    day_basis: int
    rounding_mode: str = "floor"


@dataclass(frozen=True, slots=True)
class LoanFacts:
    """The loan as its contract states it. Units: fen, millionths a year."""

    principal_fen: Fen
    rate_ppm: int
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Stretch:
    """Interest paid for some days, both inside. Units: fen."""

    from_on: date
    to_on: date
    balance_fen: Fen
    interest_fen: Fen
    voucher_no: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the working. Units: fen, exact."""

    stretch: Stretch
    from_on: date
    to_on: date
    days: int
    counts_fen: Fen
    by_rate: Fraction
    by_paid: Fraction
    given: Fraction


@dataclass(frozen=True, slots=True)
class Working:
    """The whole working of a year. Units: fen."""

    year: int
    rate_ppm: int
    until: date
    steps: tuple[Step, ...]
    exact: Fraction
    rounded_fen: Fen
    amount_fen: Fen


def subsidised_until(loan: LoanFacts, years: int) -> date:
    """Give the last day that is subsidised: the loan's last, or so many years after its first."""
    start = loan.starts_on
    leap = start.month == 2 and start.day == LEAP_DAY  # noqa: PLR2004 - February
    later = date(start.year + years, 3, 1) if leap else start.replace(year=start.year + years)
    return min(loan.ends_on, later - timedelta(days=1))


def work_out(loan: LoanFacts, paid: Sequence[Stretch], terms: Terms, year: int) -> Working:
    """Work out the subsidy of one loan for one year.

    Raises: Refused ALC-547 (stretches overlap), ALC-548 (a stretch outside the loan's days).
    """
    ordered = sorted(paid, key=lambda s: (s.from_on, s.to_on, s.voucher_no))
    check_stretches(loan, ordered)
    until = subsidised_until(loan, terms.subsidy_years)
    rate = min(loan.rate_ppm, terms.rate_most_bp * PPM_OF_BP)
    first, last = max(date(year, 1, 1), loan.starts_on), min(date(year, 12, 31), until)
    steps = tuple(
        _step(s, loan, terms, rate, (max(s.from_on, first), min(s.to_on, last)))
        for s in ordered
        if max(s.from_on, first) <= min(s.to_on, last)
    )
    exact = sum((s.given for s in steps), Fraction(0))
    rounded = part_of(1, exact, Rounding(Mode(terms.rounding_mode))) if exact else 0
    return Working(year, rate, until, steps, exact, rounded, min(rounded, terms.yearly_most_fen))


def _step(s: Stretch, loan: LoanFacts, terms: Terms, rate: int, span: tuple[date, date]) -> Step:
    whole, days = (s.to_on - s.from_on).days + 1, (span[1] - span[0]).days + 1
    counts = min(s.balance_fen, loan.principal_fen, terms.principal_most_fen)
    by_rate = Fraction(counts * rate * days, MILLION * terms.day_basis)
    by_paid = Fraction(s.interest_fen * days * counts, whole * s.balance_fen)
    given = min(by_rate, by_paid) * Fraction(terms.share_bp, TEN_THOUSAND)
    return Step(s, span[0], span[1], days, counts, by_rate, by_paid, given)


def check_stretches(loan: LoanFacts, ordered: Sequence[Stretch]) -> None:
    """Let no day be paid for twice, and none outside the loan. Raises: Refused ALC-547, ALC-548."""
    for s in ordered:
        if s.from_on < loan.starts_on or s.to_on > loan.ends_on:
            raise Refused("ALC-548", field="from_on", start=s.from_on, end=s.to_on)
    for one, two in pairwise(ordered):
        if two.from_on <= one.to_on:
            raise Refused("ALC-547", field="from_on", one=one.voucher_no, two=two.voucher_no)


def over_contract(loan: LoanFacts, s: Stretch, day_basis: int) -> Fen:
    """Tell by how much interest exceeds what the contract's rate gives: penalty may hide in it. Units: fen."""
    days = (s.to_on - s.from_on).days + 1
    return max(0, s.interest_fen - part_of(1, Fraction(s.balance_fen * loan.rate_ppm * days, MILLION * day_basis), UP))


UP = Rounding(Mode.HALF_UP)


def frozen(loan: LoanFacts, paid: Sequence[Stretch], terms: Terms, working: Working) -> tuple[dict[str, Any], str]:
    """Write inputs and result as plain data with their hash. Shape: (document, sha256)."""
    document = {
        "loan": _plain(loan),
        "paid": [_plain(s) for s in paid],
        "terms": _plain(terms),
        "year": working.year,
        "rate_ppm": working.rate_ppm,
        "until": working.until.isoformat(),
        "steps": [
            {
                "voucher_no": s.stretch.voucher_no,
                "from_on": s.from_on.isoformat(),
                "to_on": s.to_on.isoformat(),
                "days": s.days,
                "counts_fen": s.counts_fen,
                "by_rate": str(s.by_rate),
                "by_paid": str(s.by_paid),
                "given": str(s.given),
            }
            for s in working.steps
        ],
        "exact": str(working.exact),
        "rounded_fen": working.rounded_fen,
        "amount_fen": working.amount_fen,
    }
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return document, hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> dict[str, Any]:  # noqa: ANN401 - one of the dataclasses above
    found = {name: getattr(value, name) for name in value.__dataclass_fields__}
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in found.items()}


def check_reward(kind: str, amount: Fen, rewards: Mapping[str, Mapping[str, int]]) -> None:
    """Keep a reward within what its kind may have. Raises: Refused ALC-549 (no such reward), ALC-550 (too much)."""
    if kind not in rewards:
        raise Refused("ALC-549", field="kind")
    most = rewards[kind]["most_fen"]
    if amount > most:
        raise Refused("ALC-550", field="amount_fen", most=most)


def missing(needed: Sequence[str], present: Sequence[str]) -> list[str]:
    """Name the papers that are not there."""
    return [kind for kind in needed if kind not in present]
