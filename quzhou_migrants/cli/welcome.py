"""What `serve` prints first: the address and, over a demonstration, who can sign in."""

from __future__ import annotations

import asyncpg

from quzhou_migrants.accounts.roles import OUTSIDERS, Role
from quzhou_migrants.cli.console import OUT, say, show, tell
from quzhou_migrants.demo.staff import PASSWORD
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.settings import Settings

DEMO = "SELECT EXISTS (SELECT 1 FROM kernel_setting WHERE key = 'demo')"
# One person for each role, all along one line from a village up to the city.
CAST = """
WITH line AS (
  SELECT code, parent_code FROM kernel_division WHERE level = 'village' AND is_demo ORDER BY code LIMIT 1
)
SELECT DISTINCT ON (p.role) p.role, u.login, u.name, o.name AS org, d.full_name
FROM accounts_post p JOIN accounts_user u ON u.id = p."user" JOIN accounts_org o ON o.id = p.org
JOIN kernel_division d ON d.code = p.division_code, line
WHERE u.is_demo AND p.active AND p.division_code IN
  (line.code, line.parent_code, left(line.code, 6) || '000000', left(line.code, 4) || '00000000')
ORDER BY p.role, length(rtrim(p.division_code, '0')) DESC, u.login
"""
OUTSIDE = """
SELECT login, name FROM accounts_user u WHERE is_demo AND login ~ '^(expert|surveyor|auditor)' ORDER BY login
"""
RANGE = "SELECT set_config('app.lo', '', false), set_config('app.hi', '~', false)"


async def welcome(settings: Settings, owner_dsn: str) -> None:
    """Print the address, the accounts of a demonstration, and how to stop."""
    connection = await asyncpg.connect(**connect_arguments(owner_dsn))
    try:
        await connection.execute(RANGE)
        if await connection.fetchval(DEMO):
            found = {row["role"]: row for row in await connection.fetch(CAST)}
            outside = [row["login"] for row in await connection.fetch(OUTSIDE)]
            _cast(found, outside)
    finally:
        await connection.close()
    OUT.rule()
    tell("cli.serving", url=settings.public_url, workers=settings.workers)
    tell("cli.how_to_stop")


def _cast(found: dict[str, asyncpg.Record], outside: list[str]) -> None:
    known = [role for role in Role if role in found and role not in OUTSIDERS]
    rows = [(CATALOGUE.role(r), found[r]["login"], found[r]["name"], _place(found[r])) for r in known]
    show("cli.accounts", ["cli.head.role", "cli.head.login", "cli.head.name", "cli.head.org"], rows)
    tell("cli.password", password=PASSWORD)
    if outside:
        OUT.print(say("cli.outside", logins="、".join(outside)), markup=False)


def _place(row: asyncpg.Record) -> str:
    return row["org"] if row["org"].startswith(row["full_name"][:3]) else f"{row['full_name']} {row['org']}"
