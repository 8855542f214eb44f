"""Spreadsheets of the register: the template, the rows that failed, the roster with masked numbers."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from typing import IO, Any, Final
from urllib.parse import quote

from litestar import Request
from litestar.response import Stream

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.crypto import unseal
from quzhou_migrants.kernel.errors import Problem
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.kernel.xlsx import MEDIA_TYPE, Book, Column
from quzhou_migrants.register.columns import COLUMNS, title_of
from quzhou_migrants.register.import_check import known_of
from quzhou_migrants.register.lists import MEMBERS
from quzhou_migrants.register.sealing import ROW_PLACE, masked_id
from quzhou_migrants.web.divisions import places
from quzhou_migrants.web.listing_query import read_asked

MOST_ROWS: Final = 1_000_000
PIECE: Final = 1 << 18
WIDE: Final = 60


def _say(key: str) -> str:
    return CATALOGUE.text(f"register.sheet.{key}")


def download(file: IO[bytes], name: str) -> Stream:
    """Stream a finished file, which goes away with its last piece."""
    file.seek(0)

    async def pieces() -> AsyncIterator[bytes]:
        with file:
            while piece := await asyncio.to_thread(file.read, PIECE):
                yield piece

    disposition = f"attachment; filename*=UTF-8''{quote(name)}.xlsx"
    return Stream(pieces(), media_type=MEDIA_TYPE, headers={
        "Content-Disposition": disposition, "Cache-Control": "no-store"})  # fmt: skip


async def template(tx: Tx) -> IO[bytes]:
    """Write the sheet to fill in, what each column means, and the village codes of the post's range."""
    known = await known_of(tx)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `download`
    with Book(file) as book:
        book.table(_say("rows"), [Column(c.title + ("*" if c.required else ""), width=c.width) for c in COLUMNS])
        notes = book.table(
            _say("notes"), [Column(_say("column")), Column(_say("note"), width=WIDE), Column(_say("example"))]
        )
        for c in COLUMNS:
            notes.add((c.title, c.note, c.example))
        villages = book.table(_say("villages"), [Column(_say("code")), Column(_say("village"), width=WIDE)])
        for code, name in sorted(known.villages.items()):
            villages.add((code, name))
    return file


async def failed_rows(tx: Tx, row: dict[str, Any]) -> IO[bytes]:
    """Write the rows that were not right: their own columns, where they stood, and why, in words and codes."""
    header = json.loads(row["header"])["cells"]
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `download`
    rows = tx.conn.cursor(
        "SELECT r.row_no, r.cells, f.told FROM register_import_row r JOIN (SELECT row_no,"
        " json_agg(json_build_array(column_key, code, facts) ORDER BY id)::text AS told FROM register_import_finding"
        " WHERE import_id = $1 AND bad GROUP BY row_no) f USING (row_no) WHERE r.import_id = $1 ORDER BY r.row_no",
        row["id"], prefetch=500,
    )  # fmt: skip
    with Book(file) as book:
        columns = [*(Column(title) for title in header), Column(_say("row")), Column(_say("why"), width=WIDE)]
        sheet = book.table(_say("rows"), columns)
        async for r in rows:
            cells = json.loads(unseal(r["cells"], ROW_PLACE))[: len(header)]
            cells += [""] * (len(header) - len(cells))
            sheet.add([*cells, str(r["row_no"]), _reasons(r["told"])])
    await tx.note(("register_import", row["id"], row["division_code"]), "register.import.failed_rows")
    return file


def _reasons(told: str) -> str:
    return "；".join(sentence(column, code, facts) for column, code, facts in json.loads(told))


def sentence(column: str, code: str, facts: dict[str, Any]) -> str:
    """Say one finding with its column and code."""
    said = CATALOGUE.sentence(Problem(code, facts={k: _listed(v) for k, v in facts.items()}))
    return f"{title_of(column)}：{said}（{code}）" if column else f"{said}（{code}）"


def _listed(value: object) -> object:
    if not isinstance(value, list):
        return value
    return "、".join(_change(v) for v in value)


def _change(value: object) -> str:
    """Say one change of an update: a column, a new person (+), a changed one (=)."""
    text = str(value)
    if text[:1] in {"+", "="}:
        return CATALOGUE.text(f"register.change.{text[0]}").format(name=text[1:])
    return title_of("village_code" if text == "division_code" else text)


async def roster(tx: Tx, request: Request[Any, Any, Any]) -> IO[bytes]:
    """Write the people of the list as asked, their numbers masked."""
    asked = read_asked(MEMBERS, request.query_params, {}).whole
    text, params = MEMBERS.statement(MEMBERS.narrowed(tx, asked, None), asked, MOST_ROWS)
    known = await places(tx)
    names = ("code", "division_code", "name", "relation", "sex", "birth_year", "migrant")
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `download`
    with Book(file) as book:
        book.facts(CATALOGUE.text("list.about"), [
            (CATALOGUE.text("list.what"), MEMBERS.label("title")),
            (CATALOGUE.text("list.maker"), f"{tx.actor.title} {tx.actor.name}"),
            (CATALOGUE.text("list.made_at"), f"{tx.now:%Y-%m-%d %H:%M}"),
        ])  # fmt: skip
        columns = [*(Column(MEMBERS.label(n)) for n in names), Column(title_of("resident_id"), width=22)]
        sheet = book.table(MEMBERS.label("title"), columns)
        async for r in tx.conn.cursor(text, *params, prefetch=500):
            sheet.add((
                r["code"], known.name(r["division_code"]), r["name"], MEMBERS.label(f"relation.{r['relation']}"),
                MEMBERS.label(f"sex.{r['sex']}"), r["birth_year"],
                CATALOGUE.text("list.yes") if r["migrant"] else "", masked_id(r["id_cipher"]),
            ))  # fmt: skip
    return file
