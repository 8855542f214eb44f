"""Visits to the sites, with a picture each; now and then one that another county used before."""

from __future__ import annotations

import hashlib
import secrets
from datetime import date, timedelta
from uuid import UUID

from inspection.public import open_findings
from inspection.visits.forms import Contact, ContactWay, Fix, Found, Kind, PhotoNote, Seen, VisitReport
from inspection.visits.office import close_finding, mend_finding
from inspection.visits.service import receive_photo, record_visit
from projects import public as projects
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo import pictures
from quzhou_migrants.demo.lives import DAY, Life, Site
from quzhou_migrants.demo.world import BUSINESS_DATE, acting, say
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.blobs import DRAFTS, Draft
from quzhou_migrants.kernel.clock import system_now
from quzhou_migrants.kernel.tx import Tx

WITH_FINDING, FAR_AWAY = 0.12, 0.06
STEP_DEGREES = 0.0004  # some forty metres
FAR_DEGREES = 0.02
MENDED_AFTER = timedelta(days=5)
GRAVE_OF, BORROWED_OF = 13, 8


async def visit(site: Site, day: date, progress_bp: int, *, last: bool) -> None:
    """Look at a site, enter what was seen, send the picture; some of the last visits are doubtful."""
    rng = site.rng
    inspector = site.world.actor(Role.INSPECTOR, site.life.village.county, rng.randrange(2))
    shot = pictures.photo(rng, progress_bp)
    if last and site.life.id % BORROWED_OF == 0 and day > site.world.borrowed_on:  # lives are not told in time's order
        shot, site.world.borrowed_on = pictures.borrowed(site.life.id // BORROWED_OF), day
    async with acting(inspector, day, 14) as tx:
        report = await _report(tx, site, progress_bp, shot, last=last)
        await record_visit(tx, report)
        await receive_photo(tx, report.client_id, _draft(shot), report.photos[0].sha256)
    if report.findings:
        await _mend(site, day + MENDED_AFTER, seen=not last)


async def _mend(site: Site, day: date, *, seen: bool) -> None:
    """Mend what was found some days ago; of what the last visit found, some stays open and nothing is confirmed."""
    village = site.life.village
    async with acting(site.world.actor(Role.TOWNSHIP_CLERK, village.township), min(day, BUSINESS_DATE)) as tx:
        found = await open_findings(tx, site.life.id) if seen or site.life.id % 2 else []
        for finding in found:
            await mend_finding(tx, finding["id"], say("finding_mended"))
    async with acting(site.world.actor(Role.COUNTY_CLERK, village.county), min(day + DAY, BUSINESS_DATE)) as tx:
        for finding in found if seen else []:
            await close_finding(tx, finding["id"], say("finding_seen"))


async def _report(tx: Tx, site: Site, progress_bp: int, shot: bytes, *, last: bool) -> VisitReport:
    far = last and site.rng.random() < FAR_AWAY
    now = system_now()  # a phone knows no business date: the service moves its times
    life, rng = site.life, site.rng
    reach = FAR_DEGREES if far else STEP_DEGREES
    north, east = rng.uniform(reach / 2, reach), rng.uniform(-reach, reach)
    fix = Fix(lat=life.lat + north, lon=life.lon + east, accuracy=rng.randrange(4, 30), at=now - timedelta(minutes=12))
    note = PhotoNote(
        sha256=hashlib.sha256(shot).hexdigest(), size=len(shot), taken_at=now - timedelta(minutes=12), fix=fix
    )
    found = [Found(kind=Kind.SAFETY, content=say("finding"), measure=say("finding_measure"))]
    if not last and life.id % GRAVE_OF == 0:  # nobody pays while one stands, and the lives that follow are paid
        found = [Found(kind=Kind.QUALITY, content=say("grave"), measure=say("grave_measure"), serious=True)]
    return VisitReport(
        client_id=UUID(int=rng.getrandbits(128), version=4),
        project=life.id,
        started_at=now - timedelta(minutes=20),
        finished_at=now - timedelta(minutes=5),
        sent_at=now,
        contact=Contact(way=ContactWay.TYPED, name=life.village.name),
        fix=fix,
        note=say("visit_note"),
        photos=[note],
        progress=await _seen(tx, life, progress_bp),
        findings=found if rng.random() < WITH_FINDING else [],
    )


async def _seen(tx: Tx, life: Life, progress_bp: int) -> list[Seen]:
    """Spread a progress of the whole over the milestones, the first ones first."""
    seen, left = [], progress_bp
    for step in await projects.milestones(tx, life.id):
        part = min(step["weight_bp"], left)
        left -= part
        seen.append(Seen(milestone=step["id"], seen_bp=max(part * 10_000 // step["weight_bp"], step["progress_bp"])))
    return seen


def _draft(content: bytes) -> Draft:
    folder = files.root() / DRAFTS
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / secrets.token_hex(16)
    path.write_bytes(content)
    return Draft(path, hashlib.sha256(content).hexdigest(), len(content))
