"""What the reports ask of the ledger's tables."""

from __future__ import annotations

from quzhou_migrants.kernel.tables import index

# The entries behind a quarter's figure, and those of no project.
index(
    "allocation_entry_booked",
    "allocation_entry (posted_at) INCLUDE (division_code, batch, kind, amount_fen)",
)
index("allocation_entry_unbound", "allocation_entry (id) WHERE project IS NULL")
# The oldest money first: the accounts of one batch after another.
index("allocation_batch_issued", "allocation_batch (issued_on)")
