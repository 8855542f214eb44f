"""A dossier is made in the background, taken up again after a crash, and given only to who asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg
from house import BAIMA, KECHENG, NIANLI, QUJIANG, Database, actor

from projects.dossier import making, service
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.tx import begin, system_tx

Client = Callable[..., AbstractAsyncContextManager[Any]]
WHOLE = "SELECT * FROM projects_dossier WHERE id = $1"


async def filed(conn: Any) -> int:
    key: int = await conn.fetchval(
        "INSERT INTO projects_project (code, division_code, title, category, state, receipt, submitted_at)"
        " VALUES ('330803-2026-000001', $1, '渠道修复', 'farmland_water', 'admitted', 'R-1', now()) RETURNING id",
        BAIMA,
    )
    return key


async def finished(conn: Any, key: int) -> Any:
    for _ in range(300):
        row = await conn.fetchrow(WHOLE, key)
        if row["finished_at"] or row["failure"]:
            return row
        await asyncio.sleep(0.1)
    raise TimeoutError


async def test_a_dossier_left_by_a_dead_worker_is_taken_up_and_made_once(db: Database) -> None:
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    project = await filed(conn)
    who = actor(Role.COUNTY_CLERK, QUJIANG)
    async with begin(who, request_id="ask") as tx:
        key = await service.ask(tx, project, "zip")
        assert await service.ask(tx, project, "zip") == key  # asked twice, made once
        assert await service.ask(tx, project, "pdf") != key
    await conn.execute("UPDATE projects_dossier SET touched_at = now() - interval '5 minutes' WHERE id = $1", key)
    async with system_tx("test") as tx:
        await making.resume(tx, "")
    row = await finished(conn, key)
    assert (row["failure"], row["done"], row["pages"]) == ("", row["parts"], row["parts"])
    await making.run(key)  # a second worker finds nothing left to do
    files = await conn.fetchval("SELECT count(*) FROM kernel_file WHERE owner_table = 'projects_dossier'")
    assert files == 1
    await conn.close()


async def test_only_who_asked_gets_it(db: Database, client_as: Client) -> None:
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    project = await filed(conn)
    async with client_as(Role.COUNTY_CLERK, QUJIANG) as county:
        page = (await county.get(f"/projects/{project}/dossier")).text
        token = re.findall(r'name="once" value="([^"]+)"', page)[0]
        answer = await county.post(f"/projects/{project}/dossier/make", data={"once": token, "kind": "zip"})
        where = answer.headers["location"]
        await finished(conn, int(where.rsplit("/", 1)[1]))
        assert (await county.get(where)).text.count("下载") == 1
        whole = await county.get(f"{where}/file")
        assert (whole.status_code, whole.content[:2]) == (200, b"PK")
        async with client_as(Role.TOWNSHIP_CLERK, NIANLI) as town:
            assert (await town.get(where)).status_code == 404
            assert (await town.get(f"{where}/file")).status_code == 404
    await conn.close()


async def test_programs_read_asset_cards_of_their_range(db: Database, client_as: Client) -> None:
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    project = await filed(conn)
    asset = await conn.fetchval(
        "INSERT INTO projects_asset (project, division_code, number, name, kind, value_fen, in_use_on, caretaker,"
        " next_check_on) VALUES ($1, $2, 'A-1', '渠道', 'water', 100, '2026-09-16', '村委会', '2027-09-16')"
        " RETURNING id",
        project,
        BAIMA,
    )
    await conn.execute(
        "INSERT INTO projects_asset_share (asset, division_code, seq, owner, invested_fen, share_bp)"
        " VALUES ($1, $2, 1, '合作社', 100, 10000)",
        asset,
        BAIMA,
    )
    await conn.close()
    async with client_as(Role.COUNTY_CLERK, QUJIANG) as own, client_as(Role.COUNTY_CLERK, KECHENG) as other:
        page = (await own.get("/api/v1/assets?limit=1")).json()
        assert ([i["owners"] for i in page["items"]], page["next"]) == ([["合作社"]], None)
        assert (await other.get("/api/v1/assets")).json() == {"items": [], "next": None}
