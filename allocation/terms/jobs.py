"""Every day: last days of money that come near are called to mind, once for each mark of the pack."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from allocation.terms import queries, rules
from allocation.terms.service import POOLING, SURPLUS
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.jobs import Job

if TYPE_CHECKING:
    from quzhou_migrants.kernel.tx import Tx

HOLDERS = "SELECT code FROM kernel_division WHERE level IN ('city', 'county') AND active ORDER BY code"
CLOCKS = f"""
SELECT x.batch, x.division_code, x.unspent_fen, a.issued_on FROM ({queries.OPEN_MONEY}) x
JOIN allocation_batch a ON a.id = x.batch ORDER BY x.division_code, x.batch
"""  # noqa: S608 - our own text
# One row per clock, last day and mark: a repeat of the day tells nothing twice.
REMIND = """
INSERT INTO allocation_term_reminder (division_code, subject_table, subject_id, due_on, mark, days_left, amount_fen, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id
"""


async def remind(tx: Tx, _period: str) -> int:
    """Call to mind every clock and pool that has reached a mark; answer how many were told today.

    Runs every day for every county, on the business date; a repeat changes nothing.
    Source: 预算法 第四十二条; 衢政办发〔2016〕65号 二(三)1, 2
    """
    told = 0
    for row in await tx.conn.fetch(CLOCKS):
        due = rules.carry_due(row["issued_on"], *queries.carry_rule(tx.policy_for(row["division_code"])))
        told += await _tell(tx, (queries.BATCH, row["batch"], row["division_code"]), due, row["unspent_fen"], SURPLUS)
    for holder in await tx.conn.fetch(HOLDERS):
        told += await _pools(tx, holder["code"])
    return told


async def _pools(tx: Tx, county: str) -> int:
    lo, hi = code_range(county)
    if county.endswith("00000000"):
        return 0  # pools lie in counties
    source = queries.pools(queries.startup_ways(tx, county))
    rows = await tx.conn.fetch(
        f"SELECT * FROM {source} k WHERE k.state = 'open' AND k.holds_fen > 0"  # noqa: S608 - our own text
        " AND k.division_code >= $1 AND k.division_code < $2 ORDER BY k.id",
        lo,
        hi,
    )
    told = 0
    for row in rows:
        due = rules.next_due(queries.state_of(dict(row)), tx.today)
        told += await _tell(tx, (queries.POOL, row["id"], row["division_code"]), due, row["holds_fen"], POOLING)
    return told


async def _tell(tx: Tx, subject: tuple[str, int, str], due: date, amount: Any, clause: str) -> int:  # noqa: ANN401 - fen of a row
    left = queries.left_in(due, tx.today)
    mark = rules.due_mark(left, queries.marks(tx.policy_for(subject[2])))
    if mark is None:
        return 0
    table, key, division = subject
    if not await tx.conn.fetchval(REMIND, division, table, key, due, mark, left, amount, tx.now):
        return 0
    await tx.note(subject, "allocation.terms.remind", clause=clause, due_on=due, days=left, amount_fen=int(amount))
    return 1


JOBS = (Job("allocation.terms.remind", "day", remind, catch_up=1),)
