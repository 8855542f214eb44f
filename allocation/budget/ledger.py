"""The only writer of the ledger: postings that sum to zero, each event once, nothing below zero.

Money always lies in exactly one account (batch, division, project, kind). A command moves it from
kind to kind; what a project was awarded in all is therefore what lies in `awarded` and in every
kind after it. Corrections are reversals. Money its document binds to something (an earmark) keeps
that mark wherever it lies; lines sum to zero in each batch and in each earmark of it.

Helpers for rooms: `post` writes lines as they stand; `move` and `free` for money of a project;
`shift` for money of a division (cash lists, returns, take-backs); `pass_down` for split documents;
`earn` for interest; `release` and `settle` for retention and final accounts; `reverse` for mistakes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx


class Kind(StrEnum):
    """Where money lies. `notified` and `interest` are the sources and the only accounts below zero."""

    NOTIFIED = "notified"
    INTEREST = "interest"
    CASH = "cash"  # for persons, not yet on a list
    ISSUING = "issuing"  # on a list that went to the bank
    ISSUED = "issued"  # in the hands of people; never claimed by a project
    AVAILABLE = "available"
    EARMARKED = "earmarked"  # as available, but bound to a use, a place or a project
    COMPETING = "competing"  # as available, but in a pot that only a competitive round gives out
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
    earmark: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """What one division gets by a split document. Units: fen."""

    division_code: str
    cash_fen: Fen = 0
    project_fen: Fen = 0
    earmark: int = 0
    earmark_fen: Fen = 0


_POST = """
INSERT INTO allocation_entry
  (event_key, line, division_code, batch, project, kind, earmark, amount_fen, source_table, source_id, posted_at)
SELECT $1, l.line - 1, l.division_code, l.batch, nullif(l.project, 0), l.kind, l.earmark, l.amount_fen, $2, $3, $4
FROM unnest($5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[], $10::bigint[])
  WITH ORDINALITY AS l (division_code, batch, project, kind, earmark, amount_fen, line)
"""


async def post(tx: Tx, event_key: str, lines: Sequence[Line], *, source: tuple[str, int]) -> None:
    """Write one event into the ledger.

    Shape: lines sum to zero within each batch and earmark; zero lines are dropped. `event_key` names
    the event for ever ("award:17"); `source` is the row a reader is led to, (table, id).
    Raises: by constraint, at once: ALC-101 (not balanced), ALC-102 (an account below zero),
    ALC-103 (the event was posted before), ALC-107 (bound money elsewhere), ALC-140 (month closed).
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
        [line.earmark for line in moved],
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
        "SELECT batch, division_code, earmark, balance_fen FROM allocation_balance"
        " WHERE project = $1 AND kind = $2 AND balance_fen > 0"
        " ORDER BY division_code, batch, earmark FOR UPDATE",
        project,
        src.value,
    )
    lines: list[Line] = []
    left = amount_fen
    for row in held:
        part = min(left, int(row["balance_fen"]))
        lines.append(Line(row["batch"], row["division_code"], src, -part, project, row["earmark"]))
        lines.append(Line(row["batch"], row["division_code"], dst, part, project, row["earmark"]))
        left -= part
    if left:
        raise Refused("ALC-104", asked=amount_fen, left=amount_fen - left)
    await post(tx, event_key, lines, source=source)


async def free(  # noqa: PLR0913 - out of which project, to whom, how much: read in this order
    tx: Tx, event_key: str, project: int, division_code: str, amount_fen: Fen, *, source: tuple[str, int]
) -> None:
    """Take unused money out of a project and make it available to a division, each batch to itself.

    What is only awarded goes before what is bound to a contract, the newest batch first. Bound money stays
    bound: it lies in `earmarked` again.
    Units: fen, positive.
    Raises: Refused ALC-104, less lies unused than is asked.
    """
    held = await tx.conn.fetch(
        "SELECT batch, division_code, kind, earmark, balance_fen FROM allocation_balance"
        " WHERE project = $1 AND kind IN ('awarded', 'contracted') AND balance_fen > 0"
        " ORDER BY kind, division_code, batch DESC FOR UPDATE",
        project,
    )
    lines: list[Line] = []
    left = amount_fen
    for row in held:
        part, mark = min(left, int(row["balance_fen"])), row["earmark"]
        lines.append(Line(row["batch"], row["division_code"], Kind(row["kind"]), -part, project, mark))
        lines.append(Line(row["batch"], division_code, Kind.EARMARKED if mark else Kind.AVAILABLE, part, None, mark))
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
        "SELECT batch, division_code, kind, amount_fen, project, earmark FROM allocation_entry"
        " WHERE event_key = $1 ORDER BY line",
        event_key,
    )
    if not rows:
        raise Refused("ALC-105", event=event_key)
    mirror = [
        Line(r["batch"], r["division_code"], Kind(r["kind"]), -int(r["amount_fen"]), r["project"], r["earmark"])
        for r in rows
    ]
    mirror = [await _where_it_lies(tx, line) for line in mirror]
    await post(tx, f"reverse:{event_key}", mirror, source=source)


async def _where_it_lies(tx: Tx, line: Line) -> Line:
    """Take a project's money where it is now: it may have followed its village to a successor."""
    if line.project is None or line.amount_fen >= 0:
        return line
    holder = await tx.conn.fetchval(
        "SELECT division_code FROM allocation_balance WHERE batch = $1 AND project = $2 AND kind = $3"
        " AND balance_fen >= $4 AND earmark = $6 ORDER BY division_code = $5 DESC LIMIT 1",
        line.batch,
        line.project,
        line.kind.value,
        -line.amount_fen,
        line.division_code,
        line.earmark,
    )
    return replace(line, division_code=holder or line.division_code)


async def follow(tx: Tx, event_key: str, old: str, new: str, *, source: tuple[str, int]) -> None:
    """Move everything that lies in the accounts of a village to the same accounts of its successor."""
    held = await tx.conn.fetch(
        "SELECT batch, project, kind, earmark, balance_fen FROM allocation_balance WHERE division_code = $1"
        " AND balance_fen <> 0 ORDER BY batch, project, kind, earmark FOR UPDATE",
        old,
    )
    lines: list[Line] = []
    for row in held:
        amount, kind = int(row["balance_fen"]), Kind(row["kind"])
        lines.append(Line(row["batch"], old, kind, -amount, row["project"], row["earmark"]))
        lines.append(Line(row["batch"], new, kind, amount, row["project"], row["earmark"]))
    await post(tx, event_key, lines, source=source)


async def shift(  # noqa: PLR0913 - whose, from where, to where, how much, of which batch
    tx: Tx,
    event_key: str,
    division_code: str,
    src: Kind,
    dst: Kind,
    amount_fen: Fen,
    *,
    source: tuple[str, int],
    to: str | None = None,
    batch: int | None = None,
    earmark: int = 0,
) -> list[tuple[int, Fen]]:
    """Move money a division holds for no project yet, the oldest batch first; `to` another division or itself.

    Cash lists (cash → issuing → issued, back when the bank refuses), subsidies (available → issued), money that
    is due back (available → returned), take-backs (a township's or county's available → the county's or city's).
    Shape: the answer tells (batch, fen) as it was drawn. Units: fen, positive.
    Raises: Refused ALC-104, less lies in `src` than is asked.
    """
    held = await tx.conn.fetch(
        "SELECT batch, balance_fen FROM allocation_balance WHERE division_code = $1 AND project = 0 AND kind = $2"
        " AND earmark = $3 AND ($4::bigint IS NULL OR batch = $4) AND balance_fen > 0 ORDER BY batch FOR UPDATE",
        division_code,
        src.value,
        earmark,
        batch,
    )
    drawn: list[tuple[int, Fen]] = []
    left = amount_fen
    for row in held:
        part = min(left, int(row["balance_fen"]))
        if part > 0:
            drawn.append((row["batch"], part))
            left -= part
    if left:
        raise Refused("ALC-104", asked=amount_fen, left=amount_fen - left)
    lines = [Line(b, division_code, src, -fen, None, earmark) for b, fen in drawn]
    lines += [Line(b, to or division_code, dst, fen, None, earmark) for b, fen in drawn]
    await post(tx, event_key, lines, source=source)
    return drawn


async def pass_down(  # noqa: PLR0913 - which document, whose money, to whom
    tx: Tx, event_key: str, batch: int, giver: str, shares: Sequence[Share], *, source: tuple[str, int]
) -> None:
    """Pass money of one batch from a division to those below: cash stays cash, bound money stays bound.

    Raises: by constraint ALC-102, the giver holds less; ALC-103, the document was posted before.
    """
    lines: list[Line] = []
    for share in shares:
        parts = (
            (Kind.CASH, share.cash_fen, 0),
            (Kind.AVAILABLE, share.project_fen, 0),
            (Kind.EARMARKED, share.earmark_fen, share.earmark),
        )
        for kind, fen, mark in parts:
            lines.append(Line(batch, giver, kind, -fen, None, mark))
            lines.append(Line(batch, share.division_code, kind, fen, None, mark))
    await post(tx, event_key, lines, source=source)


async def earn(  # noqa: PLR0913 - which event, whose account, how much
    tx: Tx, event_key: str, batch: int, division_code: str, amount_fen: Fen, *, source: tuple[str, int]
) -> None:
    """Book bank interest: it becomes available to the division in whose account it arose. Units: fen."""
    lines = [
        Line(batch, division_code, Kind.INTEREST, -amount_fen),
        Line(batch, division_code, Kind.AVAILABLE, amount_fen),
    ]
    await post(tx, event_key, lines, source=source)


async def release(tx: Tx, event_key: str, project: int, amount_fen: Fen, *, source: tuple[str, int]) -> None:
    """Let retained money of a project be claimed: its day has come. Raises: Refused ALC-104."""
    await move(tx, event_key, project, Kind.RETAINED, Kind.CLAIMED, amount_fen, source=source)


async def settle(tx: Tx, event_key: str, project: int, *, source: tuple[str, int]) -> Fen:
    """Mark everything paid for a project as settled by its final account. Gives how much. Units: fen."""
    paid = (await project_money(tx, project)).get(Kind.PAID, 0)
    if paid:
        await move(tx, event_key, project, Kind.PAID, Kind.SETTLED, paid, source=source)
    return paid


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
