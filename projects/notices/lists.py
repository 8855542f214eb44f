"""The lists of notices and of objections."""

from __future__ import annotations

from typing import Any

from projects.notices.rules import Channel, Kind
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

PLACE = "division_code"


def _title(_tx: Tx, text: str) -> tuple[str, list[Any]]:
    return "position(lower({}) in lower(title)) > 0", [text]


def _receipt(_tx: Tx, text: str) -> tuple[str, list[Any]]:
    return "o.receipt = {}", [text.strip().upper()]


NOTICES = Listing(
    "notices",
    "projects_posting",
    (
        Column("id", shown=False),
        Column("title", link="/notices/{id}"),
        Column("kind", kind="tag"),
        Column("division_code", kind="division"),
        Column("starts_on", kind="date"),
        Column("ends_on", kind="date", sort=True),
        Column("received", kind="int", sort=True),
        Column("answered", kind="int"),
        Column("state", kind="state", machine="NOTICE"),
    ),
    scope=PLACE,
    descending=True,
    filters=(
        Filter("division", PLACE, kind="division"),
        Filter("kind", "kind = {}", choices=tuple(k.value for k in Kind)),
        Filter("state", "state = {}", machine="NOTICE"),
        Filter("waiting", "answered < received", kind="flag"),
    ),
    search=_title,
)

OBJECTIONS = Listing(
    "objections",
    "projects_objection o JOIN projects_posting n ON n.id = o.posting",
    (
        Column("id", "o.id", shown=False),
        Column("receipt", "o.receipt", kind="code", link="/notices/objections/{id}"),
        Column("about", "n.title"),
        Column("division_code", "o.division_code", kind="division"),
        Column("channel", "o.channel", kind="tag"),
        Column("received_on", "o.received_on", kind="date", sort=True),
        Column("due_on", "o.due_on", kind="date", sort=True),
        Column("state", "o.state", kind="state", machine="OBJECTION"),
    ),
    id="o.id",
    scope="o.division_code",
    descending=True,
    filters=(
        Filter("division", "o.division_code", kind="division"),
        Filter("state", "o.state = {}", machine="OBJECTION"),
        Filter("channel", "o.channel = {}", choices=tuple(c.value for c in Channel)),
        Filter("due_before", "o.due_on <= {}", kind="date"),
    ),
    search=_receipt,
)
