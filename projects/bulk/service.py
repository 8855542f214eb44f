"""Commands of bulk filing: check a sheet without writing an application, then file it whole or its good rows."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from projects.bulk import folders, queries, sheet
from projects.bulk.columns import VILLAGE
from projects.bulk.forms import FileForm
from projects.bulk.sheet import Heading, Line
from projects.bulk.states import BULK
from projects.bulk.tables import Bulk
from projects.intake import keeping
from projects.intake import papers as attached
from projects.intake import service as intake
from projects.intake.draft import check_draft
from projects.intake.forms import SECTIONS, StartForm
from projects.intake.parameters import intake_rules
from projects.permissions import P
from projects.queries import PROJECT
from projects.screening.service import asked_of, screen_asked
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.files import attach, receive
from quzhou_migrants.kernel.sheets import read_batches
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.forms import read_raw

Row = dict[str, Any]
SHOWN = 400


@dataclass(frozen=True, slots=True)
class Sent:
    """A sheet and its zip as they arrived, on paths only this request knows. `name` is only ever shown."""

    path: Path
    name: str
    zip_path: Path | None = None


@command(P.FILE_BULK, audit="projects.bulk.check")
async def check_sheet(tx: Tx, sent: Sent) -> int:
    """Dry run: read a sheet and its zip, check every row as the form would, keep what was found.

    Raises: Refused PRJ-561 to PRJ-567, PRJ-569 (too many rows), what `read_batches` refuses.
    """
    name = hashlib.sha256(sent.path.read_bytes() + (sent.zip_path.read_bytes() if sent.zip_path else b"")).hexdigest()
    if known := await _known(tx, name):
        return known
    grid = [row async for batch in read_batches(sent.path) for row in batch]
    heading = sheet.find_heading(grid)
    lines = sheet.read_lines(grid, heading)
    most = tx.policy.whole("projects.bulk.rows_most")
    if len(lines) > most:
        raise Refused("PRJ-569", field="sheet", most=most, count=len(lines))
    packed = folders.read_folders(sent.zip_path) if sent.zip_path else []
    strangers = sorted({p.key for p in packed} - {line.key for line in lines})
    bulk_id = await _insert(tx, sent.name, name, strangers)
    await _check_lines(tx, bulk_id, lines, heading, packed, sent.zip_path)
    await tx.note((queries.BULK, bulk_id, tx.actor.division_code), "projects.bulk.check", rows=len(lines))
    return bulk_id


async def _known(tx: Tx, name: str) -> int | None:
    """Find the same sheet sent before. Raises: Refused PRJ-563, it was filed."""
    row = await tx.conn.fetchrow(
        "SELECT id, state FROM projects_bulk WHERE sha256 = $1 AND state <> 'discarded' ORDER BY id DESC LIMIT 1", name
    )
    if row and row["state"] == "filed":
        raise Refused("PRJ-563", field="sheet", number=row["id"])
    return int(row["id"]) if row else None


async def _insert(tx: Tx, name: str, digest: str, strangers: list[str]) -> int:
    return int(
        await tx.conn.fetchval(
            "INSERT INTO projects_bulk (division_code, name, sha256, strangers, created_by, created_name, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            tx.actor.division_code,
            name,
            digest,
            "、".join(strangers)[:SHOWN],
            tx.actor.user_id,
            tx.actor.name,
            tx.now,
        )
    )


async def _check_lines(  # noqa: PLR0913 - a sheet has these parts
    tx: Tx, bulk_id: int, lines: list[Line], heading: Heading, packed: list[folders.Packed], zip_path: Path | None
) -> None:
    villages = await queries.villages(tx)
    papers = folders.counted(packed)
    codes = [villages.get(line.village, "") for line in lines]
    digests = [line.digest(code) for line, code in zip(lines, codes, strict=True)]
    before = await queries.filed_before(tx, digests)
    for line, code, digest in zip(lines, codes, digests, strict=True):
        known = before.get(digest)
        problems, signs = ([], 0) if known else await _check(tx, line, code, papers.get(line.key, Counter()))
        row_id = await tx.conn.fetchval(
            "INSERT INTO projects_bulk_row (bulk, division_code, seq, key, title, draft, problems, signs, papers,"
            " digest, project) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
            bulk_id,
            code or tx.actor.division_code,
            line.row,
            line.key[:60],
            line.title[:120],
            json.dumps(line.draft, ensure_ascii=False),
            json.dumps(sheet.kept(problems, heading, line.row, CATALOGUE), ensure_ascii=False),
            signs,
            papers.get(line.key, Counter()).total(),
            digest,
            known,
        )
        if zip_path and not known:
            await _keep_papers(tx, row_id, code or tx.actor.division_code, line, packed, zip_path)
    await _count(tx, bulk_id)


async def _check(tx: Tx, line: Line, code: str, papers: Counter[str]) -> tuple[list[Problem], int]:
    """Check one row as the form would be checked, and count what screening would ask about it."""
    if not code:
        return [*line.problems, Problem("PRJ-564", VILLAGE, {"village": line.village})], 0
    policy = tx.policy_for(code)
    checked = check_draft(line.draft, papers, intake_rules(policy), today=tx.today, work=policy.work_calendar)
    row = {"id": 0, "division_code": code, "village_name": line.village, "draft": line.draft, "lat": None, "lon": None}
    screened = await screen_asked(tx, asked_of({**row, "estimate_fen": 0}, frozenset(papers)))
    return [*line.problems, *checked.problems], len(screened.signs)


async def _keep_papers(  # noqa: PLR0913 - a row has these parts
    tx: Tx, row_id: int, division: str, line: Line, packed: list[folders.Packed], zip_path: Path
) -> None:
    """Keep the papers of one row; what is no picture, PDF or sheet becomes a problem of the row."""
    wrong: list[dict[str, str]] = []
    for file in (p for p in packed if p.key == line.key):
        try:
            draft = await receive(folders.pieces(zip_path, file))
            await attach(
                tx, draft, name=file.name, owner=(queries.BULK_ROW, row_id), kind=file.kind, division_code=division,
                accept=attached.PAPERS,
            )  # fmt: skip
        except Refused as refused:
            say = CATALOGUE.sentence(refused.problems[0])
            wrong.append({"cell": str(line.row), "what": file.name, "say": say, "code": refused.code})
    if wrong:
        await tx.conn.execute(
            "UPDATE projects_bulk_row SET problems = problems || $2::jsonb WHERE id = $1",
            row_id,
            json.dumps(wrong, ensure_ascii=False),
        )


async def _count(tx: Tx, bulk_id: int) -> None:
    await tx.conn.execute(
        "UPDATE projects_bulk b SET rows = c.rows, ready = c.ready, known = c.known FROM (SELECT count(*) AS rows,"
        " count(*) FILTER (WHERE problems = '[]' AND project IS NULL) AS ready,"
        " count(*) FILTER (WHERE project IS NOT NULL) AS known FROM projects_bulk_row WHERE bulk = $1) c"
        " WHERE b.id = $1",
        bulk_id,
    )


@command(P.FILE_BULK, audit="projects.bulk.file")
async def file_sheet(tx: Tx, bulk_id: int, form: FileForm) -> Row:
    """File a checked sheet, in one transaction: every row of it or every good one, or nothing.

    Raises: Refused PRJ-570 (all were asked for and some are wrong), PRJ-568, KRN-408; PRJ-103 outside the
    window; PRJ-571 naming the row that could not be filed after all.
    """
    await tx.conn.execute("SELECT pg_advisory_xact_lock(hashtext($1))", queries.BULK)  # two sheets may hold one row
    bulk = await queries.find(tx, bulk_id, lock=True)
    BULK.arrow(bulk["state"], "file")
    rows = await queries.rows(tx, bulk_id)
    wrong = [r for r in rows if r["problems"]]
    if form.which == "all" and wrong:
        raise Refused("PRJ-570", count=len(wrong))
    before = await queries.filed_before(tx, [r["digest"] for r in rows])
    good = [r for r in rows if not r["problems"] and r["project"] is None and r["digest"] not in before]
    for row in good:
        project_id = await _file_row(tx, row, submit=form.how == "submit")
        await tx.conn.execute("UPDATE projects_bulk_row SET project = $2 WHERE id = $1", row["id"], project_id)
    return await fire(tx, BULK, Bulk, bulk, "file", count=len(good), how=form.how, sets={"filed": len(good)})


async def _file_row(tx: Tx, row: Row, *, submit: bool) -> int:
    """Make one application of a row, as the village would have."""
    deputy = acting_for(tx, row["division_code"])
    typed = row["draft"]
    basics = read_raw(typed["basics"], SECTIONS["basics"]).value
    project_id = await intake.start(deputy, StartForm(basics.title, basics.category))  # type: ignore[attr-defined]  # Basics
    for section, struct in SECTIONS.items():
        await keeping.keep(deputy, project_id, section, read_raw(typed.get(section, {}), struct, partial=True))
    await tx.conn.execute(
        "INSERT INTO kernel_file (division_code, owner_table, owner_id, kind, sha256, name, media_type, size,"
        " added_at, added_by, is_demo) SELECT division_code, $1, $2, kind, sha256, name, media_type, size, added_at,"
        " added_by, is_demo FROM kernel_file WHERE owner_table = $3 AND owner_id = $4 ORDER BY id",
        PROJECT,
        project_id,
        queries.BULK_ROW,
        row["id"],
    )
    if submit:
        try:
            await intake.submit(deputy, project_id)
        except Refused as refused:
            if refused.code in {"PRJ-103", "PRJ-104"}:
                raise
            raise Refused("PRJ-571", row=row["seq"], why=CATALOGUE.sentence(refused.problems[0])) from refused
    return project_id


def acting_for(tx: Tx, village: str) -> Tx:
    """Act for a village within the same transaction: its place, one more permission, one's own name in the trail.

    The range of the database stays the caller's own, so this opens no other village's rows.
    """
    who = replace(tx.actor, division_code=village, permissions=tx.actor.permissions | {str(P.SUBMIT)})
    return replace(tx, actor=who)


@command(P.FILE_BULK, audit="projects.bulk.discard")
async def discard(tx: Tx, bulk_id: int) -> Row:
    """Set a sheet aside. Raises: Refused KRN-404, KRN-408."""
    return await fire(tx, BULK, Bulk, await queries.find(tx, bulk_id, lock=True), "discard")
