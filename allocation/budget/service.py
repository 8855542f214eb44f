"""Commands of the budget room: batches into the ledger, awards out of a division's pot.

Source: 衢政办发〔2016〕65号 二(三)1
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from allocation.budget import checking, queries, rules, withheld
from allocation.budget.forms import BatchForm
from allocation.budget.ledger import Kind, Line, post, reverse
from allocation.budget.states import BATCH, S
from allocation.budget.tables import Batch
from allocation.events import Awarded
from allocation.permissions import P
from projects import public as projects
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
BATCH_TABLE, AWARD_TABLE = "allocation_batch", "allocation_award"
CLAUSE = "衢政办发〔2016〕65号 二(三)1"
AWARDABLE = ("planned",)


@command(P.RECORD_BATCH, audit="allocation.batch.draft")
async def draft_batch(tx: Tx, form: BatchForm, *, batch_id: int | None = None, version: int = 0) -> int:
    """Write down a batch from its document, or change one that is not booked. Gives its id.

    Raises: Invalid with ALC-110, 111, 113, 114; Refused ALC-118 (booked already), KRN-409;
    by constraint ALC-112 (the document is there already).
    """
    values = await _batch_columns(tx, form)
    if batch_id is None:
        columns = ["division_code", "created_by", "created_at", *values]
        marks = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
        batch_id = int(
            await tx.conn.fetchval(
                f"INSERT INTO {BATCH_TABLE} ({', '.join(columns)}) VALUES ({marks}) RETURNING id",  # noqa: S608 - names are our own
                tx.actor.division_code,
                tx.actor.user_id,
                tx.now,
                *values.values(),
            )
        )
    else:
        await _change_batch(tx, batch_id, version, values)
    await tx.note(
        (BATCH_TABLE, batch_id, tx.actor.division_code),
        "allocation.batch.draft",
        clause=CLAUSE,
        doc_no=form.doc_no,
        total_fen=form.total_fen,
    )
    return batch_id


async def _change_batch(tx: Tx, batch_id: int, version: int, values: Row) -> None:
    row = await queries.batch(tx, batch_id)
    if row["state"] != S.DRAFT:
        raise Refused("ALC-118")
    assigns = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=3))
    done = await tx.conn.fetchval(
        f"UPDATE {BATCH_TABLE} SET {assigns}, version = version + 1"  # noqa: S608 - names are our own
        " WHERE id = $1 AND version = $2 RETURNING id",
        batch_id,
        version,
        *values.values(),
    )
    if done is None:
        raise Refused("KRN-409", who="", title="", at=tx.now)


async def _batch_columns(tx: Tx, form: BatchForm) -> Row:
    per_head = tx.policy.whole("register.support.cash_yearly_fen")
    stated = rules.Stated(form.total_fen, form.cash_fen, form.project_fen, form.issued_on)
    problems = rules.batch_problems(stated, per_head, tx.today)
    if problems:
        raise Invalid(problems)
    return {
        "doc_no": form.doc_no,
        "title": form.title,
        "level": form.level.value,
        "fund_kind": form.fund_kind.value,
        "issued_on": form.issued_on,
        "cash_fen": form.cash_fen,
        "project_fen": form.project_fen,
        "per_head_fen": per_head,
        "persons": rules.persons(form.cash_fen, per_head),
        "direct_reach": form.direct_reach,
        "upper_doc_no": form.upper_doc_no,
        "budget_year": form.budget_year or form.issued_on.year,
        "note": form.note,
    }


@command(P.BOOK_BATCH, audit="allocation.batch.record")
async def record_batch(tx: Tx, batch_id: int) -> Row:
    """Book a checked batch: cash waits for persons, the project part becomes available, what is bound stays bound.

    Raises: Refused ALC-153 (typed by the same hand), KRN-408, KRN-409; Invalid ALC-130 (bound above the project
    part); by constraint ALC-103.
    """
    row = await queries.batch(tx, batch_id, lock=True)
    await checking.check_hand(tx, batch_id)
    total = row["cash_fen"] + row["project_fen"]
    moved = await fire(tx, BATCH, Batch, row, "record", clause=CLAUSE, total_fen=total, persons=row["persons"])
    marks = await tx.conn.fetch("SELECT id, amount_fen FROM allocation_earmark WHERE batch = $1 ORDER BY id", batch_id)
    bound = sum(m["amount_fen"] for m in marks)
    if problems := rules.earmark_problems([bound], row["project_fen"]):
        raise Invalid(problems)
    home = row["division_code"]
    lines = [
        Line(batch_id, home, Kind.NOTIFIED, bound - total),
        Line(batch_id, home, Kind.CASH, row["cash_fen"]),
        Line(batch_id, home, Kind.AVAILABLE, row["project_fen"] - bound),
    ]
    for m in marks:
        lines.append(Line(batch_id, home, Kind.NOTIFIED, -m["amount_fen"], None, m["id"]))
        lines.append(Line(batch_id, home, Kind.EARMARKED, m["amount_fen"], None, m["id"]))
    await post(tx, f"batch:{batch_id}", lines, source=(BATCH_TABLE, batch_id))
    return moved


@command(P.BOOK_BATCH, audit="allocation.batch.reverse")
async def reverse_batch(tx: Tx, batch_id: int, reason: str) -> Row:
    """Take a booked batch back by its mirror, while all its money still lies where it was put.

    Raises: Refused ALC-117 (no reason), ALC-153 (typed by the same hand), KRN-408; by constraint ALC-102 (money
    has moved on).
    """
    row = await queries.batch(tx, batch_id)
    await checking.check_hand(tx, batch_id)
    moved = await fire(tx, BATCH, Batch, row, "reverse", reason=reason)
    await reverse(tx, f"batch:{batch_id}", source=(BATCH_TABLE, batch_id))
    return moved


@command(P.AWARD, audit="allocation.award.give")
async def award_from_pot(tx: Tx, project_id: int, amount_fen: Fen, doc_no: str = "", reason: str = "") -> int:
    """Award a planned project from what its county may give it, in the published order. Gives the award's id.

    Raises: Refused ALC-120 (not planned), ALC-121 (more than asked), ALC-104 (more than available),
    ALC-124 (another county's project), ALC-155 (a pool past its last day), ALC-156 (promised to a round);
    by constraint ALC-123 (awarded before).
    """
    project = await projects.lock(tx, project_id)
    county = tx.actor.division_code
    lo, hi = code_range(county)
    if not lo <= project["division_code"] < hi:
        raise Refused("ALC-124")
    if project["state"] not in AWARDABLE:
        raise Refused("ALC-120", title=project["title"], state=CATALOGUE.state("PROJECT", project["state"]))
    there = await queries.pots_for(tx, project, county, lock=True)
    kept = await withheld.withheld_from(tx, county, there)
    pots = withheld.free_rows(there, kept)
    left = sum(p["fen"] for p in pots)
    if amount_fen <= min(project["asked_fen"], sum(p["fen"] for p in there)):
        withheld.explain(amount_fen, left, kept)
    rules.check_award(amount_fen, project["asked_fen"], left)
    taken = rules.draw(amount_fen, [(n, p["fen"]) for n, p in enumerate(pots)])
    moves = [Take(p["batch"], p["division_code"], Kind(p["kind"]), fen, p["earmark"])
             for p, fen in ((pots[n], fen) for n, fen in taken)]  # fmt: skip
    return await grant(tx, project, moves, source="factor", doc_no=doc_no, reason=reason)


class Take(NamedTuple):
    """Where a part of an award comes from. Units: fen."""

    batch: int
    division_code: str
    kind: Kind
    fen: Fen
    earmark: int = 0


async def grant(  # noqa: PLR0913 - an award has these parts
    tx: Tx,
    project: Row,
    moves: Sequence[Take | tuple[int, str, Kind, Fen]],
    *,
    source: str,
    source_id: int | None = None,
    doc_no: str = "",
    reason: str = "",
) -> int:
    """Write an award, move its money, tell the fact. Not a command: called by those that decide.

    Shape: moves are (batch, division, kind, fen[, earmark]) to take the money from. Gives the award's id.
    """
    takes = [Take(*move) for move in moves]
    amount = sum(take.fen for take in takes)
    award_id = int(
        await tx.conn.fetchval(
            f"INSERT INTO {AWARD_TABLE} (division_code, project, amount_fen, source, source_id, doc_no, reason,"  # noqa: S608 - our own name
            " awarded_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
            project["division_code"],
            project["id"],
            amount,
            source,
            source_id,
            doc_no,
            reason,
            tx.now,
            tx.actor.user_id,
        )
    )
    lines = []
    for t in takes:
        lines.append(Line(t.batch, t.division_code, t.kind, -t.fen, None, t.earmark))
        lines.append(Line(t.batch, project["division_code"], Kind.AWARDED, t.fen, project["id"], t.earmark))
    await post(tx, f"award:{award_id}", lines, source=(AWARD_TABLE, award_id))
    await tx.note(
        (AWARD_TABLE, award_id, project["division_code"]),
        "allocation.award.give",
        clause=CLAUSE,
        amount_fen=amount,
        source=source,
        doc_no=doc_no,
        reason=reason,
    )
    tx.emit(Awarded(project["id"], amount, project["division_code"], source))
    return award_id
