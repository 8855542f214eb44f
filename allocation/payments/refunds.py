"""Commands of money asked back: a letter to who was paid too much, and the day on which it came.

What came back lies in the county's account again. Money of a project stays bound to the contract it was paid
for, like any other part of it that is not needed; a grant's is free again (its room says how, `of_grants`).
Source: 财建〔2022〕183号 一
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from allocation.budget import ledger
from allocation.payments import rules
from allocation.payments.forms import RefundForm, ReturnedForm
from allocation.payments.refund_tables import Refund
from allocation.payments.states import REFUND, R
from allocation.permissions import P
from projects import public as projects
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "allocation_refund"
CLAUSE = "财建〔2022〕183号 一"
DAYS = "allocation.payments.overpaid_days"


@dataclass(frozen=True, slots=True)
class Overpaid:
    """What a project was paid, what its final account allows, and what is too much. Units: fen."""

    paid_fen: Fen
    allowed_fen: Fen

    @property
    def fen(self) -> Fen:
        """What may be asked back."""
        return self.paid_fen - self.allowed_fen


async def overpaid(tx: Tx, project: Row) -> Overpaid | None:
    """Tell what was paid on a project beyond its settled price; None when nothing was."""
    settled = await projects.settled(tx, project["id"])
    if settled is None:
        return None
    paid = (await ledger.project_money(tx, project["id"])).get(ledger.Kind.PAID, 0)
    found = Overpaid(paid, rules.allowed(project["award_fen"], project["contract_fen"], settled))
    return found if found.fen > 0 else None


@dataclass(frozen=True, slots=True)
class Subject:
    """What may have been paid too much, a project or a grant, as a letter and its page name it. No `over`: nothing."""

    title: str
    url: str
    ask_url: str
    place: str
    division_code: str
    payee: str
    over: Overpaid | None
    code: str = ""
    project: int | None = None
    of_grant: int | None = None
    clause: str = CLAUSE


@dataclass(frozen=True, slots=True)
class GrantBooks:
    """What the room of grants answers for: who was given too much, and what becomes of what came back."""

    lock: Callable[[Tx, int], Awaitable[object]]
    subject: Callable[[Tx, int], Awaitable[Subject]]
    came: Callable[[Tx, Row, Fen], Awaitable[None]]


_GRANT_BOOKS: list[GrantBooks] = []


def of_grants(books: GrantBooks) -> None:
    """Let grants be asked back: called once, by their room."""
    _GRANT_BOOKS[:] = [books]


async def of_a_project(tx: Tx, project: Row) -> Subject:
    """Name a project as somebody who may have been paid too much."""
    page = f"/claims/project/{project['id']}"
    place = project["county_name"] + project["township_name"] + project["village_name"]
    return Subject(
        project["title"],
        page,
        f"{page}/refund",
        place,
        project["division_code"],
        project["contractor"],
        await overpaid(tx, project),
        project["code"],
        project["id"],
    )


async def subject_of(tx: Tx, row: Row) -> Subject:
    """Name what a letter is about, and what is overpaid of it now."""
    if row["of_grant"] is not None:
        return await _GRANT_BOOKS[0].subject(tx, row["of_grant"])
    return await of_a_project(tx, await projects.brief(tx, row["project"]))


async def find(tx: Tx, refund_id: int) -> Row:
    """Read one letter. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(f"SELECT * FROM {TABLE} WHERE id = $1", refund_id)  # noqa: S608 - our own name
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def of_project(tx: Tx, project_id: int) -> list[Row]:
    """List the letters of a project, first to last."""
    rows = await tx.conn.fetch(f"SELECT * FROM {TABLE} WHERE project = $1 ORDER BY id", project_id)  # noqa: S608 - our own name
    return [dict(r) for r in rows]


async def of_grant(tx: Tx, grant_id: int) -> list[Row]:
    """List the letters of a grant, first to last."""
    rows = await tx.conn.fetch(f"SELECT * FROM {TABLE} WHERE of_grant = $1 ORDER BY id", grant_id)  # noqa: S608 - our own name
    return [dict(r) for r in rows]


async def standing(tx: Tx, subject: Subject) -> Row | None:
    """Give the letter whose money is not back yet; None without one."""
    rows = await (of_grant(tx, subject.of_grant) if subject.of_grant else of_project(tx, subject.project or 0))
    return next((r for r in rows if r["state"] == R.ASKED), None)


_INSERT = """
INSERT INTO allocation_refund (division_code, project, of_grant, payee, paid_fen, settled_fen, amount_fen, doc_no,
  asked_on, due_on, note, asked_by, asked_name, office, created_at, is_demo)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING id
"""


@command(P.CLAIM, audit="allocation.refund.ask")
async def ask(tx: Tx, project_id: int, form: RefundForm) -> int:
    """Ask what was overpaid on a project back from who was paid, all of it, by a letter. Gives the letter's id.

    Raises: what `write` refuses.
    """
    await projects.lock(tx, project_id)
    return await write(tx, await of_a_project(tx, await projects.brief(tx, project_id)), form)


async def write(tx: Tx, subject: Subject, form: RefundForm) -> int:
    """Keep a letter with its last day. Whose row it is, is locked. Not a command: both ways to ask come here.

    Raises: Refused ALC-450 (nothing overpaid), ALC-451 (a letter of tomorrow), ALC-452 (its last day),
    ALC-453 (asked for, and not back yet).
    """
    over = subject.over
    if over is None:
        raise Refused("ALC-450")
    if await standing(tx, subject):
        raise Refused("ALC-453")
    _check_days(form.asked_on, form.due_on, tx.today, tx.policy_for(subject.division_code).whole(DAYS))
    whose = (subject.division_code, subject.project, subject.of_grant, subject.payee)
    said = (over.paid_fen, over.allowed_fen, over.fen, form.doc_no, form.asked_on, form.due_on, form.note)
    who = (tx.actor.user_id, tx.actor.name, tx.actor.org_name, tx.now, tx.actor.is_demo)
    key = int(await tx.conn.fetchval(_INSERT, *whose, *said, *who))
    if form.letter:
        await files.store(tx, form.letter, owner=(TABLE, key), kind="letter", division_code=subject.division_code)
    about = (TABLE, key, subject.division_code)
    await tx.note(about, "allocation.refund.ask", clause=subject.clause, amount_fen=over.fen, note=form.doc_no)
    return key


def _check_days(asked_on: date, due_on: date, today: date, most: int) -> None:
    if asked_on > today:
        raise Refused("ALC-451", field="asked_on")
    if not asked_on <= due_on <= asked_on + timedelta(days=most):
        raise Refused("ALC-452", field="due_on", most=most)


@command(P.PAY, audit="allocation.refund.receive")
async def receive(tx: Tx, refund_id: int, form: ReturnedForm) -> Row:
    """Record that money asked back lies in the account; a part of it ends the letter all the same.

    Raises: Refused ALC-454 (who asked), ALC-455 (the day), ALC-456 (more than was asked, or than is overpaid
    now), KRN-408, KRN-409; by constraint ALC-457 (reference used).
    """
    row = await _locked(tx, refund_id)
    subject = await subject_of(tx, row)
    if not row["asked_on"] <= form.returned_on <= tx.today:
        raise Refused("ALC-455", field="returned_on", asked=row["asked_on"])
    most = min(row["amount_fen"], subject.over.fen if subject.over else 0) if row["of_grant"] else row["amount_fen"]
    if form.returned_fen > most:
        raise Refused("ALC-456", field="returned_fen", asked=most)
    sets = {
        "returned_fen": form.returned_fen,
        "returned_on": form.returned_on,
        "voucher_no": form.voucher_no,
        "bank_ref": form.bank_ref,
        "received_name": tx.actor.name,
        "received_at": tx.now,
    }
    facts = {"by": tx.actor.user_id, "amount_fen": form.returned_fen, "voucher_no": form.voucher_no}
    moved = await fire(tx, REFUND, Refund, row, "receive", clause=subject.clause, sets=sets, **facts)
    if row["of_grant"] is not None:
        await _GRANT_BOOKS[0].came(tx, row, form.returned_fen)
        return moved
    way = (ledger.Kind.PAID, ledger.Kind.CONTRACTED)
    await ledger.move(tx, f"refund:{refund_id}", row["project"], *way, form.returned_fen, source=(TABLE, refund_id))
    return moved


@command(P.CLAIM, audit="allocation.refund.withdraw")
async def withdraw(tx: Tx, refund_id: int, reason: str) -> Row:
    """Take a letter back that asked wrongly; what is still overpaid then is asked for anew.

    Raises: Refused ALC-425 (no reason), KRN-408.
    """
    return await fire(tx, REFUND, Refund, await _locked(tx, refund_id), "withdraw", reason=reason)


async def _locked(tx: Tx, refund_id: int) -> Row:
    """Lock what was paid for, then read the letter: money of one matter moves in one order."""
    row = await find(tx, refund_id)
    if row["of_grant"] is not None:
        await _GRANT_BOOKS[0].lock(tx, row["of_grant"])
    else:
        await projects.lock(tx, row["project"])
    return await find(tx, refund_id)


_LEFT = """
SELECT x.id, x.title, x.division_code, x.settled_on, b.paid - x.allowed AS over FROM (
  SELECT p.id, p.title, p.division_code, coalesce(a.audited_on, y.held_on) AS settled_on,
    least(p.award_fen, p.contract_fen, coalesce(a.settled_fen, y.settled_fen)) AS allowed
  FROM projects_project p LEFT JOIN projects_final_audit a ON a.project = p.id
  LEFT JOIN projects_acceptance y ON y.project = p.id WHERE coalesce(a.settled_fen, y.settled_fen, 0) > 0
) x JOIN (
  SELECT project, sum(balance_fen)::bigint AS paid FROM allocation_balance WHERE kind = 'paid' AND balance_fen > 0
  GROUP BY project
) b ON b.project = x.id
WHERE b.paid > x.allowed AND NOT EXISTS (SELECT 1 FROM allocation_refund r WHERE r.project = x.id AND r.state = 'asked')
ORDER BY x.id LIMIT 20
"""


async def not_asked(tx: Tx) -> list[Row]:
    """List projects that were overpaid and nobody has asked. Shape: {id, title, division_code, settled_on, over}."""
    return [dict(r) for r in await tx.conn.fetch(_LEFT)]


async def open_letters(tx: Tx) -> list[Row]:
    """List the letters whose money is not back, by their last day."""
    rows = await tx.conn.fetch(
        "SELECT r.id, r.amount_fen, r.due_on, r.division_code, r.asked_by, coalesce(p.title, g.title) AS title"
        " FROM allocation_refund r LEFT JOIN projects_project p ON p.id = r.project"
        " LEFT JOIN allocation_grant g ON g.id = r.of_grant WHERE r.state = 'asked' ORDER BY r.due_on, r.id LIMIT 50"
    )
    return [dict(r) for r in rows]
