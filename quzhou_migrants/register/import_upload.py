"""Receive a sheet: read it in its own process, seal every row, throw the file away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.crypto import seal
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.sheets import read_batches
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register.bulk import insert
from quzhou_migrants.register.columns import Heading, find_heading
from quzhou_migrants.register.permissions import P
from quzhou_migrants.register.rules import MOST_PEOPLE, household_code, plain_number
from quzhou_migrants.register.sealing import ROW_PLACE, id_blind

MOST_ROWS: Final = 200_000
ALONE: Final = "?"  # begins the group of a row whose household code is missing, wrong or shared by a crowd
ROW_COLUMNS: Final = ("import_id", "division_code", "row_no", "household_code", "id_blind", "cells")
_ID_LENGTH: Final = 18


@dataclass(frozen=True, slots=True)
class Received:
    """A file as it arrived. `name` is only ever shown, never trusted."""

    path: Path
    name: str
    sha256: str
    size: int


class KnownFileError(Exception):
    """The same file is being checked already; its import answers for both."""

    def __init__(self, import_id: int) -> None:
        """Keep which."""
        self.import_id = import_id
        super().__init__(import_id)


@command(P.IMPORT, audit="register.import.upload")
async def receive(tx: Tx, file: Received) -> int:
    """Store the rows of a sheet for checking; answer the import.

    Raises: Refused REG-101..105 and what `read_batches` refuses; KnownFileError.
    """
    await _refuse_known(tx, file)
    batches = read_batches(file.path)
    first: list[list[str]] = await anext(batches, [])
    heading = find_heading(first)
    _check(heading)
    import_id = await _insert(tx, file, heading)
    counter = _Rows(tx, import_id, heading)
    await insert(tx.conn, "register_import_row", ROW_COLUMNS, counter.records(first, batches))
    await _settle(tx, import_id, counter.count)
    await tx.note(("register_import", import_id, tx.actor.division_code), "register.import.upload", rows=counter.count)
    return import_id


async def _refuse_known(tx: Tx, file: Received) -> None:
    """Bring in no file twice. Raises: Refused REG-105; KnownFileError."""
    known = await tx.conn.fetchrow(
        "SELECT id, state, applied_at FROM register_import WHERE file_sha256 = $1 AND state <> 'discarded'"
        " ORDER BY id DESC LIMIT 1", file.sha256,
    )  # fmt: skip
    if known is None:
        return
    if known["state"] == "applied":
        raise Refused("REG-105", field="file", at=known["applied_at"])
    raise KnownFileError(known["id"])


def _check(heading: Heading) -> None:
    if not any(cell.strip() for cell in heading.cells):
        raise Refused("REG-103", field="file")
    if heading.missing:
        raise Refused("REG-101", field="file", columns="、".join(heading.missing))
    if heading.repeated:
        raise Refused("REG-102", field="file", columns="、".join(heading.repeated))


async def _insert(tx: Tx, file: Received, heading: Heading) -> int:
    actor = tx.actor
    who = {
        "user_id": actor.user_id, "name": actor.name, "role": actor.role, "org_id": actor.org_id,
        "org_name": actor.org_name, "division_code": actor.division_code, "post_id": actor.post_id,
        "permissions": sorted(actor.permissions), "title": actor.title, "is_demo": actor.is_demo,
    }  # fmt: skip
    header = {"row_no": heading.row_no, "cells": heading.cells, "places": heading.places, "unknown": heading.unknown}
    key: int = await tx.conn.fetchval(
        "INSERT INTO register_import (division_code, file_name, file_sha256, file_bytes, header, actor, rows_total,"
        " households_total, created_at, created_name, mode, state, version, is_demo)"
        " VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8, '', 'checking', 1, $9) RETURNING id",
        actor.division_code, file.name, file.sha256, file.size, json.dumps(header, ensure_ascii=False),
        json.dumps(who, ensure_ascii=False), tx.now, actor.name, actor.is_demo,
    )  # fmt: skip
    return key


class _Rows:
    """The rows below the headings, sealed one by one as they pass by."""

    def __init__(self, tx: Tx, import_id: int, heading: Heading) -> None:
        self.tx, self.import_id, self.heading, self.count = tx, import_id, heading, 0
        self._code, self._number = heading.places["household_code"], heading.places["resident_id"]

    async def records(
        self, first: list[list[str]], batches: AsyncIterator[list[list[str]]]
    ) -> AsyncIterator[tuple[Any, ...]]:
        row_no = 0
        batch: list[list[str]] | None = first
        while batch is not None:
            for cells in batch:
                row_no += 1
                if row_no > self.heading.row_no and any(c.strip() for c in cells):
                    yield self._record(row_no, cells)
            batch = await anext(batches, None)

    def _record(self, row_no: int, cells: list[str]) -> tuple[Any, ...]:
        self.count += 1
        if self.count > MOST_ROWS:
            raise Refused("REG-104", field="file", limit=MOST_ROWS)
        number = plain_number(cells[self._number]).upper() if len(cells) > self._number else ""
        return (
            self.import_id, self.tx.actor.division_code, row_no,
            (household_code(cells[self._code]) if len(cells) > self._code else "") or f"{ALONE}{row_no}",
            id_blind(number) if len(number) == _ID_LENGTH else None,
            seal(msgspec.json.encode(cells).decode(), ROW_PLACE),
        )  # fmt: skip


async def _settle(tx: Tx, import_id: int, count: int) -> None:
    """Take crowds under one code apart, count households, start the progress."""
    if not count:
        raise Refused("REG-103", field="file")
    await tx.conn.execute(
        "UPDATE register_import_row SET household_code = $2::text || row_no WHERE import_id = $1 AND household_code IN"
        " (SELECT household_code FROM register_import_row WHERE import_id = $1"
        "  GROUP BY household_code HAVING count(*) > $3)", import_id, ALONE, MOST_PEOPLE,
    )  # fmt: skip
    households = await tx.conn.fetchval(
        "SELECT count(DISTINCT household_code) FROM register_import_row WHERE import_id = $1", import_id
    )
    await tx.conn.execute(
        "UPDATE register_import SET rows_total = $2, households_total = $3 WHERE id = $1", import_id, count, households
    )
    await tx.conn.execute(
        "INSERT INTO register_import_progress (import_id, division_code, done_code, touched_at)"
        " VALUES ($1, $2, '', now())", import_id, tx.actor.division_code,
    )  # fmt: skip
