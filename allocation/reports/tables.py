"""The running sums that reports read instead of millions of entries."""

from __future__ import annotations

from piccolo.columns import BigInt, Date, Varchar

import allocation.reports.sums  # noqa: F401 - the trigger that keeps them
from allocation.budget.tables import Batch
from allocation.reports.rules import NO_MONTH
from quzhou_migrants.kernel.tables import BigSerial, DivisionCode, Table, business, fen, fk, index


@business(derived=True)
class Sum(Table, tablename="allocation_sum"):
    """What was moved into each kind, by one of four cuts of the ledger.

    Shape: `place` by township (or the house above it), batch and category; `month` by township, batch and month
    of the posting; `house` by county (or the city), batch and month; `project` by division, batch and project.
    One key may have several rows, which postings at the same time keep apart and later ones put together again:
    the sum is that of all its rows.
    """

    id = BigSerial(primary_key=True)
    cut = Varchar(length=8, null=False)
    division_code = DivisionCode(index=False)
    batch = fk(Batch, index=False)
    category = Varchar(length=24, null=False, default="", help_text="of the project; none: money of no project")
    project = BigInt(null=False, default=0, help_text="0: of any")
    month = Date(null=False, default=NO_MONTH, help_text="first day, in Shanghai")
    cash_fen = fen()
    issuing_fen = fen()
    issued_fen = fen()
    available_fen = fen()
    earmarked_fen = fen()
    competing_fen = fen()
    planned_fen = fen()
    awarded_fen = fen()
    contracted_fen = fen()
    claimed_fen = fen()
    paid_fen = fen()
    retained_fen = fen()
    settled_fen = fen()
    returned_fen = fen()


index("allocation_sum_key", "allocation_sum (cut, division_code, batch, category, project, month)")
index("allocation_sum_project", "allocation_sum (project) WHERE cut = 'project'")
index("allocation_sum_month", "allocation_sum (month) WHERE cut = 'month'")
