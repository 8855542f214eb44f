"""What tests of competitive rounds start from: a call, candidates, experts, scores, a meeting, a notice."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from house import KECHENG, VILLAGE, actor, become

from allocation.budget import ledger
from allocation.budget.ledger import Kind as Lies
from allocation.competitive import decisions, panel, publishing, queries, reviews, service
from allocation.competitive.forms import (
    CriterionForm,
    DecisionForm,
    LineForm,
    MemberForm,
    PointForm,
    RoundForm,
    SheetForm,
)
from allocation.competitive.rules import CutRule, Vote
from projects.notices import service as notices
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import SYSTEM, Actor
from quzhou_migrants.kernel.errors import Invalid
from quzhou_migrants.kernel.tx import Tx

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


async def bound(tx: Tx, amount: int, *, category: str = "", place: str = "") -> int:
    """Put money of the county that its document binds; gives the earmark."""
    batch = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_batch (division_code, doc_no, title, level, fund_kind, issued_on, project_fen)"
            " VALUES ($1, $2, '批次', 'city', 'project', '2026-01-10', $3) RETURNING id",
            KECHENG,
            f"E{next(_numbers)}",
            amount,
        )
    )
    mark = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_earmark (division_code, batch, title, amount_fen, category, place_code)"
            " VALUES ($1, $2, '产业专项', $3, $4, $5) RETURNING id",
            KECHENG,
            batch,
            amount,
            category,
            place,
        )
    )
    lines = [
        ledger.Line(batch, KECHENG, Lies.NOTIFIED, -amount, None, mark),
        ledger.Line(batch, KECHENG, Lies.EARMARKED, amount, None, mark),
    ]
    await ledger.post(tx, f"test:bound:{batch}", lines, source=("test", batch))
    return mark


async def pool(tx: Tx, amount: int) -> None:
    """Pass money of the county down to the township."""
    await fund(tx, amount)
    batch = await tx.conn.fetchval("SELECT max(id) FROM allocation_batch")
    shares = [ledger.Share(f"{VILLAGE[:9]}000", project_fen=amount)]
    await ledger.pass_down(tx, f"test:down:{batch}", batch, KECHENG, shares, source=("test", batch))


def call(key: str, **changes: Any) -> RoundForm:
    return msgspec.structs.replace(CALL, pot=key, **changes)


async def engaged(tx: Tx, round_id: int, clerk: Actor = CLERK) -> Actor:
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
    async with become(tx, clerk):
        await panel.seat(tx, round_id, panel.Member(user, f"专家{number}", "省水科院"))
    engagement = await tx.conn.fetchval("SELECT engagement_id FROM allocation_expert WHERE user_id = $1", user)
    return actor(Role.EXPERT, KECHENG, user_id=user, engagement=engagement)


async def scoring(
    tx: Tx, *, asked: tuple[int, ...] = (480_000_00, 500_000_00, 300_000_00), clerk: Actor = CLERK
) -> Ground:
    """Bring a round to scoring: candidates, five experts. Machine's transaction."""
    await fund(tx, 2_000_000_00)
    found = [await admitted(tx, fen) for fen in asked]
    async with become(tx, clerk):
        round_id = await service.draft(tx, CALL)
        await service.publish(tx, round_id)
        await service.add_candidates(tx, round_id, found)
    experts = [await engaged(tx, round_id, clerk) for _ in range(5)]
    async with become(tx, clerk):
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


async def ranked(tx: Tx, clerk: Actor = CLERK) -> Ground:
    ground = await scoring(tx, clerk=clerk)
    for who in ground.experts:
        await score_all(tx, who, GOOD)
    async with become(tx, clerk):
        await decisions.close(tx, ground.round_id)
    return ground


async def decided(tx: Tx, clerk: Actor = CLERK) -> Ground:
    """A ranked round whose meeting followed the ranking."""
    ground = await ranked(tx, clerk)
    rows = await queries.candidates(tx, ground.round_id)
    async with become(tx, clerk):
        await decisions.decide(tx, ground.round_id, meeting([LineForm(c["id"], c["proposed_fen"]) for c in rows]))
    return ground


async def notice_over(tx: Tx, round_id: int, *, post: bool = True, clerk: Actor = CLERK) -> None:
    """Post a decided result, let its days pass, close its notice; the clock stands where it stood."""
    async with become(tx, clerk):
        if post:
            await publishing.post(tx, round_id)
        row = await queries.round_of(tx, round_id)
        hanging = await notices.latest(tx, publishing.subject(row))
        assert hanging
        before: datetime = tx.now
        tx.now = before + timedelta(days=(hanging["ends_on"] - tx.today).days + 1)
        await notices.close_notice(tx, hanging["id"], "公示期间无异议")
        tx.now = before
