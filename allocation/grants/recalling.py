"""Grants that prove wrong: withdrawn before the money left, recalled and asked back afterwards.

Source: 衢政办发〔2016〕65号 二(三)2
"""

from __future__ import annotations

from typing import Any

from allocation.budget import ledger
from allocation.budget.ledger import Kind, Line
from allocation.grants import queries
from allocation.grants.states import GRANT, S
from allocation.grants.tables import Grant
from allocation.payments import refunds
from allocation.payments.forms import RefundForm
from allocation.payments.refunds import GrantBooks, Overpaid, Subject
from allocation.permissions import P
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
GRANTS = "allocation_grant"
CLAUSE = "衢政办发〔2016〕65号 二(三)2"


@command(P.APPROVE_GRANT, audit="allocation.grant.withdraw")
async def withdraw(tx: Tx, grant_id: int, reason: str) -> Row:
    """Take an approval back before anything of it is paid: its posting is reversed, the place is free for another.

    Raises: Refused ALC-546 (no reason), ALC-562 (in a file of the bank), ALC-563 (a part of it arrived), KRN-408.
    """
    row = await queries.lock(tx, grant_id)
    bank = await queries.at_bank(tx, grant_id)
    if row["state"] == S.APPROVED and bank["number"]:
        raise Refused("ALC-562", number=bank["number"])
    if row["state"] == S.APPROVED and bank["arrived"]:
        raise Refused("ALC-563", arrived=bank["arrived"])
    facts = {"reason": reason, "amount_fen": row["amount_fen"]}
    moved = await fire(tx, GRANT, Grant, row, "withdraw", clause=CLAUSE, **facts)
    await ledger.reverse(tx, f"grant:{grant_id}", source=(GRANTS, grant_id))
    return moved


@command(P.APPROVE_GRANT, audit="allocation.grant.recall")
async def recall(tx: Tx, grant_id: int, due_fen: Fen, reason: str) -> Row:
    """Say that a paid grant was too high, or should not be at all: only `due_fen` stays given.

    What is beyond it is then asked back by letter, as any overpayment.
    Raises: Refused ALC-546 (no reason), ALC-564 (nothing would be too much), KRN-408.
    """
    row = await queries.lock(tx, grant_id)
    if due_fen >= row["amount_fen"]:
        raise Refused("ALC-564", field="due_fen", amount=row["amount_fen"])
    facts = {"reason": reason, "amount_fen": row["amount_fen"] - due_fen}
    sets = {"due_fen": due_fen, "recalled_on": tx.today}
    return await fire(tx, GRANT, Grant, row, "recall", clause=CLAUSE, sets=sets, **facts)


@command(P.APPROVE_GRANT, audit="allocation.grant.uphold")
async def uphold(tx: Tx, grant_id: int, reason: str) -> Row:
    """Let a recalled grant stand after all, as long as nobody was asked and nothing came back.

    Raises: Refused ALC-546 (no reason), ALC-565 (a letter waits, or money came back), KRN-408.
    """
    row = await queries.lock(tx, grant_id)
    over = await _over(tx, row)
    whole = over is not None and over.paid_fen == row["amount_fen"]
    if row["state"] == S.RECALLED and (not whole or await refunds.standing(tx, await subject(tx, grant_id))):
        raise Refused("ALC-565")
    sets = {"due_fen": None, "recalled_on": None}
    return await fire(tx, GRANT, Grant, row, "uphold", clause=CLAUSE, sets=sets, reason=reason)


@command(P.CLAIM, audit="allocation.grant.ask_back")
async def ask(tx: Tx, grant_id: int, form: RefundForm) -> int:
    """Ask what was given too much back from who got it. Gives the letter's id. Raises: what `refunds.write` refuses."""
    await queries.lock(tx, grant_id)
    return await refunds.write(tx, await subject(tx, grant_id), form)


async def _over(tx: Tx, row: Row) -> Overpaid | None:
    """Tell what is too much in somebody's hands; None unless the grant was recalled and not all came back."""
    if row["state"] != S.RECALLED:
        return None
    there = (await queries.at_bank(tx, row["id"]))["arrived"] - await queries.refunded(tx, row["id"])
    found = Overpaid(there, row["due_fen"])
    return found if found.fen > 0 else None


async def subject(tx: Tx, grant_id: int) -> Subject:
    """Name a grant as something that may have been paid too high. Raises: Refused KRN-404."""
    row = await queries.grant(tx, grant_id)
    place = await tx.conn.fetchval("SELECT full_name FROM kernel_division WHERE code = $1", row["division_code"])
    page = f"/grants/{grant_id}"
    return Subject(
        row["title"],
        page,
        f"{page}/refund",
        str(place or ""),
        row["division_code"],
        row["recipient"],
        await _over(tx, row),
        of_grant=grant_id,
        clause=CLAUSE,
    )


async def take_back(tx: Tx, row: Row, event: str, amount_fen: Fen, source: tuple[str, int]) -> None:
    """Book money of a recalled grant that lies in the county's account again, the newest batch first; it is free.

    When nothing too much is left in anybody's hands, the grant is recovered. Units: fen.
    """
    lines: list[Line] = []
    left, county = amount_fen, queries.county_of(row["division_code"])
    for batch, there in await queries.in_hands(tx, row["id"]):
        part = min(left, there)
        lines.append(Line(batch, row["division_code"], Kind.ISSUED, -part))
        lines.append(Line(batch, county, Kind.AVAILABLE, part))
        left -= part
    if left:
        raise Refused("ALC-104", asked=amount_fen, left=amount_fen - left)
    await ledger.post(tx, event, lines, source=source)
    if await _over(tx, row) is None:
        await fire(tx, GRANT, Grant, row, "recover", amount_fen=row["amount_fen"] - row["due_fen"])


async def _came(tx: Tx, letter: Row, amount_fen: Fen) -> None:
    row = await queries.grant(tx, letter["of_grant"])
    await take_back(tx, row, f"refund:{letter['id']}", amount_fen, (refunds.TABLE, letter["id"]))


refunds.of_grants(GrantBooks(queries.lock, subject, _came))
