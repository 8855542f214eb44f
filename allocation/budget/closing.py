"""Month end, year end: totals of every account frozen under a hash, the period shut, the next one opened.

The ledger runs on without carrying entries: what a year opens with is what the year before closed
with, line by line. A closed period refuses every later posting dated into it (ALC-140, by the
database); mistakes are reversed in the open month.

Source: 会计基础工作规范 第五十六至六十四条 (结账)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from allocation.permissions import P
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.clock import month_span, start_of_day
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

CLOSING_TABLE = "allocation_closing"
CLAUSE = "《会计基础工作规范》第五十六至六十四条"
CITY_TAIL, DECEMBER = "00000000", 12
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Period:
    """A month or a year. Shape: key "2026-08" or "2026"; half-open in time."""

    key: str
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def month(cls, day: date) -> Period:
        """Give the month a day lies in."""
        first, last = month_span(day.year, day.month)
        return cls(f"{first:%Y-%m}", start_of_day(first), _day_after(last))

    @classmethod
    def year(cls, year: int) -> Period:
        """Give a calendar year."""
        return cls(str(year), start_of_day(date(year, 1, 1)), start_of_day(date(year + 1, 1, 1)))


def _day_after(day: date) -> datetime:
    return start_of_day(date.fromordinal(day.toordinal() + 1))


@command(P.CLOSE, audit="allocation.closing.month")
async def month_end(tx: Tx, county: str, month: date, remark: str = "") -> int:
    """Close one month of a county's (or the city's own) accounts. Gives the closing's id.

    Raises: Refused ALC-142 (the month is not over), ALC-143 (an earlier month with entries is open),
    ALC-141 (closed before).
    """
    period = Period.month(month)
    if period.ends_at > tx.now:
        raise Refused("ALC-142", period=period.key)
    await _lock(tx, county)
    before = await last_closed(tx, county)
    gap = await _open_month(tx, county, before["ends_at"] if before else None, period.starts_at)
    if gap:
        raise Refused("ALC-143", period=f"{gap:%Y-%m}")
    if before and before["ends_at"] >= period.ends_at:
        raise Refused("ALC-141")
    return await _close(tx, county, period, before, remark)


@command(P.CLOSE, audit="allocation.closing.year")
async def year_end(tx: Tx, county: str, year: int, remark: str = "") -> int:
    """Close a year whose December is closed, and so open the next with the same totals. Gives the closing's id.

    Raises: Refused ALC-144 (December is open), by constraint ALC-141 (closed before).
    """
    await _lock(tx, county)
    december = await tx.conn.fetchrow(
        "SELECT * FROM allocation_closing WHERE division_code = $1 AND period = $2", county, f"{year}-{DECEMBER}"
    )
    if december is None:
        raise Refused("ALC-144", year=year)
    return await _close(tx, county, Period.year(year), dict(december), remark)


async def last_closed(tx: Tx, county: str) -> Row | None:
    """Read the last closed month of a county."""
    row = await tx.conn.fetchrow(
        "SELECT * FROM allocation_closing WHERE division_code = $1 AND length(period) = 7"
        " ORDER BY ends_at DESC LIMIT 1",
        county,
    )
    return dict(row) if row else None


async def offered(tx: Tx, own: str) -> list[str]:
    """List the periods a house may close now on its own: the year after its December; a city also its months.

    A county's month is closed together with its bank statement, by the room that holds both.
    """
    year = await tx.conn.fetchval(
        "SELECT left(m.period, 4) FROM allocation_closing m WHERE m.division_code = $1 AND m.period LIKE '%-12'"
        " AND NOT EXISTS (SELECT 1 FROM allocation_closing y WHERE y.division_code = $1"
        "  AND y.period = left(m.period, 4)) ORDER BY 1 LIMIT 1",
        own,
    )
    month = await _next_month(tx, own) if own.endswith(CITY_TAIL) else None
    return [period for period in (year, month) if period]


async def _next_month(tx: Tx, own: str) -> str | None:
    before = await last_closed(tx, own)
    since = before["ends_at"] if before else None
    if since is None:
        lo, hi = own_range(own)
        since = await tx.conn.fetchval(
            "SELECT min(posted_at) FROM allocation_entry WHERE division_code >= $1 AND division_code < $2", lo, hi
        )
    if since is None:
        return None
    period = Period.month(since.astimezone(tx.now.tzinfo).date())
    return period.key if period.ends_at <= tx.now else None


async def read(tx: Tx, closing_id: int) -> Row:
    """Read one closing with the name of its house. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT x.*, d.name AS division_name FROM allocation_closing x"
        " JOIN kernel_division d ON d.code = x.division_code WHERE x.id = $1",
        closing_id,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def totals(tx: Tx, closing_id: int) -> list[Row]:
    """List the frozen totals of a period, by batch and kind."""
    rows = await tx.conn.fetch(
        "SELECT t.*, b.doc_no, k.title FROM allocation_closing_total t JOIN allocation_batch b ON b.id = t.batch"
        " LEFT JOIN allocation_earmark k ON k.id = t.earmark WHERE t.closing = $1 ORDER BY t.id",
        closing_id,
    )
    return [dict(r) for r in rows]


async def sums(tx: Tx, closing_id: int) -> dict[str, int]:
    """Add up what a reader wants first. Shape: notified, paid (and issued), unused. Units: fen."""
    row = await tx.conn.fetchrow(
        "SELECT coalesce(sum(out_fen - in_fen) FILTER (WHERE kind = 'notified'), 0)::bigint AS notified,"
        " coalesce(sum(in_fen - out_fen) FILTER (WHERE kind IN ('paid', 'issued', 'settled')), 0)::bigint AS paid,"
        " coalesce(sum(closing_fen) FILTER (WHERE kind NOT IN ('notified', 'interest', 'paid', 'issued', 'settled',"
        "  'returned')), 0)::bigint AS unused FROM allocation_closing_total WHERE closing = $1",
        closing_id,
    )
    return dict(row)


async def _lock(tx: Tx, county: str) -> None:
    await tx.conn.execute("SELECT pg_advisory_xact_lock(420, hashtext($1))", county)


async def _open_month(tx: Tx, county: str, since: datetime | None, until: datetime) -> datetime | None:
    """Find the first entry of a month before this one that nobody closed."""
    lo, hi = own_range(county)
    found = await tx.conn.fetchval(
        "SELECT min(posted_at) FROM allocation_entry WHERE division_code >= $1 AND division_code < $2"
        " AND posted_at >= coalesce($3::timestamptz, '-infinity') AND posted_at < $4",
        lo,
        hi,
        since,
        until,
    )
    return found.astimezone(until.tzinfo) if found else None


def own_range(county: str) -> tuple[str, str]:
    """Give the range of codes whose entries belong to a county; of a city only its own."""
    return (county, county + "!") if county.endswith(CITY_TAIL) else code_range(county)


# In, out and closing of every account of the range at the end of the period; opening is what is left.
_ACCOUNTS = """
SELECT division_code, batch, coalesce(project, 0) AS project, kind, earmark,
  sum(amount_fen)::bigint AS closing,
  coalesce(sum(amount_fen) FILTER (WHERE posted_at >= $3 AND amount_fen > 0), 0)::bigint AS came,
  coalesce(-sum(amount_fen) FILTER (WHERE posted_at >= $3 AND amount_fen < 0), 0)::bigint AS went,
  count(*) FILTER (WHERE posted_at >= $3) AS entries
FROM allocation_entry WHERE division_code >= $1 AND division_code < $2 AND posted_at < $4
GROUP BY 1, 2, 3, 4, 5
"""
_HASH = """
SELECT count(*) AS accounts, coalesce(sum(entries), 0)::bigint AS entries,
  encode(sha256(convert_to($5 || coalesce(string_agg(concat_ws('|', division_code, batch, project, kind, earmark,
    closing, came, went), E'\\n' ORDER BY division_code, batch, project, kind, earmark), ''), 'UTF8')), 'hex') AS sha
FROM accounts
"""
_TOTALS = """
INSERT INTO allocation_closing_total
  (closing, division_code, batch, kind, earmark, opening_fen, in_fen, out_fen, closing_fen, is_demo)
SELECT $5, $6, batch, kind, earmark, sum(closing - came + went), sum(came), sum(went), sum(closing), $7
FROM accounts GROUP BY batch, kind, earmark ORDER BY 3, 4, 5
"""


async def digest(tx: Tx, county: str, period: Period, previous: str) -> Row:
    """Compute the hash of a period from its entries alone. Shape: accounts, entries, sha."""
    found = await tx.conn.fetchrow(
        f"WITH accounts AS ({_ACCOUNTS}) {_HASH}",
        *own_range(county),
        period.starts_at,
        period.ends_at,
        f"{county}|{period.key}|{previous}\n",
    )
    return dict(found)


async def _close(tx: Tx, county: str, period: Period, before: Row | None, remark: str) -> int:
    previous = before["sha256"] if before else ""
    sums = await digest(tx, county, period, previous)
    demo = bool(await tx.conn.fetchval("SELECT is_demo FROM kernel_division WHERE code = $1", county))
    closing_id = int(
        await tx.conn.fetchval(
            f"INSERT INTO {CLOSING_TABLE} (division_code, period, starts_at, ends_at, entries, accounts,"  # noqa: S608 - our own name
            " previous_sha256, sha256, remark, closed_by, closed_at, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
            county,
            period.key,
            period.starts_at,
            period.ends_at,
            sums["entries"],
            sums["accounts"],
            previous,
            sums["sha"],
            remark,
            tx.actor.user_id,
            tx.now,
            demo,
        )
    )
    await tx.conn.execute(
        f"WITH accounts AS ({_ACCOUNTS}) {_TOTALS}",
        *own_range(county),
        period.starts_at,
        period.ends_at,
        closing_id,
        county,
        demo,
    )
    subject = (CLOSING_TABLE, closing_id, county)
    verb = "allocation.closing.year" if len(period.key) == len("2026") else "allocation.closing.month"
    await tx.note(subject, verb, clause=CLAUSE, period=period.key, sha256=sums["sha"], accounts=sums["accounts"])
    return closing_id


async def closing_faults(conn: Any) -> list[str]:  # noqa: ANN401 - an asyncpg connection that sees every row
    """Name every closed period whose entries no longer give its hash. For `verify`."""
    faults = []
    for row in await conn.fetch("SELECT * FROM allocation_closing ORDER BY id"):
        found = await conn.fetchval(
            f"SELECT sha FROM (WITH accounts AS ({_ACCOUNTS}) {_HASH}) x",  # noqa: S608 - pieces of our own
            *own_range(row["division_code"]),
            row["starts_at"],
            row["ends_at"],
            f"{row['division_code']}|{row['period']}|{row['previous_sha256']}\n",
        )
        if found != row["sha256"]:
            faults.append(f"allocation_closing {row['division_code']} {row['period']}: {found} <> {row['sha256']}")
    return faults
