"""What tests of the pool and its draws start from: a city's pool, a round that waits for its panel."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

from house import CITY, KECHENG, actor, become
from litestar.datastructures import UploadFile
from round_house import CALL, CLERK, LEADER, admitted, fund

from allocation.competitive import service as rounds
from allocation.experts import drawing, queries, service
from allocation.experts.forms import ExpertForm, GroupForm, SeedForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.tx import Tx

CITY_CLERK = actor(Role.CITY_CLERK, CITY, user_id=805)
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
_numbers = itertools.count(1)


def expert_form(n: int, **changes: Any) -> ExpertForm:
    given = {
        "name": f"评审{n}",
        "employer": f"第{n}研究院",
        "county": "330803",
        "specialities": ["water"],
        "grade": "senior",
        "valid_from": date(2025, 1, 1),
        "valid_until": date(2027, 12, 31),
    }
    return ExpertForm(**{**given, **changes})


async def account(tx: Tx, division: str = CITY) -> int:
    number = next(_numbers)
    return int(
        await tx.conn.fetchval(
            "INSERT INTO accounts_user (division_code, login, name, password_hash)"
            " VALUES ($1, $2, $3, '') RETURNING id",
            division,
            f"pool{number}",
            f"评审{number}",
        )
    )


async def pool(tx: Tx, size: int = 8, **changes: Any) -> list[int]:
    """Take so many experts into the city's pool, each with an account."""
    made = []
    for n in range(size):
        user = await account(tx)
        async with become(tx, CITY_CLERK):
            made.append(await service.admit(tx, expert_form(n, user_id=user, **changes)))
    return made


async def call(tx: Tx, *, asked: tuple[int, ...] = (480_000_00, 300_000_00), form: Any = CALL) -> int:
    """Publish a call with its candidates; nobody sits yet."""
    await fund(tx, 2_000_000_00)
    found = [await admitted(tx, fen) for fen in asked]
    async with become(tx, CLERK):
        key = await rounds.draft(tx, form)
        await rounds.publish(tx, key)
        await rounds.add_candidates(tx, key, found)
    return key


async def drawn(tx: Tx, round_id: int, seats: int = 5, seed: str = "20260916") -> int:
    """Freeze and draw; gives the draw's id."""
    async with become(tx, CLERK):
        key = await drawing.freeze(tx, round_id, [GroupForm("water", seats)])
    async with become(tx, LEADER):
        await drawing.draw(tx, key, SeedForm(seed, "公开号码"))
    return key


async def seated(tx: Tx, round_id: int, seats: int = 5) -> int:
    """Draw a panel and have everybody come; gives the draw's id."""
    key = await drawn(tx, round_id, seats)
    async with become(tx, CLERK):
        for line in (await queries.lines(tx, key))[:seats]:
            await drawing.seat(tx, line["id"])
    return key


async def members(tx: Tx, round_id: int) -> list[Any]:
    """Give those who sit as people who can act."""
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_expert WHERE round = $1 AND left_at IS NULL ORDER BY seat", round_id
    )
    return [actor(Role.EXPERT, KECHENG, user_id=r["user_id"], engagement=r["engagement_id"]) for r in rows]


def paper(name: str = "决定.pdf") -> UploadFile:
    return UploadFile("application/pdf", name, PDF)
