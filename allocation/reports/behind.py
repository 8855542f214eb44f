"""What the entries behind a figure add up to, without adding up millions of them.

The list of entries is asked by its own conditions; the same conditions are put to what keeps sums of the same
columns. An account is the sum of its entries, a sum of the reports that of its accounts; `verify` holds both.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date

from allocation.reports.listing import BEHIND
from allocation.reports.queries import VILLAGE_DIGITS
from allocation.reports.rules import ALL, SOURCES, quarter_days
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing_query import Asked, read_asked

OF_TIME = {"since", "until", "way"}
OF_MONTHS = {"quarter", "booked"}
OF_PLACES = {"division", "level", "kinds", "batch", "figure", "fund_kind", "year"}
_BATCH = " JOIN allocation_batch b ON b.id = e.batch"
_KINDS = ", ".join(f"('{kind}', s.{kind}_fen)" for kind in ALL)
_SUMS = (
    "(SELECT s.division_code, s.batch, s.category, s.month::timestamp AT TIME ZONE 'Asia/Shanghai' AS posted_at,"  # noqa: S608 - our own text
    " k.kind, k.fen AS amount_fen FROM allocation_sum s CROSS JOIN LATERAL (VALUES "
    f"{_KINDS}) k (kind, fen) WHERE {{which}}) e{_BATCH} CROSS JOIN LATERAL (SELECT e.category) p (category)"
)
_ACCOUNTS = (
    "(SELECT x.division_code, x.batch, x.kind, x.earmark, {project} AS project, x.balance_fen AS amount_fen"  # noqa: S608 - our own text
    f" FROM allocation_balance x{{of}}) e{_BATCH} LEFT JOIN projects_project p ON p.id = e.project"
)


async def total(tx: Tx, params: Mapping[str, str]) -> Fen:
    """Add up what the list of entries shows for an address. Units: fen."""
    asked = read_asked(BEHIND, params, {})
    sql = BEHIND.narrowed(tx, asked, None)
    text = f"SELECT coalesce(sum(e.amount_fen), 0)::bigint FROM {_source(asked, tx.actor.division_code)}{sql.where}"  # noqa: S608 - conditions of our own list
    return int(await tx.conn.fetchval(text, *sql.params))


def _source(asked: Asked, own: str) -> str:
    """Choose the fewest rows that know every column the conditions name."""
    named = set(asked.values)
    if _by_places(asked, own):
        if named <= OF_PLACES | {"category"}:
            return _SUMS.format(which="s.cut = 'place'")
        if named <= OF_PLACES | OF_MONTHS:
            return _SUMS.format(which=f"s.cut = 'month'{_months(asked)}")
    if named & (OF_TIME | OF_MONTHS):
        return BEHIND.source
    if "project" in named:
        return _ACCOUNTS.format(project="x.project", of=" WHERE x.project <> 0")
    if "unbound" in named:
        return _ACCOUNTS.format(project="NULL::bigint", of=" WHERE x.project = 0")
    return _ACCOUNTS.format(project="nullif(x.project, 0)", of="")


def _months(asked: Asked) -> str:
    """Narrow the sums to the months asked for, so that no others are looked at."""
    with suppress(ValueError):  # a number that names no quarter or year narrows nothing here
        first, after = (
            quarter_days(int(asked.values["quarter"]))
            if "quarter" in asked.values
            else (date(int(asked.values["booked"]), 1, 1), date(int(asked.values["booked"]) + 1, 1, 1))
        )
        return f" AND s.month >= DATE '{first}' AND s.month < DATE '{after}'"
    return ""


def _by_places(asked: Asked, own: str) -> bool:
    """Tell whether whole townships are asked for, and kinds whose sums are kept."""
    places = (own or VILLAGE_DIGITS, asked.values.get("division", VILLAGE_DIGITS))
    sources = set(SOURCES) & set(asked.values.get("kinds", "").split(","))
    known = "figure" in asked.values or "kinds" in asked.values
    level = asked.values.get("level", "city") in {"city", "county"}
    return known and not sources and level and all(place.endswith(VILLAGE_DIGITS) for place in places)
