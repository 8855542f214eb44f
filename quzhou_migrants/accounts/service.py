"""Commands over people, posts and engagements. Row-level security keeps each administrator inside the own range."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from quzhou_migrants.accounts.passwords import first_password, hash_password
from quzhou_migrants.accounts.permissions import P
from quzhou_migrants.accounts.roles import LEVEL, OUTSIDERS, Role
from quzhou_migrants.kernel.actor import trimmed
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.ids import clean
from quzhou_migrants.kernel.tx import Tx

LOGIN = re.compile(r"[a-z][a-z0-9_]{2,39}")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LEVEL_OF_WIDTH = {4: "city", 6: "county", 9: "township", 12: "village"}


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A created account and its first password, shown once."""

    user_id: int
    password: str


async def org(tx: Tx, org_id: int) -> Mapping[str, Any]:
    """Read an organisation in one's range. Raises: Refused ACC-124."""
    row = await tx.conn.fetchrow(  # the names of organisations above are readable, their posts are not ours to give
        "SELECT * FROM accounts_org WHERE id = $1 AND division_code >= current_setting('app.lo')"
        " AND division_code < current_setting('app.hi')",
        org_id,
    )
    if row is None:
        raise Refused("ACC-124", field="org_id")
    return dict(row)


def level_of(division_code: str) -> str:
    """Name the level of a division: city, county, township, village."""
    return _LEVEL_OF_WIDTH[len(trimmed(division_code))]


def check_level(role: Role, division_code: str) -> None:
    """A role belongs to one level of organisation. Raises: Refused ACC-123."""
    level = level_of(division_code)
    due = LEVEL.get(role)
    if (due is None and level not in {"city", "county"}) or (due is not None and due != level):
        raise Refused("ACC-123", field="role", level=CATALOGUE.text(f"level.{due or 'county'}"))


@command(P.MANAGE_PEOPLE, audit="accounts.user.create")
async def create_person(  # noqa: PLR0913 - the fields of the form
    tx: Tx,
    *,
    org_id: int,
    name: str,
    login: str,
    role: Role,
    phone: str = "",
) -> NewPerson:
    """Create an account with a first post and a first password that must be changed.

    Raises: Refused ACC-121 (login taken), ACC-123 (level), ACC-124 (organisation), ACC-127 (login), ACC-137 (phone).
    """
    where = await org(tx, org_id)
    if role not in OUTSIDERS:
        check_level(role, where["division_code"])
    person = await _insert_user(tx, where["division_code"], name, login, phone)
    if role not in OUTSIDERS:
        await _insert_post(tx, person.user_id, where, role)
    return person


@command(P.ENGAGE, audit="accounts.user.create")
async def create_outsider(tx: Tx, *, firm: str, name: str, login: str) -> NewPerson:
    """Create an account for somebody from outside; what they may see comes by engagement only."""
    await outside_org(tx, firm)
    return await _insert_user(tx, tx.actor.division_code, name, login, "")


async def outside_org(tx: Tx, firm: str) -> int:
    """Find or create the outside organisation of one's own division; answer its id."""
    found = await tx.conn.fetchval(
        "INSERT INTO accounts_org (division_code, name, kind, is_demo) VALUES ($1, $2, 'outside', $3)"
        " ON CONFLICT (division_code, name) DO NOTHING RETURNING id",
        tx.actor.division_code,
        firm,
        tx.actor.is_demo,
    )
    return found or await tx.conn.fetchval(  # type: ignore[no-any-return]  # ids are bigints
        "SELECT id FROM accounts_org WHERE division_code = $1 AND name = $2", tx.actor.division_code, firm
    )


async def _insert_user(tx: Tx, division: str, name: str, login: str, phone: str) -> NewPerson:
    if not LOGIN.fullmatch(login):
        raise Refused("ACC-127", field="login")
    number = clean(phone)
    if number and not _MOBILE.fullmatch(number):
        raise Refused("ACC-137", field="phone")
    password = first_password()
    user_id = await tx.conn.fetchval(
        "INSERT INTO accounts_user (division_code, login, name, phone_mask, password_hash, must_change, active,"
        " version, is_demo) VALUES ($1, $2, $3, $4, $5, true, true, 1, false) RETURNING id",
        division,
        login,
        name,
        f"{number[:3]}****{number[-2:]}" if number else "",
        await hash_password(password),
    )
    await tx.note(("accounts_user", user_id, division), "accounts.user.create", login=login)
    return NewPerson(user_id, password)


async def _insert_post(tx: Tx, user_id: int, where: Mapping[str, Any], role: Role) -> int:
    return int(
        await tx.conn.fetchval(
            'INSERT INTO accounts_post (division_code, "user", org, role, active) VALUES ($1, $2, $3, $4, true)'
            ' ON CONFLICT ("user", org, role) DO UPDATE SET active = true RETURNING id',
            where["division_code"],
            user_id,
            where["id"],
            str(role),
        )
    )


@command(P.MANAGE_PEOPLE, audit="accounts.post.add")
async def add_post(tx: Tx, user_id: int, org_id: int, role: Role) -> int:
    """Give a person a further post. Raises: Refused ACC-123, ACC-124, KRN-404."""
    user = await person(tx, user_id)
    where = await org(tx, org_id)
    if role in OUTSIDERS:
        raise Refused("ACC-130", field="role")
    check_level(role, where["division_code"])
    post = await _insert_post(tx, user_id, where, role)
    await tx.note(
        ("accounts_user", user_id, user["division_code"]),
        "accounts.post.add",
        role=CATALOGUE.role(role),
        org=where["name"],
    )
    return post


@command(P.MANAGE_PEOPLE, audit="accounts.post.end")
async def end_post(tx: Tx, post_id: int) -> int:
    """End a post; answer whose it was. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        'UPDATE accounts_post SET active = false WHERE id = $1 AND active RETURNING "user", division_code, role',
        post_id,
    )
    if row is None:
        raise Refused("KRN-404")
    await tx.conn.execute("DELETE FROM accounts_session WHERE post_id = $1", post_id)
    await tx.note(
        ("accounts_user", row["user"], row["division_code"]), "accounts.post.end", role=CATALOGUE.role(row["role"])
    )
    return int(row["user"])


async def person(tx: Tx, user_id: int) -> Mapping[str, Any]:
    """Read a person in one's range. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM accounts_user WHERE id = $1", user_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def _own_person(tx: Tx, user_id: int) -> Mapping[str, Any]:
    """Read a person whose posts all lie in one's range: a new password opens every one of them.

    Raises: Refused ACC-134, KRN-404.
    """
    found = await person(tx, user_id)
    if await tx.conn.fetchval("SELECT accounts_stands_beyond($1)", user_id):
        raise Refused("ACC-134")
    return found


@command(P.MANAGE_PEOPLE, audit="accounts.user.reset")
async def reset_password(tx: Tx, user_id: int) -> str:
    """Set a new first password, end every session of the person; answer the password. Raises: Refused ACC-134."""
    user = await _own_person(tx, user_id)
    password = first_password()
    await tx.conn.execute(
        "UPDATE accounts_user SET password_hash = $2, must_change = true, version = version + 1 WHERE id = $1",
        user_id,
        await hash_password(password),
    )
    await tx.conn.execute('DELETE FROM accounts_session WHERE "user" = $1', user_id)
    await tx.note(("accounts_user", user_id, user["division_code"]), "accounts.user.reset")
    return password


@command(P.MANAGE_PEOPLE, audit="accounts.user.activate")
async def set_active(tx: Tx, user_id: int, *, active: bool) -> None:
    """Disable or enable an account. Raises: Refused ACC-128 for one's own, ACC-134, KRN-404."""
    if user_id == tx.actor.user_id:
        raise Refused("ACC-128")
    user = await _own_person(tx, user_id)
    await tx.conn.execute("UPDATE accounts_user SET active = $2, version = version + 1 WHERE id = $1", user_id, active)
    if not active:
        await tx.conn.execute('DELETE FROM accounts_session WHERE "user" = $1', user_id)
    await tx.note(
        ("accounts_user", user_id, user["division_code"]), "accounts.user.enable" if active else "accounts.user.disable"
    )


async def engage_auditor(tx: Tx, *, user_id: int, purpose: str, starts_on: date, ends_on: date) -> int:
    """Let an auditor read the books of one's own division from one day to another; answer the engagement's id.

    Raises: Refused ACC-125, ACC-126, ACC-129, ACC-135 (nobody looks into the books one keeps).
    """
    inside = await tx.conn.fetchval(
        'SELECT EXISTS (SELECT 1 FROM accounts_post WHERE "user" = $1 AND active AND role <> ALL ($2::text[]))',
        user_id,
        [str(r) for r in OUTSIDERS],
    )
    if inside:
        raise Refused("ACC-135", field="auditor")
    own = await _own_outside_org(tx)
    return await engage(
        tx,
        user_id=user_id,
        role=Role.AUDITOR,
        subject_table="accounts_org",
        subject_id=own,
        purpose=purpose,
        starts_on=starts_on,
        ends_on=ends_on,
    )


@command(P.ENGAGE, audit="accounts.engagement.create")
async def engage(  # noqa: PLR0913 - an engagement has these parts
    tx: Tx,
    *,
    user_id: int,
    role: Role,
    subject_table: str,
    subject_id: int,
    purpose: str,
    starts_on: date,
    ends_on: date,
    vouched: bool = False,
) -> int:
    """Engage an outsider for one object, from one day to another; answer the engagement's id.

    The division is the engaging bureau's own. `vouched`: a list of a division above, read by the calling
    room, names this account, which the engaging bureau cannot see itself.
    Raises: Refused ACC-125, ACC-126, ACC-129, ACC-130.
    """
    if role not in OUTSIDERS:
        raise Refused("ACC-130", field="role")
    most = tx.policy.whole("accounts.engagement.most_days")
    if (ends_on - starts_on).days > most:
        raise Refused("ACC-126", field="ends_on", most=most)
    home = tx.actor.division_code if vouched else (await person(tx, user_id))["division_code"]
    where = {"id": await _own_outside_org(tx), "division_code": tx.actor.division_code}
    post = await _insert_post(tx, user_id, where, role)
    key = await tx.conn.fetchval(
        "INSERT INTO accounts_engagement (division_code, post, subject_table, subject_id, purpose, starts_on,"
        " ends_on) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        tx.actor.division_code,
        post,
        subject_table,
        subject_id,
        purpose,
        starts_on,
        ends_on,
    )
    await tx.note(
        ("accounts_user", user_id, home),
        "accounts.engagement.create",
        role=CATALOGUE.role(role),
        purpose=purpose,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    return int(key)


async def _own_outside_org(tx: Tx) -> int:
    return await outside_org(tx, CATALOGUE.text("accounts.outside_org"))


@command(P.ENGAGE, audit="accounts.engagement.term")
async def change_term(tx: Tx, engagement_id: int, ends_on: date) -> None:
    """Change the last day of an engagement that was not ended. Raises: Refused ACC-125, ACC-126, KRN-404."""
    row = await tx.conn.fetchrow(
        'SELECT e.starts_on, e.ends_on, e.purpose, e.division_code, p."user" FROM accounts_engagement e'
        " JOIN accounts_post p ON p.id = e.post WHERE e.id = $1 AND e.revoked_at IS NULL FOR UPDATE OF e",
        engagement_id,
    )
    if row is None:
        raise Refused("KRN-404")
    most = tx.policy.whole("accounts.engagement.most_days")
    if ends_on < row["starts_on"]:
        raise Refused("ACC-125", field="ends_on")
    if (ends_on - row["starts_on"]).days > most:
        raise Refused("ACC-126", field="ends_on", most=most)
    await tx.conn.execute("UPDATE accounts_engagement SET ends_on = $2 WHERE id = $1", engagement_id, ends_on)
    await tx.note(
        ("accounts_user", row["user"], row["division_code"]),
        "accounts.engagement.term",
        purpose=row["purpose"],
        before=row["ends_on"],
        ends_on=ends_on,
    )


@command(P.ENGAGE, audit="accounts.engagement.revoke")
async def revoke(tx: Tx, engagement_id: int) -> None:
    """End an engagement before its time, and its sessions with it. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "UPDATE accounts_engagement e SET revoked_at = $2 FROM accounts_post p"
        ' WHERE e.id = $1 AND p.id = e.post AND e.revoked_at IS NULL RETURNING p."user", e.division_code, e.purpose',
        engagement_id,
        tx.now,
    )
    if row is None:
        raise Refused("KRN-404")
    await tx.conn.execute("DELETE FROM accounts_session WHERE engagement_id = $1", engagement_id)
    await tx.note(
        ("accounts_user", row["user"], row["division_code"]), "accounts.engagement.revoke", purpose=row["purpose"]
    )


async def prolong(tx: Tx, subject_table: str, subject_id: int, ends_on: date) -> None:
    """Let every engagement for one object that was not ended last until a later day, because the work does.

    A room calls it inside the command that gives more days, so it asks for no permission of its own.
    Raises: Refused ACC-126, longer than an engagement may last.
    """
    rows = await tx.conn.fetch(
        'SELECT e.id, e.starts_on, e.ends_on, e.division_code, e.purpose, p."user" FROM accounts_engagement e'
        " JOIN accounts_post p ON p.id = e.post WHERE e.subject_table = $1 AND e.subject_id = $2"
        " AND e.revoked_at IS NULL AND e.ends_on < $3 ORDER BY e.id FOR UPDATE OF e",
        subject_table,
        subject_id,
        ends_on,
    )
    most = tx.policy.whole("accounts.engagement.most_days")
    if any((ends_on - row["starts_on"]).days > most for row in rows):
        raise Refused("ACC-126", field="ends_on", most=most)
    for row in rows:
        await tx.conn.execute("UPDATE accounts_engagement SET ends_on = $2 WHERE id = $1", row["id"], ends_on)
        subject = ("accounts_user", row["user"], row["division_code"])
        note = {"purpose": row["purpose"], "before": row["ends_on"], "ends_on": ends_on}
        await tx.note(subject, "accounts.engagement.term", **note)


async def release(tx: Tx, subject_table: str, subject_id: int) -> int:
    """End every engagement for one object because the work is over; answer how many ended.

    A room calls it inside the command that ends the work, so it asks for no permission of its own.
    """
    rows = await tx.conn.fetch(
        "UPDATE accounts_engagement e SET revoked_at = $3 FROM accounts_post p WHERE e.subject_table = $1"
        ' AND e.subject_id = $2 AND p.id = e.post AND e.revoked_at IS NULL RETURNING e.id, p."user",'
        " e.division_code, e.purpose",
        subject_table,
        subject_id,
        tx.now,
    )
    for row in rows:
        await tx.conn.execute("DELETE FROM accounts_session WHERE engagement_id = $1", row["id"])
        subject = ("accounts_user", row["user"], row["division_code"])
        await tx.note(subject, "accounts.engagement.revoke", purpose=row["purpose"])
    return len(rows)
