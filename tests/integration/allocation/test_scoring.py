"""Suggestions of conflict, vetoes, papers without names, replaced experts, reminders, scores far off."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from expert_house import CITY_CLERK, PDF, call, expert_form, members, pool, seated
from house import VILLAGE, actor, become
from litestar.datastructures import UploadFile
from project_house import picture
from round_house import CALL, CLERK, GOOD, LEADER, meeting, refused, score_all, scoring, sheet_of

from allocation.competitive import chasing, decisions, panels, papers, queries, reviews
from allocation.competitive import service as rounds
from allocation.competitive.forms import LineForm, MarkForm, RecuseForm, RoundForm, SheetForm, VetoForm
from allocation.competitive.rules import vetoed
from allocation.experts import drawing, hints, service
from allocation.experts import queries as pools
from allocation.experts.forms import TieForm
from allocation.experts.rules import TieKind
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.tx import Tx

WITH_VETO = RoundForm(
    **{f: getattr(CALL, f) for f in CALL.__struct_fields__} | {"vetoes": [VetoForm("负面清单"), VetoForm("土地不落实")]}
)


async def first_review(tx: Tx) -> dict[str, Any]:
    return (await queries.my_reviews(tx, await queries.my_seat(tx)))[0]


async def judged(tx: Tx, *, form: RoundForm = CALL) -> tuple[int, int, list[Any]]:
    """A round of pool experts in scoring. Gives round, draw, experts."""
    await pool(tx, 8)
    round_id = await call(tx, form=form)
    draw = await seated(tx, round_id)
    async with become(tx, CLERK):
        await rounds.start(tx, round_id)
    return round_id, draw, await members(tx, round_id)


async def test_the_data_speak_before_an_expert_declares(tx: Tx) -> None:
    made = await pool(tx, 5)
    round_id = await call(tx)
    await seated(tx, round_id)
    async with become(tx, CITY_CLERK):  # told only after the draw: a suggestion still comes
        await service.add_tie(tx, made[0], TieForm(TieKind.KIN, VILLAGE))
        form = expert_form(1, employer="石梁镇农业站", user_id=(await pools.pool_expert(tx, made[1]))["user_id"])
        await service.edit(tx, made[1], 1, form)
    await tx.conn.execute("UPDATE allocation_candidate SET snapshot = jsonb_set(snapshot, '{caretaker}', '\"评审甲\"')")
    await tx.conn.execute("UPDATE allocation_pool_expert SET employer = '衢州水务集团' WHERE id = $1", made[3])
    await tx.conn.execute(
        "UPDATE allocation_candidate SET snapshot = jsonb_set(snapshot, '{caretaker}', '\"衢州水务集团石梁分公司\"')"
        " WHERE id = (SELECT max(id) FROM allocation_candidate)"
    )
    await tx.conn.execute(
        "UPDATE allocation_expert SET name = '评审甲' WHERE user_id ="
        " (SELECT user_id FROM allocation_pool_expert WHERE id = $1)",
        made[2],
    )
    async with become(tx, CLERK):
        await rounds.start(tx, round_id)
    said = await tx.conn.fetch(
        "SELECT DISTINCT p.id, h.kind, h.about FROM allocation_conflict_hint h JOIN allocation_expert e"
        " ON e.id = h.expert JOIN allocation_pool_expert p ON p.user_id = e.user_id WHERE h.round = $1 ORDER BY p.id",
        round_id,
    )
    assert [tuple(r) for r in said] == [
        (made[0], "kin", VILLAGE),
        (made[1], "like", "石梁镇"),
        (made[2], "name", "评审甲"),
        (made[3], "like", "衢州水务集团石梁分公司"),
    ]
    user = (await pools.pool_expert(tx, made[0]))["user_id"]
    warned = next(m for m in await members(tx, round_id) if m.user_id == user)
    async with become(tx, warned):
        seat, review = await queries.my_seat(tx), await first_review(tx)
        assert [h["kind"] for h in await hints.of_review(tx, seat["id"], review["candidate"])] == ["kin"]
        assert await tx.conn.fetchval("SELECT count(*) FROM allocation_conflict_hint") == 2  # the own ones alone
    assert await refused(tx, warned, lambda: reviews.clear(tx, review["id"])) == ["ALC-358"]
    async with become(tx, warned):
        await reviews.clear(tx, review["id"], "早已不是近亲属")
    row = await tx.conn.fetchrow("SELECT state, explained FROM allocation_declaration WHERE id = $1", review["id"])
    assert tuple(row) == ("opened", "早已不是近亲属")


async def test_who_must_step_out_is_made_to_and_the_score_is_void(tx: Tx) -> None:
    ground = await scoring(tx)
    one, two = ground.experts[:2]
    await score_all(tx, one, GOOD)
    await score_all(tx, two, GOOD)
    async with become(tx, one):
        review = await first_review(tx)
    assert await refused(tx, CLERK, lambda: reviews.impose(tx, review["id"], " ")) == ["ALC-320"]
    assert await refused(tx, one, lambda: reviews.impose(tx, review["id"], "自己")) == ["KRN-403"]
    async with become(tx, CLERK):
        await reviews.impose(tx, review["id"], "与申报方有经济往来")
    async with become(tx, one):
        assert review["id"] not in [r["id"] for r in await queries.my_reviews(tx, await queries.my_seat(tx))]
        assert await tx.conn.fetchval("SELECT count(*) FROM allocation_candidate") == 2
    async with become(tx, two):
        seen = await queries.seen_scores(tx, await queries.my_seat(tx), review["candidate"])
        assert len(seen) == 1  # the void one is no longer among them
    assert len((await queries.all_scores(tx, ground.round_id))[review["candidate"]]) == 1


async def test_recused_means_unseen_in_papers_hints_and_lists(tx: Tx) -> None:
    round_id, _, experts = await judged(tx)
    who = experts[0]
    await tx.conn.execute(
        "INSERT INTO allocation_candidate_paper (division_code, round, candidate, kind, seq, sha256, media_type, size,"
        " cleared) SELECT division_code, round, id, 'design', 1, repeat('a', 64), 'application/pdf', 9, true"
        " FROM allocation_candidate WHERE round = $1",
        round_id,
    )
    async with become(tx, who):
        first, second = await queries.my_reviews(tx, await queries.my_seat(tx))
        assert await tx.conn.fetchval("SELECT count(*) FROM allocation_candidate_paper") == 0  # nothing is open yet
        for r in (first, second):
            await reviews.clear(tx, r["id"])
        assert await tx.conn.fetchval("SELECT count(*) FROM allocation_candidate_paper") == 2
        await reviews.recuse(tx, first["id"], RecuseForm("paid", "曾受报酬"))
        left = await tx.conn.fetch("SELECT candidate FROM allocation_candidate_paper")
        assert [r["candidate"] for r in left] == [second["candidate"]]
    await tx.conn.execute("UPDATE allocation_candidate_paper SET cleared = false")
    async with become(tx, who):
        assert await papers.of_candidate(tx, second["candidate"]) == []


async def test_papers_are_those_that_were_filed_and_leave_without_a_name(tx: Tx, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("QM_DATA", str(tmp_path))
    project = await tx.conn.fetchval(
        "INSERT INTO projects_project (code, division_code, title, state, asked_fen, admitted_at)"
        " VALUES ('RP', $1, '有附件', 'admitted', 1000000, now()) RETURNING id",
        VILLAGE,
    )
    owner = ("projects_project", project)
    kept = []
    for kind, name in (("design", "王五的方案.pdf"), ("roster", "签名表.pdf")):
        sent = UploadFile("application/pdf", name, PDF + kind.encode())
        kept.append(await files.store(tx, sent, owner=owner, kind=kind, division_code=VILLAGE))
    async with become(tx, CLERK):
        round_id = await rounds.draft(tx, CALL)
        await rounds.add_candidates(tx, round_id, [project])
    candidate = (await queries.candidates(tx, round_id))[0]["id"]
    await files.drop(tx, kept[0].id, owner)  # whatever becomes of the project's own file
    found = await papers.of_candidate(tx, candidate)
    assert [(p["kind"], p["sha256"], p["cleared"]) for p in found] == [("design", kept[0].sha256, False)]
    async with become(tx, CLERK):
        await papers.clear(tx, found[0]["id"])
    answer = papers.file_of(await papers.find(tx, found[0]["id"]))
    assert answer.filename == "设计或实施方案1.pdf"
    covered = UploadFile("image/png", "遮盖.png", picture())
    async with become(tx, CLERK):
        await papers.clear(tx, found[0]["id"], covered)
        paper = await papers.find(tx, found[0]["id"])
        assert (paper["masked"], paper["media_type"], paper["sha256"] != kept[0].sha256) == (True, "image/png", True)
        await papers.hold(tx, paper["id"])
        await rounds.cancel(tx, round_id, "不办了")
    assert await refused(tx, CLERK, lambda: papers.clear(tx, found[0]["id"])) == ["ALC-323"]


async def test_a_veto_with_its_reason_rules_a_candidate_out(tx: Tx) -> None:
    round_id, _, experts = await judged(tx, form=WITH_VETO)
    items = await queries.vetoes(tx, round_id)
    assert [v["title"] for v in items] == ["负面清单", "土地不落实"]
    async with become(tx, experts[0]):
        review = await first_review(tx)
        await reviews.clear(tx, review["id"])
        sheet = await sheet_of(tx, 99, 99)
    bare = SheetForm(sheet.points, "", [MarkForm(items[0]["id"], hit=False), MarkForm(items[1]["id"], hit=True)])
    assert await refused(tx, experts[0], lambda: reviews.score(tx, review["id"], bare)) == ["ALC-359"]
    foreign = SheetForm(sheet.points, "", [MarkForm(999_999, hit=True, reason="无此项")])
    assert await refused(tx, experts[0], lambda: reviews.score(tx, review["id"], foreign)) == ["KRN-404"]
    async with become(tx, experts[0]):
        whole = SheetForm(sheet.points, "", [MarkForm(items[1]["id"], hit=True, reason="无权属证明")])
        await reviews.score(tx, review["id"], whole)
    async with become(tx, experts[1]):
        assert await tx.conn.fetchval("SELECT count(*) FROM allocation_veto_mark") == 0  # sealed like a score
    for who in experts:
        await score_all(tx, who, GOOD)
    async with become(tx, CLERK):
        assert await queries.veto_marks(tx, await queries.round_of(tx, round_id)) == []
        await decisions.close(tx, round_id)
        marks = await queries.veto_marks(tx, await queries.round_of(tx, round_id))
    assert [(m["candidate"], m["seat"], m["reason"]) for m in marks] == [(review["candidate"], 1, "无权属证明")]
    rows = await queries.candidates(tx, round_id)
    assert [(c["rank"], c["vetoed"], c["proposed_fen"]) for c in rows] == [(1, False, 300_000_00), (2, True, 0)]
    lines = [LineForm(c["id"], c["asked_fen"], "照样安排") for c in rows]
    assert await refused(tx, CLERK, lambda: decisions.decide(tx, round_id, meeting(lines))) == ["ALC-316"]


@pytest.mark.parametrize(
    ("hits", "given", "share", "out"),
    [(1, 5, "0", True), (0, 5, "0", False), (2, 5, "1/2", False), (3, 5, "1/2", True), (5, 5, "1", False)],
)
def test_how_many_a_veto_needs_is_a_parameter(hits: int, given: int, share: str, out: bool) -> None:
    assert vetoed(hits, given, Fraction(share)) is out


async def test_an_expert_who_leaves_is_replaced_from_the_reserve_and_what_was_said_is_void(tx: Tx) -> None:
    round_id, draw, experts = await judged(tx)
    await score_all(tx, experts[0], {0: (10, 10), 1: (10, 10)})
    lines = await pools.lines(tx, draw)
    async with become(tx, CLERK):
        await drawing.decline(tx, lines[0]["id"], "突发疾病")
    states = await tx.conn.fetch(
        "SELECT d.state FROM allocation_declaration d JOIN allocation_expert e ON e.id = d.expert"
        " WHERE e.left_at IS NOT NULL AND d.round = $1",
        round_id,
    )
    assert [r["state"] for r in states] == ["void", "void"]
    async with become(tx, CLERK):
        now = await pools.callable_lines(tx, await pools.draw(tx, draw))
        spare = next(x for x in lines if x["id"] in now)
        await drawing.seat(tx, spare["id"])
    sitting = await members(tx, round_id)
    assert len(sitting) == 5
    for who in sitting:
        await score_all(tx, who, {0: (80, 80), 1: (70, 70)})
    async with become(tx, CLERK):
        await decisions.close(tx, round_id)
    assert [(str(c["mean"]), c["given"]) for c in await queries.candidates(tx, round_id)] == [("80", 5), ("70", 5)]


async def test_access_ends_with_scoring(tx: Tx) -> None:
    ground = await scoring(tx)
    for who in ground.experts:
        await score_all(tx, who, GOOD)
    async with become(tx, CLERK):
        await decisions.close(tx, ground.round_id)
    left = await tx.conn.fetchval(
        "SELECT count(*) FROM accounts_engagement WHERE subject_id = $1 AND subject_table = 'allocation_round'"
        " AND revoked_at IS NULL",
        ground.round_id,
    )
    assert left == 0


async def test_missing_scores_are_chased_by_hand_and_by_the_day(tx: Tx) -> None:
    ground = await scoring(tx)
    await score_all(tx, ground.experts[0], GOOD)
    seats = await chasing.by_seat(tx, ground.round_id)
    assert [(e["open"], e["scored"]) for e in seats] == [(0, 3), *[(3, 0)] * 4]
    assert await refused(tx, CLERK, lambda: chasing.remind(tx, seats[0]["id"])) == ["ALC-362"]
    async with become(tx, CLERK):
        await chasing.remind(tx, seats[1]["id"])
    assert await refused(tx, CLERK, lambda: chasing.remind(tx, seats[1]["id"])) == ["ALC-361"]
    async with become(tx, ground.experts[1]):
        assert "2026-09-16催办" in (await panels.waiting(tx))[0].title
    await tx.conn.execute("UPDATE allocation_round SET score_by = $2 WHERE id = $1", ground.round_id, date(2026, 9, 17))
    for _ in range(2):
        await chasing.remind_all(tx, "2026-09-16")
    told = await tx.conn.fetch(
        "SELECT days, count(*) AS n FROM allocation_review_reminder WHERE round = $1 GROUP BY 1 ORDER BY 1",
        ground.round_id,
    )
    assert [tuple(r) for r in told] == [(-1, 1), (1, 4)]


async def test_scores_far_off_are_listed_when_scoring_is_closed(tx: Tx) -> None:
    ground = await scoring(tx)
    await score_all(tx, ground.experts[0], {0: (20, 20), 1: (80, 80), 2: (70, 70)})
    for who in ground.experts[1:]:
        await score_all(tx, who, GOOD)
    assert await tx.conn.fetchval("SELECT count(*) FROM allocation_outlier WHERE round = $1", ground.round_id) == 0
    async with become(tx, CLERK):
        await decisions.close(tx, ground.round_id)
    rows = await tx.conn.fetch(
        "SELECT total, median, distance, dropped FROM allocation_outlier WHERE round = $1", ground.round_id
    )
    assert [tuple(r) for r in rows] == [("20.00", "90.00", "70.00", True)]


async def test_a_county_clerk_elsewhere_reads_no_review_and_reminds_nobody(tx: Tx) -> None:
    ground = await scoring(tx)
    seat = (await chasing.by_seat(tx, ground.round_id))[0]
    foreign = actor(Role.COUNTY_CLERK, "330803000000")
    assert await refused(tx, foreign, lambda: chasing.remind(tx, seat["id"])) == ["KRN-404"]
    assert await refused(tx, LEADER, lambda: chasing.remind(tx, seat["id"])) == ["KRN-403"]
