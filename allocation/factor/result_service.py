"""Commands of performance results: bring a sheet in, confirm it by another hand, put it aside, offer it to runs.

Source: 衢政办发〔2016〕65号 二(三)1 (base share and performance share)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from allocation.factor import queries, result_queries
from allocation.factor.catalogue import known
from allocation.factor.forms import ResultForm
from allocation.factor.offers import Offered, offer
from allocation.factor.result_queries import TABLE
from allocation.factor.result_sheet import Line, problems
from allocation.factor.result_tables import PerformanceSheet
from allocation.factor.scheme import Factor
from allocation.factor.states import RESULTS
from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.policy import Policies
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CLAUSE = "衢政办发〔2016〕65号 二(三)1"
OFFER = "performance"


def measure(policy: Policies) -> Factor:
    """Give the factor of the pack that performance results fill. Raises: Refused ALC-264."""
    found = next((k.factor for k in known(policy) if k.offered == OFFER), None)
    if found is None:
        raise Refused("ALC-264")
    return found


@command(P.PREPARE_FACTOR, audit="allocation.factor.results")
async def bring_results(tx: Tx, form: ResultForm, lines: Sequence[Line]) -> int:
    """Bring in the results of one year whole, or nothing and every fault by row. Gives the sheet's id.

    Raises: Refused ALC-246 (a day to come), ALC-264, ALC-267 (a year that is not over); Invalid with
    what `result_sheet.problems` finds.
    """
    if form.as_of > tx.today:
        raise Refused("ALC-246", field="as_of", as_of=form.as_of)
    if form.year >= tx.today.year:
        raise Refused("ALC-267", field="year", year=form.year)
    names = {u.code: u.name for u in await queries.units(tx, tx.actor.division_code)}
    if found := problems(lines, names, measure(tx.policy)):
        raise Invalid(found)
    sheet_id = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_performance (division_code, year, source, as_of, created_by, created_name,"
            " created_at, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
            tx.actor.division_code,
            form.year,
            form.source,
            form.as_of,
            tx.actor.user_id,
            tx.actor.name,
            tx.now,
            tx.actor.is_demo,
        )
    )
    await tx.conn.execute(
        "INSERT INTO allocation_performance_score (sheet, division_code, score, grade)"
        " SELECT $1, g.unit, g.score, g.grade"
        " FROM unnest($2::text[], $3::text[], $4::text[]) AS g (unit, score, grade)",
        sheet_id,
        [line.unit for line in lines],
        [line.score for line in lines],
        [line.grade for line in lines],
    )
    subject = (TABLE, sheet_id, tx.actor.division_code)
    facts: Row = {"source": form.source, "as_of": form.as_of, "count": len(lines)}
    await tx.note(subject, "allocation.factor.results", clause=CLAUSE, **facts)
    return sheet_id


async def _own(tx: Tx, sheet_id: int) -> Row:
    row = await result_queries.sheet(tx, sheet_id)
    queries.require_house(tx, row["division_code"])
    return row


@command(P.APPROVE_FACTOR, audit="allocation.factor.results_confirm")
async def confirm_results(tx: Tx, sheet_id: int) -> Row:
    """Confirm results somebody else brought in; those of the same year in force until now end.

    Raises: Refused ALC-250 (by who brought them in), KRN-404, KRN-408, KRN-409.
    """
    row = await _own(tx, sheet_id)
    for before in await result_queries.in_force(tx, row["division_code"], row["year"]):
        if before["id"] != sheet_id:
            await fire(tx, RESULTS, PerformanceSheet, before, "supersede", clause=CLAUSE, by=sheet_id)
    sets = {"confirmed_name": tx.actor.name, "confirmed_at": tx.now}
    return await fire(tx, RESULTS, PerformanceSheet, row, "confirm", clause=CLAUSE, signer=tx.actor.user_id, sets=sets)


@command(P.PREPARE_FACTOR, audit="allocation.factor.results_discard")
async def discard_results(tx: Tx, sheet_id: int, reason: str) -> Row:
    """Put results aside that nobody confirmed. Raises: Refused ALC-242, KRN-404, KRN-408."""
    return await fire(tx, RESULTS, PerformanceSheet, await _own(tx, sheet_id), "discard", reason=reason)


@command(P.APPROVE_FACTOR, audit="allocation.factor.results_refuse")
async def refuse_results(tx: Tx, sheet_id: int, reason: str) -> Row:
    """Refuse results; who brought them in does so again. Raises: Refused ALC-242, KRN-404, KRN-408."""
    return await fire(tx, RESULTS, PerformanceSheet, await _own(tx, sheet_id), "refuse", reason=reason)


@command(P.APPROVE_FACTOR, audit="allocation.factor.results_withdraw")
async def withdraw_results(tx: Tx, sheet_id: int, reason: str) -> Row:
    """End confirmed results without successors; runs frozen before keep what they froze.

    Raises: Refused ALC-242, KRN-404, KRN-408.
    """
    return await fire(tx, RESULTS, PerformanceSheet, await _own(tx, sheet_id), "withdraw", reason=reason)


async def scores(tx: Tx, codes: Sequence[str]) -> Offered | None:
    """Offer the scores of the newest confirmed year that is over; None when there are none."""
    return await _column(tx, codes, "score")


async def grades(tx: Tx, codes: Sequence[str]) -> Offered | None:
    """Offer the grades of the newest confirmed year that is over; None when there are none."""
    return await _column(tx, codes, "grade")


async def _column(tx: Tx, codes: Sequence[str], name: str) -> Offered | None:
    found = await result_queries.latest(tx, codes)
    if found is None:
        return None
    row, lines = found
    values: Mapping[str, str] = {line["code"]: line[name] for line in lines if line[name]}
    source = CATALOGUE.text("factor.results.source").format(source=row["source"], year=row["year"])
    return Offered(values, source, row["as_of"]) if values else None


offer(OFFER, scores)
offer(f"{OFFER}_grade", grades)
