"""The list of sheets."""

from __future__ import annotations

from quzhou_migrants.web.listing import Column, Filter, Listing

BULKS = Listing(
    "bulks",
    "projects_bulk",
    (
        Column("id", shown=False),
        Column("name", link="/projects/bulk/{id}"),
        Column("division_code", kind="division"),
        Column("rows", kind="int"),
        Column("ready", kind="int"),
        Column("filed", kind="int"),
        Column("created_name"),
        Column("created_at", kind="datetime"),
        Column("state", kind="state", machine="BULK"),
    ),
    scope="division_code",
    descending=True,
    filters=(Filter("state", "state = {}", machine="BULK"),),
)
