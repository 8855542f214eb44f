"""The lists of intake: windows as they happened, what moved them, pleas to file late."""

from __future__ import annotations

from projects.intake.states import LateState
from quzhou_migrants.web.listing import Column, Filter, Listing

WINDOWS = Listing(
    "windows",
    "projects_window",
    (
        Column("id", shown=False),
        Column("name", '"projects_window"."name"', sort=True),
        Column("opens_on", kind="date"),
        Column("closes_on", kind="date"),
        Column("filed", kind="int", sort=True),
        Column("drafts", kind="int"),
        Column("closed_at", kind="date"),
    ),
    scope="",  # a city's record is read by everybody below it
    descending=True,
)

EXTENSIONS = Listing(
    "extensions",
    "projects_window_extension",
    (
        Column("id", shown=False),
        Column("division_code", kind="division"),
        Column("window", '"window"'),
        Column("closes_on", kind="date", sort=True),
        Column("reason"),
        Column("doc_no"),
        Column("author"),
        Column("at", kind="datetime"),
    ),
    scope="",  # a village reads what its county decided
    descending=True,
    filters=(Filter("division", "division_code", kind="division"), Filter("window", '"window" = {}', kind="text")),
)

LATE = Listing(
    "late",
    "projects_late l JOIN projects_project p ON p.id = l.project",
    (
        Column("id", "l.id", shown=False),
        Column("title", "p.title", link="/late/{id}"),
        Column("division_code", "l.division_code", kind="division"),
        Column("window", 'l."window"'),
        Column("reason", "l.reason"),
        Column("asked_at", "l.asked_at", kind="date"),
        Column("state", "l.state", kind="state", machine="LATE"),
        Column("until", "l.until", kind="date"),
    ),
    id="l.id",
    scope="l.division_code",
    descending=True,
    filters=(
        Filter("division", "l.division_code", kind="division"),
        Filter("state", "l.state = {}", machine="LATE", choices=tuple(LateState)),
        Filter("window", 'l."window" = {}', kind="text"),
    ),
)
