"""Reads of visits: lists, one visit whole, what the phone needs for a day outside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from inspection.visits.states import FINDING
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

Row = dict[str, Any]
VISITABLE = ("contracted", "building", "completed")
PACK_MOST = 500
GRAVITY = "CASE WHEN f.serious THEN 'grave' ELSE 'normal' END"


def _search(_tx: Tx, text: str) -> tuple[str, list[Any]]:
    return "(p.code = {} OR p.title LIKE {})", [text.strip(), f"%{text.strip()}%"]


VISITS = Listing(
    "visits",
    "inspection_visit v JOIN projects_project p ON p.id = v.project",
    (
        Column("id", "v.id", shown=False, export=False),
        Column("received_at", "v.received_at", kind="datetime", sort=True, link="/visits/{id}"),
        Column("project_title", "p.title", link="/visits/{id}"),
        Column("division_code", "v.division_code", kind="division"),
        Column("inspector_name", "v.inspector_name"),
        Column("progress_bp", "v.progress_bp", kind="bp"),
        Column("distance_m", "v.distance_m", kind="int"),
        Column("marks", "jsonb_array_length(v.flags)", kind="int"),
        Column("state", "v.state", kind="state", machine="VISIT"),
    ),
    id="v.id",
    scope="v.division_code",
    order=("v.received_at",),
    descending=True,
    search=_search,
    filters=(
        Filter("division", "v.division_code", kind="division"),
        Filter("state", "v.state = {}", machine="VISIT"),
    ),
)

FINDINGS = Listing(
    "findings",
    "inspection_finding f JOIN projects_project p ON p.id = f.project",
    (
        Column("id", "f.id", shown=False, export=False),
        Column("visit", "f.visit", shown=False, export=False),
        Column("content", "f.content", link="/visits/{visit}"),
        Column("serious", GRAVITY, kind="state", machine="GRAVITY", sort="f.serious::int"),
        Column("kind", "f.kind", kind="tag"),
        Column("project_title", "p.title"),
        Column("division_code", "f.division_code", kind="division"),
        Column("due_on", "f.due_on", kind="date", sort="coalesce(f.due_on, '9999-12-31'::date)"),
        Column("state", "f.state", kind="state", machine="FINDING"),
    ),
    id="f.id",
    scope="f.division_code",
    descending=True,
    search=_search,
    filters=(
        Filter("division", "f.division_code", kind="division"),
        Filter("state", "f.state = {}", machine="FINDING"),
        Filter("serious", f"{GRAVITY} = {{}}", machine="GRAVITY"),
        Filter("kind", "f.kind = {}", choices=("quality", "safety", "progress", "money", "notice", "other")),
    ),
)


async def find(tx: Tx, visit_id: int) -> Row:
    """Give a visit with its project. Raises: Refused INS-211."""
    row = await tx.conn.fetchrow(
        "SELECT v.*, p.code AS project_code, p.title AS project_title, p.state AS project_state, p.lat AS site_lat,"
        " p.lon AS site_lon, p.progress_bp AS project_bp, d.full_name FROM inspection_visit v"
        " JOIN projects_project p ON p.id = v.project JOIN kernel_division d ON d.code = v.division_code"
        " WHERE v.id = $1",
        visit_id,
    )
    if row is None:
        raise Refused("INS-211")
    return dict(row) | {"marks": [Problem(m["code"], "", m["facts"]) for m in json.loads(row["flags"])]}


async def parts(tx: Tx, visit_id: int) -> Row:
    """Give what a visit consists of: photos, progress seen, findings."""
    photos = await tx.conn.fetch("SELECT * FROM inspection_visit_photo WHERE visit = $1 ORDER BY role, seq", visit_id)
    seen = await tx.conn.fetch(
        "SELECT s.*, m.title, m.seq, m.weight_bp FROM inspection_visit_progress s"
        " JOIN projects_milestone m ON m.id = s.milestone WHERE s.visit = $1 ORDER BY m.seq",
        visit_id,
    )
    findings = await tx.conn.fetch("SELECT * FROM inspection_finding WHERE visit = $1 ORDER BY id", visit_id)
    return {"photos": photos, "seen": seen, "findings": findings}


def turns(finding: Row, actor: Actor) -> list[str]:
    """List what a person may do with a finding: nobody confirms what they mended themselves."""
    mine = actor.user_id == finding["mended_by"]
    return [verb for verb in verbs_open(FINDING, finding, actor) if not (mine and verb == "close")]


async def of_project(tx: Tx, project_id: int, limit: int = 5) -> list[Row]:
    """List the latest visits to a project with up to three photo files each."""
    rows = await tx.conn.fetch(
        "SELECT v.*, (SELECT array_agg(x.file) FROM (SELECT f.file FROM inspection_visit_photo f WHERE f.visit = v.id"
        " AND f.role = 'photo' AND f.file IS NOT NULL ORDER BY f.seq LIMIT 3) x) AS files"
        " FROM inspection_visit v WHERE v.project = $1 ORDER BY v.id DESC LIMIT $2",
        project_id,
        limit,
    )
    return [dict(r) for r in rows]


async def seen_before(tx: Tx, hashes: Sequence[str]) -> set[str]:
    """Tell which pictures already came with an earlier visit."""
    rows = await tx.conn.fetch(
        "SELECT DISTINCT sha256 FROM inspection_visit_photo WHERE sha256 = ANY($1) AND role = 'photo'", list(hashes)
    )
    return {r["sha256"] for r in rows}


async def pack(tx: Tx) -> list[Row]:
    """Give what a phone needs outside: works under way, their steps, codes, open findings. Three queries."""
    works = await tx.conn.fetch(
        "SELECT p.id, p.code, p.title, p.state, p.lat, p.lon, p.progress_bp, d.full_name AS place"
        " FROM projects_project p JOIN kernel_division d ON d.code = p.division_code"
        " WHERE p.state = ANY($1) ORDER BY p.id DESC LIMIT $2",
        list(VISITABLE),
        PACK_MOST,
    )
    ids = [w["id"] for w in works]
    steps = await tx.conn.fetch(
        "SELECT id, project, title, weight_bp, progress_bp FROM projects_milestone WHERE project = ANY($1)"
        " ORDER BY project, seq",
        ids,
    )
    codes = await tx.conn.fetch(
        "SELECT project, token, state FROM inspection_site_code WHERE project = ANY($1) ORDER BY id", ids
    )
    findings = await tx.conn.fetch(
        "SELECT project, kind, content, due_on FROM inspection_finding WHERE project = ANY($1) AND state <> 'closed'"
        " ORDER BY id",
        ids,
    )
    return [
        dict(w)
        | {
            "milestones": [_without(s, "project") for s in steps if s["project"] == w["id"]],
            "codes": [_without(c, "project") for c in codes if c["project"] == w["id"]],
            "findings": [_without(f, "project") for f in findings if f["project"] == w["id"]],
        }
        for w in works
    ]


def _without(row: Any, name: str) -> Row:  # noqa: ANN401 - a database row
    return {k: v for k, v in dict(row).items() if k != name}


async def visits_with_files(tx: Tx, project_id: int) -> list[tuple[str, int]]:
    """Name the visits to a project, whose pictures are the project's own. Shape: [(table, id)]."""
    rows = await tx.conn.fetch("SELECT id FROM inspection_visit WHERE project = $1 ORDER BY id", project_id)
    return [("inspection_visit", r["id"]) for r in rows]
