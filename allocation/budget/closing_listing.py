"""Lists of closed periods and of their frozen totals."""

from __future__ import annotations

from allocation.budget.ledger import Kind
from quzhou_migrants.web.listing import Column, Filter, Listing

CLOSINGS = Listing(
    key="closings",
    source="allocation_closing x",
    id="x.id",
    scope="x.division_code",
    order=("x.ends_at",),
    descending=True,
    columns=(
        Column("id", "x.id", kind="int", shown=False, export=False),
        Column("period", "x.period", link="/closings/{id}"),
        Column("division", "x.division_code", kind="division"),
        Column("entries", "x.entries", kind="int"),
        Column("accounts", "x.accounts", kind="int"),
        Column("sha256", "left(x.sha256, 16)"),
        Column("closed_at", "x.closed_at", kind="datetime", sort=True),
    ),
    filters=(
        Filter("division", "x.division_code", kind="division"),
        Filter("length", "CASE length(x.period) WHEN 4 THEN 'year' ELSE 'month' END = {}", choices=("month", "year")),
    ),
)

# Where each frozen figure leads: the entries it adds up, in its period, in its direction.
_TO = "/funds/entries?{place}&batch={batch_id}&kinds={kind_key}&earmark={earmark}&until={until}"

TOTALS = Listing(
    key="totals",
    source="allocation_closing_total t JOIN allocation_closing x ON x.id = t.closing"
    " JOIN allocation_batch b ON b.id = t.batch LEFT JOIN allocation_earmark k ON k.id = t.earmark",
    id="t.id",
    scope="t.division_code",
    columns=(
        Column("batch_id", "t.batch", kind="int", shown=False, export=False),
        Column("kind_key", "t.kind", shown=False, export=False),
        Column("earmark", "t.earmark", kind="int", shown=False, export=False),
        Column(
            "place",
            "'division=' || t.division_code"
            " || CASE WHEN t.division_code LIKE '____00000000' THEN '&level=city' ELSE '' END",
            shown=False,
            export=False,
        ),
        Column("since", "((x.starts_at AT TIME ZONE 'Asia/Shanghai')::date)::text", shown=False, export=False),
        Column("until", "((x.ends_at AT TIME ZONE 'Asia/Shanghai')::date - 1)::text", shown=False, export=False),
        Column("before", "((x.starts_at AT TIME ZONE 'Asia/Shanghai')::date - 1)::text", shown=False, export=False),
        Column("doc_no", "b.doc_no", link="/funds/{batch_id}"),
        Column("kind", "t.kind", kind="tag"),
        Column("name", "k.title"),
        Column("opening_fen", "t.opening_fen", kind="money", link=_TO.replace("{until}", "{before}")),
        Column("in_fen", "t.in_fen", kind="money", link=_TO + "&since={since}&way=in"),
        Column("out_fen", "t.out_fen", kind="money", link=_TO + "&since={since}&way=out"),
        Column("closing_fen", "t.closing_fen", kind="money", link=_TO),
    ),
    filters=(Filter("kind", "t.kind = {}", choices=tuple(Kind)),),
)
