"""Commands of a run: draft, values, freeze, approve level by level, take back.

Source: 衢政办发〔2016〕65号 二(三)1
"""

from __future__ import annotations

from typing import Any

from allocation.budget import queries as budget
from allocation.budget.ledger import Share, pass_down, reverse
from allocation.budget.rules import Pot
from allocation.budget.withheld import check_leaving
from allocation.factor import queries
from allocation.factor.approval import levels
from allocation.factor.data_service import RUN_TABLE, findings, open_run
from allocation.factor.forms import RunForm
from allocation.factor.frozen import digest, freeze
from allocation.factor.notice_service import withdraw_with_run
from allocation.factor.scheme import Part
from allocation.factor.scheme_service import require_in_use
from allocation.factor.states import RUN, S
from allocation.factor.tables import FactorRun
from allocation.factor.words import named
from allocation.permissions import P
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CLAUSE = "衢政办发〔2016〕65号 二(三)1"


@command(P.PREPARE_FACTOR, audit="allocation.factor.draft")
async def draft_run(tx: Tx, form: RunForm) -> int:
    """Begin a run over project money that lies available. Gives its id.

    A city shares out among its counties, a county what it has among its townships.
    Raises: Refused ALC-244 (batch not booked), ALC-104 (more than is available), ALC-251 (a scheme
    that is not in use), KRN-404 (a scheme of neither the own house nor one above).
    """
    batch = await budget.batch(tx, form.batch)
    scheme = await queries.scheme(tx, form.scheme)
    if not queries.covers(scheme["division_code"], tx.actor.division_code):
        raise Refused("KRN-404")
    require_in_use(scheme)
    await _check_pool(tx, batch, form.pool_fen)
    run_id = int(
        await tx.conn.fetchval(
            f"INSERT INTO {RUN_TABLE} (division_code, batch, scheme, title, pool_fen, created_by, created_at, is_demo)"  # noqa: S608 - our own name
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
            tx.actor.division_code,
            form.batch,
            form.scheme,
            form.title,
            form.pool_fen,
            tx.actor.user_id,
            tx.now,
            tx.actor.is_demo,
        )
    )
    await tx.note(
        (RUN_TABLE, run_id, tx.actor.division_code),
        "allocation.factor.draft",
        clause=CLAUSE,
        pool_fen=form.pool_fen,
        doc_no=batch["doc_no"],
    )
    return run_id


async def _check_pool(tx: Tx, batch: Row, pool_fen: int, *, lock: bool = False) -> None:
    if batch["state"] != "recorded" or not queries.covers(batch["division_code"], tx.actor.division_code):
        raise Refused("ALC-244", field="batch")
    pots = {r["batch"]: int(r["fen"]) for r in await budget.available(tx, tx.actor.division_code, lock=lock)}
    left = pots.get(batch["id"], 0)
    if pool_fen > left:
        raise Refused("ALC-104", field="pool_fen", asked=pool_fen, left=left)


@command(P.PREPARE_FACTOR, audit="allocation.factor.freeze")
async def freeze_run(tx: Tx, run_id: int, remark: str = "") -> Row:
    """Freeze inputs and scheme under one hash.

    Raises: Invalid with every stopping finding; Refused ALC-247 (odd values, no explanation), ALC-251
    (the scheme is no longer in use), KRN-408.
    """
    row = await open_run(tx, run_id)
    require_in_use(await queries.scheme(tx, row["scheme"]))
    inputs = await queries.inputs(tx, row, remark=remark.strip())
    stop, notice = await findings(tx, row, inputs)
    if stop:
        names = {u.code: u.name for u in inputs.units}
        raise Invalid([Problem(f.code, "", named(f.facts, names)) for f in stop])
    if notice and not remark.strip():
        raise Refused("ALC-247", field="remark", count=len(notice))
    text = freeze(inputs)
    return await fire(
        tx,
        RUN,
        FactorRun,
        row,
        "freeze",
        clause=CLAUSE,
        sha256=digest(text),
        sets={
            "frozen": text,
            "sha256": digest(text),
            "remark": remark.strip(),
            "frozen_by": tx.actor.user_id,
            "frozen_at": tx.now,
            "attempt": row["attempt"] + 1,
        },
    )


@command(P.APPROVE_FACTOR, audit="allocation.factor.approve")
async def approve_run(tx: Tx, run_id: int, opinion: str = "") -> Row:
    """Approve a frozen run at one level; at the last one its shares are posted.

    Raises: Refused ALC-241 (who froze it), ALC-252 (who approved it before), ALC-248 (the stored
    inputs do not match their hash), ALC-104 (the batch has less left), ALC-156 (promised to a round), KRN-408, KRN-409.
    """
    row = await queries.house_run(tx, run_id)
    given = await queries.opinions(tx, row)
    if row["state"] == S.FROZEN and any(o["approver"] == tx.actor.user_id for o in given):
        raise Refused("ALC-252")
    last = len(given) + 1 >= levels(row["pool_fen"], tx.policy.get("allocation.factor.approval_amounts_fen"))
    facts: Row = {"approver": tx.actor.user_id, "sha256": row["sha256"], "opinion": opinion, "step": len(given) + 1}
    sets: Row = {"approved_at": tx.now} if last else {}
    moved = await fire(tx, RUN, FactorRun, row, "approve" if last else "endorse", clause=CLAUSE, sets=sets, **facts)
    if digest(row["frozen"]) != row["sha256"]:
        raise Refused("ALC-248")
    await _sign(tx, row, len(given) + 1, opinion)
    if last:
        await _post_shares(tx, row)
    return moved


async def _sign(tx: Tx, row: Row, step: int, opinion: str) -> None:
    await tx.conn.execute(
        "INSERT INTO allocation_factor_opinion (division_code, run, attempt, step, approver, name, title, opinion, at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        row["division_code"],
        row["id"],
        row["attempt"],
        step,
        tx.actor.user_id or 0,
        tx.actor.name,
        tx.actor.title,
        opinion,
        tx.now,
    )


async def _post_shares(tx: Tx, row: Row) -> None:
    await _check_pool(tx, await budget.batch(tx, row["batch"]), row["pool_fen"], lock=True)
    inputs = await queries.inputs(tx, row)
    outcome = inputs.split()
    for code, fen in outcome.shares.items():
        await tx.conn.execute(
            "INSERT INTO allocation_factor_share (division_code, run, base_fen, performance_fen, fixed_fen,"
            " adjusted_fen, amount_fen, approved_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            code,
            row["id"],
            *(outcome.parts.get(part, {}).get(code, 0) for part in Part),
            outcome.fixed.get(code, 0),
            outcome.adjusted.get(code, 0),
            fen,
            tx.now,
        )
    down = [Share(code, project_fen=fen) for code, fen in outcome.shares.items()]  # a reserve stays where it lies
    await check_leaving(tx, Pot(row["division_code"]), sum(outcome.shares.values()))
    event = f"factor:{row['id']}"
    await pass_down(tx, event, row["batch"], row["division_code"], down, source=(RUN_TABLE, row["id"]))


@command(P.PREPARE_FACTOR, audit="allocation.factor.reopen")
async def reopen_run(tx: Tx, run_id: int, reason: str) -> Row:
    """Open a frozen run again; its hash is gone and its number stays. Raises: Refused ALC-242, KRN-408."""
    return await _back(tx, run_id, "reopen", reason)


@command(P.APPROVE_FACTOR, audit="allocation.factor.send_back")
async def send_back_run(tx: Tx, run_id: int, reason: str) -> Row:
    """Send a frozen run back to those who made it. Raises: Refused ALC-242, KRN-408."""
    return await _back(tx, run_id, "send_back", reason)


async def _back(tx: Tx, run_id: int, verb: str, reason: str) -> Row:
    row = await queries.house_run(tx, run_id)
    sets = {"frozen": "", "sha256": "", "frozen_by": None, "frozen_at": None}
    return await fire(tx, RUN, FactorRun, row, verb, reason=reason, sha256=row["sha256"], sets=sets)


@command(P.PREPARE_FACTOR, audit="allocation.factor.cancel")
async def cancel_run(tx: Tx, run_id: int, reason: str) -> Row:
    """Give up a draft. Raises: Refused ALC-242, KRN-408."""
    return await fire(tx, RUN, FactorRun, await queries.house_run(tx, run_id), "cancel", reason=reason)


@command(P.APPROVE_FACTOR, audit="allocation.factor.revoke")
async def revoke_run(tx: Tx, run_id: int, reason: str) -> Row:
    """Take an approved run back while every county still holds its share untouched; its notice falls with it.

    Raises: Refused ALC-242 (no reason), KRN-408; by constraint ALC-102 (money has moved on).
    """
    moved = await fire(tx, RUN, FactorRun, await queries.house_run(tx, run_id), "revoke", reason=reason)
    await reverse(tx, f"factor:{run_id}", source=(RUN_TABLE, run_id))
    await withdraw_with_run(tx, run_id, reason)
    return moved
