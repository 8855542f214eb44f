"""Sums that must close, run by `quzhou-migrants verify`: codes are genuine, visits that count are whole."""

from __future__ import annotations

from typing import Any

from inspection.site_codes.rules import read_token
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.signing import installed_ring


async def verify(conn: Any) -> list[str]:  # noqa: ANN401 - an asyncpg connection
    """Name every code that no key of ours made, and every counted visit with a picture missing."""
    problems = []
    ring = installed_ring()
    for row in await conn.fetch("SELECT id, token FROM inspection_site_code ORDER BY id"):
        try:
            genuine = read_token(ring, row["token"]).code_id == row["id"]
        except Refused:
            genuine = False
        if not genuine:
            problems.append(CATALOGUE.say("INS-191", {"code": row["id"]}))
    torn = await conn.fetch(
        "SELECT DISTINCT v.id FROM inspection_visit v JOIN inspection_visit_photo p ON p.visit = v.id"
        " WHERE v.state IN ('counted', 'held') AND p.file IS NULL ORDER BY v.id"
    )
    return problems + [CATALOGUE.say("INS-291", {"visit": row["id"]}) for row in torn]
