"""Over-application: what a township may file for, and the order in which it wants its applications.

Source: 建民字〔2022〕62号 申报要求 (200 % of its amount, half of it spares, in order).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from projects.permissions import P
from projects.reserve import queries, rules
from projects.reserve.forms import QuotaChangeForm, QuotaForm
from projects.reserve.states import QUOTA, QuotaState
from projects.reserve.tables import TownshipQuota
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire, too_late
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "projects_quota"
RULE = "建民字〔2022〕62号 申报要求"


@command(P.ADMIT, audit="projects.quota.set")
async def open_quota(tx: Tx, form: QuotaForm) -> int:
    """Set what a township of the caller's county may file for in one window.

    Raises: Refused PRJ-225 (no township of the county), PRJ-220 (set already), PRJ-241.
    """
    level = await tx.conn.fetchval("SELECT level FROM kernel_division WHERE code = $1 AND active", form.township)
    if level != "township" or form.township[:6] != tx.actor.division_code[:6]:
        raise Refused("PRJ-225", field="township", township=form.township)
    key = await tx.conn.fetchval(
        'INSERT INTO projects_quota (division_code, "window", amount_fen, factor_bp, set_by, state)'
        " VALUES ($1, $2, $3, $4, $5, 'ordering') RETURNING id",
        form.township,
        form.window,
        form.amount_fen,
        form.factor_bp,
        tx.actor.name,
    )
    facts: Row = {"amount": form.amount_fen, "factor": form.factor_bp}
    await tx.note((TABLE, key, form.township), "projects.quota.set", clause=RULE, **facts)
    return int(key)


@command(P.ADMIT, audit="projects.quota.change")
async def change(tx: Tx, quota_id: int, form: QuotaChangeForm) -> None:
    """Change a township's amount or factor, with a reason.

    Raises: Refused KRN-404, KRN-409, PRJ-241.
    """
    row = await _seen(tx, quota_id, form.seen)
    await tx.conn.execute(
        "UPDATE projects_quota SET amount_fen = $2, factor_bp = $3, set_by = $4, version = version + 1 WHERE id = $1",
        quota_id,
        form.amount_fen,
        form.factor_bp,
        tx.actor.name,
    )
    facts: Row = {
        "before": row["amount_fen"],
        "after": form.amount_fen,
        "factor": form.factor_bp,
        "reason": form.reason,
    }
    await tx.note((TABLE, quota_id, row["division_code"]), "projects.quota.change", clause=RULE, **facts)


async def _seen(tx: Tx, quota_id: int, seen: int) -> Row:
    """Lock a quota as the person saw it. Raises: Refused KRN-404, KRN-409."""
    row = await queries.quota(tx, quota_id, lock=True)
    if row["version"] != seen:
        raise await too_late(tx, TABLE, quota_id)
    return row


@command(P.RANK, audit="projects.quota.order")
async def rank(tx: Tx, quota_id: int, seen: int, order: Sequence[int], *, move: tuple[int, int] | None = None) -> None:
    """Keep a township's order of its applications; `move` shifts one of them by some places first.

    Raises: Refused PRJ-222 (not each application once), PRJ-224 (handed in already), KRN-404, KRN-409.
    """
    row = await _seen(tx, quota_id, seen)
    if row["state"] != QuotaState.ORDERING:
        raise Refused("PRJ-224")
    filed = {p["id"]: p["division_code"] for p in await queries.order(tx, row)}
    wanted = rules.shifted(order, *move) if move else list(order)
    rules.check_order(wanted, list(filed))
    await tx.conn.execute("DELETE FROM projects_rank WHERE quota = $1", quota_id)
    await tx.conn.execute(
        "INSERT INTO projects_rank (quota, project, division_code, position)"
        " SELECT $1, p, d, n FROM unnest($2::bigint[], $3::text[]) WITH ORDINALITY AS o (p, d, n)",
        quota_id,
        wanted,
        [filed[p] for p in wanted],
    )
    await tx.conn.execute("UPDATE projects_quota SET version = version + 1 WHERE id = $1", quota_id)
    await tx.note((TABLE, quota_id, row["division_code"]), "projects.quota.order", clause=RULE, order=wanted)


@command(P.RANK, audit="projects.quota.file")
async def hand_in(tx: Tx, quota_id: int, seen: int) -> Row:
    """Hand the order in to the county.

    Raises: Refused PRJ-223 (something is not ranked), KRN-404, KRN-408, KRN-409.
    """
    row = await _seen(tx, quota_id, seen)
    missing = sum(p["position"] is None for p in await queries.order(tx, row))
    return await fire(tx, QUOTA, TownshipQuota, row, "file", clause=RULE, missing=missing, sets={"filed_at": tx.now})


@command(P.ADMIT, audit="projects.quota.reopen")
async def reopen(tx: Tx, quota_id: int, seen: int, reason: str) -> Row:
    """Give an order back to its township, with a reason. Raises: Refused PRJ-205, KRN-404, KRN-408, KRN-409."""
    row = await _seen(tx, quota_id, seen)
    return await fire(tx, QUOTA, TownshipQuota, row, "reopen", clause=RULE, reason=reason, sets={"filed_at": None})


async def check_room(tx: Tx, project: Row) -> None:
    """Let an application pass only while its township stays within what it may file for.

    The quota's row is locked: two that pass at the same moment are counted one after the other.
    Raises: Refused PRJ-221.
    """
    township = project["division_code"][:9] + "000"
    row = await tx.conn.fetchrow(
        'SELECT * FROM projects_quota WHERE division_code = $1 AND "window" = $2 FOR UPDATE',
        township,
        project["window"],
    )
    if row is None:
        return
    passed = await tx.conn.fetchval(
        'SELECT coalesce(sum(asked_fen), 0)::bigint FROM projects_project WHERE "window" = $1'
        " AND division_code >= $2 AND division_code < $3 AND state = ANY($4)",
        project["window"],
        *queries.township_range(township),
        list(queries.PASSED_STATES),
    )
    rules.check_quota(passed, project["asked_fen"], row["amount_fen"], row["factor_bp"])
