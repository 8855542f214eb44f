"""Lists of the bank room, one declaration each."""

from __future__ import annotations

from quzhou_migrants.web.listing import Column, Filter, Listing

PURPOSES = ("claims", "grants", "cash")
RESULTS = ("waiting", "partial", "paid", "failed", "returned", "withdrawn")

FILES = Listing(
    key="bank_files",
    source="allocation_bank_batch b",
    id="b.id",
    scope="b.division_code",
    descending=True,
    columns=(
        Column("id", "b.id", kind="int", shown=False, export=False),
        Column("number", "b.number", kind="code", link="/bank/{id}"),
        Column("place", "b.division_code", kind="division"),
        Column("purpose", "b.purpose", kind="tag"),
        Column("lines", "b.lines", kind="int"),
        Column("total_fen", "b.total_fen", kind="money", sort=True),
        Column("prepared_name", "b.prepared_name"),
        Column("released_name", "b.released_name"),
        Column("released_at", "b.released_at", kind="date"),
        Column(
            "open",
            "(SELECT count(*) FROM allocation_bank_line l WHERE l.batch = b.id AND l.result IN ('waiting', 'partial')"
            " AND b.state = 'released')",
            kind="int",
        ),
        Column("state", "b.state", kind="state", machine="BANK_BATCH"),
    ),
    filters=(
        Filter("place", "b.division_code", kind="division"),
        Filter("purpose", "b.purpose = {}", choices=PURPOSES),
        Filter("state", "b.state = {}", machine="BANK_BATCH"),
    ),
)

LINES = Listing(
    key="bank_lines",
    source="allocation_bank_line l JOIN allocation_bank_batch b ON b.id = l.batch",
    id="l.id",
    scope="l.division_code",
    order=("l.batch", "l.line_no"),
    columns=(
        Column("batch_id", "l.batch", kind="int", shown=False, export=False),
        Column("number", "b.number || '-' || l.line_no", kind="code", link="/bank/{batch_id}"),
        Column("payee", "l.payee"),
        Column("account", "concat_ws(' ', nullif(l.bank_name, ''), '···· ' || l.account_tail)"),
        Column("amount_fen", "l.amount_fen", kind="money"),
        Column("paid_fen", "l.paid_fen", kind="money"),
        Column("returned_fen", "nullif(l.returned_fen, 0)", kind="money"),
        Column("result", "l.result", kind="tag"),
        Column("paid_on", "l.paid_on", kind="date"),
        Column(
            "bank_ref", "concat_ws(' ', nullif(l.bank_ref, ''), nullif(l.return_code, ''), nullif(l.return_note, ''))"
        ),
    ),
    filters=(
        Filter("place", "l.division_code", kind="division"),
        Filter("result", "l.result = {}", choices=RESULTS),
    ),
    search=lambda _tx, text: ("(l.payee LIKE {} OR l.bank_ref = {} OR b.number = {})", [f"%{text}%", text, text]),
)

PAYEES = Listing(
    key="payees",
    source="allocation_payee y",
    id="y.id",
    scope="y.division_code",
    descending=True,
    columns=(
        Column("id", "y.id", kind="int", shown=False, export=False),
        Column("name", "y.name", link="/bank/payees/{id}"),
        Column("place", "y.division_code", kind="division"),
        Column("bank_name", "y.bank_name"),
        Column("account", "'···· ' || y.account_tail", kind="code"),
        Column("proposed_name", "y.proposed_name"),
        Column("confirmed_name", "y.confirmed_name"),
        Column("state", "y.state", kind="state", machine="PAYEE"),
    ),
    filters=(Filter("state", "y.state = {}", machine="PAYEE"),),
    search=lambda _tx, text: ("(y.name LIKE {} OR y.account_tail = {})", [f"%{text}%", text]),
)

STATEMENTS = Listing(
    key="bank_statements",
    source="allocation_bank_statement s",
    id="s.id",
    scope="s.division_code",
    descending=True,
    columns=(
        Column("id", "s.id", kind="int", shown=False, export=False),
        Column("file_name", "s.file_name", link="/bank/statements/{id}"),
        Column("place", "s.division_code", kind="division"),
        Column("came_by", "s.came_by", kind="tag"),
        Column("created_at", "s.created_at", kind="datetime"),
        Column("created_name", "s.created_name"),
        Column("rows_total", "s.rows_total", kind="int"),
        Column("rows_bad", "s.rows_bad", kind="int"),
        Column("rows_known", "s.rows_known", kind="int"),
        Column("state", "s.state", kind="state", machine="BANK_STATEMENT"),
    ),
    filters=(
        Filter("place", "s.division_code", kind="division"),
        Filter("state", "s.state = {}", machine="BANK_STATEMENT"),
    ),
)
