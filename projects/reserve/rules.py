"""Terms in the reserve and of review, a township's ranked order, and who may still appeal.

Source: 衢政办发〔2016〕65号 二(二)1 (a pool that rolls over three to five years), 二(四)1 (township and county);
建民字〔2022〕62号 (a township files twice its amount, in its own order, the second half as spares).
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from quzhou_migrants.kernel.clock import WorkCalendar, add_working_days
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen

FULL_BP = 10_000
TIERS = {"submitted": "township", "township_passed": "county"}
"""Whose turn it is in which state."""


class Part(StrEnum):
    """Where an application stands in its township's order."""

    CHOSEN = "chosen"
    SPARE = "spare"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Placed:
    """An application in its place. Units: `total_fen` is what it and all before it ask for."""

    project: int
    position: int
    total_fen: Fen
    part: Part


def years_after(day: date, years: int) -> date:
    """The same day some years later; 29 February becomes 28 February in a common year."""
    year = day.year + years
    last = calendar.monthrange(year, day.month)[1]
    return day.replace(year=year, day=min(day.day, last))


def valid_until(admitted_on: date, years: int, least: int, most: int) -> date:
    """Last day in the reserve of a project admitted for a number of years.

    Raises: Refused PRJ-206, the cycle is shorter or longer than the rule allows.
    """
    if not least <= years <= most:
        raise Refused("PRJ-206", field="years", years=years, least=least, most=most)
    return years_after(admitted_on, years)


def expired(until: date, today: date) -> bool:
    """Tell whether the last day in the reserve is over."""
    return until < today


def term_end(today: date, days: int, work: WorkCalendar) -> date:
    """Last day of a term that runs from today.

    Until the holidays of the next year are published, its weekdays count as worked: nobody is
    kept from being told a day.
    Units: statutory working days.
    """
    try:
        return add_working_days(today, days, work)
    except Refused:
        return add_working_days(today, days, WorkCalendar(frozenset({today.year, today.year + 1})))


def correction_term(today: date, days: int, work: WorkCalendar) -> date:
    """Last day on which a returned application may come back. Units: statutory working days."""
    return term_end(today, days, work)


def check_appeal(refused_on: date, today: date, days: int, work: WorkCalendar) -> date:
    """Answer the last day on which a refusal may be appealed against; that day is still inside.

    Raises: Refused PRJ-226, it is over.
    """
    until = term_end(refused_on, days, work)
    if today > until:
        raise Refused("PRJ-226", until=until)
    return until


def limit_fen(amount_fen: Fen, factor_bp: int) -> Fen:
    """What a township may file for: its amount times the factor, cut to a whole fen."""
    return Fen(amount_fen * factor_bp // FULL_BP)


def check_quota(passed_fen: Fen, asked_fen: Fen, amount_fen: Fen, factor_bp: int) -> None:
    """Let one more application pass when the township stays within what it may file for.

    Raises: Refused PRJ-221.
    """
    limit = limit_fen(amount_fen, factor_bp)
    if passed_fen + asked_fen > limit:
        raise Refused("PRJ-221", total=passed_fen + asked_fen, limit=limit, amount=amount_fen, factor=factor_bp)


def line_up(entries: Sequence[tuple[int, Fen]], amount_fen: Fen, factor_bp: int) -> list[Placed]:
    """Draw the cut lines through an order: chosen within the amount, spares up to the limit, the rest over it.

    The order is kept strictly: the first application that does not fit ends the chosen ones, and a
    smaller one behind it does not slip past, else the order would mean nothing.
    Shape: entries = (project, asked_fen) in order; amount 0 means that no quota is set yet, all are spares.
    """
    placed: list[Placed] = []
    total, limit, part = 0, limit_fen(amount_fen, factor_bp), Part.CHOSEN
    for position, (project, asked) in enumerate(entries, start=1):
        total += asked
        if part is Part.CHOSEN and total > amount_fen:
            part = Part.SPARE
        if total > limit:
            part = Part.OVER
        placed.append(Placed(project, position, Fen(total), part))
    return placed


def check_order(order: Sequence[int], filed: Sequence[int]) -> None:
    """An order names every application of the window once and nothing else.

    Raises: Refused PRJ-222.
    """
    if len(set(order)) != len(order) or set(order) != set(filed):
        raise Refused("PRJ-222")


def shifted(order: Sequence[int], project: int, step: int) -> list[int]:
    """Move one application up (negative) or down; at an end it stays where it is.

    Raises: Refused PRJ-222, it is not in the order.
    """
    if project not in order:
        raise Refused("PRJ-222")
    rest = [p for p in order if p != project]
    rest.insert(max(0, min(len(rest), order.index(project) + step)), project)
    return rest


def per_head(asked_fen: Fen, heads: int) -> Fen | None:
    """What is asked for one head, cut to a whole fen; nothing when nobody benefits."""
    return Fen(asked_fen // heads) if heads else None
