"""What the payments of a project hear from the site: grave findings hold them, counted visits back them.

Source: 衢政办发〔2016〕65号 二(二)1, 二(三)3
"""

from __future__ import annotations

from allocation.public import Hold, Sight
from inspection.public import open_findings
from inspection.visits import queries
from inspection.visits.states import V
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.tx import Tx


async def grave_findings(tx: Tx, project_id: int) -> list[Hold]:
    """List the grave findings that nobody has closed: nothing is paid until they are."""
    found = await open_findings(tx, project_id)
    return [Hold(f["content"], f"/visits/{f['visit']}") for f in found if f["serious"]]


async def counted_visits(tx: Tx, project_id: int) -> list[Sight]:
    """List the latest visits whose progress counted, with their pictures."""
    visits = [v for v in await queries.of_project(tx, project_id) if v["state"] == V.COUNTED]
    return [Sight(shanghai(v["finished_at"]).date(), f"/visits/{v['id']}", tuple(v["files"] or ())) for v in visits]
