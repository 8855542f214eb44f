"""Out of which accounts a round pays: those its call names, checked when it is published and when it awards.

Without a name these are the pots for competition first, then, below the city, the division's own money.
"""

from __future__ import annotations

from typing import Any

from allocation.budget.ledger import Kind
from allocation.budget.rules import check_award
from allocation.budget.service import Take, grant
from allocation.budget.withheld import check_running
from allocation.competitive import pots
from projects import public as projects
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

RESERVE = ("admitted", "planned")
"""States of a project that may be awarded by a round."""


async def held(tx: Tx, division_code: str, pot: pots.Pot = pots.OWN, *, lock: bool = False) -> list[Take]:
    """List what a division's rounds can give out of a pot: the first kind before the others, the oldest batch first.

    Units: fen.
    """
    holder = pot.township_code or division_code
    kinds = [k.value for k in pots.kinds_for(division_code, pot)]
    if lock:
        await tx.conn.execute(
            "SELECT 1 FROM allocation_balance WHERE division_code = $1 AND project = 0 AND kind = ANY($2)"
            " AND earmark = $3 ORDER BY division_code, batch, project, kind, earmark FOR UPDATE",
            holder,
            kinds,
            pot.earmark,
        )
    rows = await tx.conn.fetch(
        "SELECT batch, kind, balance_fen FROM allocation_balance WHERE division_code = $1 AND project = 0"
        " AND kind = ANY($2) AND earmark = $3 AND balance_fen > 0 ORDER BY array_position($2, kind::text), batch",
        holder,
        kinds,
        pot.earmark,
    )
    return [Take(r["batch"], holder, Kind(r["kind"]), int(r["balance_fen"]), pot.earmark) for r in rows]


async def left(tx: Tx, row: Row, *, lock: bool = False) -> Fen:
    """Give what a round finds in its pot beyond what other published rounds were promised. Units: fen."""
    there = sum(t.fen for t in await held(tx, row["division_code"], pots.of_round(row), lock=lock))
    return there - await pots.promised(tx, row)


async def check_budget(tx: Tx, row: Row) -> None:
    """Let a call be published only with money that lies there, and candidates it may be spent on.

    Raises: Refused ALC-309 (more than lies there), ALC-155, ALC-157 (the pool ends before the decision); Invalid
    ALC-370 (other use or place).
    """
    if row["township_code"]:
        await check_running(tx, row["township_code"], row["decide_by"])
    there = await left(tx, row, lock=True)
    if row["budget_fen"] > there:
        raise Refused("ALC-309", field="budget_fen", budget=row["budget_fen"], left=max(there, 0))
    found = await tx.conn.fetch("SELECT project FROM allocation_candidate WHERE round = $1", row["id"])
    if bad := await unfit(tx, row, [r["project"] for r in found]):
        raise Invalid(bad)


async def unfit(tx: Tx, row: Row, project_ids: list[int]) -> list[Problem]:
    """Name as problems the projects on which the pot of a round may not be spent. Code: ALC-370."""
    return [
        Problem("ALC-370", "project", {"project": code, "pot": row["pot_title"]})
        for code in await pots.misfits(tx, row, project_ids)
    ]


async def unable(tx: Tx, row: Row, project_ids: list[int]) -> list[Problem]:
    """Name as problems the projects that a round can give nothing: out of the reserve, or not what its pot is for.

    Codes: ALC-324, ALC-370.
    """
    gone = await tx.conn.fetch(
        "SELECT code FROM projects_project WHERE id = ANY($1) AND state <> ALL($2) ORDER BY code", project_ids, RESERVE
    )
    found = [Problem("ALC-324", "project", {"project": r["code"]}) for r in gone]
    return found + await unfit(tx, row, project_ids)


def take(amount_fen: Fen, found: list[Take]) -> list[Take]:
    """Take an amount from accounts in their order, each emptied before the next is touched.

    Raises: Refused ALC-104, the accounts hold less.
    """
    taken, rest = [], amount_fen
    for account in found:
        part = min(rest, account.fen)
        if part > 0:
            taken.append(account._replace(fen=part))
            rest -= part
    if rest:
        raise Refused("ALC-104", asked=amount_fen, left=amount_fen - rest)
    return taken


async def award(  # noqa: PLR0913 - an award has these parts
    tx: Tx, row: Row, project_id: int, amount_fen: Fen, *, doc_no: str = "", reason: str = ""
) -> int:
    """Award one project out of the pot its round names. Gives the award's id.

    Raises: Refused ALC-104, 121, 122, 155 (the pool is past its last day), and what an award refuses; Invalid ALC-324
    (no longer in the reserve), ALC-370 (the project became another).
    """
    project = await projects.lock(tx, project_id)
    if bad := await unable(tx, row, [project_id]):
        raise Invalid(bad)
    if row["township_code"]:
        await check_running(tx, row["township_code"])
    found = await held(tx, row["division_code"], pots.of_round(row), lock=True)
    check_award(amount_fen, project["asked_fen"], sum(t.fen for t in found) - await pots.promised(tx, row))
    moves = take(amount_fen, found)
    return await grant(
        tx, project, moves, source="round", source_id=row["id"], doc_no=doc_no, reason=reason or row["title"]
    )
