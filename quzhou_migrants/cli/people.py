"""`user`: the first administrator of an installation, and what to do when nobody can sign in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import click

from quzhou_migrants import wiring
from quzhou_migrants.accounts import service
from quzhou_migrants.accounts.roles import LEVEL, OUTSIDERS, Role
from quzhou_migrants.cli.console import as_option, database, pool, refusals, run, say, show, tell
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx, system_tx

ROLES = [str(role) for role in Role if role not in OUTSIDERS]
KINDS = {"township": "township", "village": "village"}
LOGIN = click.argument("login")
HEADS = ["cli.head.login", "cli.head.name", "cli.head.posts", "cli.head.active"]
assert wiring.ROUTES is not None  # noqa: S101 - permissions are granted when the wiring is imported


@click.group(help=say("cli.help.user"))
def user() -> None:
    """Group what can be done with accounts."""


@user.command(help=say("cli.help.user.create"))
@LOGIN
@as_option("--name", required=True)
@as_option("--role", required=True, type=click.Choice(ROLES))
@as_option("--division", required=True)
@as_option("--org", required=True)
@refusals
def create(login: str, name: str, role: str, division: str, org: str) -> None:
    """Create an account in an organisation, which is made when it is new."""

    async def work(tx: Tx) -> service.NewPerson:
        kind = KINDS.get(LEVEL[Role(role)], "finance" if role == Role.COUNTY_FINANCE else "bureau")
        org_id = await tx.conn.fetchval(
            "INSERT INTO accounts_org (division_code, name, kind, is_demo) VALUES ($1, $2, $3, false)"
            " ON CONFLICT (division_code, name) DO UPDATE SET kind = accounts_org.kind RETURNING id",
            division,
            org,
            kind,
        )
        return await service.create_person(tx, org_id=org_id, name=name, login=login, role=Role(role))

    tell("cli.user_created", login=login, password=_in_tx("accounts.user.create", work).password)


@user.command(help=say("cli.help.user.password"))
@LOGIN
@refusals
def password(login: str) -> None:
    """Give a new first password."""

    async def work(tx: Tx) -> str:
        return await service.reset_password(tx, await _id(tx, login))

    tell("cli.user_password", login=login, password=_in_tx("accounts.user.reset", work))


@user.command(help=say("cli.help.user.disable"))
@LOGIN
@refusals
def disable(login: str) -> None:
    """Disable an account and end its sessions."""

    async def work(tx: Tx) -> None:
        await service.set_active(tx, await _id(tx, login), active=False)

    _in_tx("accounts.user.disable", work)
    tell("cli.user_disabled", login=login)


@user.command("list", help=say("cli.help.user.list"))
def list_users() -> None:
    """List accounts with their posts."""

    async def work(tx: Tx) -> list[Any]:
        found: list[Any] = await tx.conn.fetch(
            "SELECT u.login, u.name, u.active, array_agg(o.name || ' ' || p.role) FILTER (WHERE p.active) AS posts"
            ' FROM accounts_user u LEFT JOIN accounts_post p ON p."user" = u.id'
            " LEFT JOIN accounts_org o ON o.id = p.org"
            " GROUP BY u.id ORDER BY u.login",
        )
        return found

    rows = [
        (row["login"], row["name"], "，".join(_posts(row["posts"] or [])), "✓" if row["active"] else "—")
        for row in _in_tx("accounts.user.list", work)
    ]
    show("cli.users", HEADS, rows)


def _posts(found: list[str]) -> list[str]:
    return [f"{org} {CATALOGUE.role(role)}" for org, _, role in (post.rpartition(" ") for post in found)]


async def _id(tx: Tx, login: str) -> int:
    found = await tx.conn.fetchval("SELECT id FROM accounts_user WHERE login = $1", login)
    if found is None:
        raise Refused("KRN-404")
    return int(found)


def _in_tx(command: str, work: Callable[[Tx], Awaitable[Any]]) -> Any:  # noqa: ANN401 - whatever the work answers
    async def whole(dsn: str) -> Any:  # noqa: ANN401 - as above
        async with pool(dsn), system_tx(command) as tx:
            return await work(tx)

    with database(current=True) as (_, found):
        return run(whole(found.app))
