"""Reads of schemes, rankings and what a ranking counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from projects.ranking.rules import Candidate, Pair
from quzhou_migrants.kernel.actor import ancestors, code_range
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
PERCENT = 100

_CANDIDATES = """
SELECT p.id, p.code, p.division_code, (p.admitted_at AT TIME ZONE 'Asia/Shanghai')::date AS admitted_on,
  p.estimate_fen, p.own_fen, p.beneficiaries, p.migrants, p.low_income, r.votes_for, r.due,
  coalesce(f.ready, 0) AS ready
FROM projects_project p
LEFT JOIN projects_resolution r ON r.project = p.id AND r.round = p.round
LEFT JOIN (
  SELECT owner_id, count(DISTINCT kind) AS ready FROM kernel_file
  WHERE owner_table = 'projects_project' AND kind = ANY($4) AND division_code >= $1 AND division_code < $2
  GROUP BY owner_id
) f ON f.owner_id = p.id
WHERE p.division_code >= $1 AND p.division_code < $2 AND p.state = 'admitted'
  AND (p.valid_until IS NULL OR p.valid_until >= $3)
ORDER BY p.id
"""


async def candidates(tx: Tx, county: str, papers: Sequence[str]) -> tuple[list[Candidate], dict[int, str]]:
    """Read every project of a county's reserve with what the criteria count.

    Shape: the candidates, and {project: division code}. One query.
    """
    rows = await tx.conn.fetch(_CANDIDATES, *code_range(county), tx.today, list(papers))
    needed = len(papers)
    found = [Candidate(r["id"], r["code"], r["admitted_on"], counted(r, needed)) for r in rows]
    return found, {r["id"]: r["division_code"] for r in rows}


def counted(r: Any, needed: int) -> dict[str, Pair | None]:  # noqa: ANN401 - a database row
    """Count what the criteria ask of one project; None where there is nothing to divide by.

    Units: percent for votes, readiness and own money; persons; households per 100 migrants; yuan per head.
    """
    return {
        "votes": (r["votes_for"] * PERCENT, r["due"]) if r["due"] else None,
        "migrants": (r["migrants"], 1),
        "low_income": (r["low_income"] * PERCENT, r["migrants"]) if r["migrants"] else None,
        "readiness": (r["ready"] * PERCENT, needed) if needed else None,
        "cost": (r["estimate_fen"], r["beneficiaries"] * 100) if r["beneficiaries"] else None,
        "own": (r["own_fen"] * PERCENT, r["estimate_fen"]) if r["estimate_fen"] else None,
    }


def written(values: dict[str, Pair | None]) -> dict[str, str]:
    """Write counted values as they are kept: reduced fractions."""
    return {key: str(Fraction(*pair)) for key, pair in values.items() if pair is not None}


def read(given: str) -> dict[str, Pair | None]:
    """Read kept values back."""
    pairs = {key: Fraction(text) for key, text in json.loads(given).items()}
    return {key: (value.numerator, value.denominator) for key, value in pairs.items()}


async def scheme(tx: Tx, scheme_id: int, *, lock: bool = False) -> Row:
    """Give a scheme. Raises: Refused KRN-404."""
    return await _one(tx, "projects_scheme", scheme_id, lock=lock)


async def ranking(tx: Tx, ranking_id: int, *, lock: bool = False) -> Row:
    """Give a ranking. Raises: Refused KRN-404."""
    return await _one(tx, "projects_ranking", ranking_id, lock=lock)


async def _one(tx: Tx, table: str, key: int, *, lock: bool) -> Row:
    end = " FOR UPDATE" if lock else ""
    row = await tx.conn.fetchrow(f"SELECT * FROM {table} WHERE id = $1{end}", key)  # noqa: S608 - our own tables
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def scheme_in_force(tx: Tx, division: str) -> Row | None:
    """Give the published scheme of a division, or else of the nearest one above it."""
    row = await tx.conn.fetchrow(
        "SELECT * FROM projects_scheme WHERE state = 'published' AND division_code = ANY($1)"
        " ORDER BY division_code DESC LIMIT 1",
        list(ancestors(division)),
    )
    return dict(row) if row else None


async def ranking_in_force(tx: Tx, county: str) -> Row | None:
    """Give the published ranking of a county."""
    row = await tx.conn.fetchrow(
        "SELECT * FROM projects_ranking WHERE state = 'published' AND division_code = $1 ORDER BY id DESC LIMIT 1",
        county,
    )
    return dict(row) if row else None


_PLACE = """
SELECT r.*, p.title, p.code, p.state AS project_state, p.version AS project_version, d.full_name
FROM projects_ranking_row r JOIN projects_project p ON p.id = r.project
JOIN kernel_division d ON d.code = r.division_code
WHERE r.ranking = $1 AND r.project = $2
"""


async def place(tx: Tx, ranking_id: int, project_id: int) -> Row:
    """Give the place of one project in a ranking. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(_PLACE, ranking_id, project_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def moves(tx: Tx, ranking_id: int, project_id: int) -> list[Row]:
    """List the places given by hand to one project, the newest first."""
    rows = await tx.conn.fetch(
        "SELECT * FROM projects_ranking_move WHERE ranking = $1 AND project = $2 ORDER BY id DESC",
        ranking_id,
        project_id,
    )
    return [dict(r) for r in rows]


_LAST = """
SELECT r.ranking, r.rank, r.computed, r.score, k.ranked_on, k.projects, k.published_on
FROM projects_ranking_row r JOIN projects_ranking k ON k.id = r.ranking
WHERE r.project = $1 AND k.state = 'published' ORDER BY r.id DESC LIMIT 1
"""


async def last_place(tx: Tx, project_id: int) -> Row | None:
    """Give where a project stands in the published ranking, if it stands in one."""
    row = await tx.conn.fetchrow(_LAST, project_id)
    return dict(row) if row else None
