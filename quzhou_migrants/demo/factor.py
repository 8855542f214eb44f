"""What follows a split: the notices of its result, told in time, one still to be put before the public."""

from __future__ import annotations

from datetime import date, timedelta

from allocation.factor import notice_service, queries
from allocation.factor.notice_document import proposal
from allocation.factor.notice_forms import NoticeForm
from allocation.factor.scheme import Kind
from allocation.factor.scheme_build import build, rows_of
from allocation.factor.scheme_forms import BoundRow, SchemeForm
from allocation.factor.scheme_service import keep_scheme
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.staff import CITY
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say
from quzhou_migrants.kernel.clock import shanghai

DAY = timedelta(days=1)
MOST_LOSS_BP = 1000


async def tell_results(world: World) -> None:
    """Tell every approved split of the years before, issue this year's, and draft the next version of the scheme."""
    clerk = world.actor(Role.CITY_CLERK, CITY)
    async with acting(clerk, BUSINESS_DATE) as tx:
        runs = await tx.conn.fetch(
            "SELECT id, approved_at FROM allocation_factor_run WHERE state = 'approved' ORDER BY id"
        )
    for n, run in enumerate(runs, 1):
        last = n == len(runs)
        day = BUSINESS_DATE - 5 * DAY if last else shanghai(run["approved_at"]).date() + 3 * DAY
        await _told(world, run["id"], n, day, publish=not last)
    async with acting(clerk, BUSINESS_DATE - 2 * DAY) as tx:
        used = (await queries.schemes_in_use(tx, CITY))[0]
        made = queries.opened(used["body"])
        follower = SchemeForm(**{**rows_of(made), "bounds": [BoundRow(Kind.LOSS, bp=MOST_LOSS_BP)]})  # type: ignore[arg-type]  # rows_of gives the form's own fields
        await keep_scheme(tx, build(tx.policy, follower, made), say("scheme_note"), like=used["id"])


async def _told(world: World, run_id: int, number: int, day: date, *, publish: bool) -> None:
    clerk, leader = world.actor(Role.CITY_CLERK, CITY), world.actor(Role.CITY_LEADER, CITY)
    async with acting(clerk, day) as tx:
        row = await queries.run(tx, run_id)
        given = sum(s["amount_fen"] for s in await queries.shares(tx, run_id))
        words = proposal(row, await queries.inputs(tx, row), given, tx.actor.org_name)
        doc_no = say("notice_doc", year=day.year, n=number + 4)
        notice = await notice_service.draft_notice(tx, run_id, NoticeForm(doc_no=doc_no, **words))
    async with acting(leader, day, hour=14) as tx:
        await notice_service.issue_notice(tx, notice)
    if publish:
        async with acting(clerk, day + 4 * DAY) as tx:
            await notice_service.publish_notice(tx, notice)
