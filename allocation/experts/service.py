"""Commands of the pool: who is in it, since when, with which ties; accounts for those who have none.

Source: 招标投标法 第三十七条; 招标投标法实施条例 第四十五条 (both by analogy)
"""

from __future__ import annotations

from typing import Any

from allocation.experts import queries
from allocation.experts.forms import ExpertForm, TieForm
from allocation.experts.rules import years_before
from allocation.experts.states import POOL
from allocation.experts.tables import PoolExpert
from allocation.permissions import P
from quzhou_migrants.accounts import public as accounts
from quzhou_migrants.kernel.actor import trimmed
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

TABLE = "allocation_pool_expert"
CLAUSE = "招标投标法实施条例 第四十五条（参照）"


@command(P.KEEP_EXPERTS, audit="allocation.expert.admit")
async def admit(tx: Tx, form: ExpertForm) -> int:
    """Take an expert into one's own pool. Gives the id. Raises: Invalid ALC-355, ALC-356, ALC-364; Refused ALC-357."""
    await _check(tx, form)
    key = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_pool_expert (division_code, number, name, employer, county, specialities, grade,"
            " title, user_id, valid_from, valid_until, note, created_by, created_at, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id",
            tx.actor.division_code,
            await _next_number(tx),
            *_columns(form),
            tx.actor.user_id,
            tx.now,
            tx.actor.is_demo,
        )
    )
    await tx.note((TABLE, key, tx.actor.division_code), "allocation.expert.admit", clause=CLAUSE)
    return key


@command(P.KEEP_EXPERTS, audit="allocation.expert.edit")
async def edit(tx: Tx, key: int, version: int, form: ExpertForm) -> None:
    """Change what the pool says of an expert. Raises: as `admit`; Refused KRN-409, KRN-404 (another's pool)."""
    row = await own_expert(tx, key)
    await _check(tx, form)
    done = await tx.conn.fetchval(
        "UPDATE allocation_pool_expert SET name=$3, employer=$4, county=$5, specialities=$6, grade=$7, title=$8,"
        " user_id=$9, valid_from=$10, valid_until=$11, note=$12, version = version + 1"
        " WHERE id=$1 AND version=$2 RETURNING id",
        key,
        version,
        *_columns(form),
    )
    if done is None:
        raise Refused("KRN-409", who="", title="", at=tx.now)
    await tx.note((TABLE, key, row["division_code"]), "allocation.expert.edit")


async def _next_number(tx: Tx) -> str:
    """Give the next number of one's own pool: the code of the place and a running number."""
    own = trimmed(tx.actor.division_code)
    await tx.conn.execute("SELECT pg_advisory_xact_lock(hashtext('allocation_pool_expert'), $1)", int(own))
    last = await tx.conn.fetchval(
        "SELECT coalesce(max(split_part(number, '-', 2)::int), 0) FROM allocation_pool_expert WHERE division_code = $1",
        tx.actor.division_code,
    )
    return f"{own}-{last + 1:04d}"


def _columns(form: ExpertForm) -> tuple[Any, ...]:
    return (
        form.name,
        form.employer,
        form.county,
        form.specialities,
        form.grade,
        form.title,
        form.user_id,
        form.valid_from,
        form.valid_until,
        form.note,
    )


async def _check(tx: Tx, form: ExpertForm) -> None:
    policy, problems = tx.policy, []
    if set(form.specialities) - set(policy.get("allocation.experts.specialities")):
        problems.append(Problem("ALC-364", "specialities"))
    if form.grade not in policy.get("allocation.experts.grades"):
        problems.append(Problem("ALC-364", "grade"))
    years = policy.whole("allocation.experts.term_years")
    if form.valid_until < form.valid_from:
        problems.append(Problem("ALC-356", "valid_until"))
    elif years_before(form.valid_until, years) > form.valid_from:
        problems.append(Problem("ALC-355", "valid_until", {"years": years}))
    if form.user_id is not None and form.user_id not in {
        p["id"] for p in await accounts.people_outside(tx, accounts.Role.EXPERT)
    }:
        problems.append(Problem("ALC-327", "user_id", {"name": form.name}))
    if problems:
        raise Invalid(problems)


@command(P.KEEP_EXPERTS, audit="allocation.expert.account")
async def open_account(tx: Tx, key: int, login: str) -> str:
    """Make an account for an expert who has none. Gives the first password, shown once.

    Raises: Refused ALC-357 (has one), and what an account refuses.
    """
    row = await own_expert(tx, key)
    if row["user_id"] is not None:
        raise Refused("ALC-357", field="login")
    made = await accounts.create_outsider(tx, firm=row["employer"], name=row["name"], login=login)
    await tx.conn.execute(
        "UPDATE allocation_pool_expert SET user_id = $2, version = version + 1 WHERE id = $1", key, made.user_id
    )
    await tx.note((TABLE, key, row["division_code"]), "allocation.expert.account", login=login)
    return made.password


@command(P.KEEP_EXPERTS, audit="allocation.expert.move")
async def move(tx: Tx, key: int, verb: str, reason: str = "") -> Row:
    """Suspend, restore or remove an expert. Raises: Refused ALC-320, KRN-404, KRN-408."""
    row = await own_expert(tx, key)
    return await fire(tx, POOL, PoolExpert, row, verb, clause=CLAUSE, reason=reason)


@command(P.KEEP_EXPERTS, audit="allocation.expert.tie")
async def add_tie(tx: Tx, key: int, form: TieForm) -> int:
    """Note a tie of an expert to a unit or a place. Gives its id. Raises: Refused ALC-365, KRN-404."""
    row = await own_expert(tx, key)
    if form.subject.isdecimal() and not await tx.conn.fetchval(
        "SELECT true FROM kernel_division WHERE code = $1 AND level IN ('village', 'township')", form.subject
    ):
        raise Refused("ALC-365", field="subject", code=form.subject)
    tie = await tx.conn.fetchval(
        "INSERT INTO allocation_pool_tie (division_code, pool_expert, kind, subject, until, note, created_at, is_demo)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
        row["division_code"],
        key,
        form.kind.value,
        form.subject,
        form.until,
        form.note,
        tx.now,
        row["is_demo"],
    )
    await tx.note((TABLE, key, row["division_code"]), "allocation.expert.tie", kind=form.kind.value, note=form.subject)
    return int(tie)


@command(P.KEEP_EXPERTS, audit="allocation.expert.untie")
async def drop_tie(tx: Tx, tie_id: int) -> int:
    """Take a tie back that was noted in error. Gives the expert's id. Raises: Refused KRN-404."""
    tie = await queries.tie(tx, tie_id)
    row = await own_expert(tx, tie["pool_expert"])
    await tx.conn.execute("DELETE FROM allocation_pool_tie WHERE id = $1", tie_id)
    await tx.note((TABLE, row["id"], row["division_code"]), "allocation.expert.untie", note=tie["subject"])
    return int(row["id"])


async def own_expert(tx: Tx, key: int) -> Row:
    """Read an expert of one's own pool; a pool above is read, not written. Raises: Refused KRN-404."""
    row = await queries.pool_expert(tx, key)
    if row["division_code"] != tx.actor.division_code:
        raise Refused("KRN-404")
    return row
