"""What holds a claim on the real database: findings, notices, terms, retention, deputies, the seal."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from claim_house import (
    AWARD,
    CLERK,
    CONTRACT,
    FINANCE,
    GROUP,
    LEADER,
    PDF,
    TOWNSHIP,
    VILLAGER,
    agreed,
    contracted,
    form,
    paid_form,
    prepared,
    refused,
    sign_all,
    signed,
    submitted,
)
from house import KECHENG, NOW, QUJIANG, VILLAGE, actor, become
from litestar.datastructures import UploadFile

from allocation.budget import ledger
from allocation.budget.ledger import Kind as Lies
from allocation.payments import deputies, hands, judging, panels, queries, service
from allocation.payments.forms import DeputyForm
from allocation.payments.rules import Kind
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.tx import Tx

SECOND = actor(Role.COUNTY_CLERK, KECHENG, user_id=911)
TODAY = date(2026, 9, 16)


async def a_finding(tx: Tx, project: int, *, serious: bool = True) -> int:
    """Write what a visit found at a site; machine's transaction."""
    visit = await tx.conn.fetchval(
        "INSERT INTO inspection_visit (division_code, project, inspector_name, client_id, started_at, finished_at,"
        " sent_at, fix_source, contact_way, expected, state) VALUES ($1, $2, '巡查', gen_random_uuid(), $3, $3, $3,"
        " 'none', 'typed', 0, 'counted') RETURNING id",
        VILLAGE,
        project,
        NOW,
    )
    return int(
        await tx.conn.fetchval(
            "INSERT INTO inspection_finding (visit, project, division_code, kind, serious, content)"
            " VALUES ($1, $2, $3, 'quality', $4, '路基下沉') RETURNING id",
            visit,
            project,
            VILLAGE,
            serious,
        )
    )


async def test_a_grave_finding_holds_every_claim_and_says_where(tx: Tx) -> None:
    project = await contracted(tx)
    claim = await submitted(tx, project)
    light = await a_finding(tx, project, serious=False)
    async with become(tx, LEADER):
        await service.sign(tx, claim)
    await a_finding(tx, project)
    assert await refused(tx, FINANCE, lambda: service.sign(tx, claim)) == ["ALC-432"]
    shut = next(
        g
        for g in (await judging.look(tx, await queries.claim(tx, claim), await brief(tx, project)))[2]
        if not g.is_open
    )
    assert (shut.facts["count"], shut.facts["said"]) == (1, "路基下沉")
    assert shut.facts["url"].startswith("/visits/")
    await tx.conn.execute(
        "UPDATE inspection_finding SET state = 'closed' WHERE project = $1 AND id <> $2", project, light
    )
    async with become(tx, FINANCE):
        assert (await service.sign(tx, claim))["state"] == "signed"


async def brief(tx: Tx, project: int) -> dict[str, Any]:
    return await judging.projects.brief(tx, project)


async def test_a_notice_that_hangs_and_an_objection_hold_the_money(tx: Tx) -> None:
    project = await contracted(tx)
    claim = await prepared(tx, project)
    posting = await tx.conn.fetchval(
        "INSERT INTO projects_posting (division_code, kind, subject_table, subject_id, title, starts_on, ends_on, days,"
        " day_kind, opened_at) VALUES ($1, 'intake', 'projects_project', $2, '公示', '2026-09-10', '2026-09-17', 7,"
        " 'natural', $3) RETURNING id",
        VILLAGE,
        project,
        NOW,
    )
    assert await refused(tx, CLERK, lambda: service.submit(tx, claim)) == ["ALC-431"]
    await tx.conn.execute("UPDATE projects_posting SET state = 'closed' WHERE id = $1", posting)
    async with become(tx, CLERK):
        assert (await service.submit(tx, claim))["state"] == "submitted"


async def test_a_term_that_is_over_stops_new_claims_but_not_hands_under_old_ones(tx: Tx) -> None:
    project = await contracted(tx)
    await agreed(tx, project, ends_on=TODAY)
    claim = await submitted(tx, project)
    await tx.conn.execute("UPDATE projects_contract SET ends_on = '2026-09-16' WHERE project = $1", project)
    tx.now += timedelta(days=1)
    await sign_all(tx, claim)
    late = await prepared(tx, project, form(Kind.PROGRESS, 10_000_00))
    assert await refused(tx, CLERK, lambda: service.submit(tx, late)) == ["ALC-436"]


async def test_wages_are_named_where_works_are_built(tx: Tx) -> None:
    project = await contracted(tx)
    await agreed(tx, project, ends_on=date(2026, 12, 31))
    claim = await prepared(tx, project, form(Kind.PROGRESS, 10_000_00, wages_fen=None))
    assert await refused(tx, CLERK, lambda: service.submit(tx, claim)) == ["ALC-441"]
    with pytest.raises(asyncpg.CheckViolationError, match="allocation_claim_parts"):
        await prepared(tx, project, form(Kind.PROGRESS, 10_000_00, wages_fen=10_000_01))


async def settled(tx: Tx, project: int) -> int:
    """Accept a project and pay its settlement, so that retention is kept."""
    await tx.conn.execute(
        "UPDATE projects_project SET accepted_on = '2026-09-01', progress_bp = 10000 WHERE id = $1", project
    )
    claim = await signed(tx, project, form(Kind.SETTLEMENT, 465_600_00, final_fen=CONTRACT))
    async with become(tx, FINANCE):
        await service.pay(tx, claim, paid_form())
    return claim


async def test_retention_is_given_back_on_its_day_and_the_ledger_closes(tx: Tx) -> None:
    project = await contracted(tx)
    await settled(tx, project)
    assert (await ledger.project_money(tx, project))[Lies.RETAINED] == 14_400_00
    assert await tx.conn.fetchval("SELECT due_on FROM allocation_retention WHERE project = $1", project) == date(
        2027, 9, 1
    )
    early = await prepared(tx, project, form(Kind.RETENTION, 14_400_00))
    assert await refused(tx, CLERK, lambda: service.submit(tx, early)) == ["ALC-439"]
    async with become(tx, CLERK):
        assert "retention" not in {t.kind for t in await panels.waiting(tx)}
    tx.now = datetime(2027, 9, 1, 9, 0, tzinfo=NOW.tzinfo)
    tx._policy = None
    defect = await tx.conn.fetchval(
        "INSERT INTO projects_defect (project, division_code, source, content, found_on, due_on)"
        " VALUES ($1, $2, 'warranty', '开裂', '2027-08-01', '2027-08-20') RETURNING id",
        project,
        VILLAGE,
    )
    assert await refused(tx, CLERK, lambda: service.submit(tx, early)) == ["ALC-440"]
    await tx.conn.execute("UPDATE projects_defect SET state = 'confirmed' WHERE id = $1", defect)
    async with become(tx, CLERK):
        assert [t.due for t in await panels.waiting(tx) if t.kind == "retention"] == [date(2027, 9, 1)]
        await service.submit(tx, early)
    await sign_all(tx, early)
    async with become(tx, FINANCE):
        await service.pay(tx, early, msgspec.structs.replace(paid_form(), paid_on=date(2027, 9, 1)))
    assert await ledger.project_money(tx, project) == {Lies.PAID: AWARD}
    again = await prepared(tx, project, form(Kind.RETENTION, 1))
    assert await refused(tx, CLERK, lambda: service.submit(tx, again)) == ["ALC-401", "ALC-438"]


async def test_a_returned_retention_lies_where_it_lay(tx: Tx) -> None:
    project = await contracted(tx)
    await settled(tx, project)
    claim = await submitted(tx, project, form(Kind.RETENTION, 14_400_00, guarantee="BH-2026-1"))
    assert (await ledger.project_money(tx, project))[Lies.CLAIMED] == 14_400_00
    async with become(tx, LEADER):
        await service.send_back(tx, claim, "保函有效期不足")
    assert (await ledger.project_money(tx, project))[Lies.RETAINED] == 14_400_00


async def post_of(tx: Tx, who: Actor, division: str) -> int:
    """Write a person's account and post as the machine, under the number that tests act as."""
    org = await tx.conn.fetchval(
        "INSERT INTO accounts_org (division_code, name, kind) VALUES ($1, $2, 'bureau') RETURNING id",
        division,
        who.name,
    )
    await tx.conn.execute(
        "INSERT INTO accounts_user (id, division_code, login, name, password_hash) VALUES ($1, $2, $3, $4, '')",
        who.user_id,
        division,
        f"u{who.user_id}",
        who.name,
    )
    return int(
        await tx.conn.fetchval(
            'INSERT INTO accounts_post (division_code, "user", org, role) VALUES ($1, $2, $3, $4) RETURNING id',
            division,
            who.user_id,
            org,
            who.role,
        )
    )


async def named(tx: Tx, *, days: int = 5, limit: int | None = None) -> int:
    """Let the leader name the second clerk as deputy."""
    await post_of(tx, LEADER, KECHENG)
    post = await post_of(tx, SECOND, KECHENG)
    asked = DeputyForm(post, TODAY, TODAY + timedelta(days=days), "柯移〔2026〕9号", "外出", limit)
    async with become(tx, LEADER):
        return await deputies.name_deputy(tx, asked)


async def test_a_deputy_signs_in_the_leaders_place_and_both_names_stand(tx: Tx) -> None:
    claim = await submitted(tx, await contracted(tx))
    assert await refused(tx, SECOND, lambda: service.sign(tx, claim)) == ["KRN-403"]
    key = await named(tx)
    async with become(tx, SECOND):
        assert [t.url for t in await panels.waiting(tx)] == [f"/claims/{claim}"]
        await service.sign(tx, claim, "同意")
        assert not tx.actor.may("allocation.claims.sign")
    mark = (await queries.signatures(tx, claim))[0]
    assert (mark["role"], mark["user_id"], mark["for_user"], mark["authority"]) == (
        "county_leader",
        SECOND.user_id,
        LEADER.user_id,
        key,
    )
    finance_too = actor(Role.COUNTY_FINANCE, KECHENG, user_id=LEADER.user_id)
    assert await refused(tx, finance_too, lambda: service.sign(tx, claim)) == ["ALC-423"]
    with pytest.raises(asyncpg.UniqueViolationError, match=r"one_hand|nobody_twice"):
        async with tx.conn.transaction():
            await tx.conn.execute(
                "INSERT INTO allocation_signature (division_code, claim, attempt, step, role, user_id, name)"
                " VALUES ($1, $2, 1, 1, 'county_finance', $3, 'x')",
                VILLAGE,
                claim,
                LEADER.user_id,
            )


async def test_an_authority_ends_with_its_day_its_amount_or_its_giver(tx: Tx) -> None:
    project = await contracted(tx)
    claim = await submitted(tx, project)
    key = await named(tx, limit=100_000_00)
    assert await refused(tx, SECOND, lambda: service.sign(tx, claim)) == ["KRN-403"]
    small = await submitted(tx, project, form(Kind.PROGRESS, 1_000_00))
    await tx.conn.execute('UPDATE accounts_post SET active = false WHERE "user" = $1', LEADER.user_id)
    assert await refused(tx, SECOND, lambda: service.sign(tx, small)) == ["KRN-403"]  # the giver left the post
    await tx.conn.execute('UPDATE accounts_post SET active = true WHERE "user" = $1', LEADER.user_id)
    tx.now += timedelta(days=6)
    assert await refused(tx, SECOND, lambda: service.sign(tx, small)) == ["KRN-403"]
    tx.now -= timedelta(days=6)
    assert await refused(tx, FINANCE, lambda: deputies.revoke(tx, key, "回来了")) == ["ALC-449"]
    async with become(tx, LEADER):
        await deputies.revoke(tx, key, "提前返回")
    assert await refused(tx, SECOND, lambda: service.sign(tx, small)) == ["KRN-403"]


async def test_only_ones_own_office_deputises(tx: Tx) -> None:
    stranger = actor(Role.COUNTY_LEADER, QUJIANG, user_id=912)
    post = await post_of(tx, stranger, QUJIANG)
    asked = DeputyForm(post, TODAY, TODAY, "柯移〔2026〕9号", "外出")
    assert await refused(tx, LEADER, lambda: deputies.name_deputy(tx, asked)) == ["ALC-443"]


async def test_the_village_group_stands_beside_the_villages_hand(tx: Tx) -> None:
    project = await contracted(tx, award=4_000_000_00, contract=4_000_000_00)
    claim = await submitted(tx, project, form(Kind.ADVANCE, 500_000_00))
    assert await refused(tx, VILLAGER, lambda: service.sign(tx, claim, group="甲、乙、甲")) == ["ALC-442"]
    async with become(tx, VILLAGER):
        await service.sign(tx, claim, group=GROUP)
    async with become(tx, TOWNSHIP):
        await service.sign(tx, claim)
    assert [s["group_names"] for s in await queries.signatures(tx, claim)] == [GROUP, ""]


async def test_what_is_signed_is_what_was_submitted(tx: Tx) -> None:
    claim = await submitted(tx, await contracted(tx))
    row = await queries.claim(tx, claim)
    assert row["seal"] == await judging.seal_of(tx, row) != ""
    upload = UploadFile("application/pdf", "换过.pdf", PDF + b"%")
    await hands.judging.files.store(tx, upload, owner=(judging.TABLE, claim), kind="invoice", division_code=VILLAGE)
    assert await refused(tx, LEADER, lambda: service.sign(tx, claim)) == ["ALC-448"]


async def test_an_electronic_invoice_is_one_whatever_code_is_typed_beside_it(tx: Tx) -> None:
    project = await contracted(tx)
    await prepared(tx, project, form(number="26332000000012345678", invoice_code="033002300111"))
    with pytest.raises(asyncpg.UniqueViolationError, match="one_invoice"):
        await prepared(tx, project, form(number="26332000 0000 1234 5678"))


async def test_an_invoice_that_looks_alike_is_shown_beside_the_claim(tx: Tx) -> None:
    project = await contracted(tx)
    first = await prepared(tx, project, form(amount=50_000_00))
    second = await prepared(tx, project, form(amount=50_000_00))
    other = await prepared(tx, project, form(amount=50_000_01))
    found = [r["id"] for r in await queries.alike(tx, await queries.claim(tx, second))]
    assert (found, other in found) == ([first], False)
