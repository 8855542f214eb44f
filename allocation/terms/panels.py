"""What waits on the home page about terms: money whose days end, pools, takings-back to decide."""

from __future__ import annotations

from typing import Any

from allocation.permissions import P
from allocation.terms import queries, rules
from allocation.terms.listing import clock_source, pool_source, rule_of
from allocation.terms.states import T
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

COUNTY_END = "000000"
MOST = 10  # lines of one kind; the rest stands in the lists


async def waiting(tx: Tx) -> list[Task]:
    """List what presses: clocks and pools for who keeps them, drafts for the leader."""
    tasks: list[Task] = []
    if tx.actor.may(P.PREPARE_TAKEBACK):
        tasks += await _clocks(tx)
    below = not tx.actor.division_code.endswith(COUNTY_END)  # a township has to see to applications itself
    if tx.actor.may(P.KEEP_POOL) or (below and tx.actor.may(P.VIEW_TERMS)):
        tasks += await _pools(tx)
    if tx.actor.may(P.TAKE_BACK):
        tasks += await _drafts(tx)
    return tasks


def _say(key: str, **facts: object) -> str:
    return CATALOGUE.text(key).format(**facts)


async def _clocks(tx: Tx) -> list[Task]:
    rows = await tx.conn.fetch(
        f"SELECT q.*, d.name AS place FROM {clock_source(*rule_of(tx))}"  # noqa: S608 - our own text
        " JOIN kernel_division d ON d.code = q.division_code"
        " WHERE q.stage <> 'running' AND q.free_fen > 0 AND NOT EXISTS (SELECT 1 FROM allocation_takeback t"
        "  WHERE t.batch = q.batch AND t.division_code = q.division_code AND t.state = $1)"
        " ORDER BY q.due_on, q.id LIMIT $2",
        T.DRAFT.value,
        MOST,
    )
    return [_clock(r) for r in rows]


def _clock(r: Any) -> Task:  # noqa: ANN401 - a database row
    title = _say(
        "task.terms.clock.title",
        doc_no=r["doc_no"],
        place=r["place"],
        free=yuan(r["free_fen"]),
    )
    url = f"/terms/clock?batch={r['batch']}&division={r['division_code']}"
    return Task(title, url, r["due_on"], r["division_code"], "terms.clock")


async def _pools(tx: Tx) -> list[Task]:
    warn = tx.policy.whole("allocation.terms.warn_days")
    source = pool_source(queries.startup_ways(tx, tx.actor.division_code), tx.today, warn)
    rows = await tx.conn.fetch(
        f"SELECT * FROM {source} WHERE q.state = 'open' AND q.holds_fen > 0"  # noqa: S608 - our own text
        " AND (q.stage <> 'running' OR q.apply_by <= $1) ORDER BY q.use_by, q.id LIMIT $2",
        tx.today,
        MOST,
    )
    tasks = []
    for r in rows:
        due = rules.next_due(queries.state_of(dict(r)), tx.today)
        facts = {"name": r["title"], "holds": yuan(r["holds_fen"])}
        title = _say("task.terms.pool.title", **facts)
        tasks.append(Task(title, f"/terms/pools/{r['id']}", due, r["division_code"], "terms.pool"))
    return tasks


async def _drafts(tx: Tx) -> list[Task]:
    rows = await tx.conn.fetch(
        "SELECT t.id, t.way, t.amount_fen, t.division_code, t.due_on, d.name AS place FROM allocation_takeback t"
        " JOIN kernel_division d ON d.code = t.division_code WHERE t.state = 'draft'"
        " AND t.prepared_by IS DISTINCT FROM $1 AND (t.way = 'surplus' OR t.to_division = $2) ORDER BY t.id LIMIT $3",
        tx.actor.user_id,
        tx.actor.division_code,
        MOST,
    )
    return [
        Task(
            _say(
                "task.terms.takeback.title",
                way=CATALOGUE.text(f"terms.way.{r['way']}"),
                amount=yuan(r["amount_fen"]),
                place=r["place"],
            ),
            f"/terms/takebacks/{r['id']}",
            None,
            r["division_code"],
            "terms.takeback",
        )
        for r in rows
    ]
