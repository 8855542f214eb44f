"""A round on the real database: from the call to awards; what experts see, and what they never see."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from house import KECHENG, QUJIANG, VILLAGE, actor, become

from allocation.budget import ledger
from allocation.budget.ledger import Kind as Lies
from allocation.competitive import decisions, documents, panels, queries, reviews, service, view
from allocation.competitive.forms import (
    CriterionForm,
    DecisionForm,
    ExpertForm,
    LineForm,
    MemberForm,
    PointForm,
    RecuseForm,
    RoundForm,
    SheetForm,
)
from allocation.competitive.rules import CutRule, Vote
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import SYSTEM, Actor
from quzhou_migrants.kernel.errors import Invalid
from quzhou_migrants.kernel.pdf import build
from quzhou_migrants.kernel.tx import Tx

TxAs = Callable[..., AbstractAsyncContextManager[Tx]]
CLERK = actor(Role.COUNTY_CLERK, KECHENG, user_id=801)
LEADER = actor(Role.COUNTY_LEADER, KECHENG, user_id=802)
_numbers = itertools.count(1)

CALL = RoundForm(
    title="2026年产业项目竞争性分配",
    call="支持移民村产业发展",
    budget_fen=1_000_000_00,
    cap_fen=500_000_00,
    cut_rule=CutRule.STOP,
    opens_on=date(2026, 9, 1),
    score_by=date(2026, 9, 20),
    decide_by=date(2026, 9, 30),
    criteria=[CriterionForm("带动增收", 6000), CriterionForm("可行性", 4000)],
)


@dataclass(frozen=True)
class Ground:
    """A round ready to be scored."""

    round_id: int
    projects: list[int]
    experts: list[Actor]


async def admitted(tx: Tx, asked: int) -> int:
    number = next(_numbers)
    return int(
        await tx.conn.fetchval(
            "INSERT INTO projects_project (code, division_code, title, state, asked_fen, admitted_at)"
            " VALUES ($1, $2, $3, 'admitted', $4, now()) RETURNING id",
            f"R{number:04d}",
            VILLAGE,
            f"项目{number}",
            asked,
        )
    )


async def fund(tx: Tx, amount: int) -> None:
    batch = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_batch (division_code, doc_no, title, level, fund_kind, issued_on, project_fen)"
            " VALUES ($1, $2, '批次', 'city', 'project', '2026-01-10', $3) RETURNING id",
            KECHENG,
            f"C{next(_numbers)}",
            amount,
        )
    )
    await ledger.post(
        tx,
        f"test:{batch}",
        [
            ledger.Line(batch, KECHENG, Lies.NOTIFIED, -amount),
            ledger.Line(batch, KECHENG, Lies.AVAILABLE, amount),
        ],
        source=("test", batch),
    )


async def engaged(tx: Tx, round_id: int) -> Actor:
    number = next(_numbers)
    user = int(
        await tx.conn.fetchval(
            "INSERT INTO accounts_user (division_code, login, name, password_hash)"
            " VALUES ($1, $2, $3, '') RETURNING id",
            KECHENG,
            f"expert{number}",
            f"专家{number}",
        )
    )
    async with become(tx, CLERK):
        await service.add_expert(tx, round_id, ExpertForm(user, "省水科院"))
    engagement = await tx.conn.fetchval("SELECT engagement_id FROM allocation_expert WHERE user_id = $1", user)
    return actor(Role.EXPERT, KECHENG, user_id=user, engagement=engagement)


async def scoring(tx: Tx, *, asked: tuple[int, ...] = (480_000_00, 500_000_00, 300_000_00)) -> Ground:
    """Bring a round to scoring: candidates, five experts. Machine's transaction."""
    await fund(tx, 2_000_000_00)
    found = [await admitted(tx, fen) for fen in asked]
    async with become(tx, CLERK):
        round_id = await service.draft(tx, CALL)
        await service.publish(tx, round_id)
        await service.add_candidates(tx, round_id, found)
    experts = [await engaged(tx, round_id) for _ in range(5)]
    async with become(tx, CLERK):
        await service.start(tx, round_id)
    return Ground(round_id, found, experts)


async def sheet_of(tx: Tx, *points: int) -> SheetForm:
    seat = await queries.my_seat(tx)
    known = await queries.criteria(tx, seat["round"])
    return SheetForm([PointForm(c["id"], p) for c, p in zip(known, points, strict=True)])


async def score_all(tx: Tx, who: Actor, points: dict[int, tuple[int, int]]) -> None:
    """Score every candidate that is not in yet. Points by place in the list of codes."""
    async with become(tx, who):
        for n, review in enumerate(await queries.my_reviews(tx, await queries.my_seat(tx))):
            if review["state"] in {"not_opened", "opened"}:
                if review["state"] == "not_opened":
                    await reviews.clear(tx, review["id"])
                await reviews.score(tx, review["id"], await sheet_of(tx, *points[n]))


async def refused(tx: Tx, who: Actor, work: Callable[[], Any]) -> list[str]:
    with pytest.raises(Invalid) as caught:
        async with tx.conn.transaction(), become(tx, who):
            await work()
    tx.actor, tx._policy = SYSTEM, None
    await tx.conn.execute(
        "SELECT set_config('app.lo', '', true), set_config('app.hi', '~', true), set_config('app.engagement', '', true)"
    )
    return [p.code for p in caught.value.problems]


def meeting(lines: list[LineForm], **more: Any) -> DecisionForm:
    names = ["甲", "乙", "丙", "丁", "戊"]
    members = [MemberForm(n, "党组成员", present=True, vote=Vote.FOR) for n in names[:4]] + [MemberForm(names[4])]
    known = {"held_on": date(2026, 9, 16), "place": "三楼会议室", "chair": "甲", "minutes": "会议听取了评审情况。"}
    return DecisionForm(**{**known, "members": members, "lines": lines, **more})


GOOD = {0: (90, 90), 1: (80, 80), 2: (70, 70)}


async def ranked(tx: Tx) -> Ground:
    ground = await scoring(tx)
    for who in ground.experts:
        await score_all(tx, who, GOOD)
    async with become(tx, CLERK):
        await decisions.close(tx, ground.round_id)
    return ground


async def test_a_round_goes_from_the_call_to_awards_and_the_ledger_follows(tx: Tx) -> None:
    ground = await ranked(tx)
    rows = await queries.candidates(tx, ground.round_id)
    assert [(c["rank"], str(c["mean"]), c["counted"], c["given"], c["proposed_fen"]) for c in rows] == [
        (1, "90", 3, 5, 480_000_00),
        (2, "80", 3, 5, 500_000_00),
        (3, "70", 3, 5, 0),
    ]
    lines = [LineForm(c["id"], c["proposed_fen"]) for c in rows]
    async with become(tx, CLERK):
        tally = await decisions.decide(tx, ground.round_id, meeting(lines))
    assert (tally.due, tally.present, tally.votes_for) == (5, 4, 4)
    async with become(tx, LEADER):
        await decisions.approve(tx, ground.round_id)
    await tx.deliver()
    assert await ledger.project_money(tx, ground.projects[1]) == {Lies.AWARDED: 500_000_00}
    assert await ledger.project_money(tx, ground.projects[2]) == {}
    states = await tx.conn.fetch(
        "SELECT state, award_fen FROM projects_project WHERE id = ANY($1) ORDER BY id", ground.projects
    )
    assert [(r["state"], r["award_fen"]) for r in states] == [
        ("awarded", 480_000_00),
        ("awarded", 500_000_00),
        ("admitted", 0),
    ]


async def test_the_application_is_frozen_when_it_becomes_a_candidate(tx: Tx) -> None:
    ground = await scoring(tx)
    await tx.conn.execute("UPDATE projects_project SET title = '改名', asked_fen = 1 WHERE id = $1", ground.projects[0])
    first = (await queries.candidates(tx, ground.round_id))[0]
    assert first["asked_fen"] == first["snapshot"]["asked_fen"] == 480_000_00
    assert first["title"] != "改名"


async def test_a_call_needs_whole_weights_a_panel_and_candidates_of_the_reserve(tx: Tx) -> None:
    bad = RoundForm(**{f: getattr(CALL, f) for f in CALL.__struct_fields__} | {"criteria": [CriterionForm("一", 9000)]})
    assert await refused(tx, CLERK, lambda: service.draft(tx, bad)) == ["ALC-301"]
    project = await admitted(tx, 1_00)
    async with become(tx, CLERK):
        first, second = await service.draft(tx, CALL), await service.draft(tx, CALL)
        await service.add_candidates(tx, first, [project])
        await service.publish(tx, first)
    assert await refused(tx, CLERK, lambda: service.edit(tx, first, 2, CALL)) == ["ALC-323"]
    assert await refused(tx, CLERK, lambda: service.add_candidates(tx, second, [project])) == ["ALC-325"]
    assert await refused(tx, CLERK, lambda: service.start(tx, first)) == ["ALC-303"]
    for _ in range(6):
        await engaged(tx, first)
    assert await refused(tx, CLERK, lambda: service.start(tx, first)) == ["ALC-304"]
    await tx.conn.execute("UPDATE projects_project SET state = 'withdrawn' WHERE id = $1", project)
    assert await refused(tx, CLERK, lambda: service.add_candidates(tx, second, [project])) == ["ALC-324", "ALC-325"]


async def test_an_expert_sees_this_round_alone_and_no_business_table_besides(tx: Tx) -> None:
    ground = await scoring(tx)
    other = await scoring(tx)
    async with become(tx, ground.experts[0]):
        assert [r["id"] for r in await tx.conn.fetch("SELECT id FROM allocation_round")] == [ground.round_id]
        assert len(await tx.conn.fetch("SELECT id FROM allocation_candidate")) == 3
        assert len(await tx.conn.fetch("SELECT id FROM allocation_expert")) == 1
        assert len(await tx.conn.fetch("SELECT id FROM allocation_declaration")) == 3
        for table in ("projects_project", "allocation_entry", "allocation_decision", "allocation_claim"):
            assert await tx.conn.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert other.round_id != ground.round_id


async def test_recused_means_unseen_in_lists_counts_and_panels(tx: Tx) -> None:
    ground = await scoring(tx)
    who = ground.experts[0]
    async with become(tx, who):
        seat = await queries.my_seat(tx)
        first = (await queries.my_reviews(tx, seat))[0]
        await reviews.recuse(tx, first["id"], RecuseForm("kin", "申报人是近亲属"))
        left = await queries.my_reviews(tx, seat)
        assert len(left) == 2
        assert sum(view.counted(left).values()) == 2
        assert await tx.conn.fetchval("SELECT count(*) FROM allocation_candidate") == 2
        assert [t.title.rsplit(" ", 1)[1] for t in await panels.waiting(tx)] == ["2"]
    assert await refused(tx, who, lambda: queries.candidate(tx, first["candidate"])) == ["KRN-404"]
    assert await refused(tx, who, lambda: reviews.clear(tx, first["id"])) == ["KRN-404"]
    for other in ground.experts[1:]:
        await score_all(tx, other, GOOD)
    async with become(tx, who):
        assert await tx.conn.fetchval("SELECT count(*) FROM allocation_score") == 0
        assert await queries.seen_scores(tx, seat, first["candidate"]) == {}


async def test_scores_are_sealed_until_the_own_one_is_in(tx: Tx) -> None:
    ground = await scoring(tx)
    one, two = ground.experts[:2]
    await score_all(tx, one, GOOD)
    async with become(tx, two):
        seat = await queries.my_seat(tx)
        review = (await queries.my_reviews(tx, seat))[0]
        await reviews.clear(tx, review["id"])
        assert await queries.seen_scores(tx, seat, review["candidate"]) == {}
        assert await tx.conn.fetchval("SELECT count(*) FROM allocation_score") == 0
        await reviews.score(tx, review["id"], await sheet_of(tx, 50, 50))
        assert len(await queries.seen_scores(tx, seat, review["candidate"])) == 2
        assert await tx.conn.fetchval("SELECT count(*) FROM allocation_score") == 4  # two criteria, two hands
    async with become(tx, CLERK):
        row = await queries.round_of(tx, ground.round_id)
        assert await queries.scores(tx, row) == {}
        assert all(not s.marks and not s.outliers for s in await view.sheets(tx, row))


async def test_not_opened_abstained_and_scored_are_three_states(tx: Tx) -> None:
    ground = await scoring(tx)
    who = ground.experts[0]
    async with become(tx, who):
        found = await queries.my_reviews(tx, await queries.my_seat(tx))
        await reviews.clear(tx, found[0]["id"])
        await reviews.abstain(tx, found[0]["id"], "材料看不懂")
        await reviews.clear(tx, found[1]["id"])
        await reviews.score(tx, found[1]["id"], await sheet_of(tx, 80, 90))
        states = [r["state"] for r in await queries.my_reviews(tx, await queries.my_seat(tx))]
    assert states == ["abstained", "scored", "not_opened"]
    assert await refused(tx, who, lambda: reviews.abstain(tx, found[1]["id"], "反悔")) == ["KRN-408"]
    assert await refused(tx, CLERK, lambda: decisions.close(tx, ground.round_id)) == ["ALC-321"]


async def test_a_candidate_with_too_few_scores_stops_the_ranking(tx: Tx) -> None:
    ground = await scoring(tx)
    for who in ground.experts[:3]:
        async with become(tx, who):
            first = (await queries.my_reviews(tx, await queries.my_seat(tx)))[0]
            await reviews.recuse(tx, first["id"], RecuseForm("kin", "亲属"))
    for who in ground.experts:
        await score_all(tx, who, GOOD)
    assert await refused(tx, CLERK, lambda: decisions.close(tx, ground.round_id)) == ["ALC-322"]


async def test_outliers_and_dropped_scores_are_shown_with_the_ranking(tx: Tx) -> None:
    ground = await scoring(tx)
    for n, who in enumerate(ground.experts):
        await score_all(tx, who, {k: (30, 30) if n == 4 and k == 0 else v for k, v in GOOD.items()})
    async with become(tx, CLERK):
        await decisions.close(tx, ground.round_id)
        sheet = (await view.sheets(tx, await queries.round_of(tx, ground.round_id)))[0]
    assert [f.subject for f in sheet.outliers] == ["5"]
    assert [seat for seat, _, dropped in sheet.marks if dropped] == [1, 5]
    assert str(sheet.candidate["mean"]) == "90"


async def test_departures_need_reasons_and_a_valid_meeting(tx: Tx) -> None:
    ground = await ranked(tx)
    rows = await queries.candidates(tx, ground.round_id)
    changed = [LineForm(rows[0]["id"], 480_000_00), LineForm(rows[2]["id"], 300_000_00)]
    assert await refused(tx, CLERK, lambda: decisions.decide(tx, ground.round_id, meeting(changed))) == ["ALC-317"]
    few = [MemberForm("甲", present=True, vote=Vote.FOR), MemberForm("乙"), MemberForm("丙")]
    absent = meeting(changed, members=few)
    assert await refused(tx, CLERK, lambda: decisions.decide(tx, ground.round_id, absent)) == ["ALC-313"]
    explained = [changed[0], LineForm(rows[1]["id"], 0, "土地手续未落实"), LineForm(rows[2]["id"], 300_000_00, "递补")]
    async with become(tx, CLERK):
        await decisions.decide(tx, ground.round_id, meeting(explained))
        document = await documents.minutes(tx, ground.round_id)
    assert build(document).startswith(b"%PDF")
    assert await refused(tx, LEADER, lambda: decisions.reject(tx, ground.round_id, "")) == ["ALC-320"]
    async with become(tx, LEADER):
        await decisions.reject(tx, ground.round_id, "请补充论证")
        assert await queries.decision(tx, ground.round_id) is None
    async with become(tx, CLERK):
        await decisions.decide(tx, ground.round_id, meeting(explained))


async def test_nothing_is_awarded_beyond_the_money_there_is(tx: Tx) -> None:
    ground = await ranked(tx)
    rows = await queries.candidates(tx, ground.round_id)
    async with become(tx, CLERK):
        await decisions.decide(tx, ground.round_id, meeting([LineForm(c["id"], c["proposed_fen"]) for c in rows]))
    await tx.conn.execute("SELECT 1")
    pot = await tx.conn.fetchrow("SELECT batch FROM allocation_balance WHERE kind = 'available' AND balance_fen > 0")
    await ledger.post(
        tx,
        "test:spend",
        [
            ledger.Line(pot["batch"], KECHENG, Lies.AVAILABLE, -1_500_000_00),
            ledger.Line(pot["batch"], KECHENG, Lies.RETURNED, 1_500_000_00),
        ],
        source=("test", 1),
    )
    assert await refused(tx, LEADER, lambda: decisions.approve(tx, ground.round_id)) == ["ALC-104"]
    assert (await queries.round_of(tx, ground.round_id))["state"] == "decided"


async def test_another_county_sees_no_round(tx: Tx) -> None:
    ground = await scoring(tx)
    foreign = actor(Role.COUNTY_CLERK, QUJIANG)
    assert await refused(tx, foreign, lambda: queries.round_of(tx, ground.round_id)) == ["KRN-404"]
    async with become(tx, foreign):
        for table in ("round", "candidate", "expert", "declaration", "score"):
            rows = await tx.conn.fetch(f"SELECT 1 FROM allocation_{table}")
            assert rows == []
