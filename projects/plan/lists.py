"""The list of money that came free from approved plans."""

from __future__ import annotations

from quzhou_migrants.web.listing import Column, Filter, Listing

HOW = ("adjusted", "fallen_back", "recalled")

FREED = Listing(
    "freed",
    "projects_plan_item i JOIN projects_plan q ON q.id = i.plan JOIN projects_project p ON p.id = i.project",
    (
        Column("id", "i.id", shown=False),
        Column("project_id", "i.project", shown=False),
        Column("plan_id", "i.plan", shown=False),
        Column("project", "p.title", link="/projects/{project_id}"),
        Column("division_code", "i.division_code", kind="division"),
        Column("plan", "q.title", link="/plan/{plan_id}"),
        Column("amount_fen", "i.amount_fen", kind="wan", sort=True),
        Column("left_on", "i.left_on", kind="date", sort="COALESCE(i.left_on, '0001-01-01'::date)"),
        Column("left_how", "i.left_how", kind="tag"),
        Column("left_reason", "i.left_reason"),
    ),
    id="i.id",
    scope="i.division_code",
    where="i.left_on IS NOT NULL",
    descending=True,
    filters=(
        Filter("division", "i.division_code", kind="division"),
        Filter("year", "q.year = {}", kind="int", whole=True),
        Filter("how", "i.left_how = {}", choices=HOW),
    ),
)
