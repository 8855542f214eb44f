"""What the pages and papers of a draw show, put together from its frozen text and its rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from allocation.experts import queries, rules, sheet
from allocation.experts.rules import Bar, Frame
from allocation.experts.states import D
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stand:
    """One expert in the order of a draw: the hash it rests on, the name the pool gives, why not drawn."""

    number: str
    name: str
    employer: str
    specialities: tuple[str, ...]
    order: str
    barred: tuple[tuple[Bar, str], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """One draw, ready to be shown: its frame, everybody in order, who was drawn."""

    draw: Row
    frame: Frame
    free: tuple[Stand, ...]
    barred: tuple[Stand, ...]
    lines: list[Row]
    callable: frozenset[int]

    @property
    def place(self) -> dict[str, str]:
        """Give the hash by which each stands."""
        return {s.number: s.order for s in self.free}


async def shown(tx: Tx, draw_id: int) -> Shown:
    """Put one draw together. Raises: Refused KRN-404."""
    row = await queries.draw(tx, draw_id)
    frame = sheet.thaw(json.loads(row["frozen"]))
    names = dict(
        await tx.conn.fetch(
            "SELECT number, name FROM allocation_pool_expert WHERE number = ANY($1)", [p.number for p in frame.people]
        )
    )
    stands = [_stand(p, frame, row["seed"], names.get(p.number, "")) for p in frame.people]
    free = sorted((s for s in stands if not s.barred), key=lambda s: s.order or s.number)
    lines = await queries.lines(tx, draw_id)
    may = await queries.callable_lines(tx, row) if row["state"] == D.DRAWN else set()
    return Shown(row, frame, tuple(free), tuple(s for s in stands if s.barred), lines, frozenset(may))


def _stand(person: rules.Person, frame: Frame, seed: str, name: str) -> Stand:
    reasons = {(b.bar, b.about): None for b in rules.bars(person, frame)}
    order = rules.place_of(seed, person.number) if seed else ""
    return Stand(person.number, name, person.employer, person.specialities, order, tuple(reasons))


async def file_of(tx: Tx, draw_id: int) -> str:
    """Give the file with which anybody can draw again. Raises: Refused KRN-404."""
    row = await queries.draw(tx, draw_id)
    drawn = sheet.result(queries.as_drawn(await queries.lines(tx, draw_id)))
    return sheet.exported(row["frozen"], row["sha256"], row["seed"], drawn)
