"""Bring a backup back into an empty place, and believe nothing that was not compared."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import asyncpg
import msgspec

from quzhou_migrants.kernel import audit, schema, walls
from quzhou_migrants.kernel.archive import (
    FORMAT,
    MANIFEST,
    SESSION,
    WITHOUT_DATA,
    Manifest,
    TableEntry,
    tables_in_order,
)
from quzhou_migrants.kernel.backup import Report, _silent, copy_out
from quzhou_migrants.kernel.blobs import blob_path
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.migrate import migrate

CHUNK = 1 << 20
ROOM = 3
"""Free space asked for, as a multiple of the uncompressed data: tables, indexes, and the log of writing them."""


async def restore(
    owner_dsn: str, files: Path, source: Path, *, keys: Path | None = None, report: Report = _silent
) -> Manifest:
    """Fill an empty database and file store from an archive; all of it, or nothing.

    `keys` is the folder that receives the keys of an archive that holds them.
    Raises: Refused KRN-713, no archive of ours or a damaged one; KRN-714, made by another version;
        KRN-715, the place is not empty; KRN-716, too little space; KRN-717, a count or hash differs;
        KRN-718, the restored chain does not verify.
    """
    with _opened(source) as (tar, manifest):
        _fits(manifest, files)
        await migrate(owner_dsn)
        conn = await asyncpg.connect(**connect_arguments(owner_dsn))
        try:
            await conn.execute(SESSION)
            await _empty(conn, manifest)
            with _all_or_nothing(files):
                _extract_files(tar, manifest, files, report)
                async with conn.transaction():
                    await _fill(conn, tar, manifest, report)
                    await _compare(conn, manifest, report)
                    await walls.install(conn)
            await conn.execute("ANALYZE")
            await _walk_chain(conn, manifest)
        finally:
            await conn.close()
        if keys:
            _extract_keys(tar, manifest, keys)
    return manifest


@contextmanager
def _opened(source: Path) -> Iterator[tuple[tarfile.TarFile, Manifest]]:
    try:
        with tarfile.open(source) as tar:
            manifest = msgspec.json.decode(_member(tar, MANIFEST).read(), type=Manifest)
            if manifest.format != FORMAT:
                raise Refused("KRN-713", file=source.name)
            if manifest.schema != schema.version():
                raise Refused("KRN-714", theirs=manifest.schema, ours=schema.version())
            yield tar, manifest
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, msgspec.MsgspecError) as error:
        raise Refused("KRN-713", file=source.name) from error


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        found = tar.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise Refused("KRN-713", file=name)
    return found


def _fits(manifest: Manifest, files: Path) -> None:
    files.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(files).free
    if free < manifest.bytes * ROOM:
        raise Refused("KRN-716", need=manifest.bytes * ROOM >> 20, free=free >> 20)


async def _empty(conn: Any, manifest: Manifest) -> None:  # noqa: ANN401 - asyncpg has no types
    here = {table.name: (table.columns, table.key) for table in await tables_in_order(conn)}
    if {table.name: (table.columns, table.key) for table in manifest.tables} != here:
        raise Refused("KRN-714", theirs=manifest.schema, ours=schema.version())
    for table in manifest.tables:
        used = await conn.fetchval(f'SELECT EXISTS (SELECT 1 FROM "{table.name}")')  # noqa: S608 - compared above
        if used and table.name not in WITHOUT_DATA:
            raise Refused("KRN-715", what=table.name)


@contextmanager
def _all_or_nothing(files: Path) -> Iterator[None]:
    """Take an empty file store, and leave it empty when anything fails."""
    if any(files.iterdir()):
        raise Refused("KRN-715", what=files.name)
    try:
        yield
    except BaseException:
        for folder in files.iterdir():
            shutil.rmtree(folder)
        raise


async def _fill(conn: Any, tar: tarfile.TarFile, manifest: Manifest, report: Report) -> None:  # noqa: ANN401 - as above
    for name in WITHOUT_DATA:
        await conn.execute(f'DELETE FROM "{name}"')  # noqa: S608 - our constants
    for done, table in enumerate(manifest.tables, start=1):
        # COPY is not allowed through row-level security, and the change log must not log its own return.
        await conn.execute(
            f'ALTER TABLE "{table.name}" NO FORCE ROW LEVEL SECURITY; ALTER TABLE "{table.name}" DISABLE TRIGGER USER'
        )
        with _member(tar, f"tables/{table.name}.copy.gz") as packed, gzip.GzipFile(fileobj=packed) as rows:
            await _copy_in(conn, table, rows)
        await conn.execute(f'ALTER TABLE "{table.name}" ENABLE TRIGGER USER')
        report("tables", done, len(manifest.tables))
    for name, last in manifest.sequences.items():
        if last is not None:
            await conn.execute("SELECT setval(format('%I', $1::text)::regclass, $2)", name, last)


async def _copy_in(conn: Any, table: TableEntry, rows: gzip.GzipFile) -> None:  # noqa: ANN401 - as above
    digest = hashlib.sha256()

    async def chunks() -> AsyncIterator[bytes]:
        while chunk := rows.read(CHUNK):
            digest.update(chunk)
            yield chunk

    status = await conn.copy_to_table(table.name, source=chunks(), columns=table.columns)
    if status != f"COPY {table.rows}" or digest.hexdigest() != table.sha256:
        raise Refused("KRN-717", what=table.name)


def _extract_files(tar: tarfile.TarFile, manifest: Manifest, files: Path, report: Report) -> None:
    for done, entry in enumerate(manifest.files, start=1):
        target = blob_path(files, entry.sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with _member(tar, f"files/{entry.sha256}") as body, target.open("xb") as out:
            while chunk := body.read(CHUNK):
                digest.update(chunk)
                out.write(chunk)
        if digest.hexdigest() != entry.sha256:
            raise Refused("KRN-717", what=entry.sha256)
        target.chmod(0o440)
        report("files", done, len(manifest.files))


def _extract_keys(tar: tarfile.TarFile, manifest: Manifest, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in manifest.keys:
        target = folder / Path(name).name
        with _member(tar, f"keys/{target.name}") as body:
            target.touch(mode=0o600)
            target.write_bytes(body.read())


async def _compare(conn: Any, manifest: Manifest, report: Report) -> None:  # noqa: ANN401 - asyncpg has no types
    """Read every table back: what is there now is what was there then."""
    for done, table in enumerate(manifest.tables, start=1):
        if await copy_out(conn, table, lambda _: None) != table:
            raise Refused("KRN-717", what=table.name)
        report("proof", done, len(manifest.tables))


async def _walk_chain(conn: Any, manifest: Manifest) -> None:  # noqa: ANN401 - asyncpg has no types
    """Recompute the chain up to the head of the archive, then link what was not linked yet.

    Transaction numbers of the old server mean nothing here, so nothing is waited for.
    """
    await audit.seal(conn, settled_only=False)
    known = {manifest.chain_position: manifest.chain_head} if manifest.chain_position else {}
    verdict = await audit.verify(conn, against=known)
    if verdict.fault:
        raise Refused("KRN-718", table=verdict.fault.table, row=verdict.fault.row_id)
