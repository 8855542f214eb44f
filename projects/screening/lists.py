"""The list of projects of other funds."""

from __future__ import annotations

from typing import Any

from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing


def _title(_tx: Tx, text: str) -> tuple[str, list[Any]]:
    return "position(lower({}) in lower(title)) > 0", [text]


SECTOR = Listing(
    "sector",
    "projects_sector_project",
    (
        Column("id", shown=False),
        Column("title"),
        Column("sector"),
        Column("number"),
        Column("division_code", kind="division"),
        Column("amount_fen", kind="wan", sort=True),
        Column("finished_on", kind="date", sort=True),
    ),
    scope="division_code",
    descending=True,
    filters=(
        Filter("division", "division_code", kind="division"),
        Filter("finished_since", "finished_on >= {}", kind="date"),
    ),
    search=_title,
)
