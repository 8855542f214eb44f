"""What a notified batch must satisfy before it becomes money in the ledger.

Source: 国发〔2006〕17号 (600 yuan a head a year: the cash part is a whole number of persons)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from quzhou_migrants.kernel.errors import Finding, Problem, Refused
from quzhou_migrants.kernel.money import Fen


class Level(StrEnum):
    """Who notified the money."""

    CENTRAL = "central"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"


class Fund(StrEnum):
    """Kinds of fund that carry migrant money."""

    CENTRAL = "central"
    PROVINCIAL = "provincial"
    LATER_SUPPORT = "later_support"
    PROJECT = "project"
    RESERVOIR_AREA = "reservoir_area"
    SMALL_RESERVOIR = "small_reservoir"
    LOCAL = "local"
    OTHER = "other"


def persons(cash_fen: Fen, per_head_fen: Fen) -> int:
    """Give the persons a cash amount stands for.

    Raises: Refused ALC-110, not a whole number of persons.
    """
    whole, rest = divmod(cash_fen, per_head_fen)
    if rest:
        raise Refused("ALC-110", field="cash_fen", cash=cash_fen, per_head=per_head_fen, rest=rest)
    return whole


@dataclass(frozen=True, slots=True)
class Stated:
    """What a document states. Units: fen."""

    total_fen: Fen
    cash_fen: Fen
    project_fen: Fen
    issued_on: date


def batch_problems(stated: Stated, per_head_fen: Fen, today: date) -> list[Problem]:
    """Find what is wrong with a batch as it was typed from its document.

    Codes: ALC-110 (persons), ALC-111 (parts), ALC-113 (nothing), ALC-114 (date).
    """
    found = []
    parts = stated.cash_fen + stated.project_fen
    if parts != stated.total_fen:
        facts = {"total": stated.total_fen, "cash": stated.cash_fen, "project": stated.project_fen}
        found.append(Problem("ALC-111", "total_fen", facts))
    if parts == 0:
        found.append(Problem("ALC-113", "total_fen"))
    if stated.issued_on > today:
        found.append(Problem("ALC-114", "issued_on", {"issued": stated.issued_on}))
    try:
        persons(stated.cash_fen, per_head_fen)
    except Refused as refusal:
        found += refusal.problems
    return found


def earmark_problems(amounts: Sequence[Fen], project_fen: Fen) -> list[Problem]:
    """Keep the bound parts of a batch inside its project part. Code: ALC-130."""
    bound = sum(amounts)
    return [Problem("ALC-130", "amount_fen", {"bound": bound, "project": project_fen})] if bound > project_fen else []


def register_gap(told: int, registered: int) -> list[Finding]:
    """Notice a cash part that does not tie to the register. Code: ALC-115."""
    if not told or told == registered:
        return []
    return [Finding("ALC-115", "cash_fen", {"persons": told, "register": registered, "gap": told - registered})]


def check_award(amount_fen: Fen, asked_fen: Fen, left_fen: Fen) -> None:
    """Let an award pass only within the request and within what is available.

    Raises: Refused ALC-122 (nothing), ALC-121 (more than asked), ALC-104 (more than available).
    """
    if amount_fen <= 0:
        raise Refused("ALC-122", field="amount_fen")
    if amount_fen > asked_fen:
        raise Refused("ALC-121", field="amount_fen", asked=amount_fen, limit=asked_fen)
    if amount_fen > left_fen:
        raise Refused("ALC-104", field="amount_fen", asked=amount_fen, left=left_fen)


class Pot(NamedTuple):
    """Where money lies that may be awarded: whose account, bound to which earmark (0: to nothing)."""

    holder: str
    earmark: int = 0


def unwithheld(rows: Sequence[tuple[Pot, Fen]], kept: Sequence[tuple[Pot, Fen]]) -> list[Fen]:
    """Give what is free of each row when so much of its pot is withheld: what is drawn last is withheld first.

    Shape: rows in draw order, the answer beside them. Units: fen.
    """
    left: dict[Pot, Fen] = {}
    for pot, fen in kept:
        left[pot] = left.get(pot, 0) + fen
    free = []
    for pot, fen in reversed(rows):
        part = min(fen, left.get(pot, 0))
        left[pot] = left.get(pot, 0) - part
        free.append(fen - part)
    return free[::-1]


def draw(amount_fen: Fen, pots: Sequence[tuple[int, Fen]]) -> list[tuple[int, Fen]]:
    """Draw an amount from pots in their order, each emptied before the next is touched.

    Shape: pots and answer are (batch, fen); the answer sums to the amount.
    Raises: Refused ALC-104, the pots hold less.
    """
    taken, left = [], amount_fen
    for batch, holds in pots:
        part = min(left, holds)
        if part > 0:
            taken.append((batch, part))
            left -= part
    if left:
        raise Refused("ALC-104", field="amount_fen", asked=amount_fen, left=amount_fen - left)
    return taken
