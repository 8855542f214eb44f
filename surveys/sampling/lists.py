"""The lists of the sampling room."""

from __future__ import annotations

from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

CAMPAIGNS = Listing(
    key="samples",
    source="surveys_campaign",
    columns=(
        Column("name", "title", link="/samples/{id}", sort=True),
        Column("year", sort=True),
        Column("state", kind="state", machine="SAMPLE"),
        Column("households", kind="int"),
        Column("sampled", kind="int"),
        Column("frozen_on", kind="date"),
        Column("drawn_name"),
        Column("confirmed_name"),
        Column("id", shown=False, export=False),
    ),
    order=("year",),
    descending=True,
    filters=(Filter("state", "state = {}", machine="SAMPLE"),),
)


async def _counties(tx: Tx) -> list[tuple[str, str]]:
    rows = await tx.conn.fetch("SELECT code, name FROM kernel_division WHERE level = 'county' AND active ORDER BY code")
    return [(row["code"][:6], row["name"]) for row in rows]


UNITS = Listing(
    key="sample_units",
    source="surveys_sample_unit u JOIN surveys_stratum s ON s.id = u.stratum",
    id="u.id",
    columns=(
        Column("household_code", "u.household_code", link="/samples/households/{id}"),
        Column("head_name", "u.head_name"),
        Column("place", "u.place"),
        Column("role", "u.role", kind="tag"),
        Column("rank", "u.rank", kind="int"),
        Column("support", "u.support", kind="tag"),
        Column("members", "u.members", kind="int"),
        Column("state", "u.state", kind="state", machine="SAMPLE_UNIT"),
        Column("id", "u.id", shown=False, export=False),
    ),
    scope="u.division_code",
    order=('s.name COLLATE "C"', "u.role", "u.rank"),
    filters=(
        Filter("county", "starts_with(u.division_code, {})", options=_counties),
        Filter("state", "u.state = {}", machine="SAMPLE_UNIT"),
        Filter("role", "u.role = {}", choices=("main", "substitute")),
    ),
)

# What an outside surveyor sees: the wall leaves only the households handed over.
MINE = Listing(
    key="my_sample",
    source="surveys_sample_unit u JOIN surveys_campaign m ON m.id = u.campaign",
    id="u.id",
    columns=(
        Column("head_name", "u.head_name"),
        Column("place", "u.place", sort=True),
        Column("members", "u.members", kind="int"),
        Column("household_code", "u.household_code"),
        Column("campaign", "m.title"),
        Column("state", "u.state", kind="state", machine="SAMPLE_UNIT"),
    ),
    order=("u.place", "u.household_code"),
    filters=(Filter("state", "u.state = {}", machine="SAMPLE_UNIT", choices=("active", "replaced")),),
    export=False,
)
