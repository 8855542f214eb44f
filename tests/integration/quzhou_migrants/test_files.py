"""Files of objects: kept once, opened only through their owner, named broken when bytes change."""

from __future__ import annotations

from typing import Any

import pytest
from house import KECHENG, QUJIANG, VILLAGE, actor, become
from litestar.datastructures import UploadFile

from projects.permissions import P
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel import blobs, files
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.file_types import PDF
from quzhou_migrants.kernel.pdf import Document, build

pytestmark = pytest.mark.asyncio(loop_scope="session")
PAPER = build(Document("决议", ()))


async def project(tx: Any) -> int:
    return int(
        await tx.conn.fetchval(
            "INSERT INTO projects_project (code, division_code) VALUES ('QZ-F', $1) RETURNING id", VILLAGE
        )
    )


async def upload(tx: Any, owner: tuple[str, int], data: bytes, name: str = "决议.pdf") -> files.FileRef:
    made = UploadFile("application/octet-stream", name, data)
    return await files.store(tx, made, owner=owner, kind="resolution", division_code=VILLAGE)


async def test_upload_is_kept_listed_and_dropped(tx_as: Any) -> None:
    files.readable("projects_project", P.VIEW)
    async with tx_as(Role.VILLAGE_CLERK, VILLAGE) as tx:
        owner = ("projects_project", await project(tx))
        kept = await upload(tx, owner, PAPER, "..\\..\\etc\\决\x00议.pdf")
        assert (kept.name, kept.media_type, kept.size) == ("决议.pdf", PDF, len(PAPER))
        assert blobs.blob_path(files.root(), kept.sha256).read_bytes() == PAPER
        assert await files.files_of(tx, owner) == await files.files_of(tx, owner, "resolution") == [kept]
        assert await files.files_of(tx, owner, "notice") == []
        assert await files.find_readable(tx, kept.id) == kept
        await files.drop(tx, kept.id, owner)
        with pytest.raises(Refused, match="KRN-648"):
            await files.drop(tx, kept.id, owner)


async def test_file_opens_only_to_who_may_see_its_owner(tx_as: Any) -> None:
    files.readable("projects_project", P.VIEW)
    async with tx_as(Role.VILLAGE_CLERK, VILLAGE) as tx:
        kept = await upload(tx, ("projects_project", await project(tx)), PAPER)
        for who in (actor(Role.COUNTY_CLERK, QUJIANG), actor(Role.EXPERT, KECHENG)):
            async with become(tx, who):
                with pytest.raises(Refused, match="KRN-648"):
                    await files.find_readable(tx, kept.id)


async def test_file_nobody_spoke_for_is_given_to_nobody(tx_as: Any) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        kept = await upload(tx, ("kernel_journal", 1), PAPER)
        with pytest.raises(Refused, match="KRN-648"):
            await files.find_readable(tx, kept.id)


async def test_refused_upload_leaves_nothing(tx_as: Any) -> None:
    async with tx_as(Role.VILLAGE_CLERK, VILLAGE) as tx:
        owner = ("projects_project", await project(tx))
        for data, code in ((b"MZ\0\0", "KRN-641"), (b"", "KRN-646"), (b"%PDF-1.7 half", "KRN-644")):
            with pytest.raises(Refused, match=code):
                await upload(tx, owner, data)
        assert await files.files_of(tx, owner) == []


async def test_altered_bytes_are_named_by_verify(tx_as: Any) -> None:
    async with tx_as(Role.VILLAGE_CLERK, VILLAGE) as tx:
        kept = await upload(tx, ("projects_project", await project(tx)), PAPER + b"\n%%EOF\n")
        assert await files.verify(tx.conn) == []
        path = blobs.blob_path(files.root(), kept.sha256)
        path.chmod(0o600)
        path.write_bytes(b"0")
        (problem,) = await files.verify(tx.conn)
        path.unlink()
        assert str(kept.id) in problem
        assert await files.verify(tx.conn) == [problem]
