"""Generated villages under the real townships."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg

from quzhou_migrants.demo.world import Village, World, words
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.tx import system_tx

VILLAGES = 600
FIRST_VILLAGE = 201  # village committees are numbered from 200; neighbourhoods below
# Rough centres of the counties. Units: degrees CGCS2000.
CENTRES = {
    "330802": (28.97, 118.83), "330803": (28.95, 118.98), "330822": (28.90, 118.51),
    "330824": (29.14, 118.41), "330825": (29.03, 119.17), "330881": (28.74, 118.63),
}  # fmt: skip
SPREAD = 0.12


async def make_villages(world: World, owner_dsn: str) -> None:
    """Write the villages, spread evenly over the townships, each under a name no real one bears.

    The map belongs to the owner of the database; the application only reads it.
    """
    async with system_tx("demo.villages") as tx:
        rows = await tx.conn.fetch("SELECT code, name, level FROM kernel_division WHERE NOT is_demo ORDER BY code")
    world.counties = {row["code"]: row["name"] for row in rows if row["level"] == "county"}
    world.townships = {row["code"]: row["name"] for row in rows if row["level"] == "township"}
    townships = [row for row in rows if row["level"] == "township"]
    names = _names(world)
    rng = world.rng("villages")
    for number in range(VILLAGES):
        township = townships[number % len(townships)]
        code = f"{township['code'][:9]}{FIRST_VILLAGE + number // len(townships)}"
        lat, lon = CENTRES[code[:6]]
        kind = "reservoir_area" if rng.random() < 0.4 else "resettlement"  # noqa: PLR2004 - two in five
        name = next(names)
        full = f"{world.counties[code[:6] + '000000']}{township['name']}{name}"
        world.villages.append(
            Village(
                code, name, full, township["code"], kind,
                round(rng.gauss(lat, SPREAD), 6), round(rng.gauss(lon, SPREAD), 6),
            )
        )  # fmt: skip
    world.villages.sort(key=lambda village: village.code)
    await _write(world, owner_dsn)


def _names(world: World) -> Iterator[str]:
    said = words()
    pairs = [first + last for first in said["village_first"] for last in said["village_last"]]
    world.rng("village names").shuffle(pairs)
    return iter(f"{said['mark']}{pair}村" for pair in pairs)


async def _write(world: World, owner_dsn: str) -> None:
    connection = await asyncpg.connect(**connect_arguments(owner_dsn))
    try:
        await connection.executemany(
            "INSERT INTO kernel_division (code, name, full_name, level, parent_code, kind, active, successor_code,"
            " source, is_demo) VALUES ($1, $2, $3, 'village', $4, $5, true, '', '', true)",
            [(v.code, v.name, v.full_name, v.township, v.kind) for v in world.villages],
        )
    finally:
        await connection.close()
