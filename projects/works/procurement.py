"""The record of how a contractor was found: written before the contract, and what a contract must keep of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Any

from projects.permissions import P
from projects.queries import lock, subject
from projects.rules import Line, problems
from projects.states import PROJECT as MACHINE
from projects.works import tender
from projects.works.forms import BidForm, ContractForm, ProcurementForm
from projects.works.parameters import terms_on
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.ids import IdFault, clean, credit_code_fault
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
NO_LAW_BEFORE = date(2000, 5, 1)
"""The first day of the first rule that says what has to be tendered; nothing of ours is older."""


def deal_of(row: Row, amount_fen: Fen) -> tender.Deal:
    """Describe a purchase of a project: the award and other fiscal money are public. Units: fen."""
    return tender.Deal(amount_fen, row["award_fen"] + row["other_fen"], row["estimate_fen"])


def judge(row: Row, form: ProcurementForm) -> list[Line]:
    """Explain every rule for a procurement as it was typed. Raises: Refused POL-120."""
    terms = terms_on(form.opened_on, row["division_code"], form.kind)
    deal = deal_of(row, form.control_fen)
    offers = [tender.Offer(b.bidder, clean(b.credit_code), b.price_fen, b.won) for b in form.bids]
    return [
        *tender.explain(deal, form.method, terms),
        *tender.check_offers(deal, form.method, offers, terms),
        tender.check_bond(deal, form.bond_fen, terms),
    ]


@command(P.CONTRACT, audit="projects.works.procure")
async def record(tx: Tx, project_id: int, form: ProcurementForm) -> int:
    """Record, or record anew, how the contractor of an awarded project was found.

    Raises: Invalid with everything that is wrong (PRJ-431, PRJ-451 to 457, wrong credit codes);
    Refused KRN-408 (a contract stands already), KRN-409.
    Source: 招标投标法 第三、二十八条; 国家发展改革委令第16号
    """
    row = await lock(tx, project_id, seen=form.seen)
    MACHINE.arrow(row["state"], "sign")
    if not NO_LAW_BEFORE <= form.opened_on <= tx.today:
        raise Refused("PRJ-431", field="opened_on", earliest=NO_LAW_BEFORE, today=tx.today)
    lines = judge(row, form)
    found = problems(lines) + _bidders(form.bids, form.credit_reason)
    if found:
        raise Invalid(found)
    await tx.conn.execute(
        "DELETE FROM projects_bid WHERE procurement IN (SELECT id FROM projects_procurement WHERE project = $1)",
        project_id,
    )
    await tx.conn.execute("DELETE FROM projects_procurement WHERE project = $1", project_id)
    made = await _write(tx, row, form, lines)
    won = next((b for b in form.bids if b.won), None)
    await tx.note(
        subject(row),
        "projects.works.procure",
        clause=lines[-1].source if len(lines) == 1 else lines[0].source,
        method=form.method.value,
        bids=len(form.bids),
        winner=won.bidder if won else "",
        control_fen=form.control_fen,
    )
    return made


async def _write(tx: Tx, row: Row, form: ProcurementForm, lines: list[Line]) -> int:
    made = int(
        await tx.conn.fetchval(
            "INSERT INTO projects_procurement (project, division_code, kind, method, opened_on, control_fen, bond_fen,"
            " notice_no, reason, lines, policy, recorded_by, recorded_at, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
            row["id"],
            row["division_code"],
            form.kind.value,
            form.method.value,
            form.opened_on,
            form.control_fen,
            form.bond_fen,
            form.notice_no,
            form.credit_reason,
            json.dumps([asdict(line) for line in lines], ensure_ascii=False, default=str),
            tx.policy_for(row["division_code"]).version,
            tx.actor.user_id,
            tx.now,
            row["is_demo"],
        )
    )
    await tx.conn.executemany(
        "INSERT INTO projects_bid (procurement, division_code, seq, bidder, credit_code, price_fen, won, is_demo)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            (made, row["division_code"], n, b.bidder, clean(b.credit_code), b.price_fen, b.won, row["is_demo"])
            for n, b in enumerate(form.bids, 1)
        ],
    )
    return made


def _bidders(bids: list[BidForm], reason: str) -> list[Problem]:
    """Check every bidder's credit code; a wrong check character passes with a reason, as in a contract."""
    found = []
    for n, bid in enumerate(bids):
        fault = credit_code_fault(clean(bid.credit_code))
        if fault == IdFault.CREDIT_CHECK and reason:
            continue
        if fault:
            code = "PRJ-416" if fault == IdFault.CREDIT_CHECK else str(fault)
            found.append(Problem(code, f"bids.{n}.credit_code"))
    return found


async def of_project(tx: Tx, project_id: int) -> Row | None:
    """Read the record of a project with its bids, None when there is none. Shape: row plus bids, won."""
    row = await tx.conn.fetchrow("SELECT * FROM projects_procurement WHERE project = $1", project_id)
    if row is None:
        return None
    bids = [
        dict(b)
        for b in await tx.conn.fetch("SELECT * FROM projects_bid WHERE procurement = $1 ORDER BY seq", row["id"])
    ]
    return {**row, "lines": json.loads(row["lines"]), "bids": bids, "won": next((b for b in bids if b["won"]), None)}


async def check_contract(tx: Tx, row: Row, form: ContractForm) -> list[Problem]:
    """List how a contract departs from the record, or from the rule when there is none.

    Codes: PRJ-451, PRJ-452 (the way), PRJ-458 (no record), PRJ-459 (another firm), PRJ-460 (dearer),
    PRJ-464 (signed before the opening).
    """
    if not NO_LAW_BEFORE <= form.signed_on <= tx.today:
        return []  # PRJ-413 already says that the date is wrong
    made = await of_project(tx, row["id"])
    if made is None:
        terms = terms_on(form.signed_on, row["division_code"], form.kind)
        deal = deal_of(row, form.amount_fen)
        found = problems(tender.explain(deal, form.method, terms))
        needed = tender.bids_needed(deal, form.method, terms)
        return found or ([Problem("PRJ-458", "method")] if needed else [])
    found = []
    if made["method"] != form.method.value:
        found.append(Problem("PRJ-459", "method"))
    if form.signed_on < made["opened_on"]:
        found.append(Problem("PRJ-464", "signed_on", {"signed": form.signed_on, "opened": made["opened_on"]}))
    won = made["won"]
    if won and won["credit_code"] != clean(form.credit_code):
        found.append(Problem("PRJ-459", "credit_code"))
    most = won["price_fen"] if won else made["control_fen"]
    if form.amount_fen > most:
        found.append(Problem("PRJ-460", "amount_fen", {"amount": form.amount_fen, "price": most}))
    return found
