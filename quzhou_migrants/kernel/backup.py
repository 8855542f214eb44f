"""Write everything into one file that proves itself when it is restored."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from quzhou_migrants.kernel import audit, schema
from quzhou_migrants.kernel.archive import (
    HEAD,
    MANIFEST,
    SEQUENCES,
    SESSION,
    FileEntry,
    Manifest,
    TableEntry,
    TableShape,
    blobs_below,
    quoted,
    tables_in_order,
)
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.errors import Refused

Report = Callable[[str, int, int], None]


def _silent(_title: str, _done: int, _total: int) -> None:
    """Report to nobody."""


async def backup(
    owner_dsn: str, files: Path, target: Path, *, keys: Sequence[Path] = (), report: Report = _silent
) -> Manifest:
    """Write all tables of one moment, all files, and `keys` when given, into the tar file `target`.

    The change log is sealed first, so that the archive's chain covers it. A file of this name is
    only there when it is complete.
    Raises: Refused KRN-711, the file exists; KRN-712, the database is of another version.
    """
    _free(target)
    conn = await asyncpg.connect(**connect_arguments(owner_dsn))
    draft = target.with_name(f".{target.name}.part")
    try:
        await conn.execute(SESSION)
        if await conn.fetchval(schema.READ) != schema.version():
            raise Refused("KRN-712")
        await audit.seal(conn)
        with tarfile.open(draft, "w") as tar:
            manifest = await _write(conn, tar, files, keys, report)
            _add(tar, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
        draft.chmod(0o600)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
        await conn.close()
    return manifest


def _free(target: Path) -> None:
    if target.exists():
        raise Refused("KRN-711", file=target.name)


async def _write(conn: Any, tar: tarfile.TarFile, files: Path, keys: Sequence[Path], report: Report) -> Manifest:  # noqa: ANN401 - asyncpg has no types
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        tables = await tables_in_order(conn)
        entries = []
        for done, shape in enumerate(tables, start=1):
            entries.append(await _table(conn, tar, shape))
            report("tables", done, len(tables))
        sequences = {row["name"]: row["last_value"] for row in await conn.fetch(SEQUENCES)}
        head = await conn.fetchrow(HEAD)
    found = blobs_below(files)
    for done, path in enumerate(found, start=1):
        tar.add(path, f"files/{path.name}")
        report("files", done, len(found))
    for path in keys:
        tar.add(path, f"keys/{path.name}")
    return Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        schema=schema.version(),
        chain_position=head["pos"] if head else 0,
        chain_head=head["hash"] if head else "",
        tables=entries,
        sequences=sequences,
        files=[FileEntry(path.name, path.stat().st_size) for path in found],
        keys=[path.name for path in keys],
    )


async def _table(conn: Any, tar: tarfile.TarFile, shape: TableShape) -> TableEntry:  # noqa: ANN401 - as above
    with tempfile.TemporaryFile(dir=Path(str(tar.name)).parent) as spool:
        with gzip.GzipFile(fileobj=spool, mode="wb", compresslevel=1, mtime=0) as packed:
            entry = await copy_out(conn, shape, packed.write)
        info = tarfile.TarInfo(f"tables/{shape.name}.copy.gz")
        info.size = spool.tell()
        spool.seek(0)
        await asyncio.to_thread(tar.addfile, info, spool)
    return entry


async def copy_out(conn: Any, shape: TableShape | TableEntry, write: Callable[[bytes], object]) -> TableEntry:  # noqa: ANN401 - as above
    """Write one table's rows as text, in the order of its key; answer their count, size and hash."""
    digest, counted = hashlib.sha256(), [0, 0]

    async def take(chunk: bytes) -> None:
        digest.update(chunk)
        counted[0] += chunk.count(b"\n")
        counted[1] += len(chunk)
        write(chunk)

    sql = f'SELECT {quoted(shape.columns)} FROM "{shape.name}" ORDER BY {quoted(shape.key)}'  # noqa: S608 - names of the catalogue
    await conn.copy_from_query(sql, output=take)
    return TableEntry(shape.name, shape.columns, shape.key, counted[0], counted[1], digest.hexdigest())


def _add(tar: tarfile.TarFile, name: str, body: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(body)
    tar.addfile(info, io.BytesIO(body))
