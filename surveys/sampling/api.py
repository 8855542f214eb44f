"""JSON of the sampling room: the same reads and commands as the pages."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody

from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from surveys.permissions import P
from surveys.sampling import queries, service
from surveys.sampling.forms import CampaignForm

AnyRequest = Request[Any, Any, Any]


class CampaignOut(msgspec.Struct):
    """A survey as others see it: the numbers of the draw, never the households; the seed once it tells nobody whom.

    Shape: `seed` is empty before the draw, and for posts that may not read the list until the survey is over.
    """

    id: int
    title: str
    year: int
    state: str
    households: int
    sampled: int
    frozen_on: str | None
    frame_sha256: str
    seed: str
    result_sha256: str
    rate_bp: int


class StratumOut(msgspec.Struct):
    """One stratum and its places."""

    name: str
    households: int
    main: int
    substitutes: int


def _out(tx: Tx, row: dict[str, Any]) -> CampaignOut:
    known = {name: row[name] for name in CampaignOut.__struct_fields__}
    seed = row["seed"] if queries.seed_shown(row, may_list=tx.actor.may(P.LIST)) else ""
    return CampaignOut(**known | {"frozen_on": row["frozen_on"] and row["frozen_on"].isoformat(), "seed": seed})


@get("/api/v1/samples", opt=needs(P.VIEW), tags=["surveys"])
async def campaigns(request: AnyRequest) -> list[CampaignOut]:
    """List the newest hundred surveys of the range."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch("SELECT * FROM surveys_campaign ORDER BY year DESC, id DESC LIMIT 100")
        return [_out(tx, dict(row)) for row in rows]


@get("/api/v1/samples/{campaign_id:int}/strata", opt=needs(P.VIEW), tags=["surveys"])
async def strata(request: AnyRequest, campaign_id: FromPath[int]) -> list[StratumOut]:
    """List the strata of a survey and how many are drawn from each."""
    async with open_tx(request) as tx:
        await queries.campaign(tx, campaign_id)
        rows = await queries.strata(tx, campaign_id)
    return [StratumOut(row["name"], row["households"], row["main"], row["substitutes"]) for row in rows]


@post("/api/v1/samples", opt=needs(P.PREPARE), tags=["surveys"])
async def create(request: AnyRequest, data: JSONBody[CampaignForm]) -> CampaignOut:
    """Open a survey."""
    async with open_tx(request) as tx:
        key = await service.open_campaign(tx, data.title, data.year, data.purpose)
        return _out(tx, await queries.campaign(tx, key))


ROUTES = [campaigns, strata, create]
