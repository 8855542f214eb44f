"""Who gets how much on a list of cash support, and who cannot be paid yet. Pure.

Source: 国发〔2006〕17号 (a fixed amount for each registered person and year, so every sum is whole persons)
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.ids import bank_account_fault
from quzhou_migrants.kernel.money import Fen


class Household(Protocol):
    """What a list needs to know of a household."""

    @property
    def id(self) -> int: ...  # noqa: D102
    @property
    def code(self) -> str: ...  # noqa: D102
    @property
    def persons(self) -> int: ...  # noqa: D102
    @property
    def account(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Place:
    """One household's place on a list. `finding` holds its money back. Units: fen."""

    household: int
    line_no: int
    amount_fen: Fen
    finding: str


@dataclass(frozen=True, slots=True)
class Sums:
    """What a list adds up to; households held back are not in it. Units: fen."""

    households: int
    persons: int
    total_fen: Fen
    held: int


def plan(households: Sequence[Household], per_head: Fen, shared_most: int) -> list[Place]:
    """Give every household its place and amount, by code; a missing, damaged or shared account holds it back."""
    owners = Counter(h.account for h in households if h.account)
    ordered = sorted(households, key=lambda h: h.code)
    return [
        Place(h.id, n, h.persons * per_head, _finding(h, owners, shared_most)) for n, h in enumerate(ordered, start=1)
    ]


def _finding(h: Household, owners: Mapping[str, int], shared_most: int) -> str:
    if not h.account:
        return "ALC-530"
    if bank_account_fault(h.account):
        return "ALC-531"
    return "ALC-532" if owners[h.account] > shared_most else ""


def add_up(lines: Iterable[tuple[int, Fen, str]], per_head: Fen) -> Sums:
    """Add up a list. Shape: lines of (persons, fen, finding).

    Raises: Refused ALC-533, a sum that is no whole number of persons.
    """
    count = persons = total = held = 0
    for heads, amount, finding in lines:
        if finding:
            held += 1
            continue
        count, persons, total = count + 1, persons + heads, total + amount
    if per_head <= 0 or total % per_head or total // per_head != persons:
        raise Refused("ALC-533", total=total, persons=persons)
    return Sums(count, persons, total, held)


def digest(lines: Iterable[tuple[str, int, Fen, str]]) -> str:
    """Hash a list: who, how many persons, how much, held or not. Shape: (household code, persons, fen, finding)."""
    text = json.dumps([list(line) for line in lines], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Change:
    """How a household stands against the list before: new, gone, or with another number of persons."""

    code: str
    name: str
    before: int
    now: int


def changes(now: Mapping[str, tuple[str, int]], before: Mapping[str, tuple[str, int]]) -> list[Change]:
    """List what changed since the list before. Shape: {household code: (name, persons)}."""
    found = []
    for code in sorted({*now, *before}):
        old, new = before.get(code), now.get(code)
        if (old[1] if old else 0) != (new[1] if new else 0):
            found.append(Change(code, (new or old or ("", 0))[0], old[1] if old else 0, new[1] if new else 0))
    return found
