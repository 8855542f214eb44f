"""Commands of the terms room: pools opened, filled, given out of; money taken back by a leader's act.

Source: 衢政办发〔2016〕65号 二(三)1, 2; 预算法 第四十二条
"""

from __future__ import annotations

from typing import Any

from allocation.budget import rules as budget
from allocation.budget import service as awards
from allocation.budget.ledger import Kind, reverse, shift
from allocation.budget.rules import Pot
from allocation.budget.withheld import check_leaving, check_running
from allocation.permissions import P
from allocation.terms import queries, rules
from allocation.terms.forms import DecideForm, FillForm, GiveForm, PoolForm, TakeForm
from allocation.terms.queries import BATCH, POOL, TAKEBACK
from allocation.terms.rules import Purpose, Way
from allocation.terms.states import TAKEBACK as TAKING
from allocation.terms.states import TERM_POOL, S
from allocation.terms.tables import Takeback, TermPool
from projects import public as projects
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.files import store
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
POOLING, REPLAN = "衢政办发〔2016〕65号 二(三)2", "衢政办发〔2016〕65号 二(三)1"
SURPLUS = "《预算法》第四十二条"
PAPER = "takeback"


@command(P.KEEP_POOL, audit="allocation.terms.pool.open")
async def open_pool(tx: Tx, form: PoolForm) -> int:
    """Set money aside for a township or village under the county's document. Gives the pool's id.

    Raises: Refused ALC-160 (years), ALC-162 (place), ALC-165 (day for applications); by constraint ALC-161.
    """
    rules.check_place(form.purpose, form.division, tx.actor.division_code)
    if not await tx.conn.fetchval("SELECT true FROM kernel_division WHERE code = $1 AND active", form.division):
        raise Refused("ALC-162", field="division")
    use_by = rules.pool_ends(tx.today, form.years, queries.pool_years(tx.policy))
    rules.check_apply_by(form.purpose, form.apply_by, tx.today, use_by)
    pool_id = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_term_pool (division_code, purpose, title, doc_no, opened_on, apply_by, use_by,"
            " note, created_by, created_at, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
            " RETURNING id",
            form.division,
            form.purpose.value,
            form.title,
            form.doc_no,
            tx.today,
            form.apply_by,
            use_by,
            form.note,
            tx.actor.user_id,
            tx.now,
            tx.actor.is_demo,
        )
    )
    await tx.note(
        (POOL, pool_id, form.division), "allocation.terms.pool.open", clause=POOLING, doc_no=form.doc_no, use_by=use_by
    )
    return pool_id


async def _open(tx: Tx, pool_id: int) -> Row:
    """Lock an open pool. Raises: Refused KRN-404, ALC-163."""
    row = await queries.pool(tx, pool_id, lock=True)
    if row["state"] != S.OPEN:
        raise Refused("ALC-163", title=row["title"])
    return row


async def _trail(tx: Tx, row: Row, form: FillForm) -> int:
    return int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_term_move (division_code, pool, kind, amount_fen, doc_no, reason, at,"
            " by_name, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
            row["division_code"],
            row["id"],
            "fill",
            form.amount_fen,
            form.doc_no,
            form.reason,
            tx.now,
            tx.actor.name,
            tx.actor.is_demo,
        )
    )


@command(P.KEEP_POOL, audit="allocation.terms.pool.fill")
async def fill_pool(tx: Tx, pool_id: int, form: FillForm) -> int:
    """Put money of the county into a pool, the oldest batch first; a pool grows from year to year.

    Raises: Refused ALC-163 (closed), ALC-178 (past its last day), ALC-156 (promised to a round), ALC-104 (the county
    has less).
    """
    row = await _open(tx, pool_id)
    if tx.today > row["use_by"]:
        raise Refused("ALC-178", title=row["title"], use_by=row["use_by"])
    await check_leaving(tx, Pot(tx.actor.division_code), form.amount_fen)
    move = await _trail(tx, row, form)
    key, county = f"pool:{pool_id}:fill:{move}", tx.actor.division_code
    await shift(
        tx, key, county, Kind.AVAILABLE, Kind.AVAILABLE, form.amount_fen, to=row["division_code"],
        source=(POOL, pool_id),
    )  # fmt: skip
    facts: Row = {"amount_fen": form.amount_fen, "doc_no": form.doc_no, "reason": form.reason}
    await tx.note((POOL, pool_id, row["division_code"]), "allocation.terms.pool.fill", clause=POOLING, **facts)
    return move


@command(P.AWARD, audit="allocation.terms.pool.award")
async def give_from_pool(tx: Tx, pool_id: int, form: GiveForm) -> int:
    """Award a planned project of the pool's place out of it, the oldest batch first. Gives the award's id.

    Raises: Refused ALC-163, ALC-175 (another place), ALC-166 (no start-up), ALC-155 (past its last day), ALC-156
    (promised to a round), ALC-120, ALC-121, ALC-104.
    """
    row = await _open(tx, pool_id)
    project = await projects.lock(tx, form.project)
    _check_project(tx, row, project)
    await check_running(tx, row["division_code"])
    await check_leaving(tx, Pot(row["division_code"]), form.amount_fen)
    budget.check_award(form.amount_fen, project["asked_fen"], row["holds_fen"])
    held = await tx.conn.fetch(
        "SELECT batch, balance_fen FROM allocation_balance WHERE division_code = $1 AND kind = 'available'"
        " AND project = 0 AND balance_fen > 0 ORDER BY batch FOR UPDATE",
        row["division_code"],
    )
    drawn = budget.draw(form.amount_fen, [(r["batch"], int(r["balance_fen"])) for r in held])
    moves = [(batch, row["division_code"], Kind.AVAILABLE, fen) for batch, fen in drawn]
    award = await awards.grant(
        tx, project, moves, source="plan", source_id=pool_id, doc_no=form.doc_no, reason=form.reason or row["title"]
    )
    facts: Row = {"amount_fen": form.amount_fen, "project": project["title"]}
    await tx.note((POOL, pool_id, row["division_code"]), "allocation.terms.pool.award", clause=POOLING, **facts)
    return award


def _check_project(tx: Tx, row: Row, project: Row) -> None:
    if project["state"] not in awards.AWARDABLE:
        raise Refused("ALC-120", title=project["title"], state=CATALOGUE.state("PROJECT", project["state"]))
    lo, hi = code_range(row["division_code"])
    if not lo <= project["division_code"] < hi:
        raise Refused("ALC-175", field="project", title=project["title"])
    if row["purpose"] == Purpose.STARTUP and project["way"] not in queries.startup_ways(tx, row["division_code"]):
        raise Refused("ALC-166", field="project", title=project["title"])


@command(P.KEEP_POOL, audit="allocation.terms.pool.close")
async def close_pool(tx: Tx, pool_id: int) -> Row:
    """Close a pool that is empty. Raises: Refused ALC-164, KRN-408."""
    row = await queries.pool(tx, pool_id, lock=True)
    return await fire(tx, TERM_POOL, TermPool, row, "close", clause=POOLING, holds_fen=row["holds_fen"])


@command(P.PREPARE_TAKEBACK, audit="allocation.terms.takeback.prepare")
async def prepare_replan(tx: Tx, pool_id: int, form: TakeForm) -> int:
    """Propose to take money without an application, or past its term, back to the county. Gives the act's id.

    Raises: Refused ALC-163, ALC-167, ALC-168, ALC-177 (not the county); by constraint ALC-173.
    """
    row = await _open(tx, pool_id)
    county = tx.actor.division_code
    if row["division_code"][:6].ljust(12, "0") != county:
        raise Refused("ALC-177")
    rules.check_replan(form.amount_fen, queries.state_of(row), tx.today)
    due = rules.next_due(queries.state_of(row), tx.today)
    return await _prepare(tx, (row["division_code"], county), Way.REPLAN, form, {"pool": pool_id, "due_on": due})


@command(P.PREPARE_TAKEBACK, audit="allocation.terms.takeback.prepare")
async def prepare_surplus(tx: Tx, batch_id: int, holder: str, form: TakeForm) -> int:
    """Propose to hand carried-over money whose years are over to the treasury. Gives the act's id.

    Raises: Refused KRN-404, ALC-170 (the term runs), ALC-171 (more than is free); by constraint ALC-173.
    """
    clock = await queries.clock(tx, batch_id, holder)
    free = await queries.free_money(tx, batch_id, holder)
    rules.check_surplus(form.amount_fen, free, clock["due_on"], tx.today)
    return await _prepare(tx, (holder, holder), Way.SURPLUS, form, {"batch": batch_id, "due_on": clock["due_on"]})


async def _prepare(tx: Tx, whose_to: tuple[str, str], way: Way, form: TakeForm, more: Row) -> int:
    columns = {
        "division_code": whose_to[0],
        "to_division": whose_to[1],
        "way": way.value,
        "amount_fen": form.amount_fen,
        "reason": form.reason,
        "prepared_by": tx.actor.user_id,
        "prepared_name": tx.actor.name,
        "prepared_on": tx.today,
        "is_demo": tx.actor.is_demo,
        **more,
    }
    marks = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    key = int(
        await tx.conn.fetchval(
            f"INSERT INTO {TAKEBACK} ({', '.join(columns)}) VALUES ({marks}) RETURNING id",  # noqa: S608 - names are our own
            *columns.values(),
        )
    )
    facts: Row = {"amount_fen": form.amount_fen, "reason": form.reason}
    verb = "allocation.terms.takeback.prepare"
    await tx.note((TAKEBACK, key, whose_to[0]), verb, clause=clause_of(way), **facts)
    return key


def clause_of(way: str) -> str:
    """Name the clause that an act of taking back rests on."""
    return SURPLUS if way == Way.SURPLUS else REPLAN


@command(P.TAKE_BACK, audit="allocation.terms.takeback.decide")
async def decide(tx: Tx, takeback_id: int, form: DecideForm) -> Row:
    """Take the money back under a document: every condition is looked at again, then the ledger moves.

    Raises: Refused ALC-176 (the same hand), ALC-169 (date), ALC-167, ALC-168, ALC-170, ALC-171, ALC-104,
    ALC-156 (promised to a round), KRN-408, KRN-409.
    """
    row = await queries.takeback(tx, takeback_id)
    TAKING.arrow(row["state"], "decide")
    if row["prepared_by"] == tx.actor.user_id:
        raise Refused("ALC-176")
    if form.doc_on > tx.today:
        raise Refused("ALC-169", field="doc_on")
    subject = await _still_due(tx, row)
    moved = await fire(
        tx, TAKING, Takeback, row, "decide", clause=clause_of(row["way"]), reason=row["reason"],
        amount_fen=row["amount_fen"], doc_no=form.doc_no,
        sets={
            "doc_no": form.doc_no, "doc_on": form.doc_on, "decided_by": tx.actor.user_id,
            "decided_name": tx.actor.name, "decided_on": tx.today,
        },
    )  # fmt: skip
    await _take(tx, row)
    if form.paper:
        await store(tx, form.paper, owner=(TAKEBACK, takeback_id), kind=PAPER, division_code=row["division_code"])
    verb = "allocation.terms.batch.taken" if row["way"] == Way.SURPLUS else "allocation.terms.pool.taken"
    facts: Row = {"amount_fen": row["amount_fen"], "doc_no": form.doc_no, "reason": row["reason"]}
    await tx.note(subject, verb, clause=clause_of(row["way"]), **facts)
    return moved


async def _still_due(tx: Tx, row: Row) -> tuple[str, int, str]:
    """Judge an act anew on the day it is decided. Gives the row it is told to."""
    if row["way"] == Way.SURPLUS:
        clock = await queries.clock(tx, row["batch"], row["division_code"])
        free = await queries.free_money(tx, row["batch"], row["division_code"])
        rules.check_surplus(row["amount_fen"], free, clock["due_on"], tx.today)
        return (BATCH, row["batch"], row["division_code"])
    if row["to_division"] != tx.actor.division_code:
        raise Refused("ALC-177")
    pool = await _open(tx, row["pool"])
    rules.check_replan(row["amount_fen"], queries.state_of(pool), tx.today)
    return (POOL, row["pool"], row["division_code"])


async def _take(tx: Tx, row: Row) -> list[tuple[int, Fen]]:
    surplus = row["way"] == Way.SURPLUS
    if surplus:
        await check_leaving(tx, Pot(row["division_code"]), row["amount_fen"])
    return await shift(
        tx, f"takeback:{row['id']}", row["division_code"], Kind.AVAILABLE,
        Kind.RETURNED if surplus else Kind.AVAILABLE, row["amount_fen"],
        source=(TAKEBACK, row["id"]), to=row["to_division"], batch=row["batch"],
    )  # fmt: skip


@command(P.PREPARE_TAKEBACK, audit="allocation.terms.takeback.drop")
async def drop(tx: Tx, takeback_id: int, reason: str) -> Row:
    """Give a proposal up. Raises: Refused ALC-172, KRN-408."""
    row = await queries.takeback(tx, takeback_id)
    return await fire(tx, TAKING, Takeback, row, "drop", reason=reason)


@command(P.TAKE_BACK, audit="allocation.terms.takeback.reverse")
async def undo(tx: Tx, takeback_id: int, reason: str) -> Row:
    """Undo a mistake: the mirror is posted, the money lies where it was.

    Raises: Refused ALC-172, ALC-177 (another house's pool), KRN-408; by constraint ALC-102 (the money has moved on).
    """
    row = await queries.takeback(tx, takeback_id)
    if row["way"] == Way.REPLAN and row["to_division"] != tx.actor.division_code:
        raise Refused("ALC-177")
    moved = await fire(tx, TAKING, Takeback, row, "reverse", clause=clause_of(row["way"]), reason=reason)
    await reverse(tx, f"takeback:{takeback_id}", source=(TAKEBACK, takeback_id))
    return moved
