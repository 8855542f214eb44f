"""A round on the real database: from the call to awards; what experts see, and what they never see."""

from __future__ import annotations

from datetime import date, timedelta

from house import CITY, KECHENG, QUJIANG, actor, become
from round_house import (
    CALL,
    CLERK,
    GOOD,
    LEADER,
    admitted,
    engaged,
    fund,
    meeting,
    notice_over,
    ranked,
    refused,
    score_all,
    scoring,
    sheet_of,
)

from allocation.budget import ledger
from allocation.budget.ledger import Kind as Lies
from allocation.competitive import (
    chasing,
    decisions,
    documents,
    dossier,
    panel,
    panels,
    papers,
    publishing,
    queries,
    reviews,
    service,
    view,
)
from allocation.competitive.forms import (
    CriterionForm,
    LineForm,
    MemberForm,
    PostponeForm,
    RecuseForm,
    RoundForm,
)
from allocation.competitive.rules import Vote
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.pdf import build
from quzhou_migrants.kernel.tx import Tx


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
    await notice_over(tx, ground.round_id)
    async with become(tx, LEADER):
        await publishing.approve(tx, ground.round_id)
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
    await fund(tx, 1_000_000_00)
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
    assert await refused(tx, LEADER, lambda: publishing.reject(tx, ground.round_id, "")) == ["ALC-320"]
    async with become(tx, LEADER):
        await publishing.reject(tx, ground.round_id, "请补充论证")
        assert await queries.decision(tx, ground.round_id) is None
    async with become(tx, CLERK):
        await decisions.decide(tx, ground.round_id, meeting(explained))


async def test_nothing_is_awarded_beyond_the_money_there_is(tx: Tx) -> None:
    ground = await ranked(tx)
    rows = await queries.candidates(tx, ground.round_id)
    async with become(tx, CLERK):
        await decisions.decide(tx, ground.round_id, meeting([LineForm(c["id"], c["proposed_fen"]) for c in rows]))
    await notice_over(tx, ground.round_id)
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
    assert await refused(tx, LEADER, lambda: publishing.approve(tx, ground.round_id)) == ["ALC-104"]
    assert (await queries.round_of(tx, ground.round_id))["state"] == "posted"


async def test_another_county_sees_no_round(tx: Tx) -> None:
    ground = await scoring(tx)
    foreign = actor(Role.COUNTY_CLERK, QUJIANG)
    assert await refused(tx, foreign, lambda: queries.round_of(tx, ground.round_id)) == ["KRN-404"]
    async with become(tx, foreign):
        for table in ("round", "candidate", "expert", "declaration", "score"):
            rows = await tx.conn.fetch(f"SELECT 1 FROM allocation_{table}")
            assert rows == []


async def test_nobody_takes_a_step_in_the_round_of_a_county_below(tx: Tx) -> None:
    ground = await scoring(tx)
    paper = await tx.conn.fetchval(
        "INSERT INTO allocation_candidate_paper (division_code, round, candidate, kind, seq, sha256, media_type, size)"
        " SELECT division_code, round, id, 'design', 1, repeat('0', 64), 'application/pdf', 1"
        " FROM allocation_candidate WHERE round = $1 LIMIT 1 RETURNING id",
        ground.round_id,
    )
    review = await tx.conn.fetchval("SELECT min(id) FROM allocation_declaration WHERE round = $1", ground.round_id)
    seat = await tx.conn.fetchval("SELECT min(id) FROM allocation_expert WHERE round = $1", ground.round_id)
    city = actor(Role.CITY_CLERK, CITY)
    for work in (
        lambda: reviews.impose(tx, review, "应当回避"),
        lambda: papers.clear(tx, paper),
        lambda: papers.hold(tx, paper),
        lambda: chasing.remind(tx, seat),
    ):
        assert await refused(tx, city, work) == ["ALC-386"]


async def test_the_dossier_of_a_round_names_who_left_its_panel(tx: Tx) -> None:
    ground = await scoring(tx)
    async with become(tx, CLERK):
        seat = (await queries.experts(tx, ground.round_id))[0]
        await panel.leave(tx, seat["id"], "因病退出")
        parts = await dossier.parts(tx, ground.round_id)
    told = [p for p in parts if p.document and "因病退出" in str(p.document.blocks)]
    assert len(told) == 1


async def test_a_meeting_is_not_held_before_the_last_score_is_in(tx: Tx) -> None:
    ground = await ranked(tx)
    rows = await queries.candidates(tx, ground.round_id)
    lines = [LineForm(c["id"], c["proposed_fen"]) for c in rows]
    early = meeting(lines, held_on=tx.today - timedelta(days=1))
    assert await refused(tx, CLERK, lambda: decisions.decide(tx, ground.round_id, early)) == ["ALC-388"]


async def test_a_fallen_award_waits_on_the_home_page_only_while_somebody_can_move_up(tx: Tx) -> None:
    ground = await ranked(tx)
    rows = await queries.candidates(tx, ground.round_id)
    async with become(tx, CLERK):
        await decisions.decide(tx, ground.round_id, meeting([LineForm(c["id"], c["proposed_fen"]) for c in rows]))
    await notice_over(tx, ground.round_id)
    async with become(tx, LEADER):
        await publishing.approve(tx, ground.round_id)
        awards = await tx.conn.fetch("SELECT id, amount_fen FROM allocation_award ORDER BY id")
        await tx.conn.execute("UPDATE allocation_award SET state = 'cancelled' WHERE id = $1", awards[1]["id"])
        assert [t.url for t in await panels.waiting(tx)] == [f"/rounds/{ground.round_id}/outcome"]
        await tx.conn.execute(
            "INSERT INTO allocation_award (division_code, project, amount_fen, source, source_id, awarded_at)"
            " SELECT division_code, $1, $2, 'round', $3, now() FROM projects_project WHERE id = $1",
            ground.projects[1],
            awards[1]["amount_fen"],
            ground.round_id,
        )
        assert await panels.waiting(tx) == []


async def test_a_leader_gives_the_experts_more_days_and_their_access_lasts_as_long(tx: Tx) -> None:
    ground = await scoring(tx)
    later = PostponeForm(date(2026, 10, 9), date(2026, 10, 20), "一位专家出差")
    assert await refused(tx, CLERK, lambda: service.postpone(tx, ground.round_id, later)) == ["KRN-403"]
    same = PostponeForm(date(2026, 9, 20), date(2026, 10, 20), "原来的日期")
    assert await refused(tx, LEADER, lambda: service.postpone(tx, ground.round_id, same)) == ["ALC-601"]
    before, tx.now = tx.now, tx.now + timedelta(days=10)
    who = ground.experts[0]
    async with become(tx, who):
        review = (await queries.my_reviews(tx, await queries.my_seat(tx)))[0]
    assert await refused(tx, who, lambda: reviews.clear(tx, review["id"])) == ["ALC-331"]
    async with become(tx, LEADER):
        await service.postpone(tx, ground.round_id, later)
    async with become(tx, who):
        await reviews.clear(tx, review["id"])
    tx.now = before
    ends = "SELECT DISTINCT ends_on FROM accounts_engagement WHERE subject_table = 'allocation_round'"
    assert [r["ends_on"] for r in await tx.conn.fetch(ends)] == [later.score_by]


async def test_a_meeting_gives_nothing_to_a_project_that_left_the_reserve(tx: Tx) -> None:
    ground = await ranked(tx)
    rows = await queries.candidates(tx, ground.round_id)
    lines = [LineForm(c["id"], c["proposed_fen"]) for c in rows]
    await tx.conn.execute("UPDATE projects_project SET state = 'withdrawn' WHERE id = $1", ground.projects[0])
    assert await refused(tx, CLERK, lambda: decisions.decide(tx, ground.round_id, meeting(lines))) == ["ALC-324"]
    without = [LineForm(x.candidate, 0, "已撤回") if n == 0 else x for n, x in enumerate(lines)]
    async with become(tx, CLERK):
        await decisions.decide(tx, ground.round_id, meeting(without))
