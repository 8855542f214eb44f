"""Lists of split documents and of the money that lies with townships."""

from __future__ import annotations

from quzhou_migrants.web.listing import Column, Filter, Listing

SPLITS = Listing(
    key="splits",
    source="allocation_split s JOIN allocation_batch b ON b.id = s.batch",
    id="s.id",
    order=("s.issued_on",),
    descending=True,
    columns=(
        Column("id", "s.id", kind="int", shown=False, export=False),
        Column("batch_id", "s.batch", kind="int", shown=False, export=False),
        Column("doc_no", "s.doc_no", link="/splits/{id}"),
        Column("name", "s.title"),
        Column("giver", "s.division_code", kind="division"),
        Column("batch_doc_no", "b.doc_no", link="/funds/{batch_id}"),
        Column("issued_on", "s.issued_on", kind="date", sort=True),
        Column(
            "total_fen",
            "(SELECT coalesce(sum(l.cash_fen + l.project_fen + l.earmark_fen), 0)::bigint"
            " FROM allocation_split_line l WHERE l.split = s.id)",
            kind="money",
        ),
        Column("state", "s.state", kind="state", machine="SPLIT"),
    ),
    filters=(Filter("state", "s.state = {}", machine="SPLIT"),),
)

POOLS = Listing(
    key="pools",
    source="allocation_balance b JOIN allocation_batch a ON a.id = b.batch"
    " LEFT JOIN allocation_earmark k ON k.id = b.earmark",
    id="b.id",
    scope="b.division_code",
    order=("b.division_code",),
    where="b.project = 0 AND b.kind IN ('available', 'earmarked') AND b.balance_fen > 0"
    " AND b.division_code LIKE '_________000' AND b.division_code NOT LIKE '______000000'",
    columns=(
        Column("batch_id", "b.batch", kind="int", shown=False, export=False),
        Column("code", "b.division_code", shown=False, export=False),
        Column("kinds", "b.kind", shown=False, export=False),
        Column("earmark", "b.earmark", kind="int", shown=False, export=False),
        Column("division", "b.division_code", kind="division"),
        Column("doc_no", "a.doc_no", link="/funds/{batch_id}"),
        Column("issued_on", "a.issued_on", kind="date", sort=True),
        Column("kind", "b.kind", kind="tag"),
        Column("name", "k.title"),
        Column(
            "balance_fen",
            "b.balance_fen",
            kind="money",
            sort=True,
            link="/funds/entries?division={code}&level=township&batch={batch_id}&kinds={kinds}&earmark={earmark}",
        ),
    ),
    filters=(Filter("division", "b.division_code", kind="division"),),
)
