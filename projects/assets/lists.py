"""The list of assets."""

from __future__ import annotations

from typing import Any

from projects.assets.forms import AssetKind, Condition
from quzhou_migrants.kernel.grams import fold, query_grams
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

_LAST = (
    "(SELECT k.condition FROM projects_asset_check k WHERE k.asset = a.id"
    " ORDER BY k.checked_on DESC, k.id DESC LIMIT 1)"
)
_OWNER = "(SELECT string_agg(s.owner, '、' ORDER BY s.seq) FROM projects_asset_share s WHERE s.asset = a.id)"


def search(_tx: Tx, text: str) -> tuple[str, list[Any]]:
    """Find by card number or by any part of the name."""
    if "-" in text and text.replace("-", "").isdecimal():
        return "a.number LIKE {} || '%'", [text]
    return "a.name_grams @> {}", [query_grams(fold(text))]


ASSETS = Listing(
    "assets",
    "projects_asset a",
    (
        Column("id", "a.id", shown=False),
        Column("name", "a.name", link="/assets/{id}"),
        Column("number", "a.number"),
        Column("division_code", "a.division_code", kind="division"),
        Column("kind", "a.kind", kind="tag"),
        Column("value_fen", "a.value_fen", kind="wan", sort=True),
        Column("owner", _OWNER),
        Column("caretaker", "a.caretaker"),
        Column("last_condition", f"coalesce({_LAST}, 'none')", kind="tag"),
        Column("next_check_on", "a.next_check_on", kind="date", sort=True),
        Column("state", "a.state", kind="state", machine="ASSET"),
    ),
    id="a.id",
    scope="a.division_code",
    order=("a.next_check_on",),
    filters=(
        Filter("division", "a.division_code", kind="division"),
        Filter("kind", "a.kind = {}", choices=tuple(k.value for k in AssetKind)),
        Filter("state", "a.state = {}", machine="ASSET"),
        Filter("condition", _LAST + " = {}", choices=tuple(c.value for c in Condition)),
        Filter("due_before", "a.state <> 'retired' AND a.next_check_on <= {}", kind="date"),
        Filter("operating", "a.operating", kind="flag"),
    ),
    search=search,
)
