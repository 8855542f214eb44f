"""The road of one project of the demonstration to its plan, and a visit to its site, each step by whoever takes it."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Protocol

from house import actor
from project_house import TYPED, picture, show_for_good
from screens import Desk

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo import pictures

TITLE = "年度资金全程渠道"
SECTIONS = ("basics", "works", "benefit", "readiness", "decision", "posting")


class Town(Protocol):
    """Who gives the desks."""

    async def desk(self, login: str) -> Desk:
        """Give somebody's desk."""


async def planned(town: Town, village: str, county: str, asked: str) -> int:
    """File, check, admit and plan a project through the screens; its plan hung before the public six days.

    Shape: `county` is the beginning of its logins; answers the project.
    """
    project = await filed(await town.desk(f"v{village}"), asked)
    opinion = "经审查，材料齐全，同意上报。"
    township = await (await town.desk(f"t{village[:9]}")).open(f"/reserve/{project}")
    await township.press("审查通过，转县级核准", opinion=opinion)
    clerk = await (await town.desk(f"{county}_clerk")).open(f"/reserve/{project}")
    await clerk.press("核准入库", opinion=opinion)
    await clerk.open("/plan/new")
    await clerk.press(
        "建立计划", year="2026", batch="20", title="年度资金全程计划", money_fen="20万", money_source="年度第三批资金"
    )
    plan, picks = clerk.path, [e.get("name") for e in clerk.page.iter("input") if e.get("value") == str(project)]
    pick = picks[0].rpartition(".")[0].replace(".", "__")
    await clerk.press("列入所选", **{f"{pick}__take": "true", f"{pick}__amount_fen": asked})
    await show_for_good(int(plan.rpartition("/")[2]), actor(Role.COUNTY_CLERK, f"{village[:6]}000000"))
    leader = await (await town.desk(f"{county}_leader")).open(plan)
    await leader.press("批复计划", doc_no="移〔2026〕91号", departure="储备库中产业和创业致富项目不足")
    return project


async def filed(village: Desk, asked: str) -> int:
    """Fill in an application part by part, with its papers, and submit it."""
    await village.open("/projects/new")
    await village.press("建立草稿", title=TITLE, category="farmland_water")
    tasks = village.path
    own = {"title": TITLE, "estimate_fen": asked, "asked_fen": asked, "own_fen": "0", "items.0.price_fen": "80"}
    for section in SECTIONS:
        typed = TYPED[section] | {name: value for name, value in own.items() if name in TYPED[section]}
        if not village.path.endswith(section):
            await village.open(f"{tasks}/{section}")
        await village.press("保存并继续", **{name.replace(".", "__"): value for name, value in typed.items()})
    for kind in ("resolution", "notice", "design"):
        if not village.path.endswith("papers"):
            await village.open(f"{tasks}/papers")
        await village.attach("paper", f"{kind}.png", picture(len(kind)), "image/png").press("上传", kind=kind)
    await village.open(tasks.replace("apply", "submit"))
    await village.press("提交申报", declare="true")
    return int(tasks.split("/")[2])


async def visited(inspector: Desk, project: int, seen_bp: int) -> None:
    """Visit a site as the field app does: take the pack along, send the report, then the picture."""
    http, now = inspector.http, datetime.now(UTC)
    pack = (await http.get("/api/v1/field/pack")).json()["projects"]
    (site,) = [one for one in pack if one["id"] == project]
    fix = {"lat": site["lat"], "lon": site["lon"], "accuracy": 8, "at": (now - timedelta(minutes=20)).isoformat()}
    shot = pictures.photo(Random(project), seen_bp)
    sha256 = hashlib.sha256(shot).hexdigest()
    report: dict[str, Any] = {
        "client_id": str(uuid.uuid4()),
        "project": project,
        "started_at": (now - timedelta(minutes=40)).isoformat(),
        "finished_at": (now - timedelta(minutes=5)).isoformat(),
        "sent_at": now.isoformat(),
        "contact": {"way": "typed", "name": "演示甲"},
        "fix": fix,
        "photos": [{"sha256": sha256, "size": len(shot), "taken_at": fix["at"], "fix": fix}],
        "progress": [{"milestone": step["id"], "seen_bp": seen_bp} for step in site["milestones"]],
    }
    sent = await http.post("/api/v1/visits", json=report)
    assert sent.json()["missing"] == [sha256], sent.text
    done = await http.put(f"/api/v1/visits/{report['client_id']}/photos/{sha256}", content=shot)
    assert done.json()["state"] == "counted", done.text
