"""Lists of the budget room: batches, ledger entries, projects waiting for money, awards."""

from __future__ import annotations

from collections.abc import Sequence

from allocation.budget.ledger import REACHED, Kind
from allocation.budget.queries import COLUMNS
from allocation.budget.rules import Fund, Level
from allocation.budget.sources import source_url
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

BATCHES = Listing(
    key="funds",
    source="allocation_batch b",
    id="b.id",
    order=("b.issued_on",),
    descending=True,
    columns=(
        Column("id", "b.id", kind="int", shown=False, export=False),
        Column("doc_no", "b.doc_no", link="/funds/{id}"),
        Column("name", "b.title"),
        Column("level", "b.level", kind="tag", shown=False),
        Column("fund_kind", "b.fund_kind", kind="tag"),
        Column("issued_on", "b.issued_on", kind="date", sort=True),
        Column(
            "budget_year",
            "CASE b.budget_year WHEN 0 THEN extract(year FROM b.issued_on)::int ELSE b.budget_year END",
            shown=False,
        ),
        Column("direct_reach", "CASE WHEN b.direct_reach THEN 'yes' ELSE 'no' END", kind="tag", shown=False),
        Column("cash_fen", "b.cash_fen", kind="money"),
        Column("project_fen", "b.project_fen", kind="money", sort=True),
        Column(
            "available_fen",
            "(SELECT coalesce(sum(x.total_fen), 0)::bigint FROM allocation_total x"
            " WHERE x.batch = b.id AND x.kind = 'available')",
            kind="money",
        ),
        Column("state", "b.state", kind="state", machine="BATCH"),
    ),
    filters=(
        Filter("level", "b.level = {}", choices=tuple(Level)),
        Filter("fund_kind", "b.fund_kind = {}", choices=tuple(Fund)),
        Filter("state", "b.state = {}", machine="BATCH"),
        Filter("year", "extract(year FROM b.issued_on)::int = {}", kind="int"),
        Filter("direct_reach", "b.direct_reach", kind="flag"),
    ),
)


async def _columns(_tx: Tx) -> Sequence[tuple[str, str]]:
    """Offer the figures of an overview, so that a click on one lists exactly what it adds up."""
    reached = [(",".join(REACHED.get(k, (k,))), CATALOGUE.text(f"reached.{k}")) for k in COLUMNS]
    stays = CATALOGUE.text("entries.stays")
    alone = [(k.value, stays.format(kind=CATALOGUE.text(f"ledger.{k}"))) for k in REACHED if len(REACHED[k]) > 1]
    return [*reached, *alone, *((k.value, CATALOGUE.text(f"ledger.{k}")) for k in (Kind.RETAINED, Kind.SETTLED))]


async def _earmarks(tx: Tx) -> Sequence[tuple[str, str]]:
    """Offer the earmarks in sight by their titles; and money that is bound to nothing."""
    rows = await tx.conn.fetch("SELECT id::text AS id, title FROM allocation_earmark ORDER BY id DESC LIMIT 200")
    return [("0", CATALOGUE.text("entries.unbound")), *((r["id"], r["title"]) for r in rows)]


async def _batches(tx: Tx) -> Sequence[tuple[str, str]]:
    """Offer the batches in sight by their document numbers."""
    rows = await tx.conn.fetch(
        "SELECT id::text AS id, doc_no FROM allocation_batch WHERE state <> 'draft' ORDER BY issued_on DESC, id DESC"
        " LIMIT 200"
    )
    return [(r["id"], r["doc_no"]) for r in rows]


ENTRIES = Listing(
    key="entries",
    source="allocation_entry e JOIN allocation_batch b ON b.id = e.batch"
    " LEFT JOIN projects_project p ON p.id = e.project",
    id="e.id",
    scope="e.division_code",
    descending=True,
    columns=(
        Column("posted_at", "e.posted_at", kind="datetime"),
        Column("batch_id", "e.batch", kind="int", shown=False, export=False),
        Column("project_id", "e.project", kind="int", shown=False, export=False),
        Column("source_url", source_url(), shown=False, export=False),
        Column("source", "e.source_table", kind="tag", link="{source_url}"),
        Column("division", "e.division_code", kind="division"),
        Column("doc_no", "b.doc_no", link="/funds/{batch_id}"),
        Column("project_title", "p.title", link="/projects/{project_id}"),
        Column("kind", "e.kind", kind="tag"),
        Column("amount_fen", "e.amount_fen", kind="money", sort=True),
        Column("event_key", "e.event_key", shown=False),
    ),
    filters=(
        Filter("division", "e.division_code", kind="division"),
        Filter("own", "e.division_code LIKE '____00000000'", kind="flag"),
        Filter("kinds", "e.kind = ANY (string_to_array({}, ','))", options=_columns),
        Filter("batch", "e.batch = {}", options=_batches, whole=True),
        Filter("project", "e.project = {}", kind="int"),
        Filter("earmark", "e.earmark = {}", options=_earmarks, whole=True),
        Filter("since", "e.posted_at >= {}::date::timestamp AT TIME ZONE 'Asia/Shanghai'", kind="date"),
        Filter("until", "e.posted_at < ({}::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'", kind="date"),
        Filter("way", "CASE WHEN e.amount_fen > 0 THEN 'in' ELSE 'out' END = {}", choices=("in", "out")),
    ),
)

WAITING = Listing(
    key="waiting",
    source="projects_project p",
    id="p.id",
    scope="p.division_code",
    where="p.state = 'planned'",
    columns=(
        Column("id", "p.id", kind="int", shown=False, export=False),
        Column("project", "p.title", link="/projects/{id}"),
        Column("division", "p.division_code", kind="division"),
        Column("plan_year", "p.plan_year"),
        Column("estimate_fen", "p.estimate_fen", kind="money", sort=True),
        Column("asked_fen", "p.asked_fen", kind="money", sort=True),
        Column("act", "'award'", kind="tag", link="/awards/new?project={id}", export=False),
    ),
    filters=(Filter("division", "p.division_code", kind="division"), Filter("year", "p.plan_year = {}", kind="int")),
)

AWARDS = Listing(
    key="awards",
    source="allocation_award a JOIN projects_project p ON p.id = a.project",
    id="a.id",
    scope="a.division_code",
    descending=True,
    columns=(
        Column("id", "a.id", kind="int", shown=False, export=False),
        Column("project_id", "a.project", kind="int", shown=False, export=False),
        Column("awarded_at", "a.awarded_at", kind="date", link="/awards/{id}"),
        Column("project", "p.title", link="/projects/{project_id}"),
        Column("division", "a.division_code", kind="division"),
        Column("source", "a.source", kind="tag"),
        Column("doc_no", "a.doc_no"),
        Column("amount_fen", "a.amount_fen", kind="money", sort=True),
        Column("state", "a.state", kind="state", machine="AWARD"),
    ),
    filters=(
        Filter("division", "a.division_code", kind="division"),
        Filter("source", "a.source = {}", choices=("factor", "round", "plan", "mixed", "grant")),
    ),
)
