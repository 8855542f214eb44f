"""The public lists: projects that are under way or done, notices, plans."""

from __future__ import annotations

from typing import Any

from projects.lists import CATEGORIES
from projects.notices.rules import Kind
from projects.tables import PUBLIC_STATES
from quzhou_migrants.kernel.grams import fold, query_grams
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

PLACE = "p.division_code"
BY_VILLAGE = (
    "p.division_code IN (SELECT code FROM kernel_division WHERE position({} in full_name) > 0)"
    " OR p.division_code IN (SELECT successor_code FROM projects_succession WHERE position({} in old_name) > 0)"
    " OR p.title_grams @> {}"
)


def by_village(_tx: Tx, text: str) -> tuple[str, list[Any]]:
    """Find by the name of the village, as it is or as it was, or by words of the title."""
    return BY_VILLAGE, [text, text, query_grams(fold(text))]


PROJECTS = Listing(
    "public_projects",
    "projects_project p",
    (
        Column("id", "p.id", shown=False),
        Column("title", "p.title", link="/public/projects/{id}"),
        Column("division_code", PLACE, kind="division"),
        Column("category", "p.category", kind="tag"),
        Column("award_fen", "p.award_fen", kind="wan", sort=True),
        Column("progress_bp", "p.progress_bp", kind="bp", sort=True),
        Column("state", "p.state", kind="state", machine="PROJECT"),
    ),
    id="p.id",
    where=f"p.state IN {PUBLIC_STATES}",
    descending=True,
    filters=(
        Filter("division", PLACE, kind="division"),
        Filter("category", "p.category = {}", choices=CATEGORIES),
        Filter("year", "p.plan_year = {}", kind="int", whole=True),
    ),
    search=by_village,
    size=20,
    export=False,
)

NOTICES = Listing(
    "public_notices",
    "projects_posting n",
    (
        Column("id", "n.id", shown=False),
        Column("title", "n.title", link="/public/notices/{id}"),
        Column("kind", "n.kind", kind="tag"),
        Column("division_code", "n.division_code", kind="division"),
        Column("starts_on", "n.starts_on", kind="date"),
        Column("ends_on", "n.ends_on", kind="date", sort=True),
        Column("state", "n.state", kind="state", machine="NOTICE"),
    ),
    id="n.id",
    where="n.state IN ('open', 'closed')",
    descending=True,
    filters=(
        Filter("division", "n.division_code", kind="division"),
        Filter("kind", "n.kind = {}", choices=tuple(k.value for k in Kind)),
        Filter("state", "n.state = {}", machine="NOTICE", choices=("open", "closed")),
    ),
    search=lambda _tx, text: ("position({} in n.title) > 0", [text]),
    size=20,
    export=False,
)
