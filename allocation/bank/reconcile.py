"""The bank's answer: read, looked through without touching anything, then applied, each row once for ever.

Rows that are right are applied even when others are not; what is left stays on the statement's page with its
reason and can be tried again. A row is the same row in whatever file it comes (kind and bank reference).
Source: 衢政办发〔2016〕65号 二(三)3; 会计基础工作规范
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from allocation.bank import queries
from allocation.bank.rules import Comparison, Item, Judged, Said, check_close, judge, read_item, result_of
from allocation.bank.sources import SOURCES, Answered, Source, arrived
from allocation.bank.states import BANK_BATCH, BANK_STATEMENT, Answer
from allocation.bank.tables import BankBatch, BankStatement
from allocation.budget import closing, ledger
from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import month_span, start_of_day
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.sheets import read_batches
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
STATEMENTS = "allocation_bank_statement"
CLAUSE = "《会计基础工作规范》第五十六条"
NEEDED = ("batch_no", "line_no", "result", "amount", "bank_ref", "day")


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file as it arrived. `name` is only shown."""

    name: str
    sha256: str
    came_by: str = "page"


async def read_file(tx: Tx, path: Path) -> list[Item]:
    """Read the bank's file, xlsx or CSV, by its headings.

    Raises: Refused ALC-521 (columns missing), ALC-522 (too many rows), and what `read_batches` refuses.
    """
    words: Mapping[str, str] = tx.policy.get("allocation.bank.result_words")
    most = tx.policy.whole("allocation.bank.most_rows")
    found: list[Item] = []
    places: dict[str, int] = {}
    async for number, cells in _rows(path):
        if not places:
            places = _places(tx, cells)
            continue
        if any(c.strip() for c in cells):
            named = {name: cells[at] if at < len(cells) else "" for name, at in places.items()}
            found.append(read_item(number, {**dict.fromkeys(("code", "note"), ""), **named}, words))
        if len(found) > most:
            raise Refused("ALC-522", field="file", most=most)
    if not found:
        raise Refused("ALC-521", field="file", columns=CATALOGUE.text("bank.no_rows"))
    return found


async def _rows(path: Path) -> AsyncIterator[tuple[int, list[str]]]:
    number = 0
    async for batch in read_batches(path):
        for cells in batch:
            number += 1
            yield number, cells


def _places(tx: Tx, cells: Sequence[str]) -> dict[str, int]:
    """Find the columns by the headings the pack knows."""
    known: Mapping[str, Sequence[str]] = tx.policy.get("allocation.bank.columns")
    plain = [c.strip().strip("\ufeff*") for c in cells]
    places = {name: at for name, titles in known.items() for at, c in enumerate(plain) if c in titles}
    missing = [known[name][0] for name in NEEDED if name not in places]
    if missing:
        raise Refused("ALC-521", field="file", columns="、".join(missing))
    return places


@command(P.RECONCILE, audit="allocation.bank.receive")
async def receive(tx: Tx, arrived_file: Arrived, items: Sequence[Item]) -> int:
    """Keep the bank's file for looking through; the same file again is the same statement. Gives its id."""
    return await keep(tx, arrived_file, items)


async def keep(tx: Tx, arrived_file: Arrived, items: Sequence[Item]) -> int:
    """Keep rows of the bank, judged against what was sent. Not a command: pages and programs both come here."""
    known = await tx.conn.fetchval(
        "SELECT id FROM allocation_bank_statement WHERE division_code = $1 AND sha256 = $2 AND state <> 'discarded'",
        tx.actor.division_code,
        arrived_file.sha256,
    )
    if known is not None:
        return int(known)
    judged = await _judge(tx, items)
    statement_id = int(
        await tx.conn.fetchval(
            f"INSERT INTO {STATEMENTS} (division_code, file_name, sha256, rows_total, rows_bad, rows_known, came_by,"  # noqa: S608 - our own name
            " created_at, created_name, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
            tx.actor.division_code,
            arrived_file.name,
            arrived_file.sha256,
            len(judged),
            sum(bool(j.finding) for j in judged),
            sum(j.known for j in judged),
            arrived_file.came_by,
            tx.now,
            tx.actor.name,
            tx.actor.is_demo,
        )
    )
    await _write_items(tx, statement_id, judged)
    await tx.note(
        (STATEMENTS, statement_id, tx.actor.division_code),
        "allocation.bank.receive",
        note=arrived_file.name,
        rows=len(judged),
    )
    return statement_id


async def _judge(tx: Tx, items: Sequence[Item], *, lock: bool = False) -> list[Judged]:
    sent = await queries.sent(tx, [i.batch_no for i in items], lock=lock)
    before = await queries.applied(tx, [i.bank_ref for i in items])
    return judge(items, sent, before, tx.today)


_ITEMS = """
INSERT INTO allocation_bank_item (statement, division_code, row_no, kind, batch_no, line_no, amount_fen, bank_ref, day,
  code, note, bank_line, finding, facts, known, is_demo)
SELECT $1, $2, x.row_no, x.kind, x.batch_no, nullif(x.line_no, 0), x.fen, x.ref, x.day, x.code, x.note,
  nullif(x.line, 0), x.finding, x.facts::jsonb, x.known, $3
FROM unnest($4::int[], $5::text[], $6::text[], $7::int[], $8::bigint[], $9::text[], $10::date[], $11::text[],
  $12::text[], $13::bigint[], $14::text[], $15::text[], $16::bool[])
  AS x (row_no, kind, batch_no, line_no, fen, ref, day, code, note, line, finding, facts, known)
"""


async def _write_items(tx: Tx, statement_id: int, judged: Sequence[Judged]) -> None:
    await tx.conn.execute(
        _ITEMS,
        statement_id,
        tx.actor.division_code,
        tx.actor.is_demo,
        [j.item.row_no for j in judged],
        [j.item.kind for j in judged],
        [j.item.batch_no[:32] for j in judged],
        [min(j.item.line_no or 0, 10**9) for j in judged],
        [j.item.amount_fen for j in judged],
        [j.item.bank_ref[:40] for j in judged],
        [j.item.day for j in judged],
        [j.item.code[:16] for j in judged],
        [j.item.note[:200] for j in judged],
        [j.line or 0 for j in judged],
        [j.finding for j in judged],
        [json.dumps(dict(j.facts), ensure_ascii=False, default=str) for j in judged],
        [j.known for j in judged],
    )


@command(P.RECONCILE, audit="allocation.bank.apply")
async def apply(tx: Tx, statement_id: int) -> int:
    """Book every row that is right, once; tell the rooms whose matters were paid. Gives how many rows were booked.

    Rows a room refuses keep the reason and can be tried again by applying again.
    A file of which nothing could be booked stays as it was, with the reasons.
    Raises: Refused KRN-408, it was put away.
    """
    row = await queries.one(tx, STATEMENTS, statement_id)
    if row["state"] == Answer.DISCARDED:
        BANK_STATEMENT.arrow(row["state"], "apply")
    await tx.conn.execute("SELECT pg_advisory_xact_lock(421, hashtext($1))", row["division_code"])
    rows = {i["row_no"]: i for i in await queries.items(tx, statement_id) if not _unreadable(i)}
    judged = await _judge(tx, [_item(i) for i in rows.values()], lock=True)
    good = [j for j in judged if not j.finding and not j.known]
    refused = await _book(tx, good, rows)
    done = [j for j in good if j.item.row_no not in refused]
    await _mark(tx, statement_id, judged, refused)
    await _close_files(tx, {rows[j.item.row_no]["batch_no"] for j in done})
    if row["state"] == "checked" and (done or row["rows_known"] or any(j.known for j in judged)):
        sets = {"applied_at": tx.now, "applied_name": tx.actor.name}
        await fire(tx, BANK_STATEMENT, BankStatement, row, "apply", clause=CLAUSE, sets=sets, rows=len(done))
    return len(done)


def _unreadable(row: Row) -> bool:
    """Tell whether a row could not even be read; such a row is mended in the file, not by trying again."""
    return row["finding"] in {"ALC-508", "ALC-509", "ALC-510", "ALC-511"}


def _item(row: Row) -> Item:
    names = ("row_no", "kind", "batch_no", "line_no", "amount_fen", "bank_ref", "day", "code", "note")
    return Item(**{name: row[name] for name in names})


async def _book(tx: Tx, good: Sequence[Judged], rows: Mapping[int, Row]) -> dict[int, Refused]:
    """Book rows line by line, a room's many at once where the room can. Shape: {row_no: why it was refused}."""
    lines = await _lines(tx, [j.line for j in good if j.line])
    refused: dict[int, Refused] = {}
    crowd: dict[str, list[Judged]] = {}
    for j in good:
        purpose = lines[j.line]["purpose"] if j.line else ""
        if purpose == "cash":
            crowd.setdefault(purpose, []).append(j)
        elif (why := await _alone(tx, j, rows[j.item.row_no]["id"], lines)) is not None:
            refused[j.item.row_no] = why
    for purpose, many in crowd.items():
        await _answer(tx, SOURCES[purpose], many, {j.item.row_no: rows[j.item.row_no]["id"] for j in many}, lines)
    return refused


async def _alone(tx: Tx, j: Judged, item_id: int, lines: Mapping[int, Row]) -> Refused | None:
    """Book one row by itself: what its room refuses leaves nothing behind."""
    before = dict(lines[j.line]) if j.line else {}
    try:
        async with tx.conn.transaction():
            if j.line is None:
                await _interest(tx, j, item_id)
            else:
                await _answer(tx, SOURCES[lines[j.line]["purpose"]], [j], {j.item.row_no: item_id}, lines)
    except (Invalid, asyncpg.IntegrityConstraintViolationError) as why:
        if j.line:
            lines[j.line].update(before)
        return _reason(why)
    return None


def _reason(why: Exception) -> Refused:
    """Give a refusal to show beside the row; what the database refused by its catalogue name."""
    if isinstance(why, Refused):
        return why
    if isinstance(why, Invalid):
        first = why.problems[0]
        return Refused(first.code, **first.facts)
    code = CATALOGUE.constraint(getattr(why, "constraint_name", "") or "")
    if code is None:
        raise why
    return Refused(code)


async def _interest(tx: Tx, j: Judged, item_id: int) -> None:
    """Book interest to the batch most of the county's unspent money is of. Raises: Refused ALC-517 (none)."""
    batch = await queries.interest_batch(tx, tx.actor.division_code)
    if batch is None:
        raise Refused("ALC-517")
    source = ("allocation_bank_item", item_id)
    await ledger.earn(tx, f"interest:{item_id}", batch, tx.actor.division_code, j.item.amount_fen, source=source)


async def _lines(tx: Tx, keys: Sequence[int]) -> dict[int, Row]:
    rows = await tx.conn.fetch(
        "SELECT l.*, b.number, b.purpose FROM allocation_bank_line l JOIN allocation_bank_batch b ON b.id = l.batch"
        " WHERE l.id = ANY($1)",
        list(set(keys)),
    )
    return {r["id"]: dict(r) for r in rows}


_UPDATE = """
UPDATE allocation_bank_line l SET paid_fen = x.paid, returned_fen = x.returned, result = x.result, bank_ref = x.ref,
  paid_on = x.day, return_code = x.code, return_note = x.note
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::date[], $7::text[], $8::text[])
  AS x (id, paid, returned, result, ref, day, code, note)
WHERE l.id = x.id
"""


async def _answer(
    tx: Tx, source: Source, judged: Sequence[Judged], items: Mapping[int, int], lines: Mapping[int, Row]
) -> None:
    """Write the bank's answers on their lines and let the room hear them."""
    for j in judged:
        _add(lines[j.line or 0], j.item)
    touched = list({j.line: lines[j.line or 0] for j in judged}.values())
    columns = ("id", "paid_fen", "returned_fen", "result", "bank_ref", "paid_on", "return_code", "return_note")
    await tx.conn.execute(_UPDATE, *([line[c] for line in touched] for c in columns))
    net = await arrived(tx, source.table, [line["source_id"] for line in touched])
    told = [_answered(j, lines[j.line or 0], items[j.item.row_no], net) for j in judged]
    await source.hear(tx, told)


def _add(line: Row, item: Item) -> None:
    """Add one answer to a line."""
    if item.kind == Said.PAID:
        line["paid_fen"] += item.amount_fen
    elif item.kind == Said.RETURNED:
        line["returned_fen"] += item.amount_fen
    line["result"] = "failed" if item.kind == Said.FAILED else result_of(line)
    line["bank_ref"] = item.bank_ref[:40] or line["bank_ref"]
    line["paid_on"] = item.day if item.kind == Said.PAID else line["paid_on"]
    line["return_code"], line["return_note"] = item.code[:16], item.note[:200]


def _answered(j: Judged, line: Row, item_id: int, net: Mapping[int, tuple[Fen, bool]]) -> Answered:
    item = j.item
    if item.day is None:
        raise Refused("ALC-509", text="")
    arrived_fen = net.get(line["source_id"], (0, False))[0]
    return Answered(line, item.kind, item.amount_fen, arrived_fen, item.day, item.bank_ref, item.code, item_id)


_MARK = """
UPDATE allocation_bank_item i SET finding = x.finding, facts = x.facts::jsonb, known = x.known, applied = x.applied,
  bank_line = coalesce(nullif(x.line, 0), i.bank_line)
FROM unnest($2::int[], $3::text[], $4::text[], $5::bool[], $6::bool[], $7::bigint[])
  AS x (row_no, finding, facts, known, applied, line)
WHERE i.statement = $1 AND i.row_no = x.row_no
"""


async def _mark(tx: Tx, statement_id: int, judged: Sequence[Judged], refused: Mapping[int, Refused]) -> None:
    told = [_told(j, refused.get(j.item.row_no)) for j in judged]
    await tx.conn.execute(
        _MARK,
        statement_id,
        [j.item.row_no for j in judged],
        [code for code, _ in told],
        [json.dumps(facts, ensure_ascii=False, default=str) for _, facts in told],
        [j.known for j in judged],
        [not code and not j.known for (code, _), j in zip(told, judged, strict=True)],
        [j.line or 0 for j in judged],
    )
    await tx.conn.execute(
        "UPDATE allocation_bank_statement s SET rows_bad = x.bad, rows_known = x.known FROM (SELECT"
        " count(*) FILTER (WHERE finding <> '') AS bad, count(*) FILTER (WHERE known) AS known"
        " FROM allocation_bank_item WHERE statement = $1) x WHERE s.id = $1",
        statement_id,
    )


def _told(j: Judged, why: Refused | None) -> tuple[str, dict[str, Any]]:
    return (why.code, dict(why.facts)) if why else (j.finding, dict(j.facts))


async def _close_files(tx: Tx, numbers: set[str]) -> None:
    """A file of which nothing is under way any more is done."""
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_bank_batch b WHERE number = ANY($1) AND state = 'released' AND NOT EXISTS ("
        "SELECT 1 FROM allocation_bank_line l WHERE l.batch = b.id AND l.result IN ('waiting', 'partial'))",
        list(numbers),
    )
    for row in rows:
        await fire(tx, BANK_BATCH, BankBatch, dict(row), "finish")


@command(P.RECONCILE, audit="allocation.bank.discard")
async def discard(tx: Tx, statement_id: int) -> None:
    """Put a statement away that was never applied."""
    await fire(tx, BANK_STATEMENT, BankStatement, await queries.one(tx, STATEMENTS, statement_id), "discard")


@command(P.CLOSE, audit="allocation.bank.month")
async def close_month(tx: Tx, year: int, month: int, bank_fen: Fen, remark: str = "") -> int:
    """Close a county's month: bank and books compared, every difference explained, the ledger's month shut.

    Gives the closing's id. Raises: Refused ALC-515, ALC-516, and what the ledger's month end refuses.
    """
    county = tx.actor.division_code
    first, last = month_span(year, month)
    comparison, interest = await queries.month(tx, county, year, month)
    books = await queries.unspent(tx, county, start_of_day(last + timedelta(days=1)))
    check_close(comparison, bank_fen, books, remark, await queries.not_applied(tx, county))
    closing_id = await closing.month_end(tx, county, last, remark)
    figures = {**_figures(comparison), "interest": interest, "closing": closing_id}
    await tx.conn.execute(
        "INSERT INTO allocation_bank_month (division_code, month, figures, bank_balance_fen, ledger_balance_fen,"
        " remark, closed_by, closed_name, closed_at, is_demo) VALUES ($1, $2, $3::jsonb, $4, $5, $6, $7, $8, $9, $10)",
        county,
        f"{first:%Y-%m}",
        json.dumps(figures),
        bank_fen,
        books,
        remark,
        tx.actor.user_id,
        tx.actor.name,
        tx.now,
        tx.actor.is_demo,
    )
    return closing_id


def _figures(c: Comparison) -> dict[str, Fen]:
    return {name: int(getattr(c, name)) for name in (*Comparison.__dataclass_fields__, "difference")}
