"""Lists of the terms room: clocks of carried-over money, pools, acts of taking back."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from allocation.budget import listing as entries
from allocation.budget.rules import Fund
from allocation.terms.queries import OPEN_MONEY, carry_rule, pools, startup_ways
from allocation.terms.rules import Basis, Purpose, Stage, Way
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

STAGES = tuple(s.value for s in Stage)
UNSPENT = ",".join(entries.UNSPENT)


def _due(years: int, basis: Basis) -> str:
    """Write the last day of a batch in SQL; `rules.carry_due` says the same in words."""
    if basis is Basis.NOTICE:
        return f"(a.issued_on + make_interval(years => {years}))::date"
    return f"make_date(extract(year FROM a.issued_on)::int + {years - 1}, 12, 31)"


def _stage(left: str, warn: int) -> str:
    return f"CASE WHEN {left} < 0 THEN 'over' WHEN {left} <= {warn} THEN 'soon' ELSE 'running' END"


@lru_cache(maxsize=8)
def clock_source(today: date, years: int, basis: Basis, warn: int) -> str:
    """Write the rows of clocks on a day: one batch in one county each."""
    due = _due(years, basis)
    left = f"({due} - DATE '{today}')"
    return (
        f"(SELECT x.*, x.batch * 1000000 + left(x.division_code, 6)::bigint AS id, a.doc_no, a.fund_kind, a.issued_on,"  # noqa: S608 - numbers and dates of ours
        f" {due} AS due_on, {left} AS days_left, {_stage(left, warn)} AS stage"
        f" FROM ({OPEN_MONEY}) x JOIN allocation_batch a ON a.id = x.batch) q"
    )


@lru_cache(maxsize=8)
def _clocks(today: date, years: int, basis: Basis, warn: int) -> Listing:
    return Listing(
        key="clocks",
        source=clock_source(today, years, basis, warn),
        id="q.id",
        scope="q.division_code",
        order=("q.due_on",),
        columns=(
            Column("batch_id", "q.batch", kind="int", shown=False, export=False),
            Column("code", "q.division_code", shown=False, export=False),
            Column(
                "level",
                "CASE WHEN q.division_code LIKE '____00000000' THEN '&level=city' ELSE '' END",
                shown=False,
                export=False,
            ),
            Column("doc_no", "q.doc_no", link="/funds/{batch_id}"),
            Column("division", "q.division_code", kind="division"),
            Column("issued_on", "q.issued_on", kind="date", sort=True, shown=False),
            Column("due_on", "q.due_on", kind="date", sort=True),
            Column("days_left", "q.days_left", kind="int", sort=True),
            Column(
                "unspent_fen",
                "q.unspent_fen",
                kind="money",
                sort=True,
                link=f"/funds/entries?batch={{batch_id}}&division={{code}}{{level}}&kinds={UNSPENT}",
            ),
            Column(
                "free_fen", "q.free_fen", kind="money", sort=True, link="/terms/clock?batch={batch_id}&division={code}"
            ),
            Column("pooled_fen", "q.pooled_fen", kind="money"),
            Column("bound_fen", "q.bound_fen", kind="money"),
            Column("cash_fen", "q.cash_fen", kind="money"),
        ),
        filters=(
            Filter("stage", "q.stage = {}", choices=STAGES),
            Filter("division", "q.division_code", kind="division"),
            Filter("fund_kind", "q.fund_kind = {}", choices=tuple(Fund)),
        ),
    )


def rule_of(tx: Tx) -> tuple[date, int, Basis, int]:
    """Read what the clocks of a reader go by."""
    return (tx.today, *carry_rule(tx.policy), tx.policy.whole("allocation.terms.warn_days"))


def clocks(tx: Tx) -> Listing:
    """Give the list of today's clocks."""
    return _clocks(*rule_of(tx))


def pool_source(ways: tuple[str, ...], today: date, warn: int) -> str:
    """Write the rows of pools on a day."""
    left = f"(k.use_by - DATE '{today}')"
    return f"(SELECT k.*, {left} AS days_left, {_stage(left, warn)} AS stage FROM {pools(ways)} k) q"  # noqa: S608 - numbers, dates and words of ours


@lru_cache(maxsize=8)
def _pools(ways: tuple[str, ...], today: date, warn: int) -> Listing:
    return Listing(
        key="term_pools",
        source=pool_source(ways, today, warn),
        id="q.id",
        scope="q.division_code",
        descending=True,
        columns=(
            Column("id", "q.id", kind="int", shown=False, export=False),
            Column("name", "q.title", link="/terms/pools/{id}"),
            Column("division", "q.division_code", kind="division"),
            Column("purpose", "q.purpose", kind="tag"),
            Column("opened_on", "q.opened_on", kind="date", sort=True, shown=False),
            Column("apply_by", "q.apply_by", kind="date"),
            Column("use_by", "q.use_by", kind="date", sort=True),
            Column("days_left", "q.days_left", kind="int", sort=True, shown=False),
            Column("stage", "q.stage", kind="tag"),
            Column("holds_fen", "q.holds_fen", kind="money", sort=True),
            Column("asked_fen", "q.asked_fen", kind="money"),
            Column("state", "q.state", kind="state", machine="TERM_POOL"),
        ),
        filters=(
            Filter("stage", "q.stage = {} AND q.state = 'open'", choices=STAGES),
            Filter("purpose", "q.purpose = {}", choices=tuple(p.value for p in Purpose)),
            Filter("division", "q.division_code", kind="division"),
            Filter("state", "q.state = {}", machine="TERM_POOL"),
        ),
    )


def pool_list(tx: Tx) -> Listing:
    """Give the list of pools as of today."""
    return _pools(startup_ways(tx, tx.actor.division_code), tx.today, tx.policy.whole("allocation.terms.warn_days"))


TAKEBACKS = Listing(
    key="takebacks",
    source="allocation_takeback t LEFT JOIN allocation_batch a ON a.id = t.batch"
    " LEFT JOIN allocation_term_pool k ON k.id = t.pool",
    id="t.id",
    scope="t.division_code",
    descending=True,
    columns=(
        Column("id", "t.id", kind="int", shown=False, export=False),
        Column("prepared_on", "t.prepared_on", kind="date", link="/terms/takebacks/{id}"),
        Column("way", "t.way", kind="tag"),
        Column("division", "t.division_code", kind="division"),
        Column("to_division", "t.to_division", kind="division"),
        Column("source", "coalesce(a.doc_no, k.title)"),
        Column("amount_fen", "t.amount_fen", kind="money", sort=True),
        Column("due_on", "t.due_on", kind="date"),
        Column("doc_no", "t.doc_no"),
        Column("decided_on", "t.decided_on", kind="date"),
        Column("state", "t.state", kind="state", machine="TAKEBACK"),
    ),
    filters=(
        Filter("way", "t.way = {}", choices=tuple(w.value for w in Way)),
        Filter("division", "t.division_code", kind="division"),
        Filter("state", "t.state = {}", machine="TAKEBACK"),
    ),
)
