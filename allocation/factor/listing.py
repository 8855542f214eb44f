"""Lists of the factor room: runs, and the shares of one's range."""

from __future__ import annotations

from quzhou_migrants.web.listing import Column, Filter, Listing

RUNS = Listing(
    key="runs",
    source="allocation_factor_run r JOIN allocation_batch b ON b.id = r.batch",
    id="r.id",
    descending=True,
    columns=(
        Column("id", "r.id", kind="int", shown=False, export=False),
        Column("batch_id", "r.batch", kind="int", shown=False, export=False),
        Column("name", "r.title", link="/factor/{id}"),
        Column("doc_no", "b.doc_no", link="/funds/{batch_id}"),
        Column("pool_fen", "r.pool_fen", kind="money", sort=True),
        Column("approved_at", "r.approved_at", kind="date"),
        Column("sha256", "left(r.sha256, 12)"),
        Column("state", "r.state", kind="state", machine="FACTOR_RUN"),
    ),
    filters=(Filter("state", "r.state = {}", machine="FACTOR_RUN"),),
)

SHARES = Listing(
    key="shares",
    source="allocation_factor_share s JOIN allocation_factor_run r ON r.id = s.run"
    " JOIN allocation_batch b ON b.id = r.batch",
    id="s.id",
    scope="s.division_code",
    descending=True,
    columns=(
        Column("run_id", "s.run", kind="int", shown=False, export=False),
        Column("name", "r.title", link="/factor/{run_id}"),
        Column("doc_no", "b.doc_no"),
        Column("division", "s.division_code", kind="division"),
        Column("base_fen", "s.base_fen", kind="money"),
        Column("performance_fen", "s.performance_fen", kind="money"),
        Column("amount_fen", "s.amount_fen", kind="money", sort=True),
        Column("approved_at", "s.approved_at", kind="date"),
        Column("state", "r.state", kind="state", machine="FACTOR_RUN"),
    ),
    filters=(Filter("division", "s.division_code", kind="division"),),
)
