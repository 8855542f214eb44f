"""The lists of projects: one declaration each."""

from __future__ import annotations

from typing import Any

from projects.intake.forms import Category
from quzhou_migrants.kernel.grams import fold, query_grams
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

CATEGORIES = tuple(c.value for c in Category)
PLACE = "division_code"
ID_DIGITS = 12
IN_RESERVE = "state IN ('admitted', 'planned')"


def search(_tx: Tx, text: str) -> tuple[str, list[Any]]:
    """Find by code or receipt (their last figures are the number) or by any part of the title."""
    digits = text.rpartition("-")[2]
    if text.replace("-", "").isdecimal() and digits.isascii() and len(digits) <= ID_DIGITS:
        return "code = {} OR receipt = {} OR id = {}", [text, text, int(digits)]
    grams = query_grams(fold(text))
    return "title_grams @> {}", [grams]


def _filters(*more: Filter) -> tuple[Filter, ...]:
    return (
        Filter("division", PLACE, kind="division"),
        Filter("category", "category = {}", choices=CATEGORIES),
        *more,
    )


_NAME = (
    Column("id", shown=False),
    Column("title", link="/projects/{id}"),
    Column("code"),
    Column("division_code", kind="division"),
    Column("category", kind="tag"),
)

PROJECTS = Listing(
    "projects",
    "projects_project",
    (
        *_NAME,
        Column("asked_fen", kind="wan", sort=True),
        Column("award_fen", kind="wan", sort=True),
        Column("progress_bp", kind="bp", sort=True),
        Column("state", kind="state", machine="PROJECT"),
        Column("submitted_at", kind="date"),
    ),
    scope=PLACE,
    descending=True,
    filters=_filters(
        Filter("state", "state = {}", machine="PROJECT"),
        Filter("window", '"window" = {}', kind="text"),
        Filter("year", "plan_year = {}", kind="int", whole=True),
    ),
    search=search,
)

# Its place in the ranking that its county has published.
RANK = (
    "(SELECT r.rank FROM projects_ranking_row r JOIN projects_ranking k ON k.id = r.ranking"
    " WHERE r.project = projects_project.id AND k.state = 'published' ORDER BY k.id DESC LIMIT 1)"
)

RESERVE = Listing(
    "reserve",
    "projects_project",
    (
        *_NAME,
        Column("rank", RANK, kind="int"),
        Column("estimate_fen", kind="wan"),
        Column("asked_fen", kind="wan", sort=True),
        Column("migrants", kind="int", sort=True),
        Column("state", kind="state", machine="PROJECT"),
        Column("valid_until", kind="date", sort="COALESCE(valid_until, '9999-12-31'::date)"),
    ),
    scope=PLACE,
    where=IN_RESERVE,
    filters=_filters(
        Filter("state", "state = {}", machine="PROJECT", choices=("admitted", "planned")),
        Filter("expires_before", "valid_until <= {}", kind="date"),
    ),
    search=search,
)

PLANS = Listing(
    "plans",
    "projects_plan",
    (
        Column("id", shown=False),
        Column("title", link="/plan/{id}"),
        Column("division_code", kind="division"),
        Column("year", kind="code", sort=True),
        Column("batch", kind="int"),
        Column("variant", kind="int"),
        Column("money_fen", kind="wan"),
        Column(
            "planned_fen",
            "(SELECT coalesce(sum(i.amount_fen), 0)::bigint FROM projects_plan_item i"
            " WHERE i.plan = projects_plan.id AND i.left_on IS NULL)",
            kind="wan",
        ),
        Column("state", kind="state", machine="PLAN"),
        Column("doc_no"),
    ),
    scope=PLACE,
    descending=True,
    filters=(
        Filter("division", PLACE, kind="division"),
        Filter("year", "year = {}", kind="int", whole=True),
        Filter("state", "state = {}", machine="PLAN"),
    ),
)
