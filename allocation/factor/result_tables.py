"""Results of performance evaluation as they were published: one sheet of a year, one line for each unit."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Date, Integer, SmallInt, Timestamptz, Varchar

from quzhou_migrants.kernel.tables import (
    BigSerial,
    Check,
    DivisionCode,
    Stamp,
    Table,
    Unique,
    business,
    fk,
    index,
    state_column,
)


@business(down="state IN ('confirmed', 'superseded')")
class PerformanceSheet(Table, tablename="allocation_performance"):
    """The results one house gave the divisions below it for one year, brought in and confirmed by two people.

    Shape: `source` is the paper they stand in, `as_of` its day; one sheet of a year is in force.
    """

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    year = SmallInt(null=False)
    source = Varchar(length=200, null=False)
    as_of = Date(null=False)
    state = state_column("draft")
    version = Integer(null=False, default=1)
    created_by = BigInt(null=True, default=None)
    created_name = Varchar(length=60, null=False, default="")
    created_at = Stamp()
    confirmed_name = Varchar(length=60, null=False, default="")
    confirmed_at = Timestamptz(null=True, default=None)
    is_demo = Boolean(null=False, default=False)


@business(append_only=True)
class PerformanceScore(Table, tablename="allocation_performance_score"):
    """What one unit got: a score, a grade, or both, as written; its row belongs to the unit, which reads its own."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    sheet = fk(PerformanceSheet)
    score = Varchar(length=20, null=False, default="")
    grade = Varchar(length=20, null=False, default="")

    allocation_performance_score_one = Unique(["sheet", "division_code"])
    allocation_performance_score_said = Check("score <> '' OR grade <> ''")


index(
    "allocation_performance_in_force", "UNIQUE allocation_performance (division_code, year) WHERE state = 'confirmed'"
)
