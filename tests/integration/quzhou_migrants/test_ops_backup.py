"""A backup that comes back equal, and every way in which it must refuse to."""

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from house import sealed

from quzhou_migrants.kernel import audit, pg
from quzhou_migrants.kernel.archive import HEAD, MANIFEST, Manifest
from quzhou_migrants.kernel.backup import backup
from quzhou_migrants.kernel.blobs import blob_path
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.restore import restore
from quzhou_migrants.kernel.tx import system_tx

PHOTO = os.urandom(3000)


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(**connect_arguments(dsn))
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    path = blob_path(folder, hashlib.sha256(PHOTO).hexdigest())
    path.parent.mkdir(parents=True)
    path.write_bytes(PHOTO)
    (folder / "drafts").mkdir()
    (folder / "drafts" / "half").write_bytes(b"x")
    return folder


@pytest.fixture
def empty(server: pg.Server, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"empty_{abs(hash(request.node.name)) % 10**9}"
    yield server.create_database(name)
    server.drop_database(name)


async def write_something() -> None:
    async with system_tx("test.write") as tx:
        for number in range(3):
            await tx.conn.execute(
                "INSERT INTO accounts_org (division_code, name, kind, is_demo) VALUES ($1, $2, 'bureau', true)",
                "330802000000",
                f"单位{number}\t\\N\n第二行",
            )
        await tx.conn.execute("UPDATE accounts_org SET name = '改名' WHERE name LIKE '单位2%'")


async def everything(dsn: str) -> dict[str, Any]:
    async with connected(dsn) as conn:
        await conn.execute("SELECT set_config('app.lo', '', false), set_config('app.hi', '~', false)")
        orgs = await conn.fetch("SELECT * FROM accounts_org ORDER BY id")
        log = await conn.fetch("SELECT * FROM kernel_change ORDER BY id")
        head = await conn.fetchrow(HEAD)
        places = await conn.fetchval("SELECT count(*) FROM kernel_division")
        following = await conn.fetchval("SELECT nextval('accounts_org_id_seq')")
        return {"orgs": orgs, "log": log, "head": head, "places": places, "next": following}


@pytest.fixture
async def archive(db: Any, files: Path, tmp_path: Path) -> tuple[Path, Manifest]:
    await write_something()
    async with connected(db.owner) as conn:
        await sealed(conn, await conn.fetchval("SELECT count(*) FROM kernel_change"))
    target = tmp_path / "backup.tar"
    return target, await backup(db.owner, files, target)


async def test_what_comes_back_equals_what_was_there(
    db: Any, files: Path, archive: tuple[Path, Manifest], empty: str, tmp_path: Path
) -> None:
    source, manifest = archive
    assert await restore(empty, tmp_path / "restored", source) == manifest
    before, after = await everything(db.owner), await everything(empty)
    assert after == before
    assert len(after["orgs"]) == 3
    assert blob_path(tmp_path / "restored", hashlib.sha256(PHOTO).hexdigest()).read_bytes() == PHOTO
    assert [entry.size for entry in manifest.files] == [3000]


async def test_many_wide_rows_in_any_order_come_back_equal(db: Any, files: Path, empty: str, tmp_path: Path) -> None:
    """A table keeps no order: rows that were changed move, and so do rows that are written in bulk."""
    async with system_tx("test.many") as tx:
        await tx.conn.execute(
            "INSERT INTO accounts_org (division_code, name, kind, is_demo)"
            " SELECT '330802000000', n || repeat('单位', n % 48), 'bureau', true FROM generate_series(1, 4000) AS n"
        )
        await tx.conn.execute("UPDATE accounts_org SET kind = 'finance' WHERE id % 3 = 0")
    async with connected(db.owner) as conn:
        await sealed(conn, await conn.fetchval("SELECT count(*) FROM kernel_change"))
    manifest = await backup(db.owner, files, tmp_path / "many.tar")
    assert await restore(empty, tmp_path / "restored", tmp_path / "many.tar") == manifest
    assert await everything(empty) == await everything(db.owner)


async def test_the_restored_place_works_and_is_walled(
    archive: tuple[Path, Manifest], empty: str, server: pg.Server, tmp_path: Path
) -> None:
    await restore(empty, tmp_path / "restored", archive[0])
    name = empty.partition("@/")[2].partition("?")[0]
    async with connected(server.dsn(pg.APP, name)) as conn:
        assert await conn.fetchval("SELECT count(*) FROM accounts_org") == 0
        await conn.execute("SELECT set_config('app.lo', '330802', false), set_config('app.hi', '330803', false)")
        await conn.execute(
            "INSERT INTO accounts_org (division_code, name, kind, is_demo) VALUES ('330802000000', '新', 'bureau', true)"  # noqa: E501
        )
        assert await conn.fetchval("SELECT count(*) FROM accounts_org") == 4
    async with connected(empty) as conn:
        assert await sealed(conn, 1) == 1
        verdict = await audit.verify(conn)
    assert (verdict.changes, verdict.fault) == (archive[1].chain_position + 1, None)


async def test_keys_travel_only_when_asked_for(db: Any, files: Path, empty: str, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{}")
    without = await backup(db.owner, files, tmp_path / "a.tar")
    with_keys = await backup(db.owner, files, tmp_path / "b.tar", keys=[tmp_path / "keys.json"])
    assert (without.keys, with_keys.keys) == ([], ["keys.json"])
    await restore(empty, tmp_path / "restored", tmp_path / "b.tar", keys=tmp_path / "new")
    assert (tmp_path / "new" / "keys.json").read_text() == "{}"
    assert (tmp_path / "new" / "keys.json").stat().st_mode & 0o077 == 0


async def test_an_existing_file_is_never_overwritten(db: Any, files: Path, tmp_path: Path) -> None:
    (tmp_path / "there.tar").write_text("precious")
    with pytest.raises(Refused, match="KRN-711"):
        await backup(db.owner, files, tmp_path / "there.tar")
    assert (tmp_path / "there.tar").read_text() == "precious"


async def test_a_used_place_is_refused(archive: tuple[Path, Manifest], db: Any, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="KRN-715"):
        await restore(db.owner, tmp_path / "restored", archive[0])


async def test_a_used_file_store_is_refused(archive: tuple[Path, Manifest], empty: str, files: Path) -> None:
    with pytest.raises(Refused, match="KRN-715"):
        await restore(empty, files, archive[0])
    assert blob_path(files, hashlib.sha256(PHOTO).hexdigest()).exists()


def rewritten(source: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    target = source.with_name("changed.tar")
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old.getmembers():
            stream = old.extractfile(member)
            assert stream is not None
            body = change(member.name, stream.read())
            if body is not None:
                member.size = len(body)
                new.addfile(member, io.BytesIO(body))
    return target


def alter_table(name: str, body: bytes) -> bytes:
    if name == "tables/accounts_org.copy.gz":
        return gzip.compress(gzip.decompress(body).replace("单位0".encode(), "单位9".encode()))
    return body


def drop_row(name: str, body: bytes) -> bytes:
    if name == "tables/kernel_change.copy.gz":
        return gzip.compress(gzip.decompress(body).split(b"\n", 1)[1])
    return body


def alter_file(name: str, body: bytes) -> bytes:
    return body[:-1] + b"!" if name.startswith("files/") else body


@pytest.mark.parametrize("change", [alter_table, drop_row, alter_file])
async def test_an_altered_archive_is_refused_and_leaves_nothing(
    archive: tuple[Path, Manifest], empty: str, tmp_path: Path, change: Callable[[str, bytes], bytes]
) -> None:
    with pytest.raises(Refused, match="KRN-717"):
        await restore(empty, tmp_path / "restored", rewritten(archive[0], change))
    async with connected(empty) as conn:
        await conn.execute("SELECT set_config('app.lo', '', false), set_config('app.hi', '~', false)")
        assert await conn.fetchval("SELECT count(*) FROM accounts_org") == 0
    assert list((tmp_path / "restored").iterdir()) == []


async def test_an_archive_altered_with_its_manifest_fails_at_the_chain(
    archive: tuple[Path, Manifest], empty: str, tmp_path: Path
) -> None:
    def forge(name: str, body: bytes) -> bytes:
        if name != MANIFEST:
            return alter_table(name, body)
        manifest = msgspec.json.decode(body, type=Manifest)
        with tarfile.open(archive[0]) as tar:
            stream = tar.extractfile("tables/accounts_org.copy.gz")
            assert stream is not None
            text = gzip.decompress(alter_table("tables/accounts_org.copy.gz", stream.read()))
        tables = [
            msgspec.structs.replace(t, sha256=hashlib.sha256(text).hexdigest()) if t.name == "accounts_org" else t
            for t in manifest.tables
        ]
        return msgspec.json.encode(msgspec.structs.replace(manifest, tables=tables))

    with pytest.raises(Refused, match="KRN-718"):
        await restore(empty, tmp_path / "restored", rewritten(archive[0], forge))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda name, body: None if name == MANIFEST else body, "KRN-713"),
        (lambda name, body: None if name == "tables/accounts_org.copy.gz" else body, "KRN-713"),
        (lambda name, body: body.replace(b"backup/1", b"backup/9"), "KRN-713"),
        (lambda name, body: b"{}" if name == MANIFEST else body, "KRN-713"),
    ],
    ids=["no manifest", "no table", "other format", "empty manifest"],
)
async def test_a_broken_archive_is_refused(
    archive: tuple[Path, Manifest], empty: str, tmp_path: Path, change: Any, code: str
) -> None:
    with pytest.raises(Refused, match=code):
        await restore(empty, tmp_path / "restored", rewritten(archive[0], change))


async def test_half_a_file_is_refused(archive: tuple[Path, Manifest], empty: str, tmp_path: Path) -> None:
    half = tmp_path / "half.tar"
    half.write_bytes(archive[0].read_bytes()[: archive[0].stat().st_size // 2])
    with pytest.raises(Refused, match="KRN-713"):
        await restore(empty, tmp_path / "restored", half)


async def test_another_version_is_refused(archive: tuple[Path, Manifest], empty: str, tmp_path: Path) -> None:
    schema = archive[1].schema.encode()
    other = rewritten(archive[0], lambda name, body: body.replace(schema, b"0" * 16) if name == MANIFEST else body)
    with pytest.raises(Refused, match="KRN-714"):
        await restore(empty, tmp_path / "restored", other)


async def test_too_little_space_is_refused_before_anything_is_written(
    archive: tuple[Path, Manifest], empty: str, tmp_path: Path
) -> None:
    def swell(name: str, body: bytes) -> bytes:
        if name != MANIFEST:
            return body
        manifest = msgspec.json.decode(body, type=Manifest)
        huge = [msgspec.structs.replace(table, size=1 << 55) for table in manifest.tables]
        return msgspec.json.encode(msgspec.structs.replace(manifest, tables=huge))

    with pytest.raises(Refused, match="KRN-716"):
        await restore(empty, tmp_path / "restored", rewritten(archive[0], swell))
    async with connected(empty) as conn:
        assert await conn.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
