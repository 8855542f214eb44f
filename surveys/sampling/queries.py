"""What the sampling room reads."""

from __future__ import annotations

from typing import Any

from quzhou_migrants.accounts.public import Role, engagements_for, people_outside
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx
from surveys.sampling.states import S

Row = dict[str, Any]

# The frame of a county: households in force, in the order the hash is made of.
FRAME = """
SELECT h.code, h.division_code, d.kind, h.support, h.low_income::int, h.members
FROM register_household h JOIN kernel_division d ON d.code = h.division_code
WHERE h.state = 'active' AND h.division_code >= $1 AND h.division_code < $2
ORDER BY h.code COLLATE "C"
"""
UNFIT = """
SELECT code FROM register_household
WHERE state = 'active' AND division_code >= $1 AND division_code < $2 AND code ~ '[^0-9A-Za-z_-]' LIMIT 1
"""


async def campaign(tx: Tx, campaign_id: int, *, lock: bool = False) -> Row:
    """Read a survey. Raises: Refused KRN-404, there is none in the range of the post."""
    row = await tx.conn.fetchrow(
        f"SELECT * FROM surveys_campaign WHERE id = $1{' FOR UPDATE' if lock else ''}",  # noqa: S608 - no value in it
        campaign_id,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


def seed_shown(row: Row, *, may_list: bool) -> bool:
    """Tell whether a post may read the seed: with it, anybody who has the household codes knows who is asked.

    It is kept from case officers until the survey is over.
    """
    return may_list or row["state"] in {S.CLOSED, S.VOID}


async def void_asked(tx: Tx, campaign_id: int) -> Row | None:
    """Read who asked last that a draw be void, when and why, from the journal that nobody can alter."""
    row = await tx.conn.fetchrow(
        "SELECT actor_id, actor_name, at, facts->>'reason' AS reason FROM kernel_journal"
        " WHERE subject_table = 'surveys_campaign' AND subject_id = $1 AND verb = 'SAMPLE.ask_void'"
        " ORDER BY id DESC LIMIT 1",
        campaign_id,
    )
    return dict(row) if row else None


async def voided(tx: Tx, row: Row) -> list[Row]:
    """List the other draws of the same year that were thrown away: who draws anew is seen to do so."""
    rows = await tx.conn.fetch(
        "SELECT id, title, sampled FROM surveys_campaign"
        " WHERE division_code = $1 AND year = $2 AND state = 'void' AND seed <> '' AND id <> $3 ORDER BY id",
        row["division_code"],
        row["year"],
        row["id"],
    )
    return [dict(one) for one in rows]


async def counties(tx: Tx, division_code: str) -> list[str]:
    """List the counties of a division, in the order of their codes."""
    lo, hi = code_range(division_code)
    rows = await tx.conn.fetch(
        "SELECT code FROM kernel_division WHERE level = 'county' AND active AND code >= $1 AND code < $2 ORDER BY code",
        lo,
        hi,
    )
    return [row["code"] for row in rows]


async def frame_text(tx: Tx, county: str) -> bytes:
    """Read the frame of a county as lines.

    Raises: Refused SUR-105, a household code that a line cannot carry.
    """
    lo, hi = code_range(county)
    if unfit := await tx.conn.fetchval(UNFIT, lo, hi):
        raise Refused("SUR-105", code=unfit)
    parts: list[bytes] = []

    async def keep(part: bytes) -> None:
        parts.append(part)

    await tx.conn.copy_from_query(FRAME, lo, hi, output=keep, format="csv")
    return b"".join(parts)


async def chunks(tx: Tx, campaign_id: int) -> list[bytes]:
    """Read the packed lines of a survey, county by county."""
    rows = await tx.conn.fetch(
        "SELECT lines FROM surveys_frame WHERE campaign = $1 ORDER BY division_code", campaign_id
    )
    return [row["lines"] for row in rows]


async def strata(tx: Tx, campaign_id: int) -> list[Row]:
    """List the strata that the post may see, with the name of the county."""
    rows = await tx.conn.fetch(
        "SELECT s.*, d.name AS county FROM surveys_stratum s JOIN kernel_division d ON d.code = s.division_code"
        ' WHERE s.campaign = $1 ORDER BY s.name COLLATE "C"',
        campaign_id,
    )
    return [dict(row) for row in rows]


async def assigned(tx: Tx, campaign_id: int) -> list[Row]:
    """Count the households in the hands of every engagement, and those in nobody's, by county."""
    rows = await tx.conn.fetch(
        "SELECT left(u.division_code, 6) || '000000' AS county_code, d.name AS county, u.engagement_id,"
        " p.name AS surveyor, count(*) AS households FROM surveys_sample_unit u"
        " JOIN kernel_division d ON d.code = left(u.division_code, 6) || '000000'"
        " LEFT JOIN accounts_engagement e ON e.id = u.engagement_id"
        ' LEFT JOIN accounts_post t ON t.id = e.post LEFT JOIN accounts_user p ON p.id = t."user"'
        " WHERE u.campaign = $1 AND u.state = 'active' GROUP BY 1, 2, 3, 4 ORDER BY 1, 3",
        campaign_id,
    )
    return [dict(row) for row in rows]


async def surveyors(tx: Tx, campaign_id: int) -> list[Row]:
    """List whom the sample may be handed to: those engaged for it already, then other outside people."""
    engaged = [
        {"id": one["user_id"], "name": one["name"]}
        for one in await engagements_for(tx, "surveys_campaign", campaign_id)
        if one["revoked_at"] is None and one["ends_on"] >= tx.today
    ]
    known = {one["id"] for one in engaged}
    return engaged + [one for one in await people_outside(tx, Role.SURVEYOR) if one["id"] not in known]


async def unit(tx: Tx, unit_id: int) -> Row:
    """Read one household of a sample. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM surveys_sample_unit WHERE id = $1", unit_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)
