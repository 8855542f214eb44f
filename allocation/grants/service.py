"""Commands of the grants room: rewards, loans, interest, subsidies; checked, approved, paid.

Source: 衢政办发〔2016〕65号 二(三)2
"""

from __future__ import annotations

import json
from typing import Any

from allocation.budget import ledger
from allocation.budget.rules import Pot
from allocation.budget.withheld import check_leaving
from allocation.grants import queries, rules
from allocation.grants.forms import GrantForm, InterestForm, LoanForm
from allocation.grants.queries import county_of
from allocation.grants.states import CLOSED, EDITABLE, GRANT
from allocation.grants.tables import Grant
from allocation.permissions import P
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
GRANTS, LOANS, INTEREST = "allocation_grant", "allocation_loan", "allocation_loan_interest"
CLAUSE = "衢政办发〔2016〕65号 二(三)2"
PPM_OF_PERCENT = 10_000


@command(P.PREPARE_GRANT, audit="allocation.grant.draft")
async def draft(tx: Tx, form: GrantForm, *, grant_id: int | None = None, version: int | None = None) -> int:
    """Propose a reward, or change one that nobody checks yet; whoever changes it becomes its preparer. Gives its id.

    Raises: Refused ALC-549, ALC-550 (what its kind may have), ALC-551 (another place), ALC-552 (the account is
    not the recipient's), KRN-404 (a subsidy), KRN-409 (somebody was faster); by constraint ALC-553 (one a year
    for one recipient).
    """
    _inside(tx, form.place)
    rules.check_reward(form.kind, form.amount_fen, tx.policy_for(form.place).get("allocation.grants.rewards"))
    await _check_payee(tx, form.payee, form.recipient)
    values = {
        "division_code": form.place,
        "kind": form.kind,
        "year": form.year,
        "title": form.title,
        "recipient": form.recipient,
        "amount_fen": form.amount_fen,
        "basis": form.basis,
        "payee": form.payee,
    }
    if grant_id is None:
        return await _insert(tx, values)
    row = await queries.grant(tx, grant_id)
    _must_be_open(row)
    if row["kind"] == rules.GrantKind.INTEREST:
        raise Refused("KRN-404")
    values |= {"prepared_by": tx.actor.user_id, "prepared_name": tx.actor.name}
    assigns = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=3))
    done = await tx.conn.fetchval(
        f"UPDATE {GRANTS} SET {assigns}, version = version + 1"  # noqa: S608 - names are our own
        " WHERE id = $1 AND version = $2 RETURNING id",
        grant_id,
        row["version"] if version is None else version,
        *values.values(),
    )
    if done is None:
        raise Refused("KRN-409", who=row["prepared_name"], title="", at=tx.now)
    await tx.note((GRANTS, grant_id, form.place), "allocation.grant.edit", amount_fen=form.amount_fen)
    return grant_id


async def _insert(tx: Tx, values: Row) -> int:
    row = {
        **values,
        "prepared_by": tx.actor.user_id,
        "prepared_name": tx.actor.name,
        "created_at": tx.now,
        "is_demo": tx.actor.is_demo,
    }
    marks = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    key = int(
        await tx.conn.fetchval(
            f"INSERT INTO {GRANTS} ({', '.join(row)}) VALUES ({marks}) RETURNING id",  # noqa: S608 - names are our own
            *row.values(),
        )
    )
    await tx.note(
        (GRANTS, key, values["division_code"]), "allocation.grant.draft", clause=CLAUSE, amount_fen=values["amount_fen"]
    )
    return key


def _inside(tx: Tx, place: str) -> None:
    lo, hi = code_range(tx.actor.division_code)
    if not lo <= place < hi:
        raise Refused("ALC-551", field="place")


def _must_be_open(row: Row) -> None:
    if row["state"] not in EDITABLE:
        raise Refused("ALC-554")


async def _check_payee(tx: Tx, payee: int | None, recipient: str) -> None:
    if payee is None:
        return
    name = await tx.conn.fetchval("SELECT name FROM allocation_payee WHERE id = $1 AND state = 'confirmed'", payee)
    if name != recipient:
        raise Refused("ALC-552", field="payee", recipient=recipient)


@command(P.PREPARE_GRANT, audit="allocation.loan.add")
async def add_loan(tx: Tx, form: LoanForm) -> int:
    """Write down a loan from its contract. Gives its id.

    Raises: Refused ALC-551 (another place), ALC-555 (days or rate that cannot be); by constraint ALC-556.
    """
    _inside(tx, form.place)
    rate = form.rate * PPM_OF_PERCENT
    if form.ends_on <= form.starts_on or rate % 1:
        raise Refused("ALC-555", field="ends_on" if form.ends_on <= form.starts_on else "rate")
    key = int(
        await tx.conn.fetchval(
            f"INSERT INTO {LOANS} (division_code, borrower, borrower_kind, lender, contract_no, use, principal_fen,"  # noqa: S608 - our own name
            " rate_ppm, starts_on, ends_on, created_at, created_name, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id",
            form.place,
            form.borrower,
            form.borrower_kind,
            form.lender,
            form.contract_no,
            form.use,
            form.principal_fen,
            int(rate),
            form.starts_on,
            form.ends_on,
            tx.now,
            tx.actor.name,
            tx.actor.is_demo,
        )
    )
    await tx.note((LOANS, key, form.place), "allocation.loan.add", clause=CLAUSE, principal_fen=form.principal_fen)
    return key


@command(P.PREPARE_GRANT, audit="allocation.loan.interest")
async def add_interest(tx: Tx, loan_id: int, form: InterestForm) -> int:
    """Write down interest that was paid, from the bank's voucher. Gives its id.

    Raises: Refused ALC-547 (days paid for twice), ALC-548 (outside the loan), ALC-557 (a day to come);
    by constraint ALC-556 (the voucher is there).
    """
    row = await queries.loan(tx, loan_id, lock=True)
    if max(form.to_on, form.paid_on) > tx.today or form.to_on < form.from_on:
        raise Refused("ALC-557", field="to_on")
    known = [queries.stretch(r) for r in await queries.interest(tx, loan_id)]
    fresh = rules.Stretch(form.from_on, form.to_on, form.balance_fen, form.interest_fen, form.voucher_no)
    rules.check_stretches(queries.facts(row), sorted([*known, fresh], key=lambda s: (s.from_on, s.to_on)))
    key = int(
        await tx.conn.fetchval(
            f"INSERT INTO {INTEREST} (division_code, loan, from_on, to_on, balance_fen, interest_fen, penalty_fen,"  # noqa: S608 - our own name
            " paid_on, voucher_no, created_name, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
            row["division_code"],
            loan_id,
            form.from_on,
            form.to_on,
            form.balance_fen,
            form.interest_fen,
            form.penalty_fen,
            form.paid_on,
            form.voucher_no,
            tx.actor.name,
            tx.actor.is_demo,
        )
    )
    await tx.note((LOANS, loan_id, row["division_code"]), "allocation.loan.interest", note=form.voucher_no)
    return key


async def working(tx: Tx, row: Row, year: int) -> tuple[rules.Working, Row, str]:
    """Work a loan's year out from what is on file. Shape: (working, document, sha256)."""
    terms = queries.terms(tx, row["division_code"])
    paid = [queries.stretch(r) for r in await queries.interest(tx, row["id"])]
    made = rules.work_out(queries.facts(row), paid, terms, year)
    document, digest = rules.frozen(queries.facts(row), paid, terms, made)
    return made, document, digest


@command(P.PREPARE_GRANT, audit="allocation.grant.subsidy")
async def ask_subsidy(tx: Tx, loan_id: int, year: int, payee: int | None = None) -> int:
    """Ask for the subsidy of one year: inputs, every step and the result are frozen under a hash. Gives its id.

    Raises: Refused ALC-558 (nothing to subsidise), ALC-552; by constraint ALC-553 (asked for before).
    """
    row = await queries.loan(tx, loan_id)
    made, document, digest = await working(tx, row, year)
    if made.amount_fen <= 0:
        raise Refused("ALC-558", field="year", year=year)
    await _check_payee(tx, payee, row["borrower"])
    return await _insert(
        tx,
        {
            "division_code": row["division_code"],
            "kind": "interest",
            "year": year,
            "title": CATALOGUE.text("grants.subsidy_title").format(year=year, borrower=row["borrower"])[:120],
            "recipient": row["borrower"],
            "payee": payee,
            "amount_fen": made.amount_fen,
            "basis": f"{row['lender']} {row['contract_no']}",
            "loan": loan_id,
            "working": json.dumps(document, ensure_ascii=False),
            "sha256": digest,
            "policy_version": tx.policy.version[:80],
        },
    )


@command(P.PREPARE_GRANT, audit="allocation.grant.paper")
async def add_paper(tx: Tx, grant_id: int, kind: str, upload: Any) -> None:  # noqa: ANN401 - the framework's upload
    """Put a paper to a grant that is not approved. Raises: Refused ALC-554, and what `files` refuses."""
    row = await queries.grant(tx, grant_id)
    _must_be_open(row)
    stored = await files.store(tx, upload, owner=(GRANTS, grant_id), kind=kind, division_code=row["division_code"])
    note = f"{CATALOGUE.text('grants.paper.' + kind)} {stored.name}"
    await tx.note((GRANTS, grant_id, row["division_code"]), "allocation.grant.paper", note=note)


@command(P.PREPARE_GRANT, audit="allocation.grant.submit")
async def submit(tx: Tx, grant_id: int) -> Row:
    """Hand a grant to whoever checks the result. Raises: Refused ALC-559 (papers missing), KRN-409."""
    row = await queries.grant(tx, grant_id)
    await _check_papers(tx, row)
    return await fire(tx, GRANT, Grant, row, "submit", clause=CLAUSE, amount_fen=row["amount_fen"])


async def _check_papers(tx: Tx, row: Row) -> None:
    needed = tx.policy_for(row["division_code"]).get("allocation.grants.papers")
    kinds = needed["interest" if row["kind"] == "interest" else "reward"]
    present = [f.kind for f in await files.files_of(tx, (GRANTS, row["id"]))]
    lacking = rules.missing(kinds, present)
    if lacking:
        names = "、".join(CATALOGUE.text(f"grants.paper.{k}") for k in lacking)
        raise Refused("ALC-559", papers=names)


@command(P.CHECK_GRANT, audit="allocation.grant.check")
async def check(tx: Tx, grant_id: int, checked_on: Any, note: str) -> Row:  # noqa: ANN401 - a date
    """Say that the result was seen and is as asked; without this nothing is approved.

    A subsidy is worked out once more from what is on file: it must still be the same.
    Raises: Refused ALC-545 (one's own), ALC-557 (a day to come), ALC-529 (the working is another now).
    """
    row = await queries.grant(tx, grant_id)
    if checked_on > tx.today:
        raise Refused("ALC-557", field="checked_on")
    await _same_working(tx, row)
    sets = {
        "checked_by": tx.actor.user_id,
        "checked_name": tx.actor.name,
        "checked_on": checked_on,
        "check_note": note,
    }
    await _check_hand(tx, grant_id)
    return await fire(tx, GRANT, Grant, row, "check", clause=CLAUSE, sets=sets, by=tx.actor.user_id, note=note)


async def _check_hand(tx: Tx, grant_id: int) -> None:
    """Let nobody judge what they wrote on, whoever is named as its preparer. Raises: Refused ALC-545."""
    if tx.actor.user_id in await queries.hands(tx, grant_id):
        raise Refused("ALC-545")


async def _same_working(tx: Tx, row: Row) -> None:
    if row["kind"] != "interest":
        return
    made, document, _ = await working(tx, await queries.loan(tx, row["loan"]), row["year"])
    same = ("loan", "paid", "steps", "amount_fen")
    if any(document[k] != row["working"][k] for k in same):
        raise Refused("ALC-529", before=row["amount_fen"], now=made.amount_fen)


@command(P.CHECK_GRANT, audit="allocation.grant.return")
async def send_back(tx: Tx, grant_id: int, reason: str) -> Row:
    """Send a grant back to be mended. Raises: Refused ALC-546 (no reason), KRN-408."""
    return await fire(tx, GRANT, Grant, await queries.grant(tx, grant_id), "return", reason=reason)


@command(P.CHECK_GRANT, audit="allocation.grant.reject")
async def reject(tx: Tx, grant_id: int, reason: str) -> Row:
    """Refuse a grant whose result is not there. Raises: Refused ALC-546 (no reason), KRN-408."""
    return await fire(tx, GRANT, Grant, await queries.grant(tx, grant_id), "reject", reason=reason)


@command(P.APPROVE_GRANT, audit="allocation.grant.send_back")
async def leader_back(tx: Tx, grant_id: int, reason: str) -> Row:
    """Send a checked grant back. Raises: Refused ALC-546 (no reason), KRN-408."""
    cleared = {"checked_by": None, "checked_name": "", "checked_on": None}
    row = await queries.grant(tx, grant_id)
    return await fire(tx, GRANT, Grant, row, "send_back", sets=cleared, reason=reason)


@command(P.PREPARE_GRANT, audit="allocation.grant.cancel")
async def cancel(tx: Tx, grant_id: int) -> Row:
    """Give up a grant that nobody checks."""
    return await fire(tx, GRANT, Grant, await queries.grant(tx, grant_id), "cancel")


@command(P.APPROVE_GRANT, audit="allocation.grant.approve")
async def approve(tx: Tx, grant_id: int) -> Row:
    """Approve a checked grant: its money leaves the county's available money, the oldest batch first.

    Raises: Refused ALC-545 (who prepared or checked), ALC-529, ALC-104 (too little money), ALC-156 (promised to a
    round), KRN-409.
    """
    row = await queries.grant(tx, grant_id)
    await _same_working(tx, row)
    await _check_hand(tx, grant_id)
    sets = {"approved_name": tx.actor.name, "approved_at": tx.now}
    moved = await fire(
        tx, GRANT, Grant, row, "approve", clause=CLAUSE, sets=sets, by=tx.actor.user_id, amount_fen=row["amount_fen"]
    )
    way = (ledger.Kind.AVAILABLE, ledger.Kind.ISSUING)
    county = county_of(row["division_code"])
    await check_leaving(tx, Pot(county), row["amount_fen"])
    await ledger.shift(tx, f"grant:{grant_id}", county, *way, row["amount_fen"], source=(GRANTS, grant_id))
    return moved


@command(P.PREPARE_GRANT, audit="allocation.grant.payee")
async def set_payee(tx: Tx, grant_id: int, payee: int) -> None:
    """Name the confirmed account a grant is paid to, also after its approval or when money came back.

    Raises: Refused ALC-552 (not the recipient's), ALC-554 (paid, given up or withdrawn).
    """
    row = await queries.grant(tx, grant_id)
    if row["state"] in CLOSED:
        raise Refused("ALC-554")
    await _check_payee(tx, payee, row["recipient"])
    await tx.conn.execute(f"UPDATE {GRANTS} SET payee = $2, version = version + 1 WHERE id = $1", grant_id, payee)  # noqa: S608 - our own name
    await tx.note((GRANTS, grant_id, row["division_code"]), "allocation.grant.payee")
