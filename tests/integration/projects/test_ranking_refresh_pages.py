"""Pages of ranking and refresh over HTTP: a slip keeps what was typed, a snapshot's file has the hash it shows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg
from house import BAIMA, CITY, QUJIANG, Database

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.db import connect_arguments

Client = Callable[..., AbstractAsyncContextManager[Any]]
_PROJECT = """
INSERT INTO projects_project (code, division_code, title, category, state, estimate_fen, asked_fen, own_fen,
  beneficiaries, migrants, admitted_at, valid_until, closing_reason)
VALUES ($1, $2, $3, 'farmland_water', $4, 50000000, 40000000, 10000000, 500, 200, '2026-01-09', '2026-09-01', $5)
RETURNING id
"""


async def seen(http: Any, path: str) -> str:
    answer = await http.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:600])
    return str(answer.text)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


async def sent(http: Any, path: str, page: str, **fields: Any) -> str:
    answer = await http.post(path, data={"once": hidden(page, "once"), **fields})
    assert answer.status_code == 303, (path, answer.status_code, re.sub(r"<[^>]+>|\s+", " ", answer.text)[-1500:])
    return str(answer.headers["location"])


async def written(db: Database, *rows: tuple[str, str, str]) -> list[int]:
    """Write projects: title, state, reason."""
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    found = [
        await owner.fetchval(_PROJECT, f"T-{n}", BAIMA, title, state, reason)
        for n, (title, state, reason) in enumerate(rows)
    ]
    await owner.close()
    return found


def typed(**change: str) -> dict[str, Any]:
    """What a city clerk types into the form of a scheme."""
    keys = ("votes", "cost")
    facts = {"title": "储备项目排序办法", "ties": ["votes", "admitted"]}
    for n, (key, weight, zero, full) in enumerate(zip(keys, ("60", "40"), ("50", "5000"), ("100", "500"), strict=True)):
        facts |= {f"criteria.{n}.key": key, f"criteria.{n}.weight_bp": weight}
        facts |= {f"criteria.{n}.zero": zero, f"criteria.{n}.full": full}
    return facts | change


async def test_scheme_is_typed_mended_published_and_used(client_as: Client, db: Database) -> None:
    await written(db, ("白马新村渠道", "admitted", ""))
    async with client_as(Role.CITY_CLERK, CITY) as clerk:
        page = await seen(clerk, "/ranking/schemes/new")
        wrong = typed(**{"criteria.0.weight_bp": "55"})
        answer = await clerk.post("/ranking/schemes/new", data={"once": hidden(page, "once"), **wrong})
        assert answer.status_code == 422
        assert "现在是95%" in answer.text
        assert 'value="55"' in answer.text
        scheme = await sent(clerk, "/ranking/schemes/new", page, **typed())
        assert "公布方案" not in await seen(clerk, scheme)
    async with client_as(Role.CITY_LEADER, CITY) as leader:
        page = await seen(leader, scheme)
        await sent(leader, f"{scheme}/publish", page, doc_no="衢移〔2026〕3号", seen=hidden(page, "seen"))
        assert "衢移〔2026〕3号" in await seen(leader, scheme)
    async with client_as(Role.COUNTY_CLERK, QUJIANG) as county:
        answer = await county.post("/ranking/new", data={"once": hidden(await seen(county, "/ranking"), "once")})
        assert "储备库中没有可排序的项目" in answer.text  # its last day is over


async def test_snapshot_is_taken_home_and_an_expired_project_comes_back(client_as: Client, db: Database) -> None:
    _, left = await written(db, ("白马新村渠道", "admitted", ""), ("白马新村道路", "expired", "储备周期已满"))
    async with client_as(Role.COUNTY_CLERK, QUJIANG) as county:
        page = await seen(county, "/refresh/snapshots")
        frozen = await sent(county, "/refresh/snapshots", page, reason="编制2027年度计划之前")
        shown = re.search(r"SHA-256 ([0-9a-f]{64})", await seen(county, frozen))
        content = await county.get(f"{frozen}/content.txt")
        assert shown
        assert hashlib.sha256(content.content).hexdigest() == shown[1]
        again = await county.post("/refresh/snapshots", data={"once": hidden(page, "once"), "reason": "再留一份"})
        assert again.headers["location"] == frozen  # the same form, sent twice
        page = await seen(county, f"/refresh/expired/{left}")
        assert "储备周期已满" in page
        fields = {"seen": hidden(page, "seen"), "years": "3", "opinion": "经核实仍有需要"}
        await sent(county, f"/refresh/expired/{left}/readmit", page, **fields)
        assert "储备有效期至</dt><dd><time" in (await seen(county, f"/projects/{left}")).replace("\n", "")
        assert "白马新村道路" in await seen(county, "/reserve")
