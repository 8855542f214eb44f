"""Commands of schemes: keep a version, approve it, put it aside, end its use.

Source: 衢政办发〔2016〕65号 二(三)1
"""

from __future__ import annotations

from typing import Any

from allocation.factor import queries
from allocation.factor.frozen import canonical
from allocation.factor.scheme import Scheme, faults, to_mapping
from allocation.factor.scheme_build import build
from allocation.factor.scheme_forms import SchemeForm
from allocation.factor.states import SCHEME, SchemeState
from allocation.factor.tables import FactorScheme
from allocation.factor.words import named
from allocation.permissions import P
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "allocation_scheme"
CLAUSE = "衢政办发〔2016〕65号 二(三)1"
_FIELDS = {
    "ALC-202": "base_bp", "ALC-204": "residual", "ALC-205": "unit_fen", "ALC-227": "bounds", "ALC-234": "fixed",
}  # fmt: skip

_INSERT = """
INSERT INTO allocation_scheme (division_code, title, body, note, policy_version, created_by, created_name,
  created_at, series, is_demo, number)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::bigint, $10,
  (SELECT coalesce(max(number), 0) + 1 FROM allocation_scheme WHERE coalesce(series, id) = $9::bigint)) RETURNING id
"""


@command(P.PREPARE_FACTOR, audit="allocation.factor.scheme")
async def save_scheme(tx: Tx, form: SchemeForm) -> int:
    """Keep a new version of a scheme, of the series of `form.like` when it follows one. Gives its id.

    Raises: Invalid with what `scheme_build.build` and `scheme.faults` find; Refused KRN-404.
    """
    before = queries.opened((await queries.scheme(tx, form.like))["body"]) if form.like else None
    made = build(tx.policy, form, before)
    await _check(tx, made)
    return await keep_scheme(tx, made, form.note, like=form.like)


async def _check(tx: Tx, made: Scheme) -> None:
    units = await queries.units(tx, tx.actor.division_code)
    found = faults(made, tuple(u.code for u in units))
    if found:
        names = {u.code: u.name for u in units}
        raise Invalid([Problem(f.code, _FIELDS.get(f.code, "factors"), named(f.facts, names)) for f in found])


async def keep_scheme(tx: Tx, made: Scheme, note: str = "", *, like: int = 0) -> int:
    """Store a drafted version and its line in the journal."""
    before = await queries.scheme(tx, like) if like else None
    own = before is not None and before["division_code"] == tx.actor.division_code
    scheme_id = int(
        await tx.conn.fetchval(
            _INSERT,
            tx.actor.division_code,
            made.title,
            canonical(to_mapping(made)),
            note,
            tx.policy.version,
            tx.actor.user_id,
            tx.actor.name,
            tx.now,
            (before["series"] or before["id"]) if before and own else None,
            tx.actor.is_demo,
        )
    )
    await tx.note((TABLE, scheme_id, tx.actor.division_code), "allocation.factor.scheme", clause=CLAUSE)
    return scheme_id


async def _locked(tx: Tx, scheme_id: int) -> Row:
    """Lock a version of the caller's own division. Raises: Refused KRN-404."""
    await tx.conn.execute("SELECT 1 FROM allocation_scheme WHERE id = $1 FOR UPDATE", scheme_id)
    row = await queries.scheme(tx, scheme_id)
    queries.require_house(tx, row["division_code"])
    return row


@command(P.APPROVE_FACTOR, audit="allocation.factor.scheme_approve")
async def approve_scheme(tx: Tx, scheme_id: int, doc_no: str = "") -> Row:
    """Approve a version for use; the version of the same series in use until now is superseded.

    Raises: Refused ALC-250 (by its maker), KRN-408, KRN-409; Invalid with what `scheme.faults` finds.
    """
    row = await queries.scheme(tx, scheme_id)
    queries.require_house(tx, row["division_code"])
    await _check(tx, queries.opened(row["body"]))
    for before in await queries.in_use(tx, row["series"] or row["id"]):
        await fire(tx, SCHEME, FactorScheme, before, "supersede", clause=CLAUSE, by=row["number"])
    return await fire(
        tx,
        SCHEME,
        FactorScheme,
        row,
        "approve",
        clause=CLAUSE,
        signer=tx.actor.user_id,
        doc_no=doc_no,
        sets={"doc_no": doc_no, "approved_name": tx.actor.name, "approved_at": tx.now},
    )


@command(P.PREPARE_FACTOR, audit="allocation.factor.scheme_discard")
async def discard_scheme(tx: Tx, scheme_id: int, reason: str) -> Row:
    """Put a drafted version aside. Raises: Refused ALC-242, KRN-408."""
    return await fire(tx, SCHEME, FactorScheme, await _locked(tx, scheme_id), "discard", reason=reason)


@command(P.APPROVE_FACTOR, audit="allocation.factor.scheme_refuse")
async def refuse_scheme(tx: Tx, scheme_id: int, reason: str) -> Row:
    """Refuse a drafted version; its maker drafts the next one. Raises: Refused ALC-242, KRN-408."""
    return await fire(tx, SCHEME, FactorScheme, await _locked(tx, scheme_id), "refuse", reason=reason)


@command(P.APPROVE_FACTOR, audit="allocation.factor.scheme_retire")
async def retire_scheme(tx: Tx, scheme_id: int, reason: str) -> Row:
    """End the use of a version without a successor. Raises: Refused ALC-242, KRN-408."""
    return await fire(tx, SCHEME, FactorScheme, await _locked(tx, scheme_id), "retire", reason=reason)


def require_in_use(row: Row) -> None:
    """Refuse a scheme that nobody approved, or that was superseded. Raises: Refused ALC-251."""
    if row["state"] != SchemeState.APPROVED:
        raise Refused("ALC-251", field="scheme", number=row["number"], title=row["title"])
