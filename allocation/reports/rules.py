"""What a report of money counts: its columns as sets of ledger kinds, its dimensions, rates, quarters.

Source: 衢政办发〔2016〕65号 二(四)3 (money and progress are told every quarter)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from quzhou_migrants.kernel.money import Fen

WHOLE_BP = 10_000
MONTHS = 3
NO_MONTH = date(1970, 1, 1)  # of sums that are kept over all months


class By(StrEnum):
    """What the rows of a report stand for."""

    COUNTY = "county"
    TOWNSHIP = "township"
    BATCH = "batch"
    PROJECT = "project"
    CATEGORY = "category"
    QUARTER = "quarter"


@dataclass(frozen=True, slots=True)
class Measure:
    """One column of figures: the ledger kinds it adds up. `total` is everything but the sources."""

    name: str
    kinds: tuple[str, ...]


CASH = ("cash", "issuing", "issued")
FREE = ("available", "earmarked", "competing", "planned")
AWARDED = ("awarded", "contracted", "claimed", "paid", "retained", "settled")
CONTRACTED = AWARDED[1:]
CLAIMED = AWARDED[2:]
PAID = ("paid", "settled")
RETURNED = ("returned",)
ALL = (*CASH, *FREE, *AWARDED, *RETURNED)
SOURCES = ("notified", "interest")
UNSPENT = ("cash", "issuing", *FREE, "awarded", "contracted", "claimed", "retained")
SPENT = ("issued", *PAID)

MEASURES = (
    Measure("total_fen", ALL),
    Measure("cash_fen", CASH),
    Measure("free_fen", FREE),
    Measure("awarded_fen", AWARDED),
    Measure("contracted_fen", CONTRACTED),
    Measure("claimed_fen", CLAIMED),
    Measure("paid_fen", PAID),
    Measure("returned_fen", RETURNED),
    Measure("spent_fen", SPENT),
)
"""In the order money passes them. `total` = `cash` + `free` + `awarded` + `returned`, in every row."""


def rate_bp(part: Fen, whole: Fen) -> int | None:
    """Give a share in basis points, cut; None of nothing."""
    return part * WHOLE_BP // whole if whole > 0 else None


def after_years(day: date, years: int) -> date:
    """Give the same day so many years later, or earlier; the 29th of February becomes the 28th."""
    leap = (day.month, day.day) == (2, 29)
    return date(day.year + years, 2, 28) if leap else day.replace(year=day.year + years)


def quarter_of(day: date) -> int:
    """Name the quarter of a day as a number: 20263 is the third quarter of 2026."""
    return day.year * 10 + (day.month - 1) // MONTHS + 1


def quarter_days(quarter: int) -> tuple[date, date]:
    """Give the first day of a quarter and of the next one. Raises: ValueError for a number that names none."""
    year, number = divmod(quarter, 10)
    start = date(year, (number - 1) * MONTHS + 1, 1)
    end = date(year + 1, 1, 1) if start.month > 12 - MONTHS else date(year, start.month + MONTHS, 1)
    return start, end
