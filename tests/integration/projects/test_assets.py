"""From completed works to a looked-after asset and a bound dossier, on PostgreSQL."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Any

import pikepdf
import pytest
from house import BAIMA, NIANLI, QUJIANG, actor, become
from litestar.datastructures import UploadFile
from project_house import picture

from projects.assets import care, queries, service
from projects.assets.forms import (
    AcceptForm,
    AssetKind,
    AuditForm,
    CardForm,
    CaretakerForm,
    CheckForm,
    Condition,
    DefectForm,
    FaultForm,
    HandoverForm,
    MendForm,
    OwnerForm,
    Part,
    PreAcceptForm,
)
from projects.assets.rules import ASPECTS
from projects.dossier import binding, documents, making
from projects.dossier import queries as papers
from projects.dossier import service as dossier
from projects.dossier.forms import FileForm
from projects.queries import find
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx

VILLAGE, TOWN, COUNTY = (
    actor(Role.VILLAGE_CLERK, BAIMA),
    actor(Role.TOWNSHIP_CLERK, NIANLI),
    actor(Role.COUNTY_CLERK, QUJIANG),
)
TODAY = date(2026, 9, 16)
CONTRACT = 499_610_00
COMPLETION = ("completion_report", "completion_photo")
PROOFS = ("quality_report", "money_report", "benefit_report", "audit_report", "final_account", "archive_list")
Client = Callable[..., AbstractAsyncContextManager[Any]]


async def completed(tx: Tx, amount: int = CONTRACT) -> int:
    """Write a project whose works were reported finished."""
    key: int = await tx.conn.fetchval(
        "INSERT INTO projects_project (code, division_code, title, category, state, estimate_fen, asked_fen, award_fen,"
        " own_fen, contract_fen, progress_bp, receipt, submitted_at, started_on, completed_on, asset_owner, caretaker)"
        " VALUES ($3, $1, '白马新村渠道', 'farmland_water', 'completed', $2, $2, $2, 0, $2, 10000, $3, now(),"
        " '2026-06-01', '2026-09-01', '白马新村合作社', '白马新村村委会') RETURNING id",
        BAIMA,
        amount,
        f"330803-2026-T{amount}",
    )
    await tx.conn.execute(
        "INSERT INTO projects_contract (project, division_code, number, method, contractor, credit_code, amount_fen,"
        " signed_on, starts_on, ends_on) VALUES ($1, $2, 'HT-1', 'small_works', '演示公司', '91', $3,"
        " '2026-05-20', '2026-06-01', '2026-09-01')",
        key,
        BAIMA,
        amount,
    )
    return key


async def file_all(tx: Tx, project_id: int, *kinds: str) -> None:
    for n, kind in enumerate(kinds):
        upload = UploadFile("image/png", f"{kind}.png", picture(n))
        try:
            await dossier.file_papers(tx, project_id, FileForm(kind, [upload]))
        finally:
            await upload.close()


async def seen(tx: Tx, project_id: int) -> int:
    return int((await find(tx, project_id))["version"])


def pre_accept(version: int, *faults: str, result: Any = "pass", note: str = "") -> PreAcceptForm:
    rows = [DefectForm(f, date(2026, 9, 30)) for f in faults]
    return PreAcceptForm(TODAY, "初验组", result, version, rows, note)


def accept(version: int, **change: Any) -> AcceptForm:
    sides: dict[str, Any] = dict.fromkeys(ASPECTS, "pass")
    facts = {"held_on": TODAY, "members": "验收组五人", "seen": version, **sides, **change}
    return AcceptForm(**facts)


def codes(error: Any) -> list[str]:
    return [p.code for p in error.value.problems]


async def test_larger_works_go_through_every_step(tx: Tx) -> None:
    key = await completed(tx)
    async with become(tx, TOWN):
        with pytest.raises(Invalid) as lacking:
            await service.pre_accept(tx, key, pre_accept(await seen(tx, key)))
        assert codes(lacking) == ["PRJ-602", "PRJ-602"]
    async with become(tx, VILLAGE):
        await file_all(tx, key, *COMPLETION)
    async with become(tx, TOWN):
        await service.pre_accept(tx, key, pre_accept(await seen(tx, key), "排水口未清理"))
    async with become(tx, COUNTY):
        with pytest.raises(Invalid) as unproved:
            await service.audit(
                tx, key, AuditForm(TODAY, "演示会计师事务所", "1号", CONTRACT, CONTRACT, await seen(tx, key))
            )
        assert codes(unproved) == ["PRJ-603", "PRJ-603"]
        await file_all(tx, key, *PROOFS)
        form = AuditForm(TODAY, "演示会计师事务所", "1号", CONTRACT, CONTRACT - 12_345, await seen(tx, key))
        await service.audit(tx, key, form)
        with pytest.raises(Refused, match="PRJ-604"):
            await service.accept(tx, key, accept(await seen(tx, key)))
    await mend(tx, key)
    async with become(tx, COUNTY):
        with pytest.raises(Refused, match="PRJ-405"):
            await service.accept(tx, key, accept(await seen(tx, key), benefit="fail"))
        form = accept(await seen(tx, key), parts=[Part.STRUCTURE], life_years=None)
        with pytest.raises(Invalid, match="PRJ-608"):
            await service.accept(tx, key, form)
        await service.accept(tx, key, accept(await seen(tx, key), parts=[Part.PIPES, Part.STRUCTURE], life_years=30))
    end = await queries.end_of(tx, key)
    assert end["acceptance"]["settled_fen"] == CONTRACT - 12_345
    assert [(w["part"], w["ends_on"]) for w in end["warranties"]] == [
        ("pipes", date(2028, 9, 16)),
        ("structure", date(2056, 9, 16)),
    ]


async def mend(tx: Tx, key: int) -> None:
    fault = (await queries.end_of(tx, key))["defects"][0]["id"]
    async with become(tx, VILLAGE):
        await care.mend(tx, fault, MendForm(TODAY, "已清理"))
        with pytest.raises(Refused, match="KRN-403"):
            await care.judge(tx, fault, "confirm")
    async with become(tx, TOWN):
        with pytest.raises(Refused, match="PRJ-205"):
            await care.judge(tx, fault, "reopen")
        await care.judge(tx, fault, "reopen", "仍有淤积")
    async with become(tx, VILLAGE):
        await care.mend(tx, fault, MendForm(TODAY, "再次清理"))
    async with become(tx, TOWN):
        assert (await care.judge(tx, fault, "confirm"))["state"] == "confirmed"


async def test_works_that_fail_go_back_to_the_builder(tx: Tx) -> None:
    key = await completed(tx)
    async with become(tx, TOWN):
        with pytest.raises(Invalid, match="PRJ-605"):
            await service.pre_accept(tx, key, pre_accept(await seen(tx, key), result="rework"))
        row = await service.pre_accept(tx, key, pre_accept(await seen(tx, key), "衬砌开裂", result="rework"))
    assert (row["state"], row["completed_on"]) == ("building", None)
    last = (await timeline(tx, "projects_project", key))[0]
    assert last.facts["reason"] == "衬砌开裂"


async def test_small_works_take_the_short_way_and_large_ones_may_not(tx: Tx) -> None:
    small, large = await completed(tx, 200_000_00), await completed(tx, 200_000_01)
    async with become(tx, COUNTY):
        with pytest.raises(Refused, match="PRJ-601"):
            await service.accept(tx, large, accept(await seen(tx, large), settled_fen=1))
        with pytest.raises(Invalid) as lacking:
            await service.accept(tx, small, accept(await seen(tx, small)))
        assert codes(lacking) == ["PRJ-603", "PRJ-603", "PRJ-607"]
        await file_all(tx, small, "quality_report", "final_account")
        with pytest.raises(Invalid, match="PRJ-417"):
            await service.accept(tx, small, accept(await seen(tx, small), settled_fen=200_000_01))
        row = await service.accept(tx, small, accept(await seen(tx, small), settled_fen=199_000_00, parts=[Part.PIPES]))
    assert (row["state"], await queries.settled_fen(tx, small)) == ("accepted", 199_000_00)


async def accepted(tx: Tx) -> int:
    key = await completed(tx, 100_000_00)
    async with become(tx, COUNTY):
        await file_all(tx, key, "quality_report", "final_account")
        await service.accept(tx, key, accept(await seen(tx, key), settled_fen=90_000_00, parts=[Part.PIPES]))
    return key


async def handed_over(tx: Tx) -> tuple[int, int]:
    key = await accepted(tx)
    owners = [OwnerForm("白马新村合作社", 60_000_00), OwnerForm("邻村合作社", 30_000_00)]
    cards = [
        CardForm("灌溉渠道", AssetKind.WATER, 80_000_00, "1.2公里"),
        CardForm("水泵", AssetKind.EQUIPMENT, 10_000_00),
    ]
    async with become(tx, COUNTY):
        form = HandoverForm(TODAY, "白马新村村委会", owners, cards, await seen(tx, key))
        await service.hand_over(tx, key, form)
    return key, int(await tx.conn.fetchval("SELECT min(id) FROM projects_asset WHERE project = $1", key))


async def test_owners_share_assets_by_what_they_invested(tx: Tx) -> None:
    key, asset = await handed_over(tx)
    row = await find(tx, key)
    assert (row["state"], row["asset_owner"]) == ("handed_over", "白马新村合作社等2个单位")
    assert [(s["owner"], s["share_bp"]) for s in await queries.shares(tx, asset)] == [
        ("白马新村合作社", 6667),
        ("邻村合作社", 3333),
    ]
    card = await queries.asset(tx, asset)
    assert (card["number"], card["next_check_on"]) == (row["code"] + "-01", date(2027, 9, 16))


async def test_an_asset_is_looked_at_kept_and_struck_off(tx: Tx) -> None:
    _, asset = await handed_over(tx)
    async with become(tx, VILLAGE):
        with pytest.raises(Refused, match="PRJ-634"):
            await care.check(tx, asset, CheckForm(TODAY, Condition.WORN))
        await care.check(tx, asset, CheckForm(TODAY, Condition.WORN, "闸门锈蚀", "除锈刷漆"))
        await care.hand_on(tx, asset, CaretakerForm("渠道管护小组", "分工调整"))
        await care.move(tx, asset, "idle", "枯水停用")
        with pytest.raises(Refused, match="KRN-403"):
            await care.move(tx, asset, "retire", "老化")
    async with become(tx, COUNTY):
        await care.move(tx, asset, "retire", "重建拆除")
        with pytest.raises(Refused, match="PRJ-633"):
            await care.check(tx, asset, CheckForm(TODAY, Condition.GOOD))
    card = await queries.asset(tx, asset)
    assert (card["state"], card["caretaker"]) == ("retired", "渠道管护小组")


async def test_a_fault_is_reported_while_its_part_is_warranted(tx: Tx) -> None:
    fresh, key = await completed(tx), await accepted(tx)
    fault = FaultForm(Part.PIPES, "管道渗漏", TODAY, date(2026, 10, 16))
    async with become(tx, VILLAGE):
        with pytest.raises(Refused, match="PRJ-631"):
            await care.report_fault(tx, fresh, fault)
        with pytest.raises(Refused, match="PRJ-632"):
            await care.report_fault(tx, key, FaultForm(Part.WATERPROOF, "渗水", TODAY, date(2026, 10, 16)))
        number = await care.report_fault(tx, key, fault)
    assert await tx.conn.fetchval("SELECT source FROM projects_defect WHERE id = $1", number) == "warranty"


async def test_papers_are_taken_out_only_before_acceptance_and_never_those_of_the_application(tx: Tx) -> None:
    key = await completed(tx, 100_000_00)
    async with become(tx, COUNTY):
        with pytest.raises(Refused, match="PRJ-641"):
            await file_all(tx, key, "resolution")
        await file_all(tx, key, "quality_report", "final_account", "as_built")
        listed = {p.file.kind: p.file.id for p in await papers.papers(tx, key)}
        await dossier.drop_paper(tx, key, listed["as_built"])
        await service.accept(tx, key, accept(await seen(tx, key), settled_fen=1))
        with pytest.raises(Refused, match="PRJ-643"):
            await dossier.drop_paper(tx, key, listed["final_account"])


async def test_the_dossier_is_one_numbered_volume_and_one_archive(tx: Tx, tmp_path: Any) -> None:
    key, _ = await handed_over(tx)
    async with become(tx, COUNTY):
        parts = await making.gather(tx, await find(tx, key))
    assert [p.stage for p in parts] == sorted(
        (p.stage for p in parts), key=["申报", "采购合同", "验收", "移交管护", "其他"].index
    )
    bound = binding.render_all(parts, str(tmp_path / "part"), documents.words())
    pages = binding.bind("渠道", "330803-1", bound, str(tmp_path / "whole.pdf"), documents.words())
    with pikepdf.open(tmp_path / "whole.pdf") as pdf, pdf.open_outline() as outline:
        assert len(pdf.pages) == pages == 1 + sum(b.pages for b in bound)
        assert [item.title for item in outline.root] == ["卷内目录", "申报", "采购合同", "验收", "移交管护", "其他"]
    assert binding.pack(parts, str(tmp_path / "whole.zip")) == len(parts)
    with zipfile.ZipFile(tmp_path / "whole.zip") as archive:
        names = archive.namelist()
        assert archive.testzip() is None
    assert [n for n in names if n.endswith("final_account.png")] == [
        f"03 验收/{1 + [p.name for p in parts].index('final_account.png'):03d} final_account.png"
    ]


def test_a_locked_or_broken_file_stands_as_a_sheet_that_names_it(tmp_path: Any) -> None:
    secret, broken = tmp_path / "secret.pdf", tmp_path / "broken.pdf"
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(secret, encryption=pikepdf.Encryption(owner="o", user="u"))
    broken.write_bytes(b"%PDF-1.7\nnothing\n%%EOF")
    words = documents.words()
    for path in (secret, broken):
        part = binding.Part("验收", "竣工决算书", path.name, None, str(path), "application/pdf")
        made = binding.render(part, str(tmp_path / "out.pdf"), words)
        assert made.pages == 1


def test_a_pdf_loses_what_it_would_do_on_opening(tmp_path: Any) -> None:
    packed = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
        pdf.save(packed)
    source = tmp_path / "live.pdf"
    source.write_bytes(packed.getvalue())
    part = binding.Part("验收", "竣工图", "live.pdf", None, str(source), "application/pdf")
    binding.render(part, str(tmp_path / "out.pdf"), documents.words())
    with pikepdf.open(tmp_path / "out.pdf") as made:
        assert "/OpenAction" not in made.Root
