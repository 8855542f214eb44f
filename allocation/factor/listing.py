"""Lists of the factor room: schemes, runs, the shares of one's range, notices, performance results."""

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
        Column("division", "r.division_code", kind="division"),
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
        Column("fixed_fen", "s.fixed_fen", kind="money"),
        Column("adjusted_fen", "s.adjusted_fen", kind="money"),
        Column("amount_fen", "s.amount_fen", kind="money", sort=True),
        Column("approved_at", "s.approved_at", kind="date"),
        Column("state", "r.state", kind="state", machine="FACTOR_RUN"),
    ),
    filters=(Filter("division", "s.division_code", kind="division"),),
)

SCHEMES = Listing(
    key="factor_schemes",
    source="allocation_scheme s",
    id="s.id",
    descending=True,
    columns=(
        Column("id", "s.id", kind="int", shown=False, export=False),
        Column("name", "s.title", link="/factor/schemes/{id}"),
        Column("division", "s.division_code", kind="division"),
        Column("number", "s.number", kind="int"),
        Column("created_name", "s.created_name"),
        Column("created_at", "s.created_at", kind="date"),
        Column("doc_no", "s.doc_no"),
        Column("approved_at", "s.approved_at", kind="date"),
        Column("state", "s.state", kind="state", machine="FACTOR_SCHEME"),
    ),
    filters=(Filter("state", "s.state = {}", machine="FACTOR_SCHEME"),),
)

NOTICES = Listing(
    key="factor_notices",
    source="allocation_factor_notice n JOIN allocation_factor_run r ON r.id = n.run",
    id="n.id",
    descending=True,
    columns=(
        Column("id", "n.id", kind="int", shown=False, export=False),
        Column("name", "n.title", link="/factor/notices/{id}"),
        Column("doc_no", "n.doc_no"),
        Column("pool_fen", "r.pool_fen", kind="money", sort=True),
        Column("issued_on", "n.issued_on", kind="date"),
        Column("due_on", "n.due_on", kind="date"),
        Column("published_on", "n.published_on", kind="date"),
        Column("state", "n.state", kind="state", machine="FACTOR_NOTICE"),
    ),
    filters=(Filter("state", "n.state = {}", machine="FACTOR_NOTICE"),),
)

RESULT_SHEETS = Listing(
    key="factor_results",
    source="allocation_performance p",
    id="p.id",
    descending=True,
    columns=(
        Column("id", "p.id", kind="int", shown=False, export=False),
        Column("name", "p.source", link="/factor/results/{id}"),
        Column("year", "p.year", sort=True),
        Column("division", "p.division_code", kind="division"),
        Column("as_of", "p.as_of", kind="date"),
        Column("created_name", "p.created_name"),
        Column("confirmed_name", "p.confirmed_name"),
        Column("confirmed_at", "p.confirmed_at", kind="date"),
        Column("state", "p.state", kind="state", machine="FACTOR_RESULTS"),
    ),
    filters=(Filter("state", "p.state = {}", machine="FACTOR_RESULTS"),),
)

PUBLIC_NOTICES = Listing(
    key="public_allocations",
    source="allocation_factor_notice n",
    id="n.id",
    where="n.published_on IS NOT NULL",
    descending=True,
    columns=(
        Column("id", "n.id", kind="int", shown=False),
        Column("name", "n.title", link="/public/allocations/{id}"),
        Column("doc_no", "n.doc_no"),
        Column("pool_fen", "(n.printed ->> 'pool_fen')::bigint", kind="money"),
        Column("issued_on", "n.issued_on", kind="date"),
        Column("published_on", "n.published_on", kind="date", sort=True),
        Column("state", "n.state", kind="state", machine="FACTOR_NOTICE"),
    ),
    filters=(Filter("state", "n.state = {}", machine="FACTOR_NOTICE", choices=("published", "withdrawn")),),
    search=lambda _tx, text: ("position({} in n.title) > 0 OR position({} in n.doc_no) > 0", [text, text]),
    size=20,
    export=False,
)
