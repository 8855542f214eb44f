"""Clocks on money: carry-over, pooling, money without an application; and what may then be taken back.

Source: 预算法 第四十二条 (carry-over unused two years running is surplus); 衢政办发〔2016〕65号 二(三)1, 2
(pooled over three to five years; money without an application in time is planned anew inside the county)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen

LEAP_DAY = (2, 29)
TOWNSHIP_END, VILLAGE_DIGITS = "000", 9


class Basis(StrEnum):
    """From when the years of carry-over count: the day of the notice, or the budget years it passes through."""

    NOTICE = "notice"
    YEAR_END = "year_end"


class Stage(StrEnum):
    """How near a last day is."""

    OVER = "over"
    SOON = "soon"
    RUNNING = "running"


class Purpose(StrEnum):
    """What a pool is for: start-ups of a township over years, or a place's share that wants an application."""

    STARTUP = "startup"
    SHARE = "share"


class Way(StrEnum):
    """How money is taken back: surplus to the treasury, or planned anew inside the county."""

    SURPLUS = "surplus"
    REPLAN = "replan"


@dataclass(frozen=True, slots=True)
class Years:
    """Least and most years a pool may run."""

    least: int
    most: int


def after_years(day: date, years: int) -> date:
    """Give the same day so many years later; the 29th of February becomes the 28th."""
    if (day.month, day.day) == LEAP_DAY:
        return date(day.year + years, 2, 28)
    return day.replace(year=day.year + years)


def carry_due(notified_on: date, years: int, basis: Basis) -> date:
    """Give the last day on which notified money may lie unspent.

    By notice: so many years after the notice. By year end: the last day of the last of so many
    budget years, the year of the notice counted as the first.
    Source: 预算法 第四十二条
    """
    if basis is Basis.NOTICE:
        return after_years(notified_on, years)
    return date(notified_on.year + years - 1, 12, 31)


def stage(due: date, today: date, warn_days: int) -> Stage:
    """Tell how near a last day is; the day itself still belongs to the term."""
    left = (due - today).days
    if left < 0:
        return Stage.OVER
    return Stage.SOON if left <= warn_days else Stage.RUNNING


def due_mark(days_left: int, marks: Iterable[int]) -> int | None:
    """Give the reminder that a clock has reached: the smallest mark not below the days left."""
    return min((mark for mark in marks if days_left <= mark), default=None)


def pool_ends(opened_on: date, years: int, bounds: Years) -> date:
    """Give the last day of a pool. Raises: Refused ALC-160, not a number of years the clause allows."""
    if not bounds.least <= years <= bounds.most:
        raise Refused("ALC-160", field="years", years=years, least=bounds.least, most=bounds.most)
    return after_years(opened_on, years)


def check_place(purpose: Purpose, code: str, county: str) -> None:
    """A start-up pool belongs to a township; a share to a township or village; both inside the county.

    Raises: Refused ALC-162.
    """
    inside = code.startswith(county[:6]) and code != county
    village = not code.endswith(TOWNSHIP_END)
    if not inside or (village and purpose is Purpose.STARTUP):
        raise Refused("ALC-162", field="division")


def check_apply_by(purpose: Purpose, apply_by: date | None, opened_on: date, use_by: date) -> None:
    """A share states until when an application is awaited. Raises: Refused ALC-165."""
    if apply_by is None and purpose is Purpose.STARTUP:
        return
    if apply_by is None or not opened_on <= apply_by <= use_by:
        raise Refused("ALC-165", field="apply_by", use_by=use_by)


@dataclass(frozen=True, slots=True)
class PoolState:
    """A pool on a day: what lies in it, what living applications ask, its days. Units: fen."""

    holds_fen: Fen
    asked_fen: Fen
    apply_by: date | None
    use_by: date


def replannable(pool: PoolState, today: date) -> Fen:
    """Give what may be taken back from a pool today to be planned anew. Units: fen.

    After its last day: all that is left. After the day for applications: what no application in time
    asks for. Before: nothing.
    Source: 衢政办发〔2016〕65号 二(三)1
    """
    if today > pool.use_by:
        return pool.holds_fen
    if pool.apply_by is not None and today > pool.apply_by:
        return max(0, pool.holds_fen - pool.asked_fen)
    return 0


def check_replan(asked_fen: Fen, pool: PoolState, today: date) -> None:
    """Raises: Refused ALC-167, no term is over; ALC-168, more than lies unclaimed."""
    most = replannable(pool, today)
    if not most:
        raise Refused("ALC-167", field="amount_fen", use_by=pool.use_by)
    if asked_fen > most:
        raise Refused("ALC-168", field="amount_fen", asked=asked_fen, most=most)


def check_surplus(asked_fen: Fen, free_fen: Fen, due: date, today: date) -> None:
    """Raises: Refused ALC-170, the term still runs; ALC-171, more than lies unbound."""
    if today <= due:
        raise Refused("ALC-170", field="amount_fen", due=due)
    if asked_fen > free_fen:
        raise Refused("ALC-171", field="amount_fen", asked=asked_fen, most=free_fen)


def next_due(pool: PoolState, today: date) -> date:
    """Give the day that presses: the day for applications while it is ahead or money lies unclaimed, else the end."""
    if pool.apply_by is not None and (today <= pool.apply_by or replannable(pool, today)) and today <= pool.use_by:
        return pool.apply_by
    return pool.use_by
