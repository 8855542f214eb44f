"""Commands of successions: record one, carry it out, give it up."""

from __future__ import annotations

import json

import projects.succession.functions  # noqa: F401 - declares the function that changes the map
from projects.events import VillageSucceeded
from projects.permissions import P
from projects.queries import PROJECT
from projects.succession import queries
from projects.succession.forms import SuccessionForm
from projects.succession.queries import TABLE, Row
from projects.succession.rules import asked_step, problems
from projects.succession.states import SUCCESSION
from projects.succession.tables import Succession
from quzhou_migrants.accounts import public as accounts
from quzhou_migrants.kernel import following
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import public as register

CLAUSE = "行政区划管理条例 第八条"
WHOLE = ("", "~")


def own_tables() -> list[str]:
    """Name the tables of projects whose rows follow."""
    return following.living("projects_", but=[TABLE])


@command(P.SUCCEED, audit="projects.succession.record")
async def record(tx: Tx, form: SuccessionForm) -> Row:
    """Record that a village is followed by another, from a day on, by a document.

    Raises: Invalid PRJ-720 to PRJ-722, PRJ-726 to PRJ-729; by constraint PRJ-723 (recorded before).
    """
    step = asked_step(form.old_code, form.successor_code, form.new_code, form.new_name)
    known = await queries.divisions(tx, step.old, step.new, step.new[:9] + "000")
    within = code_range(tx.actor.division_code) if tx.actor.division_code else WHOLE
    if found := problems(step, known, within):
        raise Invalid(found)
    new = known.get(step.new)
    row = await tx.conn.fetchrow(
        "INSERT INTO projects_succession (division_code, successor_code, old_name, new_name, kind, effective_on,"
        " doc_no, reason, recorded_by, recorded_at, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " RETURNING *",
        step.old,
        step.new,
        known[step.old]["full_name"],
        new["full_name"] if new else known[step.new[:9] + "000"]["full_name"] + step.new_name,
        form.kind.value,
        form.effective_on,
        form.doc_no,
        form.reason,
        tx.actor.user_id,
        tx.now,
        known[step.old]["is_demo"],
    )
    made: Row = dict(row) if row else {}
    await tx.note((TABLE, made["id"], step.old), "projects.succession.record", clause=CLAUSE, note=form.doc_no)
    return made


@command(P.SUCCEED, audit="projects.succession.apply")
async def apply(tx: Tx, succession_id: int) -> Row:
    """Carry a succession out: the map changes, living rows move, upper packages hear of it in the same transaction.

    Raises: Refused KRN-404, KRN-408, PRJ-724 (its day has not come), PRJ-725 (posts stand in the old village).
    """
    row = await queries.lock(tx, succession_id)
    old, new = row["division_code"], row["successor_code"]
    posts = len(await accounts.standing_posts(tx, old))
    moved_row = await fire(
        tx, SUCCESSION, Succession, row, "apply", clause=CLAUSE, today=tx.today, posts=posts,
        note=f"{row['old_name']} → {row['new_name']}", sets={"applied_at": tx.now},
    )  # fmt: skip
    parents = await queries.divisions(tx, new[:9] + "000")
    name = row["new_name"].removeprefix(parents[new[:9] + "000"]["full_name"])
    await tx.conn.execute("SELECT projects_succeed($1, $2, $3, $4)", old, new, name, row["doc_no"])
    followers = await tx.conn.fetch("SELECT id FROM projects_project WHERE division_code = $1 ORDER BY id", old)
    moved = await following.follow(tx, own_tables(), old, new) | await register.follow(tx, old, new)
    await tx.conn.execute(
        "UPDATE projects_succession SET moved = $2::jsonb WHERE id = $1", row["id"], json.dumps(moved)
    )
    ids = tuple(r["id"] for r in followers)
    await _tell_projects(tx, row, ids)
    tx.emit(
        VillageSucceeded(row["id"], old, new, row["old_name"], row["new_name"], row["effective_on"], row["doc_no"], ids)
    )
    return moved_row


async def _tell_projects(tx: Tx, row: Row, ids: tuple[int, ...]) -> None:
    for project_id in ids:
        await tx.note(
            (PROJECT, project_id, row["successor_code"]),
            "projects.succession.followed",
            clause=CLAUSE,
            note=f"{row['old_name']} → {row['new_name']} · {row['doc_no']}",
        )


@command(P.SUCCEED, audit="projects.succession.cancel")
async def cancel(tx: Tx, succession_id: int, reason: str) -> Row:
    """Give a succession up before it is carried out. Raises: Refused KRN-404, KRN-408, PRJ-205."""
    row = await queries.lock(tx, succession_id)
    return await fire(
        tx, SUCCESSION, Succession, row, "cancel", clause=CLAUSE, reason=reason, sets={"closing_reason": reason}
    )


async def preview(tx: Tx, code: str) -> dict[str, int]:
    """Count what would follow. Shape: {table: rows}. A read."""
    return await following.count(tx, [*own_tables(), *register.FOLLOWING], code)
