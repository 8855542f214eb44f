"""What the ledger does when a contract changes its amount, or a project ends before it is finished.

Source: 政府投资条例 第二十三、三十四条; 衢政办发〔2016〕65号 二(三)1 (money that is not used is planned anew inside
the county)
"""

from __future__ import annotations

from allocation.budget.ledger import Kind, free, move, project_money, reached
from projects import public as projects
from projects.events import ContractChanged, ProjectTerminated
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

CLAUSE = "衢政办发〔2016〕65号 二(三)1"
COUNTY_DIGITS, CODE_DIGITS = 6, 12


async def on_contract_changed(tx: Tx, event: ContractChanged) -> None:
    """Bind more of the award to the contract, or give back what the contract no longer needs.

    Raises: Refused ALC-128, more was claimed or paid than the contract shall be worth.
    """
    money = await project_money(tx, event.project_id)
    bound = reached(money, Kind.CONTRACTED)
    more = min(reached(money, Kind.AWARDED), event.after_fen) - bound
    way = (Kind.AWARDED, Kind.CONTRACTED) if more > 0 else (Kind.CONTRACTED, Kind.AWARDED)
    if -more > money.get(Kind.CONTRACTED, 0):
        raise Refused("ALC-128", spent=bound - money.get(Kind.CONTRACTED, 0), contract=event.after_fen)
    if more:
        key = f"contract:{event.project_id}:{event.change_id}"
        await move(tx, key, event.project_id, *way, abs(more), source=("projects_change", event.change_id))


async def on_project_terminated(tx: Tx, event: ProjectTerminated) -> None:
    """Release what a project that ended did not use: back to the county's own money, batch by batch.

    What was paid stays paid, and so much as the works done are still worth stays bound.
    Raises: Refused ALC-127, a claim is on its way.
    """
    money = await project_money(tx, event.project_id)
    if money.get(Kind.CLAIMED, 0):
        raise Refused("ALC-127", claimed=money[Kind.CLAIMED])
    whole = reached(money, Kind.AWARDED)
    spent = whole - money.get(Kind.AWARDED, 0) - money.get(Kind.CONTRACTED, 0)
    unused = whole - max(spent, min(whole, event.keep_fen))
    if not unused:
        return
    county = event.division_code[:COUNTY_DIGITS].ljust(CODE_DIGITS, "0")
    source = ("projects_project", event.project_id)
    await free(tx, f"terminate:{event.project_id}", event.project_id, county, unused, source=source)
    await projects.on_released(tx, event.project_id, unused, clause=CLAUSE)
    if unused == whole:
        await tx.conn.execute(
            "UPDATE allocation_award SET state = 'cancelled', version = version + 1"
            " WHERE project = $1 AND state = 'standing'",
            event.project_id,
        )
