"""Reads of the room of the experts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from allocation.experts import facts, rules
from allocation.experts.rules import Drawn, Frame, Group, Role
from allocation.experts.states import L
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


async def _one(tx: Tx, table: str, key: int) -> Row:
    row = await tx.conn.fetchrow(f"SELECT * FROM {table} WHERE id = $1", key)  # noqa: S608 - our own tables
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def pool_expert(tx: Tx, key: int) -> Row:
    """Read one expert of the pool. Raises: Refused KRN-404."""
    return await _one(tx, "allocation_pool_expert", key)


async def tie(tx: Tx, key: int) -> Row:
    """Read one tie. Raises: Refused KRN-404."""
    return await _one(tx, "allocation_pool_tie", key)


async def ties(tx: Tx, pool_expert_id: int) -> list[Row]:
    """List the ties of one expert."""
    rows = await tx.conn.fetch("SELECT * FROM allocation_pool_tie WHERE pool_expert = $1 ORDER BY id", pool_expert_id)
    return [dict(r) for r in rows]


async def service_of(tx: Tx, pool_expert_id: int) -> list[Row]:
    """List the rounds of one's range for which an expert was drawn, the latest first."""
    rows = await tx.conn.fetch(
        "SELECT r.id, r.title, l.speciality, l.role, l.rank, l.state, l.reason, d.drawn_at"
        " FROM allocation_draw_line l JOIN allocation_draw d ON d.id = l.draw JOIN allocation_round r ON r.id = l.round"
        " WHERE l.pool_expert = $1 ORDER BY l.id DESC LIMIT 50",
        pool_expert_id,
    )
    return [dict(r) for r in rows]


async def draw(tx: Tx, key: int) -> Row:
    """Read one draw; `groups` opened. Raises: Refused KRN-404."""
    row = await _one(tx, "allocation_draw", key)
    return {**row, "groups": groups_of(row["groups"])}


def groups_of(text: str) -> list[Group]:
    """Read the groups of a draw."""
    return [Group(str(name), int(seats)) for name, seats in json.loads(text)]


async def draws(tx: Tx, round_id: int) -> list[Row]:
    """List the draws of a round, the latest first."""
    rows = await tx.conn.fetch("SELECT * FROM allocation_draw WHERE round = $1 ORDER BY seq DESC", round_id)
    return [{**r, "groups": groups_of(r["groups"])} for r in rows]


async def line(tx: Tx, key: int) -> Row:
    """Read one who was drawn. Raises: Refused KRN-404."""
    return await _one(tx, "allocation_draw_line", key)


async def lines(tx: Tx, draw_id: int) -> list[Row]:
    """List who was drawn: seats before reserve, in the order drawn."""
    rows = await tx.conn.fetch(
        "SELECT l.*, e.user_id, e.division_code AS pool_of, e.title FROM allocation_draw_line l"
        " LEFT JOIN allocation_pool_expert e ON e.id = l.pool_expert WHERE l.draw = $1 ORDER BY l.id",
        draw_id,
    )
    return [dict(r) for r in rows]


def as_drawn(rows: Iterable[Row]) -> tuple[Drawn, ...]:
    """Give lines as the rules know them."""
    return tuple(Drawn(r["number"], r["speciality"], Role(r["role"]), r["rank"]) for r in rows)


async def outside(tx: Tx, key: int) -> Row:
    """Read one asked for from outside the pool. Raises: Refused KRN-404."""
    return await _one(tx, "allocation_outside_expert", key)


async def outsiders(tx: Tx, round_id: int) -> list[Row]:
    """List who was asked for from outside the pool."""
    rows = await tx.conn.fetch(
        "SELECT o.*, f.id AS file, f.name AS file_name FROM allocation_outside_expert o LEFT JOIN LATERAL ("
        "  SELECT id, name FROM kernel_file WHERE owner_table = 'allocation_outside_expert' AND owner_id = o.id"
        "  ORDER BY id DESC LIMIT 1) f ON true WHERE o.round = $1 ORDER BY o.id",
        round_id,
    )
    return [dict(r) for r in rows]


async def frame(tx: Tx, row: Row, groups: tuple[Group, ...]) -> Frame:
    """Gather all that a draw for a round would rest on now."""
    used = await tx.conn.fetch(
        "SELECT DISTINCT number FROM allocation_draw_line WHERE round = $1 ORDER BY number", row["id"]
    )
    return Frame(
        f"{row['division_code'][: rules.COUNTY_DIGITS]}-{row['id']}",
        facts.terms_of(tx, row),
        groups,
        tuple(s for _, s in await facts.subjects(tx, row["id"])),
        tuple(p for _, p in await facts.pool(tx)),
        tuple(r["number"] for r in used),
    )


def free_by_speciality(found: Frame, specialities: Iterable[str]) -> dict[str, int]:
    """Count who could be drawn for each speciality. Shape: {speciality: persons}."""
    counts = {}
    for name in specialities:
        alone = Frame(found.round, found.terms, (Group(name, 1),), found.subjects, found.people, found.seated)
        counts[name] = sum(not rules.bars(p, alone) for p in found.people)
    return counts


async def callable_lines(tx: Tx, row: Row) -> set[int]:
    """Name who may take a seat now: those drawn for one, and the next of the reserve for each empty one.

    Shape: {line id}. `row` is a draw as `draw` gives it.
    """
    found = await lines(tx, row["id"])
    most = await _employer_most(tx, row)
    seated = await tx.conn.fetch(
        "SELECT employer FROM allocation_expert WHERE round = $1 AND left_at IS NULL", row["round"]
    )
    coming = [x["employer"] for x in found if x["role"] == Role.MAIN and x["state"] == L.WAITING]
    sitting = [*(r["employer"] for r in seated), *coming]
    open_now: set[int] = set()
    for group in row["groups"]:
        own = [x for x in found if x["speciality"] == group.speciality]
        main = [x for x in own if x["role"] == Role.MAIN and x["state"] == L.WAITING]
        open_now |= {x["id"] for x in main}
        empty = group.seats - len(main) - sum(x["state"] == L.SEATED for x in own)
        if empty > 0:
            open_now |= _next(own, group.speciality, sitting, most)
    return open_now


def _next(own: list[Row], speciality: str, sitting: list[str], most: int) -> set[int]:
    waiting = [x for x in own if x["role"] == Role.RESERVE and x["state"] == L.WAITING]
    try:
        number = rules.next_reserve(
            as_drawn(waiting), speciality, {x["number"]: x["employer"] for x in waiting}, sitting, most
        )
    except Refused:
        return set()
    return {x["id"] for x in waiting if x["number"] == number}


async def _employer_most(tx: Tx, row: Row) -> int:
    """Read how many of one employer may sit, as the draw froze it."""
    return int(await tx.conn.fetchval("SELECT ($1::jsonb)->'terms'->>'employer_most'", row["frozen"]))
