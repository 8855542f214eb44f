"""Commands of the factor room: scheme, run, values, freeze, approve.

Source: 衢政办发〔2016〕65号 二(三)1
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from allocation.budget import queries as budget
from allocation.budget.ledger import Kind, Line, post, reverse
from allocation.factor import queries
from allocation.factor.catalogue import known, scheme_of
from allocation.factor.forms import RunForm, SchemeForm, ValueRow
from allocation.factor.frozen import Inputs, canonical, digest, freeze
from allocation.factor.rules import odd, stops, untied
from allocation.factor.scheme import Part, Scheme, faults, to_mapping
from allocation.factor.states import RUN, S
from allocation.factor.tables import FactorRun
from allocation.factor.words import named
from allocation.permissions import P
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Finding, Invalid, Problem, Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import public as register

Row = dict[str, Any]
RUN_TABLE, SCHEME_TABLE = "allocation_factor_run", "allocation_scheme"
CLAUSE = "衢政办发〔2016〕65号 二(三)1"


@command(P.PREPARE_FACTOR, audit="allocation.factor.scheme")
async def save_scheme(tx: Tx, form: SchemeForm) -> int:
    """Keep a new version of a scheme. Gives its id.

    Raises: Invalid with what `scheme.faults` finds.
    """
    made = scheme_of(tx.policy, form)
    units = await queries.units(tx, tx.actor.division_code)
    found = faults(made, tuple(u.code for u in units))
    if found:
        raise Invalid([Problem(f.code, _FIELDS.get(f.code, "factors"), named(f.facts, {})) for f in found])
    return await keep_scheme(tx, made, form.note)


_FIELDS = {"ALC-202": "base_bp", "ALC-204": "residual", "ALC-205": "unit_fen"}


async def keep_scheme(tx: Tx, made: Scheme, note: str = "") -> int:
    """Store a scheme row and its line in the journal."""
    scheme_id = int(
        await tx.conn.fetchval(
            f"INSERT INTO {SCHEME_TABLE} (division_code, title, body, note, policy_version, created_by, created_name,"  # noqa: S608 - our own name
            " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
            tx.actor.division_code,
            made.title,
            canonical(to_mapping(made)),
            note,
            tx.policy.version,
            tx.actor.user_id,
            tx.actor.name,
            tx.now,
        )
    )
    await tx.note((SCHEME_TABLE, scheme_id, tx.actor.division_code), "allocation.factor.scheme", clause=CLAUSE)
    return scheme_id


@command(P.PREPARE_FACTOR, audit="allocation.factor.draft")
async def draft_run(tx: Tx, form: RunForm) -> int:
    """Begin a run over project money that lies available. Gives its id.

    Raises: Refused ALC-244 (batch not booked), ALC-104 (more than is available), KRN-404.
    """
    batch = await budget.batch(tx, form.batch)
    await queries.scheme(tx, form.scheme)
    await _check_pool(tx, batch, form.pool_fen)
    run_id = int(
        await tx.conn.fetchval(
            f"INSERT INTO {RUN_TABLE} (division_code, batch, scheme, title, pool_fen, created_by, created_at)"  # noqa: S608 - our own name
            " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            tx.actor.division_code,
            form.batch,
            form.scheme,
            form.title,
            form.pool_fen,
            tx.actor.user_id,
            tx.now,
        )
    )
    await tx.note(
        (RUN_TABLE, run_id, tx.actor.division_code),
        "allocation.factor.draft",
        clause=CLAUSE,
        pool_fen=form.pool_fen,
        doc_no=batch["doc_no"],
    )
    return run_id


async def _check_pool(tx: Tx, batch: Row, pool_fen: int, *, lock: bool = False) -> None:
    if batch["state"] != "recorded" or batch["division_code"] != tx.actor.division_code:
        raise Refused("ALC-244", field="batch")
    pots = {r["batch"]: int(r["fen"]) for r in await budget.available(tx, batch["division_code"], lock=lock)}
    left = pots.get(batch["id"], 0)
    if pool_fen > left:
        raise Refused("ALC-104", field="pool_fen", asked=pool_fen, left=left)


@command(P.PREPARE_FACTOR, audit="allocation.factor.values")
async def save_values(tx: Tx, run_id: int, rows: Sequence[ValueRow], source: str, as_of: date) -> int:
    """Write values with their source and date over what was there; empty ones are removed. Gives their number.

    A value that did not change keeps the source it had. Odd and missing ones are kept as typed and
    found by the preview.
    Raises: Refused ALC-245 (frozen), ALC-246 (a date to come), ALC-215 (a unit or factor that takes no part).
    """
    row = await _open_run(tx, run_id)
    if as_of > tx.today:
        raise Refused("ALC-246", field="as_of", as_of=as_of)
    await _check_places(tx, row, rows)
    changed = await _changed(tx, run_id, rows)
    await tx.conn.execute(
        "DELETE FROM allocation_factor_value v USING unnest($2::text[], $3::text[]) AS g (factor, unit)"
        " WHERE v.run = $1 AND v.factor = g.factor AND v.unit_code = g.unit",
        run_id,
        [r.factor for r in changed],
        [r.unit for r in changed],
    )
    kept = [r for r in changed if r.value]
    await tx.conn.execute(
        "INSERT INTO allocation_factor_value (division_code, run, unit_code, factor, value, source, as_of)"
        " SELECT $1, $2, g.unit, g.factor, g.value, $3, $4 FROM unnest($5::text[], $6::text[], $7::text[])"
        " AS g (factor, unit, value)",
        row["division_code"],
        run_id,
        source,
        as_of,
        [r.factor for r in kept],
        [r.unit for r in kept],
        [r.value for r in kept],
    )
    if changed:
        await tx.note(
            (RUN_TABLE, run_id, row["division_code"]),
            "allocation.factor.values",
            source=source,
            as_of=as_of,
            count=len(changed),
        )
    return len(changed)


async def _check_places(tx: Tx, row: Row, rows: Sequence[ValueRow]) -> None:
    codes = {u.code for u in await queries.units(tx, row["division_code"])}
    keys = {f.key for f in queries.opened(row["scheme_body"]).factors}
    for r in rows:
        if r.unit not in codes or r.factor not in keys:
            raise Refused("ALC-215", factor=r.factor[:40], unit=r.unit[:20])


async def _changed(tx: Tx, run_id: int, rows: Sequence[ValueRow]) -> list[ValueRow]:
    held = {(d.factor, d.unit): d.value for d in await queries.values(tx, run_id)}
    last = {(r.factor, r.unit): r for r in rows}
    return [r for key, r in last.items() if held.get(key, "") != r.value]


async def _open_run(tx: Tx, run_id: int) -> Row:
    await tx.conn.execute(f"SELECT 1 FROM {RUN_TABLE} WHERE id = $1 FOR UPDATE", run_id)  # noqa: S608 - our own name
    row = await queries.run(tx, run_id)
    if row["state"] != S.DRAFT:
        raise Refused("ALC-245")
    return row


async def offered(tx: Tx, row: Row) -> dict[str, dict[str, str]]:
    """Give what the register can offer for the factors of a run, by factor and unit."""
    codes = [u.code for u in await queries.units(tx, row["division_code"])]
    counts = await register.counts(tx, codes)
    keys = {f.key for f in queries.opened(row["scheme_body"]).factors}
    return {
        k.factor.key: {code: str(counts[code][k.offered]) for code in codes}
        for k in known(tx.policy)
        if k.offered and k.factor.key in keys
    }


async def findings(tx: Tx, row: Row, inputs: Inputs) -> tuple[list[Finding], list[Finding]]:
    """Look at a run's inputs: what stops the split, and what only needs a word of explanation."""
    data = inputs.table()
    stop = stops(inputs.pool_fen, inputs.scheme, [u.code for u in inputs.units], data)
    odd_bp, gap_bp = (tx.policy.whole(f"allocation.factor.{k}") for k in ("odd_change_bp", "register_gap_bp"))
    notice = odd(inputs.scheme, data, await queries.before(tx, row), odd_bp)
    notice += untied(inputs.scheme, data, await offered(tx, row), gap_bp)
    return stop, notice


@command(P.PREPARE_FACTOR, audit="allocation.factor.freeze")
async def freeze_run(tx: Tx, run_id: int, remark: str = "") -> Row:
    """Freeze inputs and scheme under one hash.

    Raises: Invalid with every stopping finding; Refused ALC-247 (odd values, no explanation), KRN-408.
    """
    row = await _open_run(tx, run_id)
    inputs = await queries.inputs(tx, row, remark=remark.strip())
    stop, notice = await findings(tx, row, inputs)
    if stop:
        names = {u.code: u.name for u in inputs.units}
        raise Invalid([Problem(f.code, "", named(f.facts, names)) for f in stop])
    if notice and not remark.strip():
        raise Refused("ALC-247", field="remark", count=len(notice))
    text = freeze(inputs)
    return await fire(
        tx,
        RUN,
        FactorRun,
        row,
        "freeze",
        clause=CLAUSE,
        sha256=digest(text),
        sets={
            "frozen": text,
            "sha256": digest(text),
            "remark": remark.strip(),
            "frozen_by": tx.actor.user_id,
            "frozen_at": tx.now,
        },
    )


@command(P.APPROVE_FACTOR, audit="allocation.factor.approve")
async def approve_run(tx: Tx, run_id: int) -> Row:
    """Approve a frozen run: the split is computed anew from what was frozen, and its shares are posted.

    Raises: Refused ALC-241 (the same person), ALC-248 (the stored inputs do not match their hash),
    ALC-104 (the batch has less left), KRN-408, KRN-409.
    """
    row = await queries.run(tx, run_id)
    moved = await fire(
        tx,
        RUN,
        FactorRun,
        row,
        "approve",
        clause=CLAUSE,
        approver=tx.actor.user_id,
        sha256=row["sha256"],
        sets={"approved_at": tx.now},
    )
    if digest(row["frozen"]) != row["sha256"]:
        raise Refused("ALC-248")
    await _check_pool(tx, await budget.batch(tx, row["batch"]), row["pool_fen"], lock=True)
    inputs = await queries.inputs(tx, row)
    outcome = inputs.split()
    lines = [Line(row["batch"], row["division_code"], Kind.AVAILABLE, -inputs.pool_fen)]
    for code, fen in outcome.shares.items():
        lines.append(Line(row["batch"], code, Kind.AVAILABLE, fen))
        await tx.conn.execute(
            "INSERT INTO allocation_factor_share (division_code, run, base_fen, performance_fen, amount_fen,"
            " approved_at) VALUES ($1, $2, $3, $4, $5, $6)",
            code,
            run_id,
            *(outcome.parts.get(part, {}).get(code, 0) for part in Part),
            fen,
            tx.now,
        )
    await post(tx, f"factor:{run_id}", lines, source=(RUN_TABLE, run_id))
    return moved


@command(P.PREPARE_FACTOR, audit="allocation.factor.reopen")
async def reopen_run(tx: Tx, run_id: int, reason: str) -> Row:
    """Open a frozen run again; its hash is gone and its number stays. Raises: Refused ALC-242, KRN-408."""
    return await _back(tx, run_id, "reopen", reason)


@command(P.APPROVE_FACTOR, audit="allocation.factor.send_back")
async def send_back_run(tx: Tx, run_id: int, reason: str) -> Row:
    """Send a frozen run back to those who made it. Raises: Refused ALC-242, KRN-408."""
    return await _back(tx, run_id, "send_back", reason)


async def _back(tx: Tx, run_id: int, verb: str, reason: str) -> Row:
    row = await queries.run(tx, run_id)
    sets = {"frozen": "", "sha256": "", "frozen_by": None, "frozen_at": None}
    return await fire(tx, RUN, FactorRun, row, verb, reason=reason, sha256=row["sha256"], sets=sets)


@command(P.PREPARE_FACTOR, audit="allocation.factor.cancel")
async def cancel_run(tx: Tx, run_id: int, reason: str) -> Row:
    """Give up a draft. Raises: Refused ALC-242, KRN-408."""
    return await fire(tx, RUN, FactorRun, await queries.run(tx, run_id), "cancel", reason=reason)


@command(P.APPROVE_FACTOR, audit="allocation.factor.revoke")
async def revoke_run(tx: Tx, run_id: int, reason: str) -> Row:
    """Take an approved run back while every county still holds its share untouched.

    Raises: Refused ALC-242 (no reason), KRN-408; by constraint ALC-102 (money has moved on).
    """
    moved = await fire(tx, RUN, FactorRun, await queries.run(tx, run_id), "revoke", reason=reason)
    await reverse(tx, f"factor:{run_id}", source=(RUN_TABLE, run_id))
    return moved
