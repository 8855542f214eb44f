"""Commands after the handover: faults mended and confirmed, looks at assets, caretakers, assets struck off."""

from __future__ import annotations

from typing import Any

from projects.assets import queries, rules
from projects.assets.forms import CaretakerForm, CheckForm, FaultForm, MendForm
from projects.assets.parameters import acceptance_rules
from projects.assets.service import dated
from projects.assets.states import ASSET, DEFECT, A
from projects.assets.tables import Asset, Defect
from projects.permissions import P
from projects.queries import find, subject
from projects.states import S
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
WARRANTED = (S.ACCEPTED, S.HANDED_OVER)
WARRANTY = "建设工程质量管理条例 第四十一条"


@command(P.BUILD, audit="projects.defect.mend")
async def mend(tx: Tx, defect_id: int, form: MendForm) -> Row:
    """Report a fault mended. Raises: Refused PRJ-431, KRN-404, KRN-408."""
    row = await queries.lock(tx, "projects_defect", defect_id)
    dated(form.mended_on, row["found_on"], tx.today, "mended_on")
    sets = {"mended_on": form.mended_on, "mended_note": form.mended_note}
    return await fire(tx, DEFECT, Defect, row, "mend", sets=sets, note=form.mended_note)


@command(P.PRE_ACCEPT, audit="projects.defect.judge")
async def judge(tx: Tx, defect_id: int, verb: str, reason: str = "") -> Row:
    """Confirm a repair, or have it done again with a reason. Raises: Refused PRJ-205, KRN-404, KRN-408."""
    row = await queries.lock(tx, "projects_defect", defect_id)
    if verb == "confirm":
        return await fire(tx, DEFECT, Defect, row, "confirm", note=reason)
    return await fire(tx, DEFECT, Defect, row, "reopen", sets={"mended_on": None}, reason=reason)


@command(P.KEEP_ASSET, audit="projects.defect.report")
async def report_fault(tx: Tx, project_id: int, form: FaultForm) -> int:
    """Report a fault that showed while the builder still answers for that part.

    Raises: Refused PRJ-631 (not accepted), PRJ-632 (the warranty of the part is over or was never given),
    PRJ-606, PRJ-431.
    """
    row = await find(tx, project_id)
    if row["state"] not in WARRANTED:
        raise Refused("PRJ-631")
    dated(form.found_on, row["accepted_on"], tx.today, "found_on")
    until = await tx.conn.fetchval(
        "SELECT ends_on FROM projects_warranty WHERE project = $1 AND part = $2", project_id, form.part.value
    )
    if until is None or form.found_on > until:
        raise Refused("PRJ-632", field="part", until=until)
    if form.due_on < form.found_on:
        raise Refused("PRJ-606", field="due_on", held=form.found_on)
    key = await tx.conn.fetchval(
        "INSERT INTO projects_defect (project, division_code, source, part, content, found_on, due_on)"
        " VALUES ($1, $2, 'warranty', $3, $4, $5, $6) RETURNING id",
        project_id,
        row["division_code"],
        form.part.value,
        form.content,
        form.found_on,
        form.due_on,
    )
    await tx.note(subject(row), "projects.defect.report", clause=WARRANTY, note=form.content)
    return int(key)


@command(P.KEEP_ASSET, audit="projects.asset.check")
async def check(tx: Tx, asset_id: int, form: CheckForm) -> int:
    """Enter a look at an asset and set the day of the next one.

    Raises: Refused PRJ-633 (struck off), PRJ-634 (broken or worn, but nothing said), PRJ-431, KRN-404.
    """
    row = await queries.lock(tx, "projects_asset", asset_id)
    if row["state"] == A.RETIRED:
        raise Refused("PRJ-633")
    dated(form.checked_on, row["in_use_on"], tx.today, "checked_on")
    if form.condition != "good" and not form.finding:
        raise Refused("PRJ-634", field="finding")
    months = acceptance_rules(tx.policy_for(row["division_code"])).check_months.value
    following = rules.add_months(form.checked_on, months)
    key = await tx.conn.fetchval(
        "INSERT INTO projects_asset_check (asset, division_code, checked_on, condition, finding, measure, next_on,"
        " checked_by, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
        asset_id,
        row["division_code"],
        form.checked_on,
        form.condition.value,
        form.finding,
        form.measure,
        following,
        tx.actor.name,
        tx.actor.user_id,
    )
    await tx.conn.execute(
        "UPDATE projects_asset SET next_check_on = greatest(next_check_on, $2), version = version + 1 WHERE id = $1",
        asset_id,
        following,
    )
    await tx.note(about(row), "projects.asset.check", condition=form.condition.value, note=form.finding)
    return int(key)


@command(P.KEEP_ASSET, audit="projects.asset.caretaker")
async def hand_on(tx: Tx, asset_id: int, form: CaretakerForm) -> None:
    """Name who looks after an asset from now on. Raises: Refused PRJ-633, KRN-404."""
    row = await queries.lock(tx, "projects_asset", asset_id)
    if row["state"] == A.RETIRED:
        raise Refused("PRJ-633")
    await tx.conn.execute(
        "UPDATE projects_asset SET caretaker = $2, version = version + 1 WHERE id = $1", asset_id, form.caretaker
    )
    await tx.note(
        about(row), "projects.asset.caretaker", before=row["caretaker"], after=form.caretaker, reason=form.why
    )


@command(P.KEEP_ASSET, audit="projects.asset.move")
async def move(tx: Tx, asset_id: int, verb: str, reason: str) -> Row:
    """Set an asset aside, take it into use again, or strike it off. Raises: Refused PRJ-205, KRN-403, KRN-408."""
    row = await queries.lock(tx, "projects_asset", asset_id)
    return await fire(tx, ASSET, Asset, row, verb, reason=reason)


def about(row: Row) -> tuple[str, int, str]:
    """Name an asset for its timeline."""
    return "projects_asset", row["id"], row["division_code"]
