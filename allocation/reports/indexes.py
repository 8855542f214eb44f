"""What the reports ask of the ledger's tables."""

from __future__ import annotations

from quzhou_migrants.kernel.tables import index

# Quarters are added up from the entries of a year, read from this index alone.
index(
    "allocation_entry_booked",
    "allocation_entry (posted_at) INCLUDE (division_code, batch, kind, amount_fen)",
)
