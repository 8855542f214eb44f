"""How many rows a list has: counted when that is cheap, estimated by the planner when it is not.

Counting what a filter finds among a million rows costs half a second that nobody gains from; the
planner's estimate costs half a millisecond and is shown as one ("about"). Figures are kept for
some seconds; while one visitor counts anew, the others are told the last figure.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quzhou_migrants.kernel.tx import Tx
    from quzhou_migrants.web.listing_query import Sql

MOST = 30_000  # counting further costs more than anybody gains from the figure
CHEAP = 3_000.0  # planner's cost units: about 20 ms
FRESH_SECONDS = 10.0
KEPT = 2_000
DIGITS = 2  # of an estimate


@dataclass(frozen=True, slots=True)
class Count:
    """A figure and how sure it is: exact, at least (`capped`), or `about`."""

    total: int
    capped: bool = False
    about: bool = False


class Counts:
    """The figures of one list, by what was asked and by whom."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._kept: dict[Any, tuple[float, Count]] = {}

    async def of(self, tx: Tx, source: str, sql: Sql) -> Count:
        """Give the figure for these conditions, at most some seconds old."""
        key = (sql.where, tuple(map(str, sql.params)), tx.actor.division_code, tx.actor.engagement_id)
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept and now - kept[0] < FRESH_SECONDS:
            return kept[1]
        if kept:
            self._kept[key] = (now, kept[1])
        elif len(self._kept) > KEPT:
            self._kept.clear()
        found = await _count(tx, source, sql)
        self._kept[key] = (now, found)
        return found


async def _count(tx: Tx, source: str, sql: Sql) -> Count:
    limited = f"SELECT 1 FROM {source}{sql.where} LIMIT {MOST + 1}"  # noqa: S608 - parts are declared in code, values are parameters
    plan = json.loads(await tx.conn.fetchval(f"EXPLAIN (FORMAT JSON) {limited}", *sql.params))[0]["Plan"]
    if plan["Total Cost"] > CHEAP:
        rows = plan["Plans"][0]["Plan Rows"]
        return Count(MOST, capped=True) if rows > MOST else Count(rounded(rows), about=True)
    total = await tx.conn.fetchval(f"SELECT count(*) FROM ({limited}) AS matching", *sql.params)  # noqa: S608 - see above
    return Count(min(total, MOST), capped=total > MOST)


def rounded(rows: int) -> int:
    """Cut an estimate to the digits it deserves: 11358 -> 11000."""
    unit: int = 10 ** max(len(str(rows)) - DIGITS, 0)
    return (rows + unit // 2) // unit * unit
