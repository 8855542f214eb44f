"""What the tests of projects share: one application as it is typed, the worked cases, a picture of a paper."""

from __future__ import annotations

import io
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from house import NOW, become
from PIL import Image

from projects.notices import service as notices
from projects.plan import posting
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.tx import Tx, begin

CASES = Path(__file__).parent / "cases/projects"


def read(name: str) -> dict[str, Any]:
    """Read one file of cases."""
    return tomllib.loads((CASES / f"{name}.toml").read_text(encoding="utf-8"))


def cases(name: str) -> list[dict[str, Any]]:
    """List the worked cases of one file, each with its clause."""
    found: list[dict[str, Any]] = read(name)["case"]
    return found


TYPED: dict[str, dict[str, str]] = read("application")
"""An application by part and field."""


def picture(shade: int = 250) -> bytes:
    """Make a small PNG."""
    kept = io.BytesIO()
    Image.new("RGB", (40, 40), (shade, shade, shade)).save(kept, "PNG")
    return kept.getvalue()


async def shown(tx: Tx, plan_id: int, county: Actor) -> int:
    """Put a plan before the public six days ago, close its notice today; answer the version a leader sees."""
    async with become(tx, county):
        now, tx.now = tx.now, tx.now - timedelta(days=6)
        await posting.post(tx, plan_id, await plan_version(tx, plan_id))
        tx.now = now
        hanging = await notices.latest(tx, (posting.PLAN, plan_id, county.division_code))
        assert hanging is not None
        await notices.close_notice(tx, hanging["id"], "公示期间无异议")
    return await plan_version(tx, plan_id)


async def plan_version(tx: Tx, plan_id: int) -> int:
    """Give the version of a plan."""
    return int(await tx.conn.fetchval("SELECT version FROM projects_plan WHERE id = $1", plan_id))


async def show_for_good(plan_id: int, county: Actor) -> None:
    """The same in transactions that commit: the plan hung before the public six days ago and nobody objected."""
    async with begin(county, request_id="show", at=NOW - timedelta(days=6)) as tx:
        await posting.post(tx, plan_id, await plan_version(tx, plan_id))
    async with begin(county, request_id="close", at=NOW) as tx:
        hanging = await notices.latest(tx, (posting.PLAN, plan_id, county.division_code))
        assert hanging is not None
        await notices.close_notice(tx, hanging["id"], "公示期间无异议")
