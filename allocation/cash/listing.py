"""Lists of the cash room: the lists themselves, and the households on one."""

from __future__ import annotations

from quzhou_migrants.web.listing import Column, Filter, Listing

RESULTS = ("waiting", "held", "paid", "failed", "returned")

LISTS = Listing(
    key="cash_lists",
    source="allocation_cash_list l JOIN allocation_batch b ON b.id = l.batch",
    id="l.id",
    scope="l.division_code",
    order=("l.year",),
    descending=True,
    columns=(
        Column("id", "l.id", kind="int", shown=False, export=False),
        Column("name", "l.title", link="/cash/{id}"),
        Column("place", "l.division_code", kind="division"),
        Column("year", "l.year", sort=True),
        Column("kind", "l.kind", kind="tag"),
        Column("doc_no", "b.doc_no"),
        Column("households", "l.households", kind="int"),
        Column("persons", "l.persons", kind="int"),
        Column("total_fen", "l.total_fen", kind="money"),
        Column("held", "l.held", kind="int"),
        Column("state", "l.state", kind="state", machine="CASH_LIST"),
    ),
    filters=(
        Filter("place", "l.division_code", kind="division"),
        Filter("year", "l.year = {}", kind="int"),
        Filter("state", "l.state = {}", machine="CASH_LIST"),
    ),
)

LINES = Listing(
    key="cash_lines",
    source="allocation_cash_line c",
    id="c.id",
    scope="c.division_code",
    order=("c.line_no",),
    columns=(
        Column("id", "c.id", kind="int", shown=False, export=False),
        Column("household", "c.household", kind="int", shown=False, export=False),
        Column("line_no", "c.line_no", kind="int"),
        Column("code", "c.code", kind="code"),
        Column("name", "c.name", link="/register/households/{household}"),
        Column("place", "c.division_code", kind="division"),
        Column("persons", "c.persons", kind="int"),
        Column("amount_fen", "c.amount_fen", kind="money"),
        Column("account", "concat_ws(' ', nullif(c.bank_name, ''), '···· ' || nullif(c.account_tail, ''))"),
        Column("result", "coalesce(nullif(c.finding, ''), c.result)", kind="tag"),
        Column("return_code", "nullif(c.return_code, '')", kind="code"),
        Column("paid_on", "c.paid_on", kind="date"),
    ),
    filters=(
        Filter("place", "c.division_code", kind="division"),
        Filter("result", "c.result = {}", choices=RESULTS),
    ),
    search=lambda _tx, text: ("(c.name LIKE {} OR c.code = {})", [f"%{text}%", text]),
)
