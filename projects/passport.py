"""Everything that one screen shows of a project: its money in a line, curve, place, photos, papers, end."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from projects.assets.queries import end_of
from projects.assets.rules import cut_bp
from projects.dossier import queries as dossier
from projects.dossier.rules import completeness
from projects.dossier.sources import SOURCES
from projects.intake import queries as intake
from projects.public import Figure, Panel
from projects.queries import PROJECT
from projects.works.schedule import Beside
from projects.works.watch_pages import curve_of
from quzhou_migrants.kernel.geo import points_of
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
SHOTS = 12
SHAPES = {"Point": "point", "LineString": "line", "Polygon": "area"}
SHOWN_LINES = 8
SITE_KINDS = frozenset({"site_before", "completion_photo"})


async def passport(tx: Tx, row: Row) -> Row:
    """Gather what the page of a project shows, beside the panels of other rooms."""
    decision, notice = await intake.behind(tx, row["id"], row["round"])
    end = await end_of(tx, row["id"])
    papers = await dossier.papers(tx, row["id"])
    places = await dossier.places(tx, row, Counter(p.file.kind for p in papers if p.table == PROJECT))
    entries = await timeline(tx, PROJECT, row["id"])
    return {
        "p": row,
        "decision": decision,
        "notice": notice,
        "contract": await _contract(tx, row["id"]),
        "milestones": await _milestones(tx, row["id"]),
        "curve": await _curve(tx, row) if row["contract_fen"] else [],
        "shots": _shots(papers),
        "papers": [p.file for p in papers if p.table == PROJECT],
        "counted": completeness(places),
        "missing": [p for p in places if p.filed == "overdue"],
        "place": _place(row),
        "settled_fen": _settled(end),
        "cut_bp": cut_bp(end["audit"]["submitted_fen"], end["audit"]["settled_fen"]) if end["audit"] else 0,
        "recent": entries[:SHOWN_LINES],
        "earlier": entries[SHOWN_LINES:],
        **end,
    }


def figures(panels: list[Panel]) -> list[Figure]:
    """Gather the amounts that upper packages add to the line of money."""
    return [figure for panel in panels for figure in panel.figures]


async def _curve(tx: Tx, row: Row) -> list[Beside]:
    """Give plan and progress beside each other, no further than the end of the works."""
    points = await curve_of(tx, row["id"])
    last = row["completed_on"]
    return [p for n, p in enumerate(points) if last is None or n == 0 or points[n - 1].day <= last]


def _settled(end: Row) -> int | None:
    found = end["audit"] or end["acceptance"]
    return found["settled_fen"] if found else None


def _shots(papers: list[dossier.Paper]) -> list[dossier.Paper]:
    """The latest pictures from the site, the newest last: photographs, not scanned papers."""
    return sorted((p for p in papers if _from_site(p)), key=lambda p: p.added_at)[-SHOTS:]


def _from_site(paper: dossier.Paper) -> bool:
    known = paper.file.kind in SITE_KINDS if paper.table == PROJECT else SOURCES[paper.table].photos
    return known and paper.file.is_picture


def _place(row: Row) -> Row | None:
    """The place as the map component takes it."""
    shape = json.loads(row["shape"]) if row.get("shape") else None
    points = points_of(shape) if shape else [(row["lat"], row["lon"])] if row["lat"] is not None else []
    if not points:
        return None
    kind = SHAPES.get(shape["type"], "point") if shape else "point"
    return {
        "title": row["title"],
        "points": [list(p) for p in points],
        "kind": kind,
        "tone": "go",
        "note": row["place"],
    }


async def _contract(tx: Tx, key: int) -> Row | None:
    found = await tx.conn.fetchrow("SELECT * FROM projects_contract WHERE project = $1", key)
    return dict(found) if found else None


async def _milestones(tx: Tx, key: int) -> list[Row]:
    rows = await tx.conn.fetch("SELECT * FROM projects_milestone WHERE project = $1 ORDER BY seq", key)
    return [dict(r) for r in rows]
