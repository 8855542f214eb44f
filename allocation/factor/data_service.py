"""Commands of factor data: values with the source and day of each column, what is offered, what is odd.

Source: 衢政办发〔2016〕65号 二(三)1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from allocation.factor import queries
from allocation.factor.catalogue import known
from allocation.factor.forms import ColumnRow, ValueRow
from allocation.factor.frozen import Inputs
from allocation.factor.offers import REGISTER, Offered, offer
from allocation.factor.offers import offered as gather
from allocation.factor.rules import odd, stops, untied
from allocation.factor.scheme import Factor, Form
from allocation.factor.scheme_build import LAST
from allocation.factor.sheet import Upload
from allocation.factor.states import S
from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import start_of_day
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Finding, Invalid, Problem, Refused
from quzhou_migrants.kernel.money import YUAN
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
RUN_TABLE = "allocation_factor_run"
_UNREADABLE = frozenset({"ALC-211", "ALC-212", "ALC-213", "ALC-235"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a column of values comes from, and of which day they are."""

    source: str
    as_of: date | None


NOWHERE = Origin("", None)


@command(P.PREPARE_FACTOR, audit="allocation.factor.values")
async def save_values(tx: Tx, run_id: int, rows: Sequence[ValueRow], source: str, as_of: date) -> int:
    """Write values with one source and date over what was there; see `save_columns`."""
    return await _save(tx, run_id, rows, {}, Origin(source, as_of))


@command(P.PREPARE_FACTOR, audit="allocation.factor.values")
async def save_columns(
    tx: Tx, run_id: int, rows: Sequence[ValueRow], columns: Sequence[ColumnRow], common: Origin = NOWHERE
) -> int:
    """Write values, each column with its own source and date; what is common fills those left empty.

    A value that did not change keeps the source it had; an empty one is removed. Odd and missing
    ones are kept as typed and found by the preview. Gives the number of changes.
    Raises: Refused ALC-245 (frozen), ALC-215 (a unit or factor that takes no part); Invalid ALC-246
    (a date to come), ALC-254 (a changed column without source or date).
    """
    own = {c.factor: Origin(c.source or common.source, c.as_of or common.as_of) for c in columns}
    fields = {c.factor: f"columns.{n}." for n, c in enumerate(columns)}
    return await _save(tx, run_id, rows, own, common, fields)


async def _save(  # noqa: PLR0913 - values, where they come from, where the form shows it
    tx: Tx,
    run_id: int,
    rows: Sequence[ValueRow],
    own: Mapping[str, Origin],
    common: Origin,
    fields: Mapping[str, str] | None = None,
) -> int:
    row = await open_run(tx, run_id)
    factors = {f.key: f for f in queries.opened(row["scheme_body"]).factors}
    await _check_places(tx, row, rows, factors)
    changed = await _changed(tx, run_id, rows)
    origins = {r.factor: own.get(r.factor, common) for r in changed}
    problems = [
        Problem(code, (fields or {}).get(key, "") + field, {"factor": factors[key].title, "as_of": origin.as_of})
        for key, origin in origins.items()
        for code, field in _origin_faults(origin, tx.today)
    ]
    if problems:
        raise Invalid(problems)
    await _write(tx, row, changed, origins)
    for origin in dict.fromkeys(origins.values()):
        count = sum(origins[r.factor] == origin for r in changed)
        facts: Row = {"source": origin.source, "as_of": origin.as_of, "count": count}
        await tx.note((RUN_TABLE, run_id, row["division_code"]), "allocation.factor.values", **facts)
    return len(changed)


def _origin_faults(origin: Origin, today: date) -> list[tuple[str, str]]:
    if not origin.source or origin.as_of is None:
        return [("ALC-254", "as_of" if origin.source else "source")]
    return [("ALC-246", "as_of")] if origin.as_of > today else []


async def _write(tx: Tx, row: Row, changed: Sequence[ValueRow], origins: Mapping[str, Origin]) -> None:
    await tx.conn.execute(
        "DELETE FROM allocation_factor_value v USING unnest($2::text[], $3::text[]) AS g (factor, unit)"
        " WHERE v.run = $1 AND v.factor = g.factor AND v.unit_code = g.unit",
        row["id"],
        [r.factor for r in changed],
        [r.unit for r in changed],
    )
    kept = [r for r in changed if r.value]
    await tx.conn.execute(
        "INSERT INTO allocation_factor_value (division_code, run, unit_code, factor, value, source, as_of)"
        " SELECT $1, $2, g.unit, g.factor, g.value, g.source, g.as_of"
        " FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::date[])"
        " AS g (factor, unit, value, source, as_of)",
        row["division_code"],
        row["id"],
        [r.factor for r in kept],
        [r.unit for r in kept],
        [r.value for r in kept],
        [origins[r.factor].source for r in kept],
        [origins[r.factor].as_of for r in kept],
    )


async def _check_places(tx: Tx, row: Row, rows: Sequence[ValueRow], factors: Mapping[str, Factor]) -> None:
    codes = {u.code for u in await queries.units(tx, row["division_code"])}
    for r in rows:
        if r.unit not in codes or r.factor not in factors:
            raise Refused("ALC-215", factor=r.factor[:40], unit=r.unit[:20])


async def _changed(tx: Tx, run_id: int, rows: Sequence[ValueRow]) -> list[ValueRow]:
    held = {(d.factor, d.unit): d.value for d in await queries.values(tx, run_id)}
    last = {(r.factor, r.unit): r for r in rows}
    return [r for key, r in last.items() if held.get(key, "") != r.value]


async def open_run(tx: Tx, run_id: int) -> Row:
    """Lock a run of one's own house that takes values. Raises: Refused ALC-245 (frozen), KRN-404."""
    row = await queries.house_run(tx, run_id, lock=True)
    if row["state"] != S.DRAFT:
        raise Refused("ALC-245")
    return row


@command(P.PREPARE_FACTOR, audit="allocation.factor.import")
async def take_sheet(tx: Tx, run_id: int, upload: Upload, common: Origin = NOWHERE) -> int:
    """Take over a spreadsheet whole, or nothing of it and every fault by row and column. Gives the number of changes.

    Cells left empty leave the value that is held.
    Raises: Invalid ALC-257 (an unknown unit), ALC-258, ALC-259 (a value that cannot be), ALC-260, and what
    `save_columns` refuses.
    """
    row = await queries.house_run(tx, run_id)
    scheme = queries.opened(row["scheme_body"])
    titles = {f.key: f.title for f in scheme.factors}
    codes = {u.code: u.name for u in await queries.units(tx, row["division_code"])}
    cells = [c for c in upload.cells if c.value]
    problems = list(upload.problems)
    strangers = {c.unit: c.row for c in reversed(upload.cells) if c.unit not in codes}
    problems += [Problem("ALC-257", "file", {"unit": u[:20], "row": n}) for u, n in strangers.items()]
    data: dict[str, dict[str, str]] = {}
    for c in cells:
        if c.unit in codes:
            data.setdefault(c.factor, {})[c.unit] = c.value
    wrong = {f.subject: f for f in stops(1, scheme, list(codes), data) if f.code in _UNREADABLE}
    for c in cells:
        if found := wrong.get(f"{c.factor}.{c.unit}"):
            why = CATALOGUE.say(found.code, {**found.facts, "unit": codes[c.unit]})
            facts = {"row": c.row, "factor": titles[c.factor], "why": why}
            problems.append(Problem("ALC-259", "file", facts))
    if problems:
        raise Invalid(sorted(problems, key=lambda p: int(p.facts.get("row", 0))))
    columns = [ColumnRow(key, upload.sources.get(key, ""), upload.days.get(key)) for key in titles]
    rows = [ValueRow(c.factor, c.unit, c.value) for c in cells]
    try:
        return await save_columns(tx, run_id, rows, columns, common)
    except Invalid as refused:
        raise Invalid([Problem(p.code, "file", p.facts) for p in refused.problems]) from None


async def offered(tx: Tx, row: Row) -> dict[str, Offered]:
    """Give what the register and upper packages offer for the factors of a run, by factor."""
    codes = [u.code for u in await queries.units(tx, row["division_code"])]
    factors = {f.key: f for f in queries.opened(row["scheme_body"]).factors}
    wanted = {
        k.factor.key: _told_as(factors[k.factor.key], k.offered)
        for k in known(tx.policy)
        if k.offered and k.factor.key in factors
    }
    wanted |= {LAST: LAST} if LAST in factors else {}
    return await gather(tx, wanted, codes)


def _told_as(factor: Factor, name: str) -> str:
    """Ask for grades where a scheme counts by their names; by scores where it says at which score they begin."""
    by_name = factor.form is Form.GRADE and not any(g.least for g in factor.grades)
    return f"{name}_grade" if by_name and name not in REGISTER else name


async def last_shares(tx: Tx, codes: Sequence[str]) -> Offered | None:
    """Offer what each unit got by the factor method in the year before; None when nobody got anything."""
    year = tx.today.year - 1
    rows = await tx.conn.fetch(
        "SELECT s.division_code, sum(s.amount_fen) AS fen FROM allocation_factor_share s"
        " JOIN allocation_factor_run r ON r.id = s.run AND r.state = 'approved'"
        " WHERE s.division_code = ANY($1) AND r.approved_at >= $2 AND r.approved_at < $3 GROUP BY 1",
        list(codes),
        start_of_day(date(year, 1, 1)),
        start_of_day(date(year + 1, 1, 1)),
    )
    got = {r["division_code"]: int(r["fen"]) for r in rows}
    values = {code: f"{got.get(code, 0) // YUAN}.{got.get(code, 0) % YUAN:02d}" for code in codes}
    source = CATALOGUE.text("factor.last_share_source").format(year=year)
    return Offered(values, source, date(year, 12, 31)) if got else None


offer(LAST, last_shares)


@command(P.PREPARE_FACTOR, audit="allocation.factor.offered")
async def take_offered(tx: Tx, run_id: int) -> int:
    """Take over everything that is offered, each column with its own source and day. Gives the number of changes."""
    row = await queries.house_run(tx, run_id)
    given = await offered(tx, row)
    columns = [ColumnRow(key, column.source, column.as_of) for key, column in given.items()]
    rows = [ValueRow(key, unit, value) for key, column in given.items() for unit, value in column.values.items()]
    return await save_columns(tx, run_id, rows, columns)


async def findings(tx: Tx, row: Row, inputs: Inputs) -> tuple[list[Finding], list[Finding]]:
    """Look at a run's inputs: what stops the split, and what only needs a word of explanation."""
    data = inputs.table()
    stop = stops(inputs.pool_fen, inputs.scheme, [u.code for u in inputs.units], data)
    odd_bp, gap_bp = (tx.policy.whole(f"allocation.factor.{k}") for k in ("odd_change_bp", "register_gap_bp"))
    notice = odd(inputs.scheme, data, await queries.before(tx, row), odd_bp)
    offers = {k.factor.key: k.offered for k in known(tx.policy)} | {LAST: LAST}
    given = await offered(tx, row)
    counted = {key: column.values for key, column in given.items() if offers[key] in REGISTER}
    notice += untied(inputs.scheme, data, counted, gap_bp)
    told = {key: column.values for key, column in given.items() if key not in counted}
    for f in odd(inputs.scheme, data, told, 0):
        notice.append(Finding("ALC-255", f.subject, {**f.facts, "source": given[f.subject.split(".")[0]].source}))
    return stop, notice + old(inputs, tx.today, tx.policy.whole("allocation.factor.data_age_months"))


def old(inputs: Inputs, today: date, months: int) -> list[Finding]:
    """Notice columns whose data are older than so many months. Code: ALC-256."""
    titles = {f.key: f.title for f in inputs.scheme.factors}
    oldest: dict[str, str] = {}
    for d in inputs.data:
        oldest[d.factor] = min(oldest.get(d.factor, d.as_of), d.as_of)
    limit = today.year * 12 + today.month - months
    return [
        Finding("ALC-256", key, {"factor": titles.get(key, key), "as_of": day, "months": months})
        for key, day in sorted(oldest.items())
        if int(day[:4]) * 12 + int(day[5:7]) < limit
    ]
