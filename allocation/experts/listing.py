"""The pool as a list."""

from __future__ import annotations

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing


async def specialities(tx: Tx) -> list[tuple[str, str]]:
    """Give the specialities of the pack to choose from. Shape: [(code, title)]."""
    return [(name, CATALOGUE.text(f"word.{name}")) for name in tx.policy.get("allocation.experts.specialities")]


EXPERTS = Listing(
    key="experts",
    source="allocation_pool_expert e LEFT JOIN kernel_division d ON d.code = e.county || '000000'",
    id="e.id",
    order=("e.number",),
    columns=(
        Column("expert_id", "e.id", kind="int", shown=False, export=False),
        Column("number", "e.number", sort=True, link="/experts/{expert_id}"),
        Column("expert_name", "e.name"),
        Column("employer", "e.employer"),
        Column("works_in", "coalesce(d.name, e.county)"),
        Column("pool", "e.division_code", kind="division"),
        Column("grade", "e.grade", kind="tag"),
        Column("valid_until", "e.valid_until", kind="date", sort=True),
        Column("account", "e.user_id IS NOT NULL", kind="bool"),
        Column("drawn", "(SELECT count(*) FROM allocation_draw_line l WHERE l.pool_expert = e.id)", kind="int"),
        Column("state", "e.state", kind="state", machine="POOL_EXPERT"),
    ),
    filters=(
        Filter("speciality", "{} = ANY(e.specialities)", options=specialities),
        Filter("grade", "e.grade = {}", choices=("senior", "associate", "equivalent")),
        Filter("state", "e.state = {}", machine="POOL_EXPERT"),
    ),
    search=lambda _tx, text: (
        "(e.name LIKE {} OR e.number LIKE {} OR e.employer LIKE {})",
        [f"%{text}%", f"{text}%", f"%{text}%"],
    ),
)
