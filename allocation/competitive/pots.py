"""What money a round gives out, as its call names it: pots and own money, one earmark, or a township's pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allocation.budget.ledger import Kind
from allocation.budget.queries import EARMARK_FITS
from allocation.budget.withheld import HOLDS_MONEY
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CITY_TAIL, COUNTY_TAIL = "00000000", "000000"
EARMARK, TOWNSHIP = "earmark", "township"


@dataclass(frozen=True, slots=True)
class Pot:
    """One pot a call may name. Shape: no earmark and no township is the division's own money."""

    earmark: int = 0
    township_code: str = ""
    title: str = ""
    fen: Fen = 0

    @property
    def key(self) -> str:
        """Write the pot as a form sends it: "", "earmark:7" or "township:330802101000"."""
        if self.earmark:
            return f"{EARMARK}:{self.earmark}"
        return f"{TOWNSHIP}:{self.township_code}" if self.township_code else ""


OWN = Pot()


def of_round(row: Row) -> Pot:
    """Give the pot that a round names."""
    return Pot(row["earmark"], row["township_code"], row["pot_title"])


def kinds_for(division_code: str, pot: Pot) -> tuple[Kind, ...]:
    """Name the kinds of money a division's rounds may give out of a pot, in the order they are emptied.

    A city's own money that lies in no pot for competition waits for the factor split and is no round's.
    """
    if pot.earmark:
        return (Kind.EARMARKED,)
    if pot.township_code:
        return (Kind.AVAILABLE,)
    return (Kind.COMPETING,) if division_code.endswith(CITY_TAIL) else (Kind.COMPETING, Kind.AVAILABLE)


_EARMARKS = """
SELECT k.id, a.doc_no, k.title, sum(b.balance_fen)::bigint AS fen FROM allocation_balance b
JOIN allocation_earmark k ON k.id = b.earmark JOIN allocation_batch a ON a.id = k.batch
WHERE b.division_code = $1 AND b.project = 0 AND b.kind = 'earmarked' AND b.balance_fen > 0 AND k.project IS NULL
GROUP BY k.id, a.doc_no, k.title ORDER BY k.id
"""
_TOWNSHIPS = """
SELECT d.code, d.name, sum(b.balance_fen)::bigint AS fen FROM allocation_balance b
JOIN kernel_division d ON d.code = b.division_code AND d.level = 'township'
WHERE allocation_inside(b.division_code, $1) AND b.project = 0 AND b.kind = 'available' AND b.balance_fen > 0
GROUP BY d.code, d.name ORDER BY d.code
"""


async def offered(tx: Tx, division_code: str) -> list[Pot]:
    """List what a call of a division may name besides its own money: bound money it holds, pools of its townships.

    Money bound to one project alone is nothing to compete for. Units: fen.
    """
    earmarks = await tx.conn.fetch(_EARMARKS, division_code)
    said = CATALOGUE.text("round.pot.earmark")
    found = [Pot(r["id"], "", said.format(title=r["title"], doc_no=r["doc_no"]), int(r["fen"])) for r in earmarks]
    if division_code.endswith(COUNTY_TAIL) and not division_code.endswith(CITY_TAIL):
        pool = CATALOGUE.text("round.pot.township")
        rows = await tx.conn.fetch(_TOWNSHIPS, division_code)
        found += [Pot(0, r["code"], pool.format(name=r["name"]), int(r["fen"])) for r in rows]
    return found


async def chosen(tx: Tx, division_code: str, key: str) -> Pot:
    """Give the pot a form names. Raises: Refused ALC-338, this division has no such money."""
    if not key:
        return OWN
    found = next((p for p in await offered(tx, division_code) if p.key == key), None)
    if found is None:
        raise Refused("ALC-338", field="pot")
    return found


_FITS_EARMARK = f"""
SELECT p.code FROM projects_project p JOIN allocation_earmark k ON k.id = $2 WHERE p.id = ANY($1)
AND NOT ({EARMARK_FITS.format(category="p.category", project="p.id", place="p.division_code")}) ORDER BY p.code
"""  # noqa: S608 - pieces of our own
_FITS_TOWNSHIP = """
SELECT p.code FROM projects_project p
WHERE p.id = ANY($1) AND (NOT allocation_inside(p.division_code, $2) OR p.way <> ALL($3) AND EXISTS (
  SELECT 1 FROM allocation_term_pool t WHERE t.division_code = $2 AND t.purpose = 'startup' AND t.state = 'open'))
ORDER BY p.code
"""


async def misfits(tx: Tx, row: Row, project_ids: list[int]) -> list[str]:
    """Name the projects on which a round's pot may not be spent: other use, other place, no start-up. Shape: codes."""
    pot = of_round(row)
    if pot.earmark:
        rows = await tx.conn.fetch(_FITS_EARMARK, project_ids, pot.earmark)
    elif pot.township_code:
        ways = list(tx.policy_for(row["division_code"]).get("projects.intake.startup_ways"))
        rows = await tx.conn.fetch(_FITS_TOWNSHIP, project_ids, pot.township_code, ways)
    else:
        return []
    return [str(r["code"]) for r in rows]


async def promised(tx: Tx, row: Row) -> Fen:
    """Add up the budgets of the division's other published rounds on the same pot, not awarded yet. Units: fen."""
    return int(
        await tx.conn.fetchval(
            "SELECT coalesce(sum(budget_fen), 0) FROM allocation_round WHERE division_code = $1 AND earmark = $2"
            " AND township_code = $3 AND id <> $4 AND state = ANY($5)",
            row["division_code"],
            row["earmark"],
            row["township_code"],
            row["id"],
            list(HOLDS_MONEY),
        )
    )
