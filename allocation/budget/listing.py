"""Lists of the budget room: batches, ledger entries, projects waiting for money, awards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from allocation.budget.ledger import REACHED, Kind
from allocation.budget.overview import COLUMNS, GROUPS, whole_houses
from allocation.budget.rules import Fund, Level
from allocation.budget.sources import source_url
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing
from quzhou_migrants.web.listing_query import read_asked

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


# What of a batch has not left an account for good: the clocks and the reports on idle money count it.
UNSPENT = (
    *(Kind.CASH, Kind.ISSUING, Kind.AVAILABLE, Kind.EARMARKED, Kind.COMPETING, Kind.PLANNED),
    *(Kind.AWARDED, Kind.CONTRACTED, Kind.CLAIMED, Kind.RETAINED),
)
FREE = (Kind.AVAILABLE, Kind.COMPETING)
BOUND = tuple(k for k in UNSPENT if k not in {Kind.CASH, Kind.ISSUING, *FREE})


async def _columns(_tx: Tx) -> Sequence[tuple[str, str]]:
    """Offer the figures of an overview, so that a click on one lists exactly what it adds up."""
    sets = {name: [kind for k in added for kind in REACHED.get(k, (k,))] for name, (added, _) in GROUPS.items()}
    sets |= {k: list(REACHED.get(k, (k,))) for k in COLUMNS} | {"unspent": list(UNSPENT), "bound": list(BOUND)}
    sets |= {"unbound": list(FREE)}
    named = {",".join(kinds): CATALOGUE.text(f"reached.{name}") for name, kinds in sets.items()}
    stays = CATALOGUE.text("entries.stays")
    alone = [(k.value, stays.format(kind=CATALOGUE.text(f"ledger.{k}"))) for k in REACHED if len(REACHED[k]) > 1]
    return [*named.items(), *alone, *((k.value, CATALOGUE.text(f"ledger.{k}")) for k in (Kind.RETAINED, Kind.SETTLED))]


async def _earmarks(tx: Tx) -> Sequence[tuple[str, str]]:
    """Offer the earmarks in sight by their titles; and money that is bound to nothing."""
    rows = await tx.conn.fetch("SELECT id::text AS id, title FROM allocation_earmark ORDER BY id DESC LIMIT 200")
    return [("0", CATALOGUE.text("entries.unbound")), *((r["id"], r["title"]) for r in rows)]


async def _batches(tx: Tx) -> Sequence[tuple[str, str]]:
    """Offer the batches in sight by their document numbers."""
    rows = await tx.conn.fetch(
        "SELECT id::text AS id, doc_no FROM allocation_batch WHERE state NOT IN ('draft', 'submitted')"
        " ORDER BY issued_on DESC, id DESC LIMIT 200"
    )
    return [(r["id"], r["doc_no"]) for r in rows]


# Whose account: a division's code alone would list everything below it too.
LEVEL = (
    "CASE WHEN e.division_code LIKE '____00000000' THEN 'city' WHEN e.division_code LIKE '______000000' THEN 'county'"
    " WHEN e.division_code LIKE '_________000' THEN 'township' ELSE 'village' END = {}"
)

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
        Filter("level", LEVEL, choices=("city", "county", "township", "village")),
        Filter("kinds", "e.kind = ANY (string_to_array({}, ','))", options=_columns),
        Filter("batch", "e.batch = {}", options=_batches, whole=True),
        Filter("project", "e.project = {}", kind="int"),
        Filter("earmark", "e.earmark = {}", options=_earmarks, whole=True),
        Filter("since", "e.posted_at >= {}::date::timestamp AT TIME ZONE 'Asia/Shanghai'", kind="date"),
        Filter("until", "e.posted_at < ({}::date + 1)::timestamp AT TIME ZONE 'Asia/Shanghai'", kind="date"),
        Filter("way", "CASE WHEN e.amount_fen > 0 THEN 'in' ELSE 'out' END = {}", choices=("in", "out")),
    ),
)

IN_TIME = ("since", "until", "way")


async def entry_sum(tx: Tx, params: Mapping[str, str]) -> Fen:
    """Add up what the list of entries shows for an address, by its own conditions. Units: fen.

    An account's balance is the sum of its entries: while every condition is one on accounts, balances are
    added, the same figure also over millions of entries; a period or a direction needs the entries.
    """
    asked = read_asked(ENTRIES, params, {})
    sql = ENTRIES.narrowed(tx, asked, None)
    whole = not {"project", "level"} & set(asked.values) and whole_houses(asked.values.get("division", ""))
    table, column = "allocation_balance", "balance_fen"
    if set(IN_TIME) & set(asked.values):
        table, column = "allocation_entry", "amount_fen"
    elif whole and whole_houses(tx.actor.division_code):
        table, column = "allocation_total", "total_fen"
    elif "project" in asked.values:
        sql.also("e.project <> 0")  # the index on the accounts of projects
    return int(await tx.conn.fetchval(f"SELECT coalesce(sum(e.{column}), 0) FROM {table} e{sql.where}", *sql.params))  # noqa: S608 - conditions of our own list


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
