"""What of the money in a pot nobody may award: promised to a published round, or in a pool whose last day is over.

Source: 衢政办发〔2016〕65号 二(三)1 (announcement before competition), 2 (pooled over three to five years)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from allocation.budget import queries
from allocation.budget.rules import Pot, unwithheld
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CITY_TAIL, COUNTY_DIGITS, CODE_DIGITS = "00000000", 6, 12
HOLDS_MONEY = ("open", "scoring", "ranked", "decided", "posted")
"""States of a competitive round in which its budget is promised to the public and not given out yet."""


class Why(StrEnum):
    """Why money is withheld."""

    ROUND = "round"
    ENDED = "ended"


class Withheld(NamedTuple):
    """One sum nobody may award now: in which pot, why, until when, and where that can be read. Units: fen."""

    pot: Pot
    why: Why
    title: str
    fen: Fen
    until: date
    url: str


_ROUNDS = """
SELECT id, title, division_code, township_code, earmark, budget_fen, decide_by,
  (SELECT coalesce(sum(balance_fen), 0)::bigint FROM allocation_balance
   WHERE division_code = $1 AND project = 0 AND kind = 'competing') AS competing_fen
FROM allocation_round WHERE division_code = $1 AND state = ANY($2) ORDER BY id
"""
_ENDED = """
SELECT k.id, k.title, k.division_code, k.use_by, coalesce(sum(b.balance_fen), 0)::bigint AS fen
FROM allocation_term_pool k LEFT JOIN allocation_balance b
  ON b.division_code = k.division_code AND b.kind = 'available' AND b.project = 0
WHERE k.division_code = ANY($1) AND k.state = 'open' AND k.use_by < $2 GROUP BY k.id ORDER BY k.id
"""


def house_of(holder: str) -> str:
    """Name the division whose rounds may promise money of an account: its county, or the city itself."""
    return holder if holder.endswith(CITY_TAIL) else holder[:COUNTY_DIGITS].ljust(CODE_DIGITS, "0")


async def by_rounds(tx: Tx, county: str) -> list[Withheld]:
    """List what the published rounds of a division withhold from its other ways of giving.

    A round on own money empties the pots for competition first; only what they do not cover is withheld. A city's
    rounds pay out of such pots alone.
    """
    rows = await tx.conn.fetch(_ROUNDS, county, list(HOLDS_MONEY))
    covered = int(rows[0]["competing_fen"]) if rows else 0
    found = []
    for r in rows:
        fen = int(r["budget_fen"])
        pot = Pot(county if r["earmark"] else r["township_code"] or county, r["earmark"])
        if pot == Pot(county):
            if county.endswith(CITY_TAIL):
                continue
            fen, covered = max(0, fen - covered), max(0, covered - fen)
        if fen:
            found.append(Withheld(pot, Why.ROUND, r["title"], fen, r["decide_by"], f"/rounds/{r['id']}"))
    return found


async def of_own(tx: Tx, county: str) -> list[Withheld]:
    """List what the rounds of a division withhold of its own money."""
    return [w for w in await by_rounds(tx, county) if w.pot == Pot(county)]


async def own_free(tx: Tx, county: str) -> Fen:
    """Give what a division may still give of its own money beyond what its rounds were promised. Units: fen."""
    there = sum(int(p["fen"]) for p in await queries.available(tx, county))
    return max(0, there - sum(w.fen for w in await of_own(tx, county)))


async def by_ends(tx: Tx, places: Sequence[str]) -> list[Withheld]:
    """List what lies in open pools of these places past their last day; the last day itself still counts."""
    return [
        Withheld(Pot(r["division_code"]), Why.ENDED, r["title"], int(r["fen"]), r["use_by"], f"/terms/pools/{r['id']}")
        for r in await tx.conn.fetch(_ENDED, list(places), tx.today)
    ]


async def withheld_from(tx: Tx, county: str, rows: Sequence[Row]) -> list[Withheld]:
    """List what is withheld in the pots that rows of `queries.pots_for` lie in."""
    pots = {Pot(r["division_code"], r["earmark"]) for r in rows}
    found = await by_rounds(tx, county) + await by_ends(tx, sorted({p.holder for p in pots if not p.earmark}))
    return [w for w in found if w.fen and w.pot in pots]


def free_rows(rows: Sequence[Row], kept: Sequence[Withheld]) -> list[Row]:
    """Leave of rows in draw order what may be awarded: the money drawn last is what is withheld."""
    free = unwithheld([(Pot(r["division_code"], r["earmark"]), r["fen"]) for r in rows], [(w.pot, w.fen) for w in kept])
    return [{**r, "fen": fen} for r, fen in zip(rows, free, strict=True) if fen]


def explain(amount_fen: Fen, free_fen: Fen, kept: Sequence[Withheld]) -> None:
    """Refuse an award that only withheld money could pay, and say why it is withheld.

    Raises: Refused ALC-156 (promised to a round), ALC-155 (past the last day of its pool).
    """
    if amount_fen <= free_fen or not kept:
        return
    first = min(kept, key=lambda w: w.why is Why.ENDED)
    if first.why is Why.ENDED:
        raise Refused("ALC-155", field="amount_fen", title=first.title, use_by=first.until)
    promised = sum(w.fen for w in kept if w.why is Why.ROUND)
    raise Refused("ALC-156", field="amount_fen", asked=amount_fen, left=free_fen, promised=promised, title=first.title)


async def check_leaving(tx: Tx, pot: Pot, amount_fen: Fen) -> None:
    """Keep what a published round was promised when money leaves a pot otherwise than by an award of `pots_for`.

    The accounts are held first, as publishing a round does, so that one of the two waits for the other.
    Raises: Refused ALC-156.
    """
    rows = await tx.conn.fetch(
        "SELECT balance_fen FROM allocation_balance WHERE division_code = $1 AND project = 0 AND kind = $2"
        " AND earmark = $3 ORDER BY batch FOR UPDATE",
        pot.holder,
        "earmarked" if pot.earmark else "available",
        pot.earmark,
    )
    there = sum(int(r["balance_fen"]) for r in rows)
    kept = [w for w in await by_rounds(tx, house_of(pot.holder)) if w.pot == pot]
    if amount_fen <= there:  # more than there is, is refused by the ledger in its own words
        explain(amount_fen, max(0, there - sum(w.fen for w in kept)), kept)


async def check_running(tx: Tx, place: str, by: date | None = None) -> None:
    """Keep an open pool of a place from being given out of after its last day, today or on a day to come.

    Raises: Refused ALC-155, ALC-157.
    """
    row = await tx.conn.fetchrow(
        "SELECT title, use_by FROM allocation_term_pool WHERE division_code = $1 AND state = 'open'", place
    )
    if row is None:
        return
    if tx.today > row["use_by"]:
        raise Refused("ALC-155", field="amount_fen", title=row["title"], use_by=row["use_by"])
    if by is not None and by > row["use_by"]:
        raise Refused("ALC-157", field="decide_by", title=row["title"], use_by=row["use_by"], decide_by=by)
