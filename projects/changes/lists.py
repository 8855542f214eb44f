"""The list of change orders."""

from __future__ import annotations

from quzhou_migrants.web.listing import Column, Filter, Listing

CHANGES = Listing(
    "changes",
    "projects_change h JOIN projects_project p ON p.id = h.project",
    (
        Column("id", "h.id", shown=False),
        Column("title", "p.title", link="/changes/{id}"),
        Column("division_code", "h.division_code", kind="division"),
        Column("action", "h.action", kind="tag"),
        Column("growth_fen", "h.growth_fen", kind="wan", sort=True),
        Column("proposed_at", "h.proposed_at", kind="date"),
        Column("state", "h.state", kind="state", machine="CHANGE"),
        Column("decided_at", "h.decided_at", kind="date"),
        Column("doc_no", "h.doc_no"),
    ),
    id="h.id",
    scope="h.division_code",
    descending=True,
    filters=(
        Filter("division", "h.division_code", kind="division"),
        Filter("action", "h.action = {}", choices=("adjust", "suspend", "resume", "terminate")),
        Filter("part", "{} = ANY (h.parts)", choices=("place", "content", "money", "time")),
        Filter("state", "h.state = {}", machine="CHANGE"),
    ),
)
