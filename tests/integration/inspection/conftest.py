"""A project with milestones, written straight into its tables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from quzhou_migrants.kernel.db import connect_arguments

VILLAGE = "330802100201"
SITE = (28.97, 118.87)
Make = Callable[..., Awaitable[dict[str, Any]]]


async def insert_project(  # noqa: PLR0913 - what tests vary
    conn: Any,
    *,
    number: int = 1,
    state: str = "building",
    division: str = VILLAGE,
    title: str = "道路硬化工程",
    site: tuple[float, float] | None = SITE,
    weights: tuple[int, ...] = (3000, 7000),
) -> dict[str, Any]:
    """Write one awarded project and its milestones."""
    row = await conn.fetchrow(
        "INSERT INTO projects_project (code, division_code, title, content, state, award_fen, contract_fen, lat, lon,"
        " contractor, asset_owner, caretaker, beneficiaries, migrants, plan_year, is_demo) VALUES ($1, $2, $3,"
        " '硬化村内道路1.2公里', $4, 50000000, 48000000, $5, $6, '某某建设有限公司', '村股份经济合作社', '村委会',"
        " 300, 120, 2026, true) RETURNING *",
        f"QZ-T-{number:04}",
        division,
        title,
        state,
        *(site or (None, None)),
    )
    keys = [
        await conn.fetchval(
            "INSERT INTO projects_milestone (project, division_code, seq, title, weight_bp, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, true) RETURNING id",
            row["id"],
            division,
            seq,
            f"节点{seq}",
            weight,
        )
        for seq, weight in enumerate(weights, 1)
    ]
    return dict(row) | {"milestones": keys}


@pytest.fixture
def project_in() -> Make:
    """`await project_in(tx, state="awarded")` inside an open transaction."""

    async def make(tx: Any, **values: Any) -> dict[str, Any]:
        return await insert_project(tx.conn, **values)

    return make


@pytest_asyncio.fixture(loop_scope="session")
async def committed(db: Any) -> AsyncIterator[Make]:
    """`await committed(state="awarded")` in a database of one's own."""
    conn = await asyncpg.connect(**connect_arguments(db.owner))

    async def make(**values: Any) -> dict[str, Any]:
        return await insert_project(conn, **values)

    yield make
    await conn.close()
