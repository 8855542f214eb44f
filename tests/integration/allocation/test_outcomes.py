"""After the decision: the notice with its objections, the reserve list, who moves up, members who step out."""

from __future__ import annotations

from house import CITY, KECHENG, actor, become
from round_house import CLERK, LEADER, decided, meeting, notice_over, ranked, refused

from allocation.budget import ledger
from allocation.budget.ledger import Kind as Lies
from allocation.competitive import decisions, documents, panels, publishing, queries
from allocation.competitive.forms import LineForm, MemberForm, PromoteForm
from allocation.competitive.rules import Vote
from projects.events import AwardRecalled
from projects.notices import service as notices
from projects.notices.forms import AnswerForm, PaperObjectionForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.pdf import build
from quzhou_migrants.kernel.tx import Tx


async def test_nothing_is_approved_before_its_notice_is_over(tx: Tx) -> None:
    ground = await decided(tx)
    async with become(tx, CLERK):
        await publishing.post(tx, ground.round_id)
        rows = await queries.candidates(tx, ground.round_id)
    assert [(c["decided_fen"], c["reserve_place"]) for c in rows] == [(480_000_00, None), (500_000_00, None), (0, 1)]
    assert await refused(tx, LEADER, lambda: publishing.approve(tx, ground.round_id)) == ["ALC-375"]
    assert await refused(tx, LEADER, lambda: publishing.reject(tx, ground.round_id, "再议")) == ["ALC-378"]
    await notice_over(tx, ground.round_id, post=False)
    async with become(tx, LEADER):
        await publishing.approve(tx, ground.round_id)
    assert (await queries.round_of(tx, ground.round_id))["state"] == "awarded"


async def test_objections_pause_and_one_that_is_right_sends_the_result_back(tx: Tx) -> None:
    ground = await decided(tx)
    async with become(tx, CLERK):
        await publishing.post(tx, ground.round_id)
        row = await queries.round_of(tx, ground.round_id)
        hanging = await notices.latest(tx, publishing.subject(row))
        paper = PaperObjectionForm("村民甲", "第一名与评委有亲属关系", tx.today, "13800000000")
        objection = await notices.take_paper(tx, hanging["id"], paper)
    assert await refused(tx, CLERK, lambda: publishing.take_back(tx, ground.round_id, "有异议")) == ["PRJ-508"]
    assert await refused(tx, LEADER, lambda: publishing.approve(tx, ground.round_id)) == ["ALC-375", "ALC-376"]
    async with become(tx, CLERK):
        await notices.answer(tx, objection["id"], AnswerForm("uphold", "经核实，情况属实", "实施条例 第四十六条"))
    await notice_over(tx, ground.round_id, post=False)
    assert await refused(tx, LEADER, lambda: publishing.approve(tx, ground.round_id)) == ["ALC-377"]
    async with become(tx, LEADER):
        await publishing.reject(tx, ground.round_id, "异议成立，重新决策")
    after = await queries.candidates(tx, ground.round_id)
    assert [(c["decided_fen"], c["reserve_place"]) for c in after] == [(None, None)] * 3
    async with become(tx, CLERK):
        lines = [LineForm(c["id"], c["proposed_fen"]) for c in after]
        await decisions.decide(tx, ground.round_id, meeting(lines))
    await notice_over(tx, ground.round_id)
    async with become(tx, LEADER):
        await publishing.approve(tx, ground.round_id)


async def test_a_fallen_award_lets_the_reserve_list_move_up(tx: Tx) -> None:
    ground = await decided(tx)
    await notice_over(tx, ground.round_id)
    async with become(tx, LEADER):
        await publishing.approve(tx, ground.round_id)
    await tx.deliver()
    third = (await queries.candidates(tx, ground.round_id))[2]
    form = PromoteForm(third["id"], "第一名项目放弃")
    assert await refused(tx, LEADER, lambda: publishing.promote(tx, ground.round_id, form)) == ["ALC-379"]
    async with become(tx, LEADER):
        tx.emit(AwardRecalled(ground.projects[0], third["division_code"], 480_000_00, "未按期签订合同"))
        await tx.deliver()
        standing = await queries.standing(tx, ground.round_id)
        assert ([f["rank"] for f in standing.fallen], standing.awarded_fen) == ([1], 500_000_00)
        assert [t.url for t in await panels.waiting(tx)] == [f"/rounds/{ground.round_id}/outcome"]
        assert await publishing.promote(tx, ground.round_id, form) == 300_000_00
    await tx.deliver()
    assert await ledger.project_money(tx, ground.projects[2]) == {Lies.AWARDED: 300_000_00}
    async with become(tx, LEADER):
        assert await panels.waiting(tx) == []
    assert await refused(tx, LEADER, lambda: publishing.promote(tx, ground.round_id, form)) == ["ALC-380"]
    assert (await queries.standing(tx, ground.round_id)).promoted[0]["reason"] == "第一名项目放弃"


async def test_members_step_out_project_by_project_and_say_why_they_are_against(tx: Tx) -> None:
    ground = await ranked(tx)
    lines = [LineForm(c["id"], c["proposed_fen"]) for c in await queries.candidates(tx, ground.round_id)]
    names = ("甲", "乙", "丙", "丁", "戊")

    def held(*votes: Vote, steps_out: str = "", reason: str = "") -> list[MemberForm]:
        members = [MemberForm(n, "", present=True, vote=v) for n, v in zip(names, votes, strict=True)]
        members[0].steps_out, members[-1].reason = steps_out, reason
        return members

    three_to_two = [Vote.FOR] * 3 + [Vote.AGAINST] * 2
    for members, code in (
        (held(*[Vote.FOR] * 5, steps_out="7"), "ALC-371"),
        (held(*three_to_two, steps_out="1、2", reason="不同意"), "ALC-372"),
        (held(*[Vote.FOR] * 4, Vote.AGAINST), "ALC-373"),
    ):
        form = meeting(lines, members=members)
        assert await refused(tx, CLERK, lambda f=form: decisions.decide(tx, ground.round_id, f)) == [code]
    async with become(tx, CLERK):
        members = held(*[Vote.FOR] * 4, Vote.AGAINST, steps_out="2", reason="排序偏低")
        await decisions.decide(tx, ground.round_id, meeting(lines, members=members))
        assert build(await documents.minutes(tx, ground.round_id)).startswith(b"%PDF")
        assert [m["name"] for m in await queries.last_roster(tx, KECHENG)] == list(names)


async def test_another_division_does_not_hold_the_round(tx: Tx) -> None:
    ground = await decided(tx)
    city = actor(Role.CITY_LEADER, CITY)
    async with become(tx, city):
        assert (await queries.round_of(tx, ground.round_id))["state"] == "decided"
    for work in (publishing.post, publishing.approve):
        assert await refused(tx, city, lambda w=work: w(tx, ground.round_id)) in (["KRN-403"], ["ALC-386"])
