"""Reads of the factor room: schemes, runs, values, shares, and the units that take part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from allocation.factor.frozen import Datum, Inputs, Unit, table, thaw
from allocation.factor.scheme import Scheme, from_mapping
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

SHOWN = frozenset({"approved", "revoked"})  # what those below may read: it was, or once was, in effect


async def run(tx: Tx, run_id: int) -> Row:
    """Read one run with its batch and scheme.

    A run that never was approved is seen only by its house and above, one that was also by who has a share of it.
    Raises: Refused KRN-404.
    """
    row = await tx.conn.fetchrow(
        "SELECT r.*, b.doc_no, b.title AS batch_title, s.title AS scheme_title, s.body AS scheme_body,"
        " s.number AS scheme_number, s.state AS scheme_state,"
        " d.name AS division_name, d.level,"
        " EXISTS (SELECT 1 FROM allocation_factor_share p WHERE p.run = r.id) AS shared FROM allocation_factor_run r"
        " JOIN allocation_batch b ON b.id = r.batch JOIN allocation_scheme s ON s.id = r.scheme"
        " JOIN kernel_division d ON d.code = r.division_code WHERE r.id = $1",
        run_id,
    )
    if row is None or not _seen(tx, row):
        raise Refused("KRN-404")
    return dict(row)


def _seen(tx: Tx, row: Mapping[str, Any]) -> bool:
    """Tell whether a run concerns the caller; the wall lets a division read no share but those of its own range."""
    return is_own(tx, row["division_code"]) or (row["state"] in SHOWN and row["shared"])


async def house_run(tx: Tx, run_id: int, *, lock: bool = False) -> Row:
    """Read a run that the caller's own house makes, held for this transaction if asked. Raises: Refused KRN-404."""
    if lock:
        await tx.conn.execute("SELECT 1 FROM allocation_factor_run WHERE id = $1 FOR UPDATE", run_id)
    row = await run(tx, run_id)
    require_house(tx, row["division_code"])
    return row


def require_house(tx: Tx, division_code: str) -> None:
    """Refuse steps in what another house makes: a city reads its counties' runs and never acts in them.

    Raises: Refused KRN-404.
    """
    if not is_house(tx, division_code):
        raise Refused("KRN-404")


def is_house(tx: Tx, division_code: str) -> bool:
    """Tell whether the caller acts for this very division."""
    return tx.actor.division_code == division_code


def covers(upper: str, lower: str) -> bool:
    """Tell whether a division is another one or lies above it."""
    lo, hi = code_range(upper)
    return lo <= lower < hi


def is_own(tx: Tx, division_code: str) -> bool:
    """Tell whether a division lies inside the caller's range."""
    return not tx.actor.division_code or covers(tx.actor.division_code, division_code)


async def schemes_in_use(tx: Tx, division_code: str) -> list[Row]:
    """List the approved versions of schemes of a division and of those above it, the newest first."""
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_scheme WHERE state = 'approved' ORDER BY approved_at DESC, id DESC LIMIT 200"
    )
    return [dict(r) for r in rows if covers(r["division_code"], division_code)]


async def in_use(tx: Tx, series: int) -> list[Row]:
    """Lock all versions of one series and list the approved ones: of two approvals at once, one waits."""
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_scheme WHERE coalesce(series, id) = $1 ORDER BY id FOR UPDATE",
        series,
    )
    return [dict(r) for r in rows if r["state"] == "approved"]


async def scheme(tx: Tx, scheme_id: int) -> Row:
    """Read one version of a scheme; a drafted one is seen only inside its division. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_scheme WHERE id = $1", scheme_id)
    if row is None or not (row["state"] in {"approved", "superseded"} or is_own(tx, row["division_code"])):
        raise Refused("KRN-404")
    return dict(row)


async def version_before(tx: Tx, row: Row) -> Row | None:
    """Give the version of the same series that was in use last before this one, else the one right before it."""
    found = await tx.conn.fetchrow(
        "SELECT * FROM allocation_scheme WHERE coalesce(series, id) = $1 AND number < $2"
        " ORDER BY state IN ('approved', 'superseded') DESC, number DESC LIMIT 1",
        row["series"] or row["id"],
        row["number"],
    )
    return dict(found) if found else None


async def runs_of_scheme(tx: Tx, scheme_id: int) -> list[Row]:
    """List the runs that used a version and may be seen, the newest first."""
    rows = await tx.conn.fetch(
        "SELECT id, title, pool_fen, state, division_code,"
        " EXISTS (SELECT 1 FROM allocation_factor_share p WHERE p.run = r.id) AS shared"
        " FROM allocation_factor_run r WHERE scheme = $1 ORDER BY id DESC LIMIT 50",
        scheme_id,
    )
    return [dict(r) for r in rows if _seen(tx, r)]


async def opinions(tx: Tx, row: Row) -> list[Row]:
    """List the approvals of a run as it was frozen last, in their order."""
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_factor_opinion WHERE run = $1 AND attempt = $2 ORDER BY step",
        row["id"],
        row["attempt"],
    )
    return [dict(r) for r in rows]


def opened(body: str) -> Scheme:
    """Read a stored scheme."""
    return from_mapping(json.loads(body))


async def units(tx: Tx, division_code: str) -> list[Unit]:
    """List the active divisions right below one, in the order of their codes."""
    rows = await tx.conn.fetch(
        "SELECT code, name FROM kernel_division WHERE parent_code = $1 AND active ORDER BY code", division_code
    )
    return [Unit(r["code"], r["name"]) for r in rows]


async def values(tx: Tx, run_id: int) -> list[Datum]:
    """List the values of a run."""
    rows = await tx.conn.fetch(
        "SELECT factor, unit_code, value, source, as_of FROM allocation_factor_value WHERE run = $1"
        " ORDER BY factor, unit_code",
        run_id,
    )
    return [Datum(r["factor"], r["unit_code"], r["value"], r["source"], r["as_of"].isoformat()) for r in rows]


async def inputs(tx: Tx, row: Row, *, remark: str = "") -> Inputs:
    """Gather everything a draft run stands on; of a frozen run, what was frozen."""
    if row["frozen"]:
        return thaw(json.loads(row["frozen"]))
    return Inputs(
        row["title"],
        row["doc_no"],
        row["division_name"],
        tx.today.isoformat(),
        tx.policy.version,
        remark,
        int(row["pool_fen"]),
        opened(row["scheme_body"]),
        tuple(await units(tx, row["division_code"])),
        tuple(await values(tx, row["id"])),
    )


async def before(tx: Tx, row: Row) -> dict[str, dict[str, str]]:
    """Give the values of the last approved run of the same division, by factor and unit."""
    frozen = await tx.conn.fetchval(
        "SELECT frozen FROM allocation_factor_run WHERE division_code = $1 AND state = 'approved' AND id <> $2"
        " ORDER BY approved_at DESC LIMIT 1",
        row["division_code"],
        row["id"],
    )
    return table(thaw(json.loads(frozen)).data) if frozen else {}


async def shares(tx: Tx, run_id: int) -> list[Row]:
    """List the shares of an approved run that the caller may see."""
    rows = await tx.conn.fetch(
        "SELECT s.*, d.name FROM allocation_factor_share s JOIN kernel_division d ON d.code = s.division_code"
        " WHERE s.run = $1 ORDER BY s.division_code",
        run_id,
    )
    return [dict(r) for r in rows]
