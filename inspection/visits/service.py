"""Taking in visits from the field: the record first, then its pictures, then the progress.

Everything here may be repeated by a phone on a bad line: the same visit is recorded once, the same
picture is received once, and the answer always says what is still missing.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from inspection.events import VisitCounted
from inspection.permissions import P
from inspection.site_codes.rules import read_token
from inspection.visits import queries, rules
from inspection.visits.forms import Contact, ContactWay, Fix, PhotoNote, PhotoRole, Receipt, VisitReport
from inspection.visits.repeats import mark_repeats, take_look
from inspection.visits.states import VISIT
from inspection.visits.tables import Visit
from projects import public as projects
from quzhou_migrants.kernel import blobs, files
from quzhou_migrants.kernel.clock import add_working_days, system_now
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.file_types import PICTURES
from quzhou_migrants.kernel.signing import installed_ring
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "inspection_visit"
CLAUSE = "衢政办发〔2016〕65号 二(四)3"
NO_SHIFT, NO_TIME = timedelta(minutes=1), timedelta(0)
CENTURY = (2000, 2100)

files.readable(TABLE, P.VIEW)


@command(P.VISIT, audit="inspection.visit.record")
async def record_visit(tx: Tx, report: VisitReport) -> Receipt:
    """Enter a visit; a repeat of the same visit changes nothing and gets the same answer.

    Raises: Refused INS-201 to INS-214, INS-216 (somebody else made it), KRN-404 for a project out of range.
    """
    _plausible(report)
    if report.inspector not in {None, tx.actor.user_id}:
        raise Refused("INS-216")
    await tx.conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", str(report.client_id))
    known = await tx.conn.fetchrow("SELECT * FROM inspection_visit WHERE client_id = $1", report.client_id)
    if known is None:
        known = await _enter(tx, _in_business_time(report, tx.now - system_now()))
    elif known["inspector_id"] != tx.actor.user_id:
        raise Refused("INS-210")
    return await receipt(tx, known["id"])


@command(P.VISIT, audit="inspection.visit.photo")
async def receive_photo(tx: Tx, client_id: UUID, draft: blobs.Draft, sha256: str) -> Receipt:
    """Take in one announced picture; receiving it again is receiving it once.

    Raises: Refused INS-205 not announced, KRN-650 other bytes than announced, KRN-641 to KRN-647.
    """
    visit = await _own(tx, client_id)
    photo = await tx.conn.fetchrow(
        "SELECT * FROM inspection_visit_photo WHERE visit = $1 AND sha256 = $2", visit["id"], sha256
    )
    if photo is None or draft.sha256 != sha256:
        draft.path.unlink(missing_ok=True)
        raise Refused("INS-205" if photo is None else "KRN-650")
    if photo["file"] is not None:
        draft.path.unlink(missing_ok=True)
        return await receipt(tx, visit["id"])
    name = f"{visit['id']}-{photo['seq']}"
    kept = await files.attach(
        tx,
        draft,
        name=name,
        owner=(TABLE, visit["id"]),
        kind=photo["role"],
        division_code=visit["division_code"],
        accept=PICTURES,
        is_demo=visit["is_demo"],
    )
    await tx.conn.execute(
        "UPDATE inspection_visit_photo SET file = $2, received_at = $3 WHERE id = $1", photo["id"], kept.id, tx.now
    )
    if photo["role"] == PhotoRole.PHOTO:
        await take_look(tx, photo["id"], sha256)
    await settle(tx, visit)
    return await receipt(tx, visit["id"])


async def receipt(tx: Tx, visit_id: int) -> Receipt:
    """Say what has arrived of a visit."""
    row = await tx.conn.fetchrow(
        "SELECT v.id, v.client_id, v.state, v.received_at,"
        " coalesce(array_agg(p.sha256 ORDER BY p.seq) FILTER (WHERE p.file IS NOT NULL), '{}') AS received,"
        " coalesce(array_agg(p.sha256 ORDER BY p.seq)"
        " FILTER (WHERE p.id IS NOT NULL AND p.file IS NULL), '{}') AS missing"
        " FROM inspection_visit v LEFT JOIN inspection_visit_photo p ON p.visit = v.id WHERE v.id = $1 GROUP BY v.id",
        visit_id,
    )
    return Receipt(**row)


async def receipt_of(tx: Tx, client_id: UUID) -> Receipt:
    """Say what has arrived of one's own visit. Raises: Refused INS-211."""
    return await receipt(tx, (await _own(tx, client_id))["id"])


async def settle(tx: Tx, visit: Row) -> None:
    """Count a visit whose pictures are all in, or hold it when it is doubtful; otherwise let it wait."""
    missing = await tx.conn.fetchval(
        "SELECT count(*) FROM inspection_visit_photo WHERE visit = $1 AND file IS NULL", visit["id"]
    )
    if missing or visit["state"] != VISIT.start:
        return
    project = await projects.brief(tx, visit["project"])
    visit = await mark_repeats(tx, visit)
    grave = any(mark["code"] in rules.GRAVE for mark in json.loads(visit["flags"]))
    held = grave or project["state"] not in queries.VISITABLE
    await move(tx, visit, "hold" if held else "count", missing=0)


async def move(tx: Tx, visit: Row, verb: str, **facts: Any) -> Row:  # noqa: ANN401 - facts of the journal
    """Move a visit along one arrow; when it comes to count, hand its progress over to the project."""
    counts = VISIT.arrow(visit["state"], verb).dst == "counted"
    whole: int | None = None
    if counts:
        seen = await tx.conn.fetch(
            "SELECT milestone, seen_bp FROM inspection_visit_progress WHERE visit = $1", visit["id"]
        )
        found = {s["milestone"]: s["seen_bp"] for s in seen}
        whole = await projects.record_progress(tx, visit["project"], found, seen_at(visit))
        tx.emit(VisitCounted(visit["id"], visit["project"], visit["division_code"], whole))
    sets = {"progress_bp": whole} if counts else {}
    return await fire(tx, VISIT, Visit, visit, verb, clause=CLAUSE, sets=sets, **facts)


def seen_at(visit: Row) -> datetime:
    """Tell when a visit ended by our clock: so long before it arrived as the phone says, whatever its clock shows."""
    moment: datetime = visit["received_at"] - max(visit["sent_at"] - visit["finished_at"], NO_TIME)
    return moment


async def _own(tx: Tx, client_id: UUID) -> Row:
    row = await tx.conn.fetchrow("SELECT * FROM inspection_visit WHERE client_id = $1 FOR UPDATE", client_id)
    if row is None or row["inspector_id"] != tx.actor.user_id:
        raise Refused("INS-211")
    return dict(row)


async def _enter(tx: Tx, report: VisitReport) -> Row:
    project = await projects.brief(tx, report.project)
    photos = list({p.sha256: p for p in report.photos}.values())
    await _check(tx, report, project, photos)
    evidence, marks = await _judge(tx, report, project, photos)
    fix, point = report.fix, evidence.point
    row = await tx.conn.fetchrow(
        "INSERT INTO inspection_visit (client_id, project, division_code, site_code, inspector_id, inspector_name,"
        " inspector_title, state, version, started_at, finished_at, sent_at, received_at, skew_s, offline, lat, lon,"
        " accuracy_m, fix_at, fix_source, no_fix_reason, distance_m, note, contact_name, contact_way, contact_reason,"
        " flags, expected, is_demo) VALUES ($1,$2,$3,$4,$5,$6,$7,'incomplete',1,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,"
        "$18,$19,$20,$21,$22,$23,$24,$25,$26,$27) RETURNING *",
        report.client_id,
        project["id"],
        project["division_code"],
        await _code_id(tx, report),
        tx.actor.user_id,
        tx.actor.name,
        tx.actor.title,
        report.started_at,
        report.finished_at,
        report.sent_at,
        tx.now,
        evidence.skew_s,
        report.offline,
        fix and fix.lat,
        fix and fix.lon,
        fix and fix.accuracy,
        fix and fix.at,
        str(fix.source) if fix else "none",
        report.no_fix_reason,
        _away(evidence.site, point),
        report.note,
        report.contact.name,
        str(report.contact.way),
        report.contact.reason,
        json.dumps([{"code": m.code, "facts": m.facts} for m in marks]),
        len(photos),
        project["is_demo"],
    )
    visit = dict(row)
    await _enter_photos(tx, visit, photos, evidence.site)
    await _enter_seen(tx, visit, report)
    await _enter_findings(tx, visit, report)
    await tx.note((TABLE, visit["id"], visit["division_code"]), "inspection.visit.record", clause=CLAUSE)
    await tx.note(
        ("projects_project", project["id"], project["division_code"]),
        "inspection.visit.record",
        clause=CLAUSE,
        visit_id=visit["id"],
        findings=len(report.findings),
    )
    await settle(tx, visit)
    return visit


def _plausible(report: VisitReport) -> None:
    """Refuse times of another century before anybody calculates with them."""
    fixes = [f.at for f in (report.fix, *(p.fix for p in report.photos)) if f and f.at]
    times = [report.started_at, report.finished_at, report.sent_at, *(p.taken_at for p in report.photos), *fixes]
    if not all(CENTURY[0] <= t.year < CENTURY[1] for t in times):
        raise Refused("INS-212")


def _in_business_time(report: VisitReport, shift: timedelta) -> VisitReport:
    """Move the phone's times by the demonstration's shifted clock; in earnest there is no shift."""
    if abs(shift) < NO_SHIFT:
        return report
    photos = [replace(p, taken_at=p.taken_at + shift, fix=_moved(p.fix, shift)) for p in report.photos]
    return replace(
        report,
        started_at=report.started_at + shift,
        finished_at=report.finished_at + shift,
        sent_at=report.sent_at + shift,
        fix=_moved(report.fix, shift),
        photos=photos,
    )


def _moved(fix: Fix | None, shift: timedelta) -> Fix | None:
    return replace(fix, at=fix.at + shift) if fix and fix.at else fix


async def _check(tx: Tx, report: VisitReport, project: Row, photos: list[PhotoNote]) -> None:
    if project["state"] not in queries.VISITABLE:
        raise Refused("INS-201")
    if report.started_at > report.finished_at:
        raise Refused("INS-212")
    if report.fix is None and not report.no_fix_reason.strip():
        raise Refused("INS-203", field="no_fix_reason")
    most, count = tx.policy.whole("inspection.visits.photos_most"), sum(p.role is PhotoRole.PHOTO for p in photos)
    if count > most:
        raise Refused("INS-204", most=most, count=count)
    if not _signed(report.contact, photos):
        raise Refused("INS-213", field="contact")
    if not report.progress:
        raise Refused("INS-214", field="progress")


def _signed(contact: Contact, photos: list[PhotoNote]) -> bool:
    """Tell whether the village's contact signed in the way that is claimed."""
    if contact.way is ContactWay.ABSENT:
        return bool(contact.reason.strip())
    drawn = any(p.role is PhotoRole.SIGNATURE for p in photos)
    return bool(contact.name.strip()) and (drawn or contact.way is ContactWay.TYPED)


async def _judge(
    tx: Tx, report: VisitReport, project: Row, photos: list[PhotoNote]
) -> tuple[rules.Evidence, list[Any]]:
    shown = [p for p in photos if p.role is PhotoRole.PHOTO]
    again = await queries.seen_before(tx, [p.sha256 for p in shown])
    site = rules.Point(project["lat"], project["lon"]) if project["lat"] is not None else None
    evidence = rules.Evidence(
        site,
        _point(report.fix),
        report.sent_at,
        tx.now,
        report.started_at,
        report.finished_at,
        [rules.Shot(p.sha256, str(p.source), p.taken_at, _point(p.fix), p.sha256 in again) for p in shown],
    )
    limits = rules.Limits(
        *(
            tx.policy.whole(f"inspection.visits.{name}")
            for name in ("distance_limit", "accuracy_limit", "skew_limit", "photos_least")
        )
    )
    return evidence, rules.doubts(evidence, limits)


def _point(fix: Fix | None) -> rules.Point | None:
    return rules.Point(fix.lat, fix.lon, fix.accuracy) if fix else None


def _away(site: rules.Point | None, point: rules.Point | None) -> int | None:
    return rules.distance_m(site, point) if site and point else None


async def _code_id(tx: Tx, report: VisitReport) -> int | None:
    """Find the code that was scanned; a wrong one only means that the visit was opened by hand."""
    try:
        code_id = read_token(installed_ring(), report.token).code_id
    except Refused:
        return None
    found = await tx.conn.fetchval(
        "SELECT id FROM inspection_site_code WHERE id = $1 AND project = $2", code_id, report.project
    )
    return int(found) if found else None


async def _enter_photos(tx: Tx, visit: Row, photos: list[PhotoNote], site: rules.Point | None) -> None:
    known = {m["id"] for m in await projects.milestones(tx, visit["project"])}
    await tx.conn.executemany(
        "INSERT INTO inspection_visit_photo (visit, division_code, seq, role, sha256, size, source, taken_at, lat, lon,"
        " accuracy_m, fix_at, distance_m, caption, milestone, is_demo)"
        " VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)",
        [
            (
                visit["id"],
                visit["division_code"],
                seq,
                str(p.role),
                p.sha256,
                p.size,
                str(p.source),
                p.taken_at,
                p.fix and p.fix.lat,
                p.fix and p.fix.lon,
                p.fix and p.fix.accuracy,
                p.fix and p.fix.at,
                _away(site, _point(p.fix)),
                p.caption,
                p.milestone if p.milestone in known else None,
                visit["is_demo"],
            )
            for seq, p in enumerate(photos, 1)
        ],
    )


async def _enter_seen(tx: Tx, visit: Row, report: VisitReport) -> None:
    before = {m["id"]: m["progress_bp"] for m in await projects.milestones(tx, visit["project"])}
    if any(s.milestone not in before for s in report.progress):
        raise Refused("INS-202")
    await tx.conn.executemany(
        "INSERT INTO inspection_visit_progress (visit, division_code, milestone, before_bp, seen_bp, is_demo)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [
            (visit["id"], visit["division_code"], s.milestone, before[s.milestone], s.seen_bp, visit["is_demo"])
            for s in report.progress
        ],
    )


async def _enter_findings(tx: Tx, visit: Row, report: VisitReport) -> None:
    days = tx.policy.whole("inspection.visits.finding_days")
    default = add_working_days(tx.today, days, tx.policy.work_calendar) if report.findings else None
    await tx.conn.executemany(
        "INSERT INTO inspection_finding (visit, project, division_code, kind, serious, content, measure, due_on, state,"
        " version, closing_note, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', 1, '', $9)",
        [
            (
                visit["id"],
                visit["project"],
                visit["division_code"],
                str(f.kind),
                f.serious,
                f.content,
                f.measure,
                f.due_on or default,
                visit["is_demo"],
            )
            for f in report.findings
        ],
    )
