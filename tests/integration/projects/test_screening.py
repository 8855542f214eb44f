"""Screening on the database: neighbours beyond the village line, the snapshot of a filing, the notice behind it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from house import BAIMA, KECHENG, NIANLI, QUJIANG, actor, become
from project_house import TYPED

from projects.intake import keeping
from projects.intake import service as intake
from projects.intake.forms import SECTIONS, Category, StartForm
from projects.notices import service as notices
from projects.notices.forms import PaperObjectionForm
from projects.notices.rules import Kind
from projects.notices.service import Opening
from projects.reserve import service as reserve
from projects.screening import queries, service
from projects.screening.forms import SectorForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.kernel.xlsx import Book, Column
from quzhou_migrants.web.forms import read_raw

VILLAGE, TOWN, COUNTY = (
    actor(Role.VILLAGE_CLERK, BAIMA),
    actor(Role.TOWNSHIP_CLERK, NIANLI),
    actor(Role.COUNTY_CLERK, QUJIANG),
)


async def drafted(tx: Tx, **change: str) -> int:
    project = await intake.start(tx, StartForm(TYPED["basics"]["title"], Category.FARMLAND_WATER))
    for part, struct in SECTIONS.items():
        raw = {k: [change.get(k, v)] for k, v in TYPED[part].items()}
        await keeping.keep(tx, project, part, read_raw(raw, struct))
    for kind in ("resolution", "notice", "design"):
        await tx.conn.execute(
            "INSERT INTO kernel_file (division_code, owner_table, owner_id, kind, sha256, name, media_type, size,"
            " added_at) VALUES ($1, 'projects_project', $2, $3, repeat('0', 64), 'a.png', 'image/png', 1, now())",
            BAIMA,
            project,
            kind,
        )
    return project


async def neighbour(tx: Tx) -> int:
    """Write a project next door, 60 metres away, that the village cannot see."""
    await tx.conn.execute(
        "INSERT INTO projects_project (code, division_code, title, state, estimate_fen, lat, lon, submitted_at)"
        " VALUES ('S-1', $1, '廿里镇灌溉渠道改造', 'accepted', 10000000, 28.951, 118.782, '2024-03-05')",
        NIANLI,
    )
    return int(await tx.conn.fetchval("SELECT max(id) FROM projects_project"))


async def codes(work: Any) -> list[str]:
    with pytest.raises(Invalid) as refused:
        await work
    return [p.code for p in refused.value.problems]


async def test_a_village_is_told_of_what_it_cannot_see(tx: Tx) -> None:
    other = await neighbour(tx)
    async with become(tx, COUNTY):
        form = SectorForm("白马新村", "农业农村局", "灌溉渠道改造", date(2025, 5, 1), 100, "", 28.951, 118.782)
        await service.add_sector(tx, form)
        assert await codes(service.add_sector(tx, SectorForm("无此村", "局", "灌溉渠道", date(2025, 5, 1)))) == [
            "PRJ-541"
        ]
    async with become(tx, VILLAGE):
        project = await drafted(tx)
        assert await tx.conn.fetchval("SELECT count(*) FROM projects_project WHERE id = $1", other) == 0
        screened = await service.screen_project(tx, project)
        assert {"PRJ-534", "PRJ-535", "PRJ-536"} <= {s.code for s in screened.signs}
        assert {m.other.kind: m.other.title for m in screened.matches} == {
            "project": "廿里镇灌溉渠道改造", "sector": "灌溉渠道改造",
        }  # fmt: skip
        await keeping.keep(
            tx, project, "basics", read_raw({"title": ["白马新村渠道"]}, SECTIONS["basics"], partial=True)
        )
        assert (await service.screen_project(tx, project)).asked.title == "白马新村渠道"


async def test_filing_keeps_what_was_found_that_day(tx: Tx) -> None:
    await neighbour(tx)
    async with become(tx, VILLAGE):
        project = await drafted(tx)
        await intake.submit(tx, project)
    filed = await queries.filed(tx, project)
    assert filed is not None
    assert "PRJ-534" in [s["code"] for s in filed["signs"]]
    assert filed["matches"][0]["other"]["title"] == "廿里镇灌溉渠道改造"
    assert (filed["round"], filed["bad"]) == (1, 0)
    assert filed["waiting"] == sum(s["weight"] == "wait" for s in filed["signs"])


async def test_the_notice_behind_a_filing_is_the_one_that_hung(tx: Tx) -> None:
    async with become(tx, VILLAGE):
        project = await drafted(tx)
        about = ("projects_project", project, BAIMA)
        row = await notices.open_notice(tx, about, Opening(Kind.VILLAGE, "渠道公示", "内容", date(2026, 9, 8)))
        assert await codes(intake.submit(tx, project)) == ["PRJ-516"]
        await tx.conn.execute("UPDATE projects_posting SET state = 'closed' WHERE id = $1", row["id"])
        moved = await intake.submit(tx, project)
        kept = await tx.conn.fetchrow("SELECT * FROM projects_notice WHERE project = $1", project)
        assert (kept["starts_on"], kept["ends_on"]) == (date(2026, 9, 8), date(2026, 9, 12))
    async with become(tx, TOWN):
        form = PaperObjectionForm("演示丁", "受益户数不实", date(2026, 9, 14))
        await notices.take_paper(tx, row["id"], form)
        assert await codes(reserve.pass_on(tx, project, moved["version"], "")) == ["PRJ-510"]


async def test_a_paper_notice_becomes_an_object_and_objections_are_never_only_counted(tx: Tx) -> None:
    async with become(tx, VILLAGE):
        project = await drafted(tx, objections="1", answered="1")
        assert await codes(intake.submit(tx, project)) == ["PRJ-517"]
        raw = {k: [v] for k, v in TYPED["posting"].items()}
        await keeping.keep(tx, project, "posting", read_raw(raw, SECTIONS["posting"]))
        await intake.submit(tx, project)
        kept = await notices.latest(tx, ("projects_project", project, BAIMA))
        assert kept is not None
        assert (kept["state"], kept["ends_on"], kept["received"]) == ("closed", date(2026, 9, 12), 0)


async def test_a_foreign_county_reads_no_snapshot(tx: Tx) -> None:
    async with become(tx, VILLAGE):
        project = await drafted(tx)
        await intake.submit(tx, project)
    async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
        assert await queries.filed(tx, project) is None
        with pytest.raises(Refused, match="KRN-404"):
            await service.screen_project(tx, project)
    assert json.loads(await tx.conn.fetchval("SELECT signs::text FROM projects_screening WHERE project = $1", project))


async def test_a_list_of_another_department_is_kept_whole_and_once(tx: Tx, tmp_path: Path) -> None:
    path = tmp_path / "sector.xlsx"
    rows = [["白马新村", "水利局", "白马新村山塘整治", "2025-05-01", "360000"]] * 2
    async with become(tx, COUNTY):
        written(path, [*rows, ["白马新村", "水利局", "白马新村饮水提升", "去年", "360000"]])
        assert await codes(service.add_sheet(tx, path)) == ["PRJ-547"]
        written(path, [*rows, ["无此村", "水利局", "饮水提升工程", "2025-05-01", ""]])
        with pytest.raises(Invalid) as refused:
            async with tx.conn.transaction():
                await service.add_sheet(tx, path)
        assert [p.facts["row"] for p in refused.value.problems] == [4]
        assert await tx.conn.fetchval("SELECT count(*) FROM projects_sector_project") == 0
        written(path, rows)
        assert await service.add_sheet(tx, path) == (1, 1)
        assert await service.add_sheet(tx, path) == (0, 2)


def written(path: Path, rows: list[list[str]]) -> None:
    """Write a department's list as it is sent."""
    with Book(path) as book:
        table = book.table(
            "表", [Column(t) for t in ("所在村", "主管部门", "项目名称", "完工或批复日期", "财政资金（元）")]
        )
        for row in rows:
            table.add(row)


def test_numbers_that_nobody_could_mean_are_left_out() -> None:
    typed = {f"items.0.{name}": [value] for name, value in (("name", "渠道"), ("quantity", "1e999999"))}
    assert service.contents_of(typed) == ()
    row = {"id": 1, "division_code": BAIMA, "village_name": "", "lat": None, "lon": None, "estimate_fen": 5}
    asked = service.asked_of(row | {"draft": {"works": {"estimate_fen": ["1e9999"]}}}, frozenset())
    assert asked.estimate_fen == 0
