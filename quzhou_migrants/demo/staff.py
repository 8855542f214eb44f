"""Organisations, people with posts, outsiders: one for every role and place, all with one printed password."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from quzhou_migrants.accounts.passwords import hash_password
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.people import Names
from quzhou_migrants.demo.world import World, words
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.permissions import permissions_of
from quzhou_migrants.kernel.tx import Tx, system_tx

PASSWORD = "Yimin-2026"  # noqa: S105 - printed for everybody to see; only demonstration accounts have it
CITY = "330800000000"
EXPERTS, SURVEYORS = 5, 2  # experts in each county, surveyors in the city

CITY_POSTS = (Role.CITY_CLERK, Role.CITY_CLERK, Role.CITY_LEADER, Role.CITY_ADMIN)
COUNTY_POSTS = (
    Role.COUNTY_CLERK, Role.COUNTY_CLERK, Role.COUNTY_LEADER, Role.COUNTY_ADMIN, Role.INSPECTOR, Role.INSPECTOR,
)  # fmt: skip
FINANCE_POSTS = (Role.COUNTY_FINANCE, Role.COUNTY_FINANCE)


@dataclass(frozen=True, slots=True)
class Seat:
    """One post to be filled."""

    login: str
    role: Role
    division: str
    org: str
    kind: str


def seats(world: World) -> Iterator[Seat]:
    """List every post of the demonstration; the login tells place and role."""
    org, prefix = words()["org"], words()["login"]
    yield from _row("city", CITY_POSTS, CITY, "衢州市" + org["bureau"], "bureau")
    for code, name in world.counties.items():
        yield from _row(prefix[code[:6]], COUNTY_POSTS, code, name + org["bureau"], "bureau")
        yield from _row(prefix[code[:6]], FINANCE_POSTS, code, name + org["finance"], "finance")
    for township, name in world.townships.items():
        body = name + org["office" if name.endswith(org["subdistrict"]) else "government"]
        yield Seat(f"t{township[:9]}", Role.TOWNSHIP_CLERK, township, body, "township")
    for village in world.villages:
        yield Seat(f"v{village.code}", Role.VILLAGE_CLERK, village.code, village.name + org["committee"], "village")


def _row(prefix: str, roles: tuple[Role, ...], division: str, org: str, kind: str) -> Iterator[Seat]:
    seen: dict[Role, int] = {}
    for role in roles:
        seen[role] = seen.get(role, 0) + 1
        number = "" if seen[role] == 1 else str(seen[role])
        yield Seat(f"{prefix}_{role.removeprefix('city_').removeprefix('county_')}{number}", role, division, org, kind)


def outsiders(world: World) -> Iterator[tuple[str, str]]:
    """List outside people and the division that may engage them; they see nothing until it does."""
    prefix = words()["login"]
    for county in world.counties:
        yield from ((f"expert_{prefix[county[:6]]}{n}", county) for n in range(1, EXPERTS + 1))
    yield from ((f"surveyor{n}", CITY) for n in range(1, SURVEYORS + 1))
    yield from ((f"auditor{n}", division) for n, division in enumerate((CITY, min(world.counties)), 1))


async def make_staff(world: World) -> None:
    """Write organisations, people and posts, and remember who acts where."""
    rng = world.rng("staff")
    names = Names(rng)
    password = await hash_password(PASSWORD)
    async with system_tx("demo.accounts") as tx:
        filled = list(seats(world))
        orgs = await _orgs(tx, filled)
        people = [(seat, names.of(names.surname(), "female" if rng.random() < 0.5 else "male")) for seat in filled]  # noqa: PLR2004 - half
        users = await _users(tx, [(seat.login, name, seat.division) for seat, name in people], password)
        posts = await tx.conn.fetch(
            'INSERT INTO accounts_post (division_code, "user", org, role, active)'
            " SELECT d, u, o, r, true FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[])"
            ' AS p (d, u, o, r) RETURNING id, "user"',
            [seat.division for seat in filled],
            [users[seat.login] for seat in filled],
            [orgs[seat.division, seat.org] for seat in filled],
            [str(seat.role) for seat in filled],
        )
        post_of = {row["user"]: row["id"] for row in posts}
        outside = [(login, names.of(names.surname(), "male"), division) for login, division in outsiders(world)]
        world.outside = await _users(tx, outside, password)
    for seat, name in people:
        user, org_id = users[seat.login], orgs[seat.division, seat.org]
        actor = _actor(user, name, seat, org_id, post_of[user])
        world.cast.setdefault((seat.role, seat.division), []).append(actor)


def _actor(user: int, name: str, seat: Seat, org: int, post: int) -> Actor:
    title = f"{seat.org}{CATALOGUE.role(seat.role)}"
    held = permissions_of(seat.role)
    return Actor(user, name, str(seat.role), org, seat.org, seat.division, post, None, held, title, is_demo=True)


async def _orgs(tx: Tx, filled: list[Seat]) -> dict[tuple[str, str], int]:
    kinds = {(seat.division, seat.org): seat.kind for seat in filled}
    rows = await tx.conn.fetch(
        "INSERT INTO accounts_org (division_code, name, kind, is_demo)"
        " SELECT d, n, k, true FROM unnest($1::text[], $2::text[], $3::text[]) AS o (d, n, k)"
        " RETURNING id, division_code, name",
        [division for division, _ in kinds],
        [name for _, name in kinds],
        list(kinds.values()),
    )
    return {(row["division_code"], row["name"]): row["id"] for row in rows}


async def _users(tx: Tx, people: list[tuple[str, str, str]], password: str) -> dict[str, int]:
    """Write people; Shape: (login, name, division) -> id by login."""
    rows: list[Any] = await tx.conn.fetch(
        "INSERT INTO accounts_user (division_code, login, name, phone_mask, password_hash, must_change, active,"
        " version, is_demo) SELECT d, l, n, '', $4, false, true, 1, true"
        " FROM unnest($1::text[], $2::text[], $3::text[]) AS u (l, n, d) RETURNING id, login",
        [login for login, _, _ in people],
        [name for _, name, _ in people],
        [division for _, _, division in people],
        password,
    )
    return {row["login"]: row["id"] for row in rows}
