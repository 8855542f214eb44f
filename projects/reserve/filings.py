"""A county files its reserve to the city as it stands; the city reads, remarks, and takes note."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from projects.permissions import P
from projects.reserve import queries
from projects.reserve.states import FILING
from projects.reserve.tables import ReserveFiling
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire, too_late
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "projects_reserve_filing"
GUIDANCE = "衢政办发〔2016〕65号 二(四)1"
COLUMNS = ("project", "division_code", "title", "category", "asked_fen", "valid_until")

_RESERVE = """
SELECT id AS project, division_code, title, category, asked_fen, valid_until FROM projects_project
WHERE state = 'admitted' ORDER BY id
"""
_KEEP = """
INSERT INTO projects_reserve_filing_item (filing, project, division_code, title, category, asked_fen, valid_until)
SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::date[])
"""


@command(P.ADMIT, audit="projects.reserve.file")
async def file(tx: Tx) -> int:
    """File the reserve of the caller's county to the city, row by row as it stands now.

    Raises: Refused PRJ-237 (nothing in it), PRJ-238 (nothing has changed since it was filed last).
    """
    county = tx.actor.division_code
    rows = await tx.conn.fetch(_RESERVE)
    if not rows:
        raise Refused("PRJ-237")
    written = json.dumps([[str(v) for v in r] for r in rows], ensure_ascii=False, separators=(",", ":"))
    key = await tx.conn.fetchval(
        "INSERT INTO projects_reserve_filing (division_code, title, filed_on, filed_by, projects, asked_fen, sha256,"
        " state) VALUES ($1, $2, $3, $4, $5, $6, $7, 'filed') RETURNING id",
        county,
        CATALOGUE.text("projects.filing.title").format(day=tx.today.isoformat()),
        tx.today,
        tx.actor.name,
        len(rows),
        sum(r["asked_fen"] for r in rows),
        hashlib.sha256(written.encode()).hexdigest(),
    )
    await tx.conn.execute(_KEEP, key, *([r[name] for r in rows] for name in COLUMNS))
    await tx.note((TABLE, key, county), "projects.reserve.file", clause=GUIDANCE, projects=len(rows))
    return int(key)


async def _seen(tx: Tx, filing_id: int, seen: int) -> Row:
    row = await queries.filing(tx, filing_id, lock=True)
    if row["version"] != seen:
        raise await too_late(tx, TABLE, filing_id)
    return row


@command(P.REMARK, audit="projects.reserve.remark")
async def ask(tx: Tx, filing_id: int, seen: int, text: str, code: str = "") -> Row:
    """The city remarks on a filed reserve, or on one project of it; the county has to answer.

    Raises: Refused PRJ-240 (no such project in it), KRN-404, KRN-408, KRN-409.
    Source: 衢政办发〔2016〕65号 二(四)1
    """
    row = await _seen(tx, filing_id, seen)
    project = None
    if code:
        project = await tx.conn.fetchval(
            "SELECT i.project FROM projects_reserve_filing_item i JOIN projects_project p ON p.id = i.project"
            " WHERE i.filing = $1 AND p.code = $2",
            filing_id,
            code,
        )
        if project is None:
            raise Refused("PRJ-240", field="code")
    moved = await fire(tx, FILING, ReserveFiling, row, "ask", clause=GUIDANCE, reason=text)
    await _said(tx, row, text, project=project, answer=False)
    return moved


@command(P.ADMIT, audit="projects.reserve.answer")
async def answer(tx: Tx, filing_id: int, seen: int, text: str) -> Row:
    """The county answers what the city remarked. Raises: Refused KRN-404, KRN-408, KRN-409."""
    row = await _seen(tx, filing_id, seen)
    moved = await fire(tx, FILING, ReserveFiling, row, "answer", clause=GUIDANCE, reason=text)
    await _said(tx, row, text, project=None, answer=True)
    return moved


@command(P.REMARK, audit="projects.reserve.note")
async def take_note(tx: Tx, filing_id: int, seen: int) -> Row:
    """The city takes note of a filed reserve. Raises: Refused KRN-404, KRN-408, KRN-409."""
    return await fire(tx, FILING, ReserveFiling, await _seen(tx, filing_id, seen), "note", clause=GUIDANCE)


async def _said(tx: Tx, row: Row, text: str, *, project: int | None, answer: bool) -> None:
    await tx.conn.execute(
        "INSERT INTO projects_city_remark (filing, project, division_code, text, answer, author, author_title, at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        row["id"],
        project,
        row["division_code"],
        text,
        answer,
        tx.actor.name,
        tx.actor.title,
        tx.now,
    )
