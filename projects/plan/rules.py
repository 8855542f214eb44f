"""May this plan be approved? Money named, exceptions allowed, entries still valid.

Source: 衢政办发〔2016〕65号 二(二)1 (supported projects are drawn from the reserve as a rule).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.money import Fen, total


@dataclass(frozen=True, slots=True)
class Item:
    """One project in a plan. Units: fen."""

    project: int
    title: str
    amount_fen: Fen
    asked_fen: Fen
    outside: bool
    allowed: bool
    valid_until: date | None
    eligible: bool = True


def planned_fen(items: Sequence[Item]) -> Fen:
    """Money the items take together."""
    return total(i.amount_fen for i in items)


def left_fen(money_fen: Fen, items: Sequence[Item]) -> Fen:
    """Money named and not yet planned; negative when the plan takes too much."""
    return money_fen - planned_fen(items)


def check_item(item: Item, money_fen: Fen, items: Sequence[Item]) -> None:
    """Refuse an item that asks for nothing, more than was applied for, or more than is left.

    Raises: Refused PRJ-311, PRJ-312, PRJ-313.
    """
    if item.amount_fen <= 0:
        raise Refused("PRJ-311", field="amount_fen")
    if item.amount_fen > item.asked_fen:
        raise Refused("PRJ-312", field="amount_fen", amount=item.amount_fen, asked=item.asked_fen)
    left = left_fen(money_fen, items)
    if item.amount_fen > left:
        raise Refused("PRJ-313", field="amount_fen", amount=item.amount_fen, left=left)


def check_plan(items: Sequence[Item], money_fen: Fen, today: date) -> list[Problem]:
    """List everything that keeps a plan from being approved; an empty list lets it pass."""
    found: list[Problem] = []
    if not items:
        found.append(Problem("PRJ-321"))
    if left_fen(money_fen, items) < 0:
        facts = {"planned": planned_fen(items), "money": money_fen}
        found.append(Problem("PRJ-322", "", facts))
    for item in items:
        if not item.eligible:
            found.append(Problem("PRJ-325", "", {"title": item.title}))
        if item.outside and not item.allowed:
            found.append(Problem("PRJ-323", "", {"title": item.title}))
        if item.valid_until is not None and item.valid_until < today:
            found.append(Problem("PRJ-324", "", {"title": item.title, "until": item.valid_until}))
    return found
