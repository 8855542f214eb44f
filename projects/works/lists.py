"""The lists of the works: contracts under way, and what is late."""

from __future__ import annotations

from typing import Any

from projects.lists import CATEGORIES
from quzhou_migrants.kernel.grams import fold, query_grams
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

LATE = "(SELECT min(d.level) FROM projects_delay d WHERE d.project = p.id AND d.cleared_on IS NULL)"
UNDER_WAY = ("contracted", "building", "suspended", "completed")


def search(_tx: Tx, text: str) -> tuple[str, list[Any]]:
    """Find by code or by any part of the title."""
    return "p.code = {} OR p.title_grams @> {}", [text, query_grams(fold(text))]


WORKS = Listing(
    "works",
    "projects_project p JOIN projects_contract k ON k.project = p.id",
    (
        Column("id", "p.id", shown=False),
        Column("title", "p.title", link="/projects/{id}/works"),
        Column("division_code", "p.division_code", kind="division"),
        Column("contractor", "k.contractor"),
        Column("contract_fen", "p.contract_fen", kind="wan", sort=True),
        Column("ends_on", "k.ends_on", kind="date", sort=True),
        Column("progress_bp", "p.progress_bp", kind="bp", sort=True),
        Column("state", "p.state", kind="state", machine="PROJECT"),
        Column("late", f"coalesce({LATE}, 'none')", kind="tag"),
    ),
    id="p.id",
    scope="p.division_code",
    where=f"p.state IN {UNDER_WAY}",
    order=("k.ends_on",),
    filters=(
        Filter("division", "p.division_code", kind="division"),
        Filter("category", "p.category = {}", choices=CATEGORIES),
        Filter("state", "p.state = {}", machine="PROJECT", choices=UNDER_WAY),
        Filter("late", f"{LATE} IS NOT NULL", kind="flag"),
        Filter("ends_before", "k.ends_on <= {}", kind="date"),
    ),
    search=search,
)

DELAYS = Listing(
    "delays",
    "projects_delay d JOIN projects_project p ON p.id = d.project",
    (
        Column("id", "d.id", shown=False),
        Column("title", "p.title", link="/works/delays/{id}"),
        Column("division_code", "d.division_code", kind="division"),
        Column("kind", "d.kind", kind="tag"),
        Column("level", "d.level", kind="tag"),
        Column("since_on", "d.since_on", kind="date", sort=True),
        Column("behind_bp", "nullif(d.behind_bp, 0)", kind="bp", sort="d.behind_bp"),
        Column("forecast_on", "d.forecast_on", kind="date"),
        Column("cleared_on", "d.cleared_on", kind="date"),
    ),
    id="d.id",
    scope="d.division_code",
    order=("d.since_on",),
    filters=(
        Filter("division", "d.division_code", kind="division"),
        Filter("kind", "d.kind = {}", choices=("start", "behind", "overdue", "quiet")),
        Filter("level", "d.level = {}", choices=("warn", "alarm")),
        Filter("open", "d.cleared_on IS NULL", kind="flag"),
        Filter("unanswered", "d.cleared_on IS NULL AND d.reason = ''", kind="flag"),
    ),
    search=search,
)
