"""The lists of the ranking room."""

from __future__ import annotations

from projects.lists import CATEGORIES, search
from projects.ranking.parameters import MEASURES
from projects.ranking.states import RankingState
from quzhou_migrants.web.listing import Column, Filter, Listing

# A score is kept as an exact fraction; a list shows four decimals of it.
SCORE = (
    "to_char(round(split_part(r.score, '/', 1)::numeric"
    " / COALESCE(NULLIF(split_part(r.score, '/', 2), ''), '1')::numeric, 4), 'FM990.0000')"
)

RANKINGS = Listing(
    "rankings",
    "projects_ranking k JOIN projects_scheme s ON s.id = k.scheme",
    (
        Column("id", "k.id", shown=False),
        Column("title", "k.title", link="/ranking/{id}"),
        Column("division_code", "k.division_code", kind="division"),
        Column("ranked_on", "k.ranked_on", kind="date", sort=True),
        Column("projects", "k.projects", kind="int", sort=True),
        Column("moved", "k.moved", kind="int"),
        Column("scheme_number", "s.number", kind="int"),
        Column("state", "k.state", kind="state", machine="RANKING"),
        Column("published_on", "k.published_on", kind="date"),
    ),
    id="k.id",
    where="k.state <> 'discarded'",
    descending=True,
    filters=(
        Filter("division", "k.division_code", kind="division"),
        Filter("state", "k.state = {}", machine="RANKING", choices=tuple(RankingState)[:3]),
    ),
)

ROWS = Listing(
    "ranking_rows",
    "projects_ranking_row r JOIN projects_project p ON p.id = r.project",
    (
        Column("ranking", "r.ranking", shown=False),
        Column("project", "r.project", shown=False),
        Column("title", "p.title", link="/ranking/{ranking}/projects/{project}"),
        Column("rank", "r.rank", kind="int"),
        Column("division_code", "r.division_code", kind="division"),
        Column("category", "p.category", kind="tag"),
        Column("asked_fen", "p.asked_fen", kind="wan"),
        Column("score", SCORE, kind="code"),
        Column("computed", "r.computed", kind="int", sort=True),
        Column("tie", "NULLIF(r.tie, '')", kind="tag"),
        Column("moved", "r.moved", kind="bool"),
    ),
    id="r.id",
    scope="r.division_code",
    order=("r.rank",),
    filters=(
        Filter("division", "r.division_code", kind="division"),
        Filter("category", "p.category = {}", choices=CATEGORIES),
        Filter("moved", "r.moved", kind="flag"),
    ),
    search=lambda tx, text: _of_project(*search(tx, text)),
)

SCHEMES = Listing(
    "ranking_schemes",
    "projects_scheme",
    (
        Column("id", shown=False),
        Column("title", link="/ranking/schemes/{id}"),
        Column("division_code", kind="division"),
        Column("number", kind="int", sort=True),
        Column("state", kind="state", machine="RANKING_SCHEME"),
        Column("doc_no"),
        Column("published_on", kind="date"),
        Column("published_by"),
    ),
    descending=True,
    filters=(Filter("state", "state = {}", machine="RANKING_SCHEME"),),
)

TIE_RULES = (*MEASURES, "admitted", "code")


def _of_project(sql: str, values: list[object]) -> tuple[str, list[object]]:
    """Let the search of projects speak of the joined project."""
    for name in ("code", "receipt", "title_grams"):
        sql = sql.replace(f"{name} ", f"p.{name} ")
    return sql.replace("OR id ", "OR p.id "), values
