"""Pictures of the sites that the counties have let out: covered, without metadata."""

from __future__ import annotations

from projects.portal import queries, service
from projects.portal.forms import PublishForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.lives import Life, by_county
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say

SITES = 3
FULL_BP = 100
_VISITS = """
SELECT v.id, v.project, f.id AS file, p.progress_bp FROM inspection_visit v JOIN projects_project p ON p.id = v.project
JOIN kernel_file f ON f.owner_table = 'inspection_visit' AND f.owner_id = v.id AND f.kind = 'photo'
WHERE v.project = ANY($1) ORDER BY v.project, v.id
"""


async def show_photos(world: World, lives: list[Life]) -> None:
    """Let one picture of some sites of each county out."""
    for code, mine in by_county(lives):
        clerk = world.actor(Role.COUNTY_CLERK, code)
        names = {life.id: life.village.name for life in mine if life.reaches("building")}
        async with acting(clerk, BUSINESS_DATE, 9) as tx:
            rows = await tx.conn.fetch(_VISITS, list(names))
            last = {row["project"]: row for row in rows}
            for project, row in list(last.items())[:SITES]:
                caption = say("photo_caption", village=names[project], progress=row["progress_bp"] // FULL_BP)
                given = PublishForm(row["file"], caption, say("photo_masks"), looked=True)
                pictures = await queries.pictures(tx, project, [("inspection_visit", row["id"])])
                await service.publish(tx, project, given, pictures)
