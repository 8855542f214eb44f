"""Commands of the cash room: a list out of the register, approved by another hand, closed when the bank answered.

Source: 国发〔2006〕17号; 衢政办发〔2016〕65号 二(三)3
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allocation.bank.sources import arrived
from allocation.budget import ledger
from allocation.cash import queries, rules
from allocation.cash.forms import ListForm
from allocation.cash.queries import PLACE
from allocation.cash.states import CASH_LIST
from allocation.cash.tables import CashList
from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.crypto import seal
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.ids import bank_account_fault
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import public as register
from quzhou_migrants.register.public import CashHousehold

Row = dict[str, Any]
LISTS, LINES = "allocation_cash_list", "allocation_cash_line"
CLAUSE = "国发〔2006〕17号"
TAIL = 4


@command(P.PREPARE_CASH, audit="allocation.cash.draft")
async def draft(tx: Tx, form: ListForm) -> int:
    """Make a list out of the register as it stands: every household whole persons times the yearly amount.

    Whoever stands on another list of the year is left out, whichever of the two was made first.

    Gives the list's id. Raises: Refused ALC-535 (nobody to pay), ALC-533, ALC-536 (a regular list of that
    year is there).
    """
    county = tx.actor.division_code
    # Nobody stands on two lists of a year: lists of a county are made one after another.
    await tx.conn.execute("SELECT pg_advisory_xact_lock(422, hashtext($1))", county)
    if form.kind == "regular" and await queries.has_regular(tx, county, form.year):
        raise Refused("ALC-536", field="year")
    served = await queries.served(tx, county, form.year)
    found = [h for h in await register.cash_households(tx, county) if h.id not in served]
    if not found:
        raise Refused("ALC-535")
    per_head = tx.policy.whole("register.support.cash_yearly_fen")
    planned = rules.plan(found, per_head, tx.policy.whole("allocation.cash.shared_account_most"))
    people = {h.id: h for h in found}
    rows = [(p, people[p.household]) for p in planned]
    sums = rules.add_up(((h.persons, p.amount_fen, p.finding) for p, h in rows), per_head)
    list_id = await _insert(tx, form, per_head, sums, rows)
    await _write_lines(tx, list_id, per_head, rows)
    await tx.note((LISTS, list_id, county), "allocation.cash.draft", clause=CLAUSE, persons=sums.persons)
    return list_id


async def _insert(
    tx: Tx, form: ListForm, per_head: int, sums: rules.Sums, rows: Sequence[tuple[rules.Place, CashHousehold]]
) -> int:
    await queries.require_batch(tx, form.batch)
    title = CATALOGUE.text(f"cash.title.{form.kind}").format(year=form.year, org=tx.actor.org_name)
    return int(
        await tx.conn.fetchval(
            f"INSERT INTO {LISTS} (division_code, batch, year, kind, title, per_head_fen, households, persons,"  # noqa: S608 - our own name
            " total_fen, held, sha256, remark, prepared_by, prepared_name, created_at, policy_version, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING id",
            tx.actor.division_code,
            form.batch,
            form.year,
            form.kind,
            title,
            per_head,
            sums.households,
            sums.persons,
            sums.total_fen,
            sums.held,
            rules.digest((h.code, h.persons, p.amount_fen, p.finding) for p, h in rows),
            form.remark,
            tx.actor.user_id,
            tx.actor.name,
            tx.now,
            tx.policy.version[:80],
            tx.actor.is_demo,
        )
    )


_LINES = """
INSERT INTO allocation_cash_line (roll, per_head_fen, is_demo, division_code, line_no, household, code, name, persons,
  amount_fen, bank_name, account_cipher, account_tail, finding, result)
SELECT $1, $2, $3, x.division, x.n, x.household, x.code, x.name, x.persons, x.fen, x.bank, x.cipher, x.tail, x.finding,
  CASE WHEN x.finding = '' THEN 'waiting' ELSE 'held' END
FROM unnest($4::text[], $5::int[], $6::bigint[], $7::text[], $8::text[], $9::int[], $10::bigint[], $11::text[],
  $12::bytea[], $13::text[], $14::text[]) AS x (division, n, household, code, name, persons, fen, bank, cipher, tail,
  finding)
"""


async def _write_lines(tx: Tx, list_id: int, per_head: int, rows: Sequence[tuple[rules.Place, CashHousehold]]) -> None:
    await tx.conn.execute(
        _LINES,
        list_id,
        per_head,
        tx.actor.is_demo,
        [h.division_code for _, h in rows],
        [p.line_no for p, _ in rows],
        [h.id for _, h in rows],
        [h.code for _, h in rows],
        [h.name for _, h in rows],
        [h.persons for _, h in rows],
        [p.amount_fen for p, _ in rows],
        [h.bank_name for _, h in rows],
        [seal(h.account, PLACE) if h.account else None for _, h in rows],
        [h.account[-TAIL:] for _, h in rows],
        [p.finding for p, _ in rows],
        timeout=300,
    )


@command(P.APPROVE_CASH, audit="allocation.cash.approve")
async def approve(tx: Tx, list_id: int) -> Row:
    """Approve a list: its lines are as they were made, the money of the batch covers it and is bound to it.

    Raises: Refused ALC-534 (one's own list), ALC-537 (altered since), ALC-538 (too little money), KRN-409.
    """
    row = await queries.cash_list(tx, list_id)
    lines = await queries.lines(tx, list_id)
    sums = rules.add_up(((r["persons"], r["amount_fen"], r["finding"]) for r in lines), row["per_head_fen"])
    found = rules.digest((r["code"], r["persons"], r["amount_fen"], r["finding"]) for r in lines)
    if (found, sums.total_fen) != (row["sha256"], row["total_fen"]):
        raise Refused("ALC-537")
    left = await queries.pot(tx, row["division_code"], row["batch"])
    if left < sums.total_fen:
        raise Refused("ALC-538", need=sums.total_fen, left=left)
    sets = {"approved_name": tx.actor.name, "approved_at": tx.now}
    moved = await fire(
        tx, CASH_LIST, CashList, row, "approve", clause=CLAUSE, sets=sets, by=tx.actor.user_id, persons=sums.persons
    )
    if sums.total_fen:
        way = (ledger.Kind.CASH, ledger.Kind.ISSUING)
        await ledger.shift(
            tx, f"cash:{list_id}", row["division_code"], *way, sums.total_fen, source=(LISTS, list_id),
            batch=row["batch"],
        )  # fmt: skip
    return moved


@command(P.PREPARE_CASH, audit="allocation.cash.discard")
async def discard(tx: Tx, list_id: int) -> None:
    """Put a list away that was not approved; a new one can be made."""
    await fire(tx, CASH_LIST, CashList, await queries.cash_list(tx, list_id), "discard")


@command(P.PREPARE_CASH, audit="allocation.cash.renew")
async def renew(tx: Tx, line_id: int) -> None:
    """Take a household's corrected account from the register, so that it can be paid again.

    Raises: Refused ALC-539 (nothing failed, or the list is closed), ALC-530, ALC-531 (still no good account),
    ALC-540 (the same account as before).
    """
    row = await queries.line(tx, line_id)
    if row["state"] != "approved" or row["result"] not in {"failed", "returned"}:
        raise Refused("ALC-539")
    found = await register.cash_households(tx, row["division_code"], [row["household"]])
    account = found[0].account if found else ""
    if not account:
        raise Refused("ALC-530")
    if bank_account_fault(account):
        raise Refused("ALC-531")
    if await queries.account_of(tx, line_id) == account:
        raise Refused("ALC-540")
    await tx.conn.execute(
        "UPDATE allocation_cash_line SET account_cipher = $2, account_tail = $3, bank_name = $4, result = 'waiting',"
        " return_code = '' WHERE id = $1",
        line_id,
        seal(account, PLACE),
        account[-TAIL:],
        found[0].bank_name,
    )
    subject = (LISTS, row["roll"], row["division_code"])
    await tx.note(subject, "allocation.cash.renew", note=f"{row['code']} {row['name']}")


@command(P.PREPARE_CASH, audit="allocation.cash.close")
async def close(tx: Tx, list_id: int) -> Row:
    """Close a list whose every line the bank has answered; money that could not be paid waits for persons again.

    Raises: Refused ALC-541, lines are on their way or were never sent.
    """
    row = await queries.cash_list(tx, list_id)
    results = await queries.results(tx, list_id)
    lines = await queries.lines(tx, list_id)
    under_way = [w for _, w in (await arrived(tx, LINES, [r["id"] for r in lines])).values() if w]
    waiting = results.get("waiting", (0, 0, 0))[0]
    if waiting or under_way:
        raise Refused("ALC-541", count=waiting or len(under_way))
    moved = await fire(tx, CASH_LIST, CashList, row, "close", clause=CLAUSE)
    back = sum(results.get(r, (0, 0, 0))[2] for r in ("failed", "returned"))
    if back:
        way = (ledger.Kind.ISSUING, ledger.Kind.CASH)
        await ledger.shift(
            tx, f"cash:{list_id}:rest", row["division_code"], *way, back, source=(LISTS, list_id), batch=row["batch"]
        )
    return moved
