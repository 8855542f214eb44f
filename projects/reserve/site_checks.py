"""What somebody saw at the place before a decision: written once, never changed, with photos."""

from __future__ import annotations

from typing import Any

from projects.permissions import P
from projects.queries import lock, subject
from projects.reserve.forms import SiteCheckForm
from projects.reserve.rules import TIERS
from projects.reserve.turns import NEEDS
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.file_types import JPEG, PNG
from quzhou_migrants.kernel.files import FileRef, files_of, store
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "projects_site_check"
PHOTO = "site_photo"
DUTY = "衢政办发〔2016〕65号 二(四)1"


@command(P.VIEW, audit="projects.review.site_check")
async def record(tx: Tx, project_id: int, form: SiteCheckForm) -> int:
    """Record a visit to the place by the tier whose turn it is.

    Raises: Refused PRJ-234 (nobody's turn), PRJ-236 (a day to come), KRN-403, and what the store refuses.
    """
    project = await lock(tx, project_id)
    tier = TIERS.get(project["state"])
    if tier is None:
        raise Refused("PRJ-234")
    tx.require(NEEDS[tier])
    if form.checked_on > tx.today:
        raise Refused("PRJ-236", field="checked_on", checked=form.checked_on)
    key = await tx.conn.fetchval(
        "INSERT INTO projects_site_check (project, division_code, round, checked_on, checker, checker_name,"
        " checker_title, companions, finding, note, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " RETURNING id",
        project_id,
        project["division_code"],
        project["round"],
        form.checked_on,
        tx.actor.user_id,
        tx.actor.name,
        tx.actor.title,
        form.companions,
        form.finding.value,
        form.note,
        tx.now,
    )
    for photo in form.photos:
        await store(
            tx, photo, owner=(TABLE, key), kind=PHOTO, division_code=project["division_code"], accept={JPEG, PNG}
        )
    facts = {"finding": form.finding.value, "note": form.note}
    await tx.note(subject(project), "projects.review.site_check", clause=DUTY, **facts)
    return int(key)


async def photos(tx: Tx, checks: list[Row]) -> dict[int, list[FileRef]]:
    """Give the photos of site checks, by check."""
    return {c["id"]: await files_of(tx, (TABLE, c["id"])) for c in checks}
