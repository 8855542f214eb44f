"""A sheet on the database: dry run writes no application, filing is whole and happens once, papers follow."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from house import BAIMA, NIANLI, actor, become
from project_house import TYPED, picture
from sheet_house import packed, sheet

from projects.bulk import queries, service
from projects.bulk.forms import FileForm
from projects.bulk.service import Sent
from projects.reserve import service as reserve
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.files import files_of
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx

TOWN = actor(Role.TOWNSHIP_CLERK, NIANLI)
OTHER_TOWN = actor(Role.TOWNSHIP_CLERK, NIANLI)


async def checked(tx: Tx, folder: Path, *rows: dict[str, str], keys: tuple[str, ...] = ()) -> int:
    zip_path = packed(folder, list(keys)) if keys else None
    return await service.check_sheet(tx, Sent(sheet(folder, *rows), "廿里镇.xlsx", zip_path))


async def projects(tx: Tx) -> int:
    return int(await tx.conn.fetchval("SELECT count(*) FROM projects_project WHERE division_code = $1", BAIMA))


async def code_of(work: Any) -> str:
    with pytest.raises(Refused) as refused:
        await work
    return refused.value.code


async def test_dry_run_names_every_cell_and_writes_no_application(tx: Tx, tmp_path: Path) -> None:
    wrong = {"title": "白马新村道路", "estimate_fen": "五十万", "present": "20"}
    async with become(tx, TOWN):
        rows = ({}, wrong, {"title": "外村道路工程", "village": "石梁镇演示村"})
        bulk_id = await checked(tx, tmp_path, *rows, keys=("1", "2", "9"))
        bulk = await queries.find(tx, bulk_id)
        assert (bulk["rows"], bulk["ready"], bulk["known"], bulk["strangers"]) == (3, 1, 0, "9")
        found = await queries.rows(tx, bulk_id)
        assert found[0]["problems"] == []
        assert {"项目概算", "到会人数"} <= {p["what"] for p in found[1]["problems"]}
        assert all(p["cell"].endswith("3") for p in found[1]["problems"])
        assert [p["code"] for p in found[2]["problems"]] == ["PRJ-564"]
        assert await projects(tx) == 0
        assert await code_of(service.file_sheet(tx, bulk_id, FileForm("all", "draft"))) == "PRJ-570"
        same = Sent(tmp_path / "sheet.xlsx", "again.xlsx", tmp_path / "papers.zip")
        assert await service.check_sheet(tx, same) == bulk_id


async def test_good_rows_are_filed_once_with_their_papers_and_other_eyes_review(tx: Tx, tmp_path: Path) -> None:
    async with become(tx, TOWN):
        rows = ({}, {"title": "白马新村道路", "estimate_fen": "五十万"})
        bulk_id = await checked(tx, tmp_path, *rows, keys=("1", "2"))
        filed = await service.file_sheet(tx, bulk_id, FileForm("valid", "submit"))
        assert (filed["state"], filed["filed"]) == ("filed", 1)
        same = Sent(tmp_path / "sheet.xlsx", "again.xlsx", tmp_path / "papers.zip")
        assert await code_of(service.check_sheet(tx, same)) == "PRJ-563"
        project = await tx.conn.fetchrow("SELECT * FROM projects_project WHERE division_code = $1", BAIMA)
        assert (project["state"], project["title"]) == ("submitted", TYPED["basics"]["title"])
        assert json.loads(project["draft"])["works"]["items.0.name"] == [TYPED["works"]["items.0.name"]]
        kinds = [f.kind for f in await files_of(tx, ("projects_project", project["id"]))]
        assert sorted(kinds) == ["design", "notice", "resolution"]
        who = {e.who for e in await timeline(tx, "projects_project", project["id"])}
        assert who == {TOWN.name}
        refused = reserve.pass_on(tx, project["id"], project["version"], "")
        assert await code_of(refused) == "PRJ-573"
        (tmp_path / "more").mkdir()
        more = await checked(tx, tmp_path / "more", {}, {"title": "白马新村水池工程"}, keys=("1", "2"))
        bulk = await queries.find(tx, more)
        assert (bulk["ready"], bulk["known"]) == (1, 1)  # the first row was filed by the sheet before
    async with become(tx, OTHER_TOWN):
        await reserve.pass_on(tx, project["id"], project["version"], "")


async def test_drafts_are_left_to_the_village_and_a_sheet_can_be_set_aside(tx: Tx, tmp_path: Path) -> None:
    async with become(tx, TOWN):
        bulk_id = await checked(tx, tmp_path, {}, keys=("1",))
        await service.file_sheet(tx, bulk_id, FileForm("all", "draft"))
        assert await tx.conn.fetchval("SELECT state FROM projects_project WHERE division_code = $1", BAIMA) == "draft"
        (tmp_path / "more").mkdir()
        other = await checked(tx, tmp_path / "more", {"title": "白马新村水池工程"})
        row = (await queries.rows(tx, other))[0]
        assert [p["code"] for p in row["problems"]] == ["PRJ-151"] * 3
        assert await code_of(service.file_sheet(tx, other, FileForm("valid", "draft"))) == "PRJ-568"
        assert (await service.discard(tx, other))["state"] == "discarded"


async def test_a_locked_paper_and_an_odd_name_are_slips_not_faults(tx: Tx, tmp_path: Path) -> None:
    path = tmp_path / "papers.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("决议.png", "公示.png", "设计.png"):
            archive.writestr(f"1/{name}", picture())
        archive.writestr("..", b"nothing")
    packed_bytes = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # say of the first entry that it is locked
        packed_bytes[packed_bytes.index(mark) + at] |= 1
    path.write_bytes(bytes(packed_bytes))
    async with become(tx, TOWN):
        bulk_id = await service.check_sheet(tx, Sent(sheet(tmp_path, {}), "a.xlsx", path))
        (row,) = await queries.rows(tx, bulk_id)
        assert [(p["what"], p["code"]) for p in row["problems"]] == [("决议.png", "PRJ-575")]


async def test_a_paper_that_is_none_is_a_slip_of_its_row(tx: Tx, tmp_path: Path) -> None:
    path = tmp_path / "papers.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("决议.png", "公示.png"):
            archive.writestr(f"1/{name}", picture())
        archive.writestr("1/设计.png", b"MZ no picture at all")
    async with become(tx, TOWN):
        bulk_id = await service.check_sheet(tx, Sent(sheet(tmp_path, {}), "a.xlsx", path))
        (row,) = await queries.rows(tx, bulk_id)
        assert [(p["what"], p["code"]) for p in row["problems"]] == [("设计.png", "KRN-641")]
        assert (await queries.find(tx, bulk_id))["ready"] == 0
