"""Commands around a draw: freeze, draw by another's hand, seat or decline, replace; the way in from outside the pool.

Source: 招标投标法实施条例 第四十六条、第四十八条 (by analogy)
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

from allocation.competitive import panel
from allocation.competitive import queries as rounds
from allocation.competitive.states import S
from allocation.experts import queries, rules, sheet
from allocation.experts.forms import GroupForm, OutsideForm, SeedForm
from allocation.experts.rules import Group
from allocation.experts.states import DRAW, DRAWN, OUTSIDE, E, L
from allocation.experts.tables import DrawLine, OutsideExpert, PanelDraw
from allocation.permissions import P
from quzhou_migrants.accounts import public as accounts
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

CLAUSE = "招标投标法实施条例 第四十六条（参照）"
TABLE = "allocation_round"
FILES = "allocation_outside_expert"
SEED_BYTES = 16
STILL_CHANGING = (*panel.BEFORE, S.SCORING)
files.readable(FILES, P.VIEW_ROUNDS)


@command(P.PREPARE_ROUND, audit="allocation.draw.freeze")
async def freeze(tx: Tx, round_id: int, given: Sequence[GroupForm]) -> int:
    """Freeze pool, projects, rules and seats under one hash, before any seed is known. Gives the draw's id.

    Raises: Refused ALC-323 (not published, or scoring is over), ALC-341 (one is open), ALC-342 (too few experts),
    ALC-343 (no candidates), ALC-344 (no seats), ALC-364.
    """
    row = await panel.locked(tx, round_id, (S.OPEN, S.SCORING))
    groups = tuple(Group(g.speciality, g.seats) for g in given if g.seats)
    known = tx.policy_for(row["division_code"]).get("allocation.experts.specialities")
    if {g.speciality for g in groups} - set(known):
        raise Refused("ALC-364", field="groups.0.speciality")
    frame = await queries.frame(tx, row, groups)
    if not frame.subjects:
        raise Refused("ALC-343")
    rules.draw(frame, "")  # whether the seats can be filled does not depend on the seed alone, but is seen early
    frozen = sheet.freeze(frame)
    key = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_draw (division_code, round, seq, groups, frozen, sha256, policy_version, frozen_by,"
            " frozen_name, frozen_at, is_demo) VALUES ($1, $2, 1 + (SELECT coalesce(max(seq), 0) FROM allocation_draw"
            " WHERE round = $2), $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
            row["division_code"],
            round_id,
            json.dumps([[g.speciality, g.seats] for g in groups]),
            frozen,
            sheet.digest(frozen),
            tx.policy_for(row["division_code"]).version,
            tx.actor.user_id,
            tx.actor.name,
            tx.now,
            tx.actor.is_demo,
        )
    )
    await _note(tx, row, "allocation.draw.freeze", sha256=sheet.digest(frozen)[:16], people=len(frame.people))
    return key


@command(P.WITNESS_DRAW, audit="allocation.draw.draw")
async def draw(tx: Tx, draw_id: int, form: SeedForm) -> Row:
    """Draw with a seed: from the frozen text and from nothing else.

    Raises: Refused ALC-323 (scoring is over), ALC-386 (another's round),
    ALC-342, ALC-345 (the seed), ALC-346 (who froze it), ALC-353 (altered), KRN-408.
    """
    row = await queries.draw(tx, draw_id)
    owner = await panel.locked(tx, row["round"], (S.OPEN, S.SCORING))
    if sheet.digest(row["frozen"]) != row["sha256"]:
        raise Refused("ALC-353", stated=row["sha256"], found=sheet.digest(row["frozen"]))
    own = bool(form.seed.strip())
    seed = rules.proper_seed(form.seed) if own else secrets.token_hex(SEED_BYTES)
    outcome = rules.draw(sheet.thaw(json.loads(row["frozen"])), seed)
    moved = await fire(
        tx,
        DRAW,
        PanelDraw,
        row,
        "draw",
        clause=CLAUSE,
        by=tx.actor.user_id,
        sets={
            "seed": seed,
            "seed_source": form.source if own else CATALOGUE.text("draw.seed.system"),
            "drawn_by": tx.actor.user_id,
            "drawn_name": tx.actor.name,
            "drawn_at": tx.now,
        },
    )
    await _write(tx, row, outcome)
    await _note(tx, owner, "allocation.draw.draw", seed=seed)
    return moved


async def _write(tx: Tx, row: Row, outcome: rules.Draw) -> None:
    found = await tx.conn.fetch(
        "SELECT id, number, name, employer FROM allocation_pool_expert WHERE number = ANY($1)",
        [d.number for d in outcome.drawn],
    )
    known = {r["number"]: r for r in found}
    for d in outcome.drawn:
        person = known[d.number]
        await tx.conn.execute(
            "INSERT INTO allocation_draw_line (division_code, draw, round, pool_expert, number, name, employer,"
            " speciality, role, rank) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            row["division_code"],
            row["id"],
            row["round"],
            person["id"],
            d.number,
            person["name"],
            person["employer"],
            d.speciality,
            d.role.value,
            d.rank,
        )


@command(P.PREPARE_ROUND, audit="allocation.draw.void")
async def void(tx: Tx, draw_id: int, reason: str) -> Row:
    """Give a frozen draw up before a seed is known. Raises: Refused ALC-320, KRN-408."""
    row = await queries.draw(tx, draw_id)
    await rounds.own_round(tx, row["round"])
    return await fire(tx, DRAW, PanelDraw, row, "void", reason=reason, sets={"reason": reason})


@command(P.PREPARE_ROUND, audit="allocation.draw.seat")
async def seat(tx: Tx, line_id: int) -> int:
    """Seat one who was drawn, or the next of the reserve for an empty seat. Gives the draw's id.

    Raises: Refused ALC-347 (not this one's turn), ALC-348 (no account), ALC-602 (suspended since),
    ALC-323, ALC-328, KRN-408.
    """
    row = await queries.line(tx, line_id)
    owner = await _locked_draw(tx, row["draw"])
    if line_id not in await queries.callable_lines(tx, owner):
        raise Refused("ALC-347", speciality=row["speciality"])
    person = await queries.pool_expert(tx, row["pool_expert"])
    if person["state"] != E.ACTIVE:
        raise Refused("ALC-602", name=person["name"])
    if person["user_id"] is None:
        raise Refused("ALC-348", name=person["name"])
    above = person["division_code"] != owner["division_code"]
    taken = await panel.seat(
        tx, row["round"], panel.Member(person["user_id"], row["name"], row["employer"], vouched=above)
    )
    await fire(tx, DRAWN, DrawLine, row, "seat", clause=CLAUSE, sets={"seat": taken})
    return int(row["draw"])


@command(P.PREPARE_ROUND, audit="allocation.draw.decline")
async def decline(tx: Tx, line_id: int, reason: str) -> int:
    """Note that one who was drawn does not come, or leaves; the seat is empty. Gives the draw's id.

    Before scoring the seat is given up; while scoring goes on what was said is void.
    Raises: Refused ALC-320, ALC-323, ALC-347 (a reserve not yet called), KRN-408.
    """
    row = await queries.line(tx, line_id)
    owner = await _locked_draw(tx, row["draw"])
    if row["state"] == L.WAITING and line_id not in await queries.callable_lines(tx, owner):
        raise Refused("ALC-347", speciality=row["speciality"])
    gone: Row = {"reason": reason}
    leaving = row["seat"] if row["state"] == L.SEATED else None
    scoring = (await panel.locked(tx, row["round"], STILL_CHANGING))["state"] == S.SCORING
    if leaving and not scoring:
        gone["seat"] = None
    await fire(tx, DRAWN, DrawLine, row, "decline", clause=CLAUSE, reason=reason, sets=gone)
    if leaving:
        await _empty(tx, leaving, reason, scoring=scoring)
    return int(row["draw"])


async def _empty(tx: Tx, seat_id: int, reason: str, *, scoring: bool) -> None:
    """Give a seat up before scoring; take its member off while scoring goes on."""
    if scoring:
        await panel.leave(tx, seat_id, reason)
    else:
        await panel.unseat(tx, seat_id)


async def _locked_draw(tx: Tx, draw_id: int) -> Row:
    """Lock a draw: seats of one draw are taken one after the other."""
    await tx.conn.execute("SELECT 1 FROM allocation_draw WHERE id = $1 FOR UPDATE", draw_id)
    return await queries.draw(tx, draw_id)


@command(P.PREPARE_ROUND, audit="allocation.outside.ask")
async def ask_outside(tx: Tx, round_id: int, form: OutsideForm) -> int:
    """Ask for somebody from outside the pool, with the decision's document. Gives the id.

    Raises: Refused ALC-318 (a day to come), ALC-323, ALC-327 (no such account), ALC-350 (asked before).
    """
    row = await panel.locked(tx, round_id, (S.DRAFT, S.OPEN))
    known = {p["id"]: p["name"] for p in await accounts.people_outside(tx, accounts.Role.EXPERT)}
    if form.user_id not in known:
        raise Refused("ALC-327", field="user_id", name=form.user_id)
    if form.decided_on > tx.today:
        raise Refused("ALC-318", field="decided_on", held=form.decided_on)
    key = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_outside_expert (division_code, round, user_id, name, employer, reason, doc_no,"
            " decided_on, asked_by, asked_name, asked_at, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
            row["division_code"],
            round_id,
            form.user_id,
            known[form.user_id],
            form.employer,
            form.reason,
            form.doc_no,
            form.decided_on,
            tx.actor.user_id,
            tx.actor.name,
            tx.now,
            tx.actor.is_demo,
        )
    )
    await files.store(tx, form.paper, owner=(FILES, key), kind="decision", division_code=row["division_code"])
    await _note(tx, row, "allocation.outside.ask", note=f"{known[form.user_id]} {form.doc_no}")
    return round_id


@command(P.APPROVE_ROUND, audit="allocation.outside.permit")
async def permit(tx: Tx, outside_id: int) -> int:
    """Permit somebody from outside the pool. Gives the round's id. Raises: Refused ALC-367 (the asker), KRN-408."""
    row = await queries.outside(tx, outside_id)
    await rounds.own_round(tx, row["round"])
    await fire(tx, OUTSIDE, OutsideExpert, row, "permit", clause=CLAUSE, by=tx.actor.user_id)
    return int(row["round"])


@command(P.APPROVE_ROUND, audit="allocation.outside.refuse")
async def refuse(tx: Tx, outside_id: int, reason: str) -> int:
    """Refuse somebody from outside the pool. Gives the round's id. Raises: Refused ALC-320, KRN-408."""
    row = await queries.outside(tx, outside_id)
    await rounds.own_round(tx, row["round"])
    await fire(tx, OUTSIDE, OutsideExpert, row, "refuse", clause=CLAUSE, reason=reason, sets={"answer": reason})
    return int(row["round"])


@command(P.PREPARE_ROUND, audit="allocation.outside.seat")
async def seat_outside(tx: Tx, outside_id: int) -> int:
    """Seat somebody who was permitted. Gives the round's id. Raises: Refused ALC-323, ALC-328, KRN-408."""
    row = await queries.outside(tx, outside_id)
    moved = await fire(tx, OUTSIDE, OutsideExpert, row, "seat", clause=CLAUSE)
    member = panel.Member(row["user_id"], row["name"], row["employer"], source="outside")
    taken = await panel.seat(tx, row["round"], member)
    await tx.conn.execute("UPDATE allocation_outside_expert SET seat = $2 WHERE id = $1", moved["id"], taken)
    return int(row["round"])


@command(P.PREPARE_ROUND, audit="allocation.outside.leave")
async def leave_outside(tx: Tx, outside_id: int, reason: str) -> int:
    """Note that somebody from outside does not sit any more. Gives the round's id.

    Raises: Refused ALC-320, ALC-323 (scoring is over), KRN-408.
    """
    row = await queries.outside(tx, outside_id)
    scoring = (await panel.locked(tx, row["round"], STILL_CHANGING))["state"] == S.SCORING
    sets: Row = {"answer": reason} if scoring else {"answer": reason, "seat": None}
    await fire(tx, OUTSIDE, OutsideExpert, row, "leave", clause=CLAUSE, reason=reason, sets=sets)
    await _empty(tx, row["seat"], reason, scoring=scoring)
    return int(row["round"])


async def _note(tx: Tx, row: Row, verb: str, **facts: Any) -> None:  # noqa: ANN401 - facts are any value
    await tx.note((TABLE, row["id"], row["division_code"]), verb, clause=CLAUSE, **facts)
