"""The lists of review: what waits, batches, appeals, townships' orders, filings to the city."""

from __future__ import annotations

from typing import Any

from projects.lists import CATEGORIES, search
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing


def _search_waiting(tx: Tx, text: str) -> tuple[str, list[Any]]:
    """Search as every list of projects does, in a source that joins."""
    sql, values = search(tx, text)
    return f"p.id IN (SELECT id FROM projects_project WHERE {sql})", values  # noqa: S608 - the condition is declared in code


QUEUE = Listing(
    "queue",
    "projects_project p LEFT JOIN projects_review_turn t ON t.project = p.id AND t.round = p.round"
    " AND t.tier = CASE p.state WHEN 'submitted' THEN 'township' ELSE 'county' END",
    (
        Column("id", "p.id", shown=False),
        Column("title", "p.title", link="/reserve/{id}"),
        Column("division_code", "p.division_code", kind="division"),
        Column("category", "p.category", kind="tag"),
        Column("asked_fen", "p.asked_fen", kind="wan", sort=True),
        Column("round", "p.round", kind="int"),
        Column("state", "p.state", kind="state", machine="PROJECT"),
        Column("submitted_at", "p.submitted_at", kind="date", sort=True),
        Column("due_on", "t.due_on", kind="date", sort="COALESCE(t.due_on, '9999-12-31'::date)"),
        Column("assignee", "COALESCE(t.assignee_name, '')"),
    ),
    id="p.id",
    scope="p.division_code",
    where="p.submitted_at IS NOT NULL",
    order=("COALESCE(t.due_on, '9999-12-31'::date)", "p.submitted_at"),
    filters=(
        Filter("division", "p.division_code", kind="division"),
        Filter("category", "p.category = {}", choices=CATEGORIES),
        Filter("state", "p.state = {}", machine="PROJECT", choices=("submitted", "township_passed")),
    ),
    search=_search_waiting,
)

BATCHES = Listing(
    "batches",
    "projects_review_batch",
    (
        Column("id", shown=False),
        Column("decision", kind="tag", link="/reserve/batches/{id}"),
        Column("total", kind="int"),
        Column(
            "left",
            "(SELECT count(*) FROM projects_review_batch_item i WHERE i.batch = projects_review_batch.id"
            " AND i.outcome = 'pending')",
            kind="int",
        ),
        Column("state", kind="state", machine="REVIEW_BATCH"),
        Column("created_name"),
        Column("created_at", kind="datetime"),
    ),
    scope="division_code",
    descending=True,
    filters=(Filter("state", "state = {}", machine="REVIEW_BATCH"),),
)

APPEALS = Listing(
    "appeals",
    "projects_appeal a JOIN projects_project p ON p.id = a.project",
    (
        Column("id", "a.id", shown=False),
        Column("title", "p.title", link="/reserve/appeals/{id}"),
        Column("division_code", "a.division_code", kind="division"),
        Column("filed_by", "a.filed_by"),
        Column("filed_on", "a.filed_on", kind="date"),
        Column("due_on", "a.due_on", kind="date", sort=True),
        Column("state", "a.state", kind="state", machine="APPEAL"),
        Column("decided_on", "a.decided_on", kind="date"),
    ),
    id="a.id",
    scope="a.division_code",
    descending=True,
    filters=(
        Filter("division", "a.division_code", kind="division"),
        Filter("state", "a.state = {}", machine="APPEAL"),
    ),
    search=_search_waiting,
)

QUOTAS = Listing(
    "quotas",
    "projects_quota q JOIN kernel_division d ON d.code = q.division_code",
    (
        Column("id", "q.id", shown=False),
        Column("name", "d.name", link="/reserve/quotas/{id}"),
        Column("window", 'q."window"', kind="code"),
        Column("amount_fen", "q.amount_fen", kind="wan", sort=True),
        Column("limit_fen", "(q.amount_fen * q.factor_bp / 10000)::bigint", kind="wan"),
        Column("ranked", "(SELECT count(*) FROM projects_rank k WHERE k.quota = q.id)", kind="int"),
        Column("state", "q.state", kind="state", machine="QUOTA"),
    ),
    id="q.id",
    scope="q.division_code",
    descending=True,
    order=('q."window"', "q.division_code"),
    filters=(
        Filter("division", "q.division_code", kind="division"),
        Filter("window", 'q."window" = {}', kind="text"),
        Filter("state", "q.state = {}", machine="QUOTA"),
    ),
)

FILINGS = Listing(
    "filings",
    "projects_reserve_filing f",
    (
        Column("id", "f.id", shown=False),
        Column("name", "f.title", link="/reserve/filings/{id}"),
        Column("division_code", "f.division_code", kind="division"),
        Column("projects", "f.projects", kind="int", sort=True),
        Column("asked_fen", "f.asked_fen", kind="wan", sort=True),
        Column("filed_on", "f.filed_on", kind="date"),
        Column(
            "remarks",
            "(SELECT count(*) FROM projects_city_remark r WHERE r.filing = f.id AND NOT r.answer)",
            kind="int",
        ),
        Column("state", "f.state", kind="state", machine="FILING"),
    ),
    id="f.id",
    scope="f.division_code",
    descending=True,
    filters=(
        Filter("division", "f.division_code", kind="division"),
        Filter("state", "f.state = {}", machine="FILING"),
    ),
)

FILED_ROWS = Listing(
    "filed_rows",
    "projects_reserve_filing_item i JOIN projects_project p ON p.id = i.project",
    (
        Column("id", "i.project", shown=False),
        Column("name", "i.title", link="/projects/{id}"),
        Column("code", "p.code"),
        Column("division_code", "i.division_code", kind="division"),
        Column("category", "i.category", kind="tag"),
        Column("asked_fen", "i.asked_fen", kind="wan", sort=True),
        Column("valid_until", "i.valid_until", kind="date"),
        Column("state", "p.state", kind="state", machine="PROJECT"),
    ),
    id="i.id",
    scope="i.division_code",
    filters=(
        Filter("division", "i.division_code", kind="division"),
        Filter("category", "i.category = {}", choices=CATEGORIES),
    ),
    search=_search_waiting,
)
