"""The only writer of the ledger: postings that sum to zero, each event once, nothing below zero.

Money always lies in exactly one account (batch, division, project, kind). A command moves it from
kind to kind; what a project was awarded in all is therefore what lies in `awarded` and in every
kind after it. Corrections are reversals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx


class Kind(StrEnum):
    """Where money lies. `notified` is the source and the only account below zero."""

    NOTIFIED = "notified"
    CASH = "cash"
    AVAILABLE = "available"
    PLANNED = "planned"
    AWARDED = "awarded"
    CONTRACTED = "contracted"
    CLAIMED = "claimed"
    PAID = "paid"
    RETAINED = "retained"
    SETTLED = "settled"
    RETURNED = "returned"


# What a column headed "awarded" counts: money that has come at least so far.
REACHED: dict[Kind, tuple[Kind, ...]] = {
    Kind.AWARDED: (Kind.AWARDED, Kind.CONTRACTED, Kind.CLAIMED, Kind.PAID, Kind.RETAINED, Kind.SETTLED),
    Kind.CONTRACTED: (Kind.CONTRACTED, Kind.CLAIMED, Kind.PAID, Kind.RETAINED, Kind.SETTLED),
    Kind.CLAIMED: (Kind.CLAIMED, Kind.PAID, Kind.RETAINED, Kind.SETTLED),
    Kind.PAID: (Kind.PAID, Kind.SETTLED),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One side of a posting. Units: fen, + into the account, - out of it."""

    batch: int
    division_code: str
    kind: Kind
    amount_fen: Fen
    project: int | None = None


_POST = """
INSERT INTO allocation_entry
  (event_key, line, division_code, batch, project, kind, amount_fen, source_table, source_id, posted_at)
SELECT $1, l.line - 1, l.division_code, l.batch, nullif(l.project, 0), l.kind, l.amount_fen, $2, $3, $4
FROM unnest($5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[])
  WITH ORDINALITY AS l (division_code, batch, project, kind, amount_fen, line)
"""


async def post(tx: Tx, event_key: str, lines: Sequence[Line], *, source: tuple[str, int]) -> None:
    """Write one event into the ledger.

    Shape: lines sum to zero within each batch; zero lines are dropped. `event_key` names the
    event for ever ("award:17"); `source` is the row a reader is led to, (table, id).
    Raises: by constraint, at once: ALC-101 (not balanced), ALC-102 (an account below zero),
    ALC-103 (the event was posted before).
    """
    moved = [line for line in lines if line.amount_fen]
    if not moved:
        return
    await tx.conn.execute(
        _POST,
        event_key,
        *source,
        tx.now,
        [line.division_code for line in moved],
        [line.batch for line in moved],
        [line.project or 0 for line in moved],
        [line.kind.value for line in moved],
        [line.amount_fen for line in moved],
    )


async def move(  # noqa: PLR0913 - from where, to where, how much: read in this order
    tx: Tx, event_key: str, project: int, src: Kind, dst: Kind, amount_fen: Fen, *, source: tuple[str, int]
) -> None:
    """Move a project's money from one kind to the next, the oldest batch first.

    Units: fen, positive.
    Raises: Refused ALC-104, less lies in `src` than is asked.
    """
    held = await tx.conn.fetch(
        "SELECT batch, division_code, balance_fen FROM allocation_balance"
        " WHERE project = $1 AND kind = $2 AND balance_fen > 0"
        " ORDER BY division_code, batch FOR UPDATE",
        project,
        src.value,
    )
    lines: list[Line] = []
    left = amount_fen
    for row in held:
        part = min(left, int(row["balance_fen"]))
        lines.append(Line(row["batch"], row["division_code"], src, -part, project))
        lines.append(Line(row["batch"], row["division_code"], dst, part, project))
        left -= part
    if left:
        raise Refused("ALC-104", asked=amount_fen, left=amount_fen - left)
    await post(tx, event_key, lines, source=source)


async def free(  # noqa: PLR0913 - out of which project, to whom, how much: read in this order
    tx: Tx, event_key: str, project: int, division_code: str, amount_fen: Fen, *, source: tuple[str, int]
) -> None:
    """Take unused money out of a project and make it available to a division, each batch to itself.

    What is only awarded goes before what is bound to a contract, the newest batch first.
    Units: fen, positive.
    Raises: Refused ALC-104, less lies unused than is asked.
    """
    held = await tx.conn.fetch(
        "SELECT batch, division_code, kind, balance_fen FROM allocation_balance"
        " WHERE project = $1 AND kind IN ('awarded', 'contracted') AND balance_fen > 0"
        " ORDER BY kind, division_code, batch DESC FOR UPDATE",
        project,
    )
    lines: list[Line] = []
    left = amount_fen
    for row in held:
        part = min(left, int(row["balance_fen"]))
        lines.append(Line(row["batch"], row["division_code"], Kind(row["kind"]), -part, project))
        lines.append(Line(row["batch"], division_code, Kind.AVAILABLE, part))
        left -= part
    if left:
        raise Refused("ALC-104", asked=amount_fen, left=amount_fen - left)
    await post(tx, event_key, lines, source=source)


async def reverse(tx: Tx, event_key: str, *, source: tuple[str, int]) -> None:
    """Post the mirror of an event, once. Entries themselves are never altered.

    Raises: Refused ALC-105 (no such event); by constraint ALC-102 (the money has moved on),
    ALC-103 (reversed before).
    """
    rows = await tx.conn.fetch(
        "SELECT batch, division_code, kind, amount_fen, project FROM allocation_entry"
        " WHERE event_key = $1 ORDER BY line",
        event_key,
    )
    if not rows:
        raise Refused("ALC-105", event=event_key)
    mirror = [Line(r["batch"], r["division_code"], Kind(r["kind"]), -int(r["amount_fen"]), r["project"]) for r in rows]
    mirror = [await _where_it_lies(tx, line) for line in mirror]
    await post(tx, f"reverse:{event_key}", mirror, source=source)


async def _where_it_lies(tx: Tx, line: Line) -> Line:
    """Take a project's money where it is now: it may have followed its village to a successor."""
    if line.project is None or line.amount_fen >= 0:
        return line
    holder = await tx.conn.fetchval(
        "SELECT division_code FROM allocation_balance WHERE batch = $1 AND project = $2 AND kind = $3"
        " AND balance_fen >= $4 ORDER BY division_code = $5 DESC LIMIT 1",
        line.batch,
        line.project,
        line.kind.value,
        -line.amount_fen,
        line.division_code,
    )
    return replace(line, division_code=holder or line.division_code)


async def follow(tx: Tx, event_key: str, old: str, new: str, *, source: tuple[str, int]) -> None:
    """Move everything that lies in the accounts of a village to the same accounts of its successor."""
    held = await tx.conn.fetch(
        "SELECT batch, project, kind, balance_fen FROM allocation_balance WHERE division_code = $1"
        " AND balance_fen <> 0 ORDER BY batch, project, kind FOR UPDATE",
        old,
    )
    lines: list[Line] = []
    for row in held:
        amount, kind = int(row["balance_fen"]), Kind(row["kind"])
        lines.append(Line(row["batch"], old, kind, -amount, row["project"]))
        lines.append(Line(row["batch"], new, kind, amount, row["project"]))
    await post(tx, event_key, lines, source=source)


async def project_money(tx: Tx, project: int) -> dict[Kind, Fen]:
    """Give what lies in each kind of one project. Units: fen; a kind without entries is missing."""
    rows = await tx.conn.fetch(
        "SELECT kind, sum(balance_fen)::bigint AS fen FROM allocation_balance WHERE project = $1 GROUP BY kind",
        project,
    )
    return {Kind(r["kind"]): int(r["fen"]) for r in rows if r["fen"]}


def reached(money: dict[Kind, Fen], kind: Kind) -> Fen:
    """Give the money that has come at least as far as a kind. Units: fen."""
    return sum(money.get(k, 0) for k in REACHED[kind])
