"""Approved lists as something the bank pays, thousands of lines at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from allocation.bank.rules import Said
from allocation.bank.sources import Answered, Due, Source, arrived, source
from allocation.budget import ledger
from allocation.budget.ledger import Kind, Line
from allocation.cash.queries import PLACE
from allocation.cash.service import LINES
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.crypto import unseal
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

_DUE = """
SELECT c.id, c.roll, c.division_code, c.name, c.amount_fen, c.bank_name, c.account_cipher, l.year
FROM allocation_cash_line c JOIN allocation_cash_list l ON l.id = c.roll
WHERE l.division_code = $1 AND l.state = 'approved' AND c.result = 'waiting' ORDER BY l.id, c.line_no
"""


async def due(tx: Tx, county: str) -> list[Due]:
    """List the households of approved lists that were not sent yet, or can be sent again."""
    rows = await tx.conn.fetch(_DUE, county)
    before = await arrived(tx, LINES, [r["id"] for r in rows])
    open_rows = [r for r in rows if not before.get(r["id"], (0, False))[1]]
    net = {key: fen for key, (fen, _) in before.items()}
    return await asyncio.to_thread(_dues, open_rows, net)


def _dues(rows: Sequence[Any], net: dict[int, Fen]) -> list[Due]:
    remark = CATALOGUE.text("cash.remark")
    return [
        Due(
            LINES, r["id"], r["division_code"], r["name"], r["amount_fen"] - net.get(r["id"], 0),
            remark.format(year=r["year"]), r["bank_name"], unseal(r["account_cipher"], PLACE), "",
            f"/cash/{r['roll']}",
        )
        for r in rows
        if r["amount_fen"] > net.get(r["id"], 0)
    ]  # fmt: skip


async def stands(tx: Tx, lines: Sequence[int]) -> dict[int, str]:
    """Look before a file leaves whether its households still wait on an approved list."""
    rows = await tx.conn.fetch(
        "SELECT c.id FROM allocation_cash_line c JOIN allocation_cash_list l ON l.id = c.roll"
        " WHERE c.id = ANY($1) AND l.state = 'approved' AND c.result = 'waiting'",
        list(lines),
    )
    return dict.fromkeys(set(lines) - {r["id"] for r in rows}, "ALC-503")


_UPDATE = """
UPDATE allocation_cash_line c SET result = x.result, return_code = x.code, paid_on = coalesce(x.day, c.paid_on)
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::date[]) AS x (id, result, code, day) WHERE c.id = x.id
"""


async def hear(tx: Tx, answers: Sequence[Answered]) -> None:
    """Write the results on the lines; money that reached a household is issued, what came back is not."""
    rows = await tx.conn.fetch(
        "SELECT c.id, c.roll, c.division_code, c.amount_fen, c.result, l.batch, l.division_code AS county, l.state"
        " FROM allocation_cash_line c JOIN allocation_cash_list l ON l.id = c.roll WHERE c.id = ANY($1)"
        " ORDER BY c.id FOR UPDATE OF c",
        list({a.key for a in answers}),
    )
    lines = {r["id"]: dict(r) for r in rows}
    moved: dict[Any, list[tuple[Answered, Row, bool]]] = {}
    for a in answers:
        line = lines[a.key]
        after = _after(a, line)
        if (after == "paid") != (line["result"] == "paid"):
            moved.setdefault(a.day, []).append((a, dict(line), after == "paid"))
        line["result"], line["code"] = after, "" if after == "paid" else a.code
        line["day"] = a.day if after == "paid" else line.get("day")
    touched = list(lines.values())
    await tx.conn.execute(_UPDATE, *([line.get(k) for line in touched] for k in ("id", "result", "code", "day")))
    for day in sorted(moved):
        await _post(tx, moved[day])


def _after(a: Answered, line: Row) -> str:
    if a.kind == Said.FAILED:
        return "failed"
    if a.net_fen >= line["amount_fen"]:
        return "paid"
    return "returned" if a.kind == Said.RETURNED else str(line["result"])


async def _post(tx: Tx, many: Sequence[tuple[Answered, Row, bool]]) -> None:
    """Book one day's answers as one posting: from the county's list to the villages, or back.

    What comes back after its list was closed waits for persons again: nobody can pay it from that list.
    """
    sums: dict[tuple[int, str, Kind], Fen] = {}
    for _, line, out in many:
        sign = 1 if out else -1
        held = Kind.CASH if line["state"] == "closed" else Kind.ISSUING
        for place, kind, fen in ((line["county"], held, -sign), (line["division_code"], Kind.ISSUED, sign)):
            key = (line["batch"], place, kind)
            sums[key] = sums.get(key, 0) + fen * line["amount_fen"]
    first = many[0][0]
    lines = [Line(batch, place, kind, fen) for (batch, place, kind), fen in sorted(sums.items())]
    await ledger.post(tx, f"bank:{first.item}", lines, source=("allocation_cash_list", many[0][1]["roll"]))


CASH = source(Source("cash", LINES, due, hear, stands, own_accounts=True))
