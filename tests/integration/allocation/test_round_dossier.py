"""The dossier of a round: complete, silent while scores are sealed, and computable again by anybody."""

from __future__ import annotations

import json
import re

import pypdfium2
import pytest
from house import become
from round_house import CLERK, LEADER, decided, notice_over, scoring

from allocation.competitive import decisions, dossier, dossier_making, publishing, queries, record
from allocation.competitive.recompute import recompute_round
from projects.papers import bind, render_all, words
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx


def text_of(path: str) -> str:
    with pypdfium2.PdfDocument(path) as pdf:
        return "".join(page.get_textpage().get_text_range() for page in pdf)


async def test_the_whole_round_is_in_one_volume(tx: Tx, tmp_path) -> None:
    ground = await decided(tx)
    await notice_over(tx, ground.round_id)
    async with become(tx, LEADER):
        await publishing.approve(tx, ground.round_id)
        parts = await dossier.parts(tx, ground.round_id)
        rows = await queries.candidates(tx, ground.round_id)
    stages = list(dict.fromkeys(p.stage for p in parts))
    assert stages == ["公告", "参评项目", "专家组", "评分", "排名", "集体决策", "结果公示", "结果", "办理经过"]
    bound = render_all(tuple(parts), str(tmp_path / "part"), words())
    target = str(tmp_path / "whole.pdf")
    assert bind("一轮", "第 1 号", bound, target, words()) > len(parts)
    said = re.sub(r"\s", "", text_of(target))
    for wanted in (*(c["code"] for c in rows), rows[0]["snapshot_hash"], "480,000.00", "甲", "批准了分配结果"):
        assert wanted in said, wanted


def test_a_frozen_application_is_said_in_words_and_by_the_clock_of_the_place() -> None:
    candidate = {
        "code": "1", "title": "冷库", "snapshot_hash": "0" * 64,
        "snapshot": {"category": "industry", "submitted_at": "2025-09-14 02:00:00+00:00", "asked_fen": 9_003_600},
    }  # fmt: skip
    fields = dossier._application({"title": "一轮"}, candidate).document.blocks[0]
    assert fields.rows == (
        ("使用范围", "产业和集体经济"),
        ("申请移民资金（元）", "90,036.00"),
        ("提交时间", "2025-09-14 10:00"),
    )


async def test_while_scores_are_sealed_none_is_in_the_dossier(tx: Tx) -> None:
    ground = await scoring(tx)
    async with become(tx, CLERK):
        stages = {p.stage for p in await dossier.parts(tx, ground.round_id)}
        row = await queries.round_of(tx, ground.round_id)
        with pytest.raises(Refused, match="ALC-382"):
            await dossier_making.exported(tx, row)
        assert await dossier_making._files(tx, ground.round_id) == {}
    assert stages == {"公告", "参评项目", "专家组", "办理经过"}


async def test_anybody_ranks_again_from_the_exported_file(tx: Tx, tmp_path) -> None:
    ground = await decided(tx)
    async with become(tx, CLERK):
        row = await queries.round_of(tx, ground.round_id)
        body = await dossier_making.exported(tx, row)
        kept = await queries.candidates(tx, ground.round_id)
    official = [(c["code"], c["rank"], str(c["mean"]), c["proposed_fen"]) for c in kept]
    assert [(r["code"], r["rank"], r["mean"], r["fen"]) for r in body["result"]] == official
    file = tmp_path / "round.json"
    file.write_text(json.dumps(body), "utf-8")
    printed = recompute_round(file)
    assert "980,000.00" in printed
    assert record.digest(body["frozen"]) in printed
    altered = json.loads(json.dumps(body))
    altered["frozen"]["candidates"][0]["scores"]["1"]["1"] = 1
    for broken, code in (
        (altered, "ALC-384"),
        ({**body, "result": body["result"][::-1]}, "ALC-385"),
        ({"frozen": {"format": "x"}}, "ALC-383"),
        ([], "ALC-383"),
        ({"frozen": {**body["frozen"], "criteria": "no"}}, "ALC-383"),
    ):
        file.write_text(json.dumps(broken), "utf-8")
        with pytest.raises(Refused, match=code):
            recompute_round(file)


async def test_a_dossier_is_asked_for_once_and_read_by_who_asked(tx: Tx) -> None:
    ground = await decided(tx)
    async with become(tx, CLERK):
        first = await dossier_making.ask(tx, ground.round_id, "pdf")
        assert await dossier_making.ask(tx, ground.round_id, "pdf") == first
        assert (await dossier_making.making(tx, first))["parts"] == 0
    async with become(tx, LEADER):
        with pytest.raises(Refused, match="KRN-404"):
            await dossier_making.making(tx, first)


async def test_decisions_sent_back_stay_in_the_dossier(tx: Tx) -> None:
    ground = await decided(tx)
    async with become(tx, LEADER):
        await publishing.reject(tx, ground.round_id, "请补充论证")
    async with become(tx, CLERK):
        row = await queries.round_of(tx, ground.round_id)
        assert [d["standing"] for d in await queries.decisions(tx, ground.round_id)] == [False]
        titles = [p.title for p in await dossier.parts(tx, ground.round_id)]
    assert row["state"] == "ranked"
    assert "集体决策纪要（第 1 次，已退回）" in titles
    assert decisions.cut_of(row).budget_fen == 1_000_000_00
