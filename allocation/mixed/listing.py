"""The list of partings."""

from __future__ import annotations

from quzhou_migrants.web.listing import Column, Filter, Listing

MIXED = Listing(
    key="mixed",
    source="allocation_mixed m JOIN allocation_batch b ON b.id = m.batch",
    id="m.id",
    descending=True,
    columns=(
        Column("mixed_id", "m.id", kind="int", shown=False, export=False),
        Column("mixed_title", "m.title", link="/mixed/{mixed_id}"),
        Column("division", "m.division_code", kind="division"),
        Column("doc_no", "b.doc_no"),
        Column("pool_fen", "m.pool_fen", kind="money", sort=True),
        Column("factor_bp", "m.factor_bp", kind="bp"),
        Column("competitive_fen", "m.competitive_fen", kind="money"),
        Column("use_by", "m.use_by", kind="date", sort=True),
        Column("state", "m.state", kind="state", machine="MIXED"),
    ),
    filters=(Filter("state", "m.state = {}", machine="MIXED"),),
    search=lambda _tx, text: ("position({} in m.title) > 0", [text]),
)
