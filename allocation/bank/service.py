"""Commands of the bank room: accounts, files out, files in.

Source: 衢政办发〔2016〕65号 二(三)3; 会计基础工作规范 (who prepares does not release)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from allocation.bank import queries
from allocation.bank.files import bank_csv
from allocation.bank.forms import PayeeForm
from allocation.bank.sources import LINE_PLACE, PAYEE_PLACE, SOURCES, Due
from allocation.bank.states import BANK_BATCH, PAYEE
from allocation.bank.tables import BankBatch, PayeeAccount
from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.crypto import blind, seal, unseal
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.ids import bank_account_fault
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.kernel.xlsx import FORMULA_STARTS

Row = dict[str, Any]
CLAUSE = "衢政办发〔2016〕65号 二(三)3"
PAYEES, BATCHES = "allocation_payee", "allocation_bank_batch"
TAIL, MOST_REMARK = 4, 120
BLIND_PLACE = "allocation.payee"
_BLANKS = re.compile(r"[\s-]+")


@command(P.PROPOSE_PAYEE, audit="allocation.payee.propose")
async def propose_payee(tx: Tx, form: PayeeForm) -> int:
    """Write down an account that money may be paid to, once another hand has confirmed it. Gives its id.

    Raises: Refused ALC-518 (no account number); by constraint ALC-519 (there already).
    """
    account = _BLANKS.sub("", form.account)
    if bank_account_fault(account):
        raise Refused("ALC-518", field="account")
    payee_id = int(
        await tx.conn.fetchval(
            f"INSERT INTO {PAYEES} (division_code, name, bank_name, account_cipher, account_blind, account_tail,"  # noqa: S608 - our own name
            " proposed_by, proposed_name, created_at, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
            tx.actor.division_code,
            form.name,
            form.bank_name,
            seal(account, PAYEE_PLACE),
            blind(account, BLIND_PLACE),
            account[-TAIL:],
            tx.actor.user_id,
            tx.actor.name,
            tx.now,
            tx.actor.is_demo,
        )
    )
    await tx.note((PAYEES, payee_id, tx.actor.division_code), "allocation.payee.propose", note=form.name)
    return payee_id


@command(P.CONFIRM_PAYEE, audit="allocation.payee.confirm")
async def confirm_payee(tx: Tx, payee_id: int) -> None:
    """Confirm an account against its papers. Raises: Refused ALC-501 (one's own), KRN-408, KRN-409."""
    row = await queries.one(tx, PAYEES, payee_id)
    sets = {"confirmed_name": tx.actor.name}
    await fire(tx, PAYEE, PayeeAccount, row, "confirm", sets=sets, by=tx.actor.user_id)


@command(P.PROPOSE_PAYEE, audit="allocation.payee.retire")
async def retire_payee(tx: Tx, payee_id: int) -> None:
    """Let nothing more be paid to an account."""
    await fire(tx, PAYEE, PayeeAccount, await queries.one(tx, PAYEES, payee_id), "retire", by=tx.actor.user_id)


async def due(tx: Tx, purpose: str) -> list[Due]:
    """List what could be paid now in the caller's county. Raises: Refused KRN-404, no such purpose."""
    if purpose not in SOURCES:
        raise Refused("KRN-404")
    return await SOURCES[purpose].due(tx, tx.actor.division_code)


@command(P.PREPARE_BANK, audit="allocation.bank.prepare")
async def prepare(tx: Tx, purpose: str, chosen: Sequence[int] | None = None) -> int:
    """Put what is due and not blocked into a file for the bank; all of it, or what was chosen. Gives its id.

    Raises: Refused ALC-500 (nothing to pay), ALC-561 (nothing of it chosen), by constraint ALC-520 (under way in
    another file).
    """
    await _one_at_a_time(tx)
    wanted = set(chosen) if chosen is not None else None
    found = [d for d in await due(tx, purpose) if not d.block and (wanted is None or d.id in wanted)]
    if not found:
        raise Refused("ALC-500" if wanted is None else "ALC-561")
    number = await _number(tx)
    batch_id = int(
        await tx.conn.fetchval(
            f"INSERT INTO {BATCHES} (division_code, number, purpose, lines, total_fen, prepared_by, prepared_name,"  # noqa: S608 - our own name
            " created_at, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
            tx.actor.division_code,
            number,
            purpose,
            len(found),
            sum(d.amount_fen for d in found),
            tx.actor.user_id,
            tx.actor.name,
            tx.now,
            tx.actor.is_demo,
        )
    )
    await _write_lines(tx, batch_id, found)
    await tx.note(
        (BATCHES, batch_id, tx.actor.division_code),
        "allocation.bank.prepare",
        clause=CLAUSE,
        lines=len(found),
        total_fen=sum(d.amount_fen for d in found),
    )
    return batch_id


async def _number(tx: Tx) -> str:
    """Number the files of a county within a month: 330802-202609-003."""
    stem = f"{tx.actor.division_code[:6]}-{tx.today:%Y%m}-"
    last = await tx.conn.fetchval(
        "SELECT number FROM allocation_bank_batch WHERE division_code = $1 AND starts_with(number, $2)"
        " ORDER BY length(number) DESC, number DESC LIMIT 1",
        tx.actor.division_code,
        stem,
    )
    return f"{stem}{int(last[len(stem) :]) + 1 if last else 1:03d}"


_LINES = """
INSERT INTO allocation_bank_line (batch, division_code, line_no, source_table, source_id, payee, bank_name,
  account_cipher, account_tail, amount_fen, remark, is_demo)
SELECT $1, l.division, l.n, l.source_table, l.source_id, l.payee, l.bank_name, l.cipher, l.tail, l.fen, l.remark, $10
FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bytea[], $8::bigint[], $9::text[],
  $11::text[]) WITH ORDINALITY AS l (division, source_table, source_id, payee, bank_name, cipher, fen, remark, tail, n)
"""


async def _write_lines(tx: Tx, batch_id: int, found: Sequence[Due]) -> None:
    await tx.conn.execute(
        _LINES,
        batch_id,
        [d.division_code for d in found],
        [d.table for d in found],
        [d.id for d in found],
        [d.payee for d in found],
        [d.bank_name for d in found],
        [seal(d.account, LINE_PLACE) for d in found],
        [d.amount_fen for d in found],
        # the bank opens the file as a spreadsheet: a title that begins like a formula loses its first sign
        [d.remark.lstrip("".join(FORMULA_STARTS))[:MOST_REMARK] for d in found],
        tx.actor.is_demo,
        [d.account[-TAIL:] for d in found],
    )


@command(P.RELEASE_BANK, audit="allocation.bank.release")
async def release(tx: Tx, batch_id: int) -> Row:
    """Let a file leave for the bank: by a second hand; its bytes are fixed by their hash.

    Raises: Refused ALC-501 (one's own file), ALC-560 (a payment that may not go out any more), KRN-408, KRN-409.
    """
    await _one_at_a_time(tx)
    row = await queries.one(tx, BATCHES, batch_id)
    lines = await queries.lines(tx, batch_id)
    await _still_due(tx, row, lines)
    digest = bank_csv(row, lines).sha256
    sets = {"released_name": tx.actor.name, "released_at": tx.now, "file_sha256": digest}
    return await fire(
        tx, BANK_BATCH, BankBatch, row, "release", clause=CLAUSE, sets=sets, by=tx.actor.user_id, lines=row["lines"]
    )


async def _still_due(tx: Tx, row: Row, lines: Sequence[Row]) -> None:
    """Let a file leave as it was made: no gate shut since, no account put away since. Raises: Refused ALC-560."""
    source = SOURCES[row["purpose"]]
    barred = await source.stands(tx, [line["source_id"] for line in lines])
    known = None if source.own_accounts else await _confirmed(tx, [line["payee"] for line in lines])
    for line in lines:
        code = barred.get(line["source_id"], "")
        if not code and known is not None:
            account = blind(unseal(line["account_cipher"], LINE_PLACE), BLIND_PLACE)
            code = "" if (line["payee"], account) in known else "ALC-502"
        if code:
            raise Refused("ALC-560", line=line["line_no"], payee=line["payee"], reason=CATALOGUE.say(code))


async def _confirmed(tx: Tx, names: Sequence[str]) -> set[tuple[str, bytes]]:
    """Give the confirmed accounts of some names, by their blind index."""
    rows = await tx.conn.fetch(
        "SELECT name, account_blind FROM allocation_payee WHERE state = 'confirmed' AND name = ANY($1)",
        list(set(names)),
    )
    return {(r["name"], bytes(r["account_blind"])) for r in rows}


async def _one_at_a_time(tx: Tx) -> None:
    """Let files of one county be made, let go and answered one after another."""
    await tx.conn.execute("SELECT pg_advisory_xact_lock(421, hashtext($1))", tx.actor.division_code)


@command(P.PREPARE_BANK, audit="allocation.bank.cancel")
async def cancel(tx: Tx, batch_id: int) -> None:
    """Give up a file that never left; what stood in it is due again."""
    await fire(tx, BANK_BATCH, BankBatch, await queries.one(tx, BATCHES, batch_id), "cancel")
    await tx.conn.execute("UPDATE allocation_bank_line SET result = 'withdrawn' WHERE batch = $1", batch_id)
