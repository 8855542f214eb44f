"""Two to four candidates side by side: what they ask, for whom, how ready they are."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.response import Response

from projects.permissions import P
from projects.ranking import queries as ranking
from projects.reserve import queries, rules
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.render import render

AnyRequest = Request[Any, Any, Any]
LEAST, OFFERED = 2, 30
HIGH, LOW = ("migrants", "low_income", "own_bp", "votes_bp"), ("per_head",)
"""Lines in which one value is better than another: the high ones, the low ones."""

_OFFERED = """
SELECT p.id, p.title, p.asked_fen, p.state, d.name AS village_name FROM projects_project p
JOIN kernel_division d ON d.code = p.division_code
WHERE p.state = ANY($1) AND left(p.division_code, 6) = $2 AND NOT p.id = ANY($3)
ORDER BY (p.category = $4) DESC, (left(p.division_code, 9) = $5) DESC, p.submitted_at, p.id LIMIT $6
"""


@get("/reserve/compare", opt=needs(P.VIEW))
async def compare(request: AnyRequest) -> Response[bytes]:
    """Show candidates side by side, and others that may be added."""
    ids = _ids(request.query_params.getall("ids", []))
    async with open_tx(request) as tx:
        most = tx.policy.whole("projects.reserve.compare_most")
        rows = await queries.compared(tx, ids[:most])
        offered = await _offered(tx, rows)
        for row in rows:
            row["ranked"] = await ranking.last_place(tx, row["id"])
    for row in rows:
        row["per_head"] = rules.per_head(row["asked_fen"], row["migrants"])
        row["own_bp"] = (row["own_fen"] + row["other_fen"]) * rules.FULL_BP // (row["estimate_fen"] or 1)
        row["votes_bp"] = row["votes_for"] * rules.FULL_BP // row["due"] if row["due"] else None
    chosen = [r["id"] for r in rows]
    facts: dict[str, Any] = {"rows": rows, "chosen": chosen, "offered": offered, "most": most, "least": LEAST}
    return render(request, "projects/reserve/compare.html", best=_best(rows), **facts)


def _ids(texts: list[str]) -> list[int]:
    """Read what the address names, each once, in its order."""
    known = (int(t) for t in texts if t.isascii() and t.isdecimal() and len(t) < 13)  # noqa: PLR2004 - fits a key
    return list(dict.fromkeys(known))


async def _offered(tx: Tx, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Offer candidates of the same county in the same stage, the likest first."""
    first: dict[str, Any] = (
        rows[0] if rows else {"state": None, "division_code": tx.actor.division_code or "", "category": ""}
    )
    states = [first["state"]] if rows else ["submitted", "township_passed", "admitted"]
    place = first["division_code"]
    found = await tx.conn.fetch(
        _OFFERED, states, place[:6], [r["id"] for r in rows], first["category"], place[:9], OFFERED
    )
    return [dict(r) for r in found]


def _best(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Name the best value of every line in which the candidates differ, so that it can be marked."""
    if len(rows) < LEAST:
        return {}
    values = {name: [r[name] for r in rows if r[name] is not None] for name in (*HIGH, *LOW)}
    differing = {name: found for name, found in values.items() if len(set(found)) > 1}
    return {name: (min if name in LOW else max)(found) for name, found in differing.items()}


ROUTES = [compare]
