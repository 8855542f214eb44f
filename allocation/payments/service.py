"""Commands of the payments room: prepare, submit, sign, send back, pay.

Source: 衢政办发〔2016〕65号 二(三)3
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import asdict
from datetime import date
from typing import Any

from allocation.budget import ledger
from allocation.events import Paid
from allocation.payments import judging, queries, rules, signing
from allocation.payments.forms import ClaimForm, PayForm
from allocation.payments.hands import sign
from allocation.payments.judging import CLAUSE, TABLE
from allocation.payments.rules import Kind
from allocation.payments.states import CLAIM, EDITABLE, S
from allocation.payments.tables import Claim
from allocation.permissions import P
from projects import public as projects
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

__all__ = ["add_paper", "cancel", "draft", "edit", "pay", "send_back", "sign", "submit"]

DIGITAL = 20  # digits of an electronic invoice, whose number is unique without a code
PAPER_CODES = (10, 12)  # digits of a paper invoice's code; without it the same one could be used twice
_BLANKS = re.compile(r"\s+")


@command(P.CLAIM, audit="allocation.claim.draft")
async def draft(tx: Tx, project_id: int, form: ClaimForm) -> int:
    """Prepare a claim; nothing is asked yet. Gives the claim's id.

    Raises: Refused ALC-415 (no contract), ALC-418 (invoice of tomorrow), ALC-413 (no such invoice), ALC-412 (used).
    """
    project = await projects.brief(tx, project_id)
    if not project["contract_fen"]:
        raise Refused("ALC-415")
    values = _columns(tx, form)
    names = ", ".join(values)
    marks = ", ".join(f"${n}" for n in range(6, 6 + len(values)))
    claim_id = int(
        await tx.conn.fetchval(
            f"INSERT INTO {TABLE} (project, division_code, prepared_by, prepared_name, created_at, {names})"  # noqa: S608 - names come from our own form
            f" VALUES ($1, $2, $3, $4, $5, {marks}) RETURNING id",
            project_id,
            project["division_code"],
            tx.actor.user_id,
            tx.actor.name,
            tx.now,
            *values.values(),
        )
    )
    await tx.note(
        (TABLE, claim_id, project["division_code"]),
        "allocation.claim.draft",
        clause=CLAUSE,
        kind=form.kind.value,
        amount_fen=form.amount_fen,
    )
    return claim_id


@command(P.CLAIM, audit="allocation.claim.edit")
async def edit(tx: Tx, claim_id: int, version: int, form: ClaimForm) -> None:
    """Change a claim that is not submitted; whoever edits it becomes its preparer.

    Raises: Refused ALC-417 (submitted), KRN-409 (somebody was faster), as `draft`.
    """
    row = await queries.claim(tx, claim_id)
    _must_be_open(row)
    values = {**_columns(tx, form), "prepared_by": tx.actor.user_id, "prepared_name": tx.actor.name}
    assigns = ", ".join(f"{name} = ${n}" for n, name in enumerate(values, start=3))
    done = await tx.conn.fetchval(
        f"UPDATE {TABLE} SET {assigns}, version = version + 1"  # noqa: S608 - names come from our own form
        " WHERE id = $1 AND version = $2 RETURNING id",
        claim_id,
        version,
        *values.values(),
    )
    if done is None:
        raise Refused("KRN-409", who=row["prepared_name"], title="", at=tx.now)
    await tx.note(
        (TABLE, claim_id, row["division_code"]),
        "allocation.claim.edit",
        kind=form.kind.value,
        amount_fen=form.amount_fen,
    )


@command(P.CLAIM, audit="allocation.claim.paper")
async def add_paper(tx: Tx, claim_id: int, kind: str, upload: Any) -> None:  # noqa: ANN401 - the framework's upload
    """Put a paper to a claim that is not submitted. Raises: Refused ALC-417, and what `files` refuses."""
    row = await queries.claim(tx, claim_id)
    _must_be_open(row)
    stored = await files.store(tx, upload, owner=(TABLE, claim_id), kind=kind, division_code=row["division_code"])
    await tx.note(
        (TABLE, claim_id, row["division_code"]),
        "allocation.claim.paper",
        note=f"{CATALOGUE.text('paper.' + kind)} {stored.name}",
    )


@command(P.CLAIM, audit="allocation.claim.submit")
async def submit(tx: Tx, claim_id: int) -> Row:
    """Submit a claim: every gate open, every paper there; the money moves to `claimed`.

    Raises: Invalid with each shut gate; Refused ALC-414 (papers), ALC-420 (signing order), KRN-409.
    """
    row, project = await judging.locked(tx, claim_id)
    books, terms, found = await judging.look(tx, row, project)
    rules.check(found)
    await judging.check_papers(tx, row)
    steps = signing.signing_steps(row["amount_fen"], judging.ladder(tx, row))
    seal = await judging.seal_of(tx, {**row, "attempt": row["attempt"] + 1})
    frozen = {"books": asdict(books), "terms": asdict(terms), "retained": judging.kept(row, books, terms)}
    turn = 1 + int(
        await tx.conn.fetchval("SELECT coalesce(max(turn), 0) FROM allocation_claim WHERE project = $1", row["project"])
    )
    moved = await fire(
        tx,
        CLAIM,
        Claim,
        row,
        "submit",
        clause=CLAUSE,
        amount_fen=row["amount_fen"],
        sets={
            "turn": turn,
            "attempt": row["attempt"] + 1,
            "steps": json.dumps(steps),
            "books": json.dumps(frozen),
            "seal": seal,
            "policy_version": tx.policy.version,
            "submitted_at": tx.now,
        },
    )
    await ledger.move(
        tx,
        _event(moved),
        row["project"],
        ledger.Kind.RETAINED if row["kind"] == Kind.RETENTION else ledger.Kind.CONTRACTED,
        ledger.Kind.CLAIMED,
        row["amount_fen"],
        source=(TABLE, claim_id),
    )
    return moved


@command(P.SIGN, audit="allocation.claim.return")
async def send_back(tx: Tx, claim_id: int, reason: str) -> Row:
    """Return a submitted or signed claim with a reason; its money is free again, its signatures fall.

    Raises: Refused ALC-425 (no reason), ALC-460 (at the bank), KRN-403, KRN-408.
    """
    row, _ = await _out_of_the_bank(tx, claim_id)
    moved = await fire(tx, CLAIM, Claim, row, "return", reason=reason)
    await ledger.reverse(tx, _event(row), source=(TABLE, claim_id))
    return moved


@command(P.CLAIM, audit="allocation.claim.cancel")
async def cancel(tx: Tx, claim_id: int) -> Row:
    """Give up a claim that is not submitted; its invoice may be used again."""
    return await fire(tx, CLAIM, Claim, await queries.claim(tx, claim_id), "cancel")


@command(P.PAY, audit="allocation.claim.pay")
async def pay(tx: Tx, claim_id: int, form: PayForm) -> Row:
    """Record that a signed claim was paid: voucher, bank reference, ledger, and the fact told upwards.

    Raises: Refused ALC-426/427 (paid, or reference used), ALC-428 (a date to come), ALC-429 (the
    preparer), ALC-460 (at the bank), ALC-461 (before it was signed), KRN-408, Invalid (a gate shut since).
    """
    row, project = await _out_of_the_bank(tx, claim_id)
    await _check_payment(tx, row, form.paid_on)
    books, terms, found = await judging.look(tx, row, project)
    rules.check(found)
    await judging.check_seal(tx, row)
    moved = await fire(tx, CLAIM, Claim, row, "pay", clause=CLAUSE, voucher_no=form.voucher_no, paid_on=form.paid_on)
    payment_id = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_payment (division_code, project, claim, amount_fen, payee, voucher_no, bank_ref,"
            " paid_on, paid_by, paid_name, recorded_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
            row["division_code"],
            row["project"],
            claim_id,
            row["amount_fen"],
            row["payee"],
            form.voucher_no,
            form.bank_ref,
            form.paid_on,
            tx.actor.user_id,
            tx.actor.name,
            tx.now,
        )
    )
    await _post_payment(tx, row, payment_id, judging.kept(row, books, terms))
    tx.emit(Paid(row["project"], row["amount_fen"], row["division_code"]))
    return moved


async def _out_of_the_bank(tx: Tx, claim_id: int) -> tuple[Row, Row]:
    """Lock a claim that no bank file holds, and of which nothing or all has arrived.

    The bank's own lock comes first, as where its answers are booked, so that the two wait instead of dying.
    Raises: Refused ALC-460.
    """
    await queries.wait_for_the_bank(tx, claim_id)
    row, project = await judging.locked(tx, claim_id)
    sent = await queries.sent(tx, claim_id)
    if row["state"] == S.SIGNED and (sent["number"] or 0 < sent["arrived_fen"] < row["amount_fen"]):
        raise Refused("ALC-460", number=sent["number"] or "", arrived=sent["arrived_fen"])
    return row, project


async def _post_payment(tx: Tx, row: Row, payment_id: int, kept: int) -> None:
    source = ("allocation_payment", payment_id)
    await ledger.move(
        tx,
        f"payment:{row['id']}",
        row["project"],
        ledger.Kind.CLAIMED,
        ledger.Kind.PAID,
        row["amount_fen"],
        source=source,
    )
    await _keep(tx, row, kept, source)


async def _keep(tx: Tx, row: Row, kept: int, source: tuple[str, int]) -> None:
    """Keep a settlement's retention back and write down on which day it is due."""
    held = (await ledger.project_money(tx, row["project"])).get(ledger.Kind.CONTRACTED, 0)
    keep = min(kept, held)
    if not keep:
        return
    key, way = f"retention:{row['id']}", (ledger.Kind.CONTRACTED, ledger.Kind.RETAINED)
    await ledger.move(tx, key, row["project"], *way, keep, source=source)
    accepted = (await projects.brief(tx, row["project"]))["accepted_on"]
    months = tx.policy_for(row["division_code"]).whole("allocation.payments.retention_months")
    await tx.conn.execute(
        "INSERT INTO allocation_retention (division_code, project, claim, amount_fen, accepted_on, due_on, recorded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        row["division_code"],
        row["project"],
        row["id"],
        keep,
        accepted,
        projects.add_months(accepted, months),
        tx.now,
    )


def _columns(tx: Tx, form: ClaimForm) -> dict[str, Any]:
    """Turn a form into columns, invoice figures in one spelling so that the same one is found."""
    if form.invoice_on > tx.today:
        raise Refused("ALC-418", field="invoice_on", invoice=form.invoice_on)
    number, code = _digits(form.invoice_number), _digits(form.invoice_code)
    if len(number) != DIGITAL and len(code) not in PAPER_CODES:
        raise Refused("ALC-413", field="invoice_code")
    return {
        "kind": form.kind.value,
        "amount_fen": form.amount_fen,
        "payee": form.payee,
        "invoice_code": "" if len(number) == DIGITAL else code,
        "invoice_number": number,
        "invoice_fen": form.invoice_fen,
        "invoice_on": form.invoice_on,
        "invoice_tax_fen": form.invoice_tax_fen,
        "wages_fen": form.wages_fen,
        "measured_bp": form.measured_bp if form.kind in {Kind.PROGRESS, Kind.COMPLETION} else None,
        "guarantee": form.guarantee.strip() if form.kind in {Kind.SETTLEMENT, Kind.RETENTION} else "",
        "final_fen": form.final_fen if form.kind is Kind.SETTLEMENT else None,
        "note": form.note,
    }


def _digits(text: str) -> str:
    return _BLANKS.sub("", unicodedata.normalize("NFKC", text))


def _must_be_open(row: Row) -> None:
    if row["state"] not in EDITABLE:
        raise Refused("ALC-417")


def _event(row: Row) -> str:
    """Name the ledger event of one attempt, so that a returned claim can be claimed again."""
    return f"claim:{row['id']}:{row['attempt']}"


async def _check_payment(tx: Tx, row: Row, paid_on: date) -> None:
    if row["state"] == S.PAID:
        raise Refused("ALC-426")
    if paid_on > tx.today:
        raise Refused("ALC-428", field="paid_on", paid=paid_on)
    given = [s for s in await queries.signatures(tx, row["id"]) if s["attempt"] == row["attempt"]]
    last = max((shanghai(s["signed_at"]).date() for s in given), default=paid_on)
    if paid_on < last:
        raise Refused("ALC-461", field="paid_on", paid=paid_on, signed=last)
    if tx.actor.user_id in await queries.preparers(tx, row["id"]):
        raise Refused("ALC-429")
