"""Where a reader is led from an entry: the row that caused it, with its papers and photos.

A room that posts with a new source table adds its line here, and a name for it under
"list.entries.source.<table>" in its own messages.
"""

from __future__ import annotations

# table -> SQL for the address of its page; `e` is the entry.
SOURCES: dict[str, str] = {
    "allocation_batch": "'/funds/' || e.source_id",
    "allocation_split": "'/splits/' || e.source_id",
    "allocation_factor_run": "'/factor/' || e.source_id",
    "allocation_award": "'/awards/' || e.source_id",
    "allocation_mixed": "'/mixed/' || e.source_id",
    "allocation_round": "'/rounds/' || e.source_id",
    "allocation_claim": "'/claims/' || e.source_id",
    "allocation_term_pool": "'/terms/pools/' || e.source_id",
    "allocation_takeback": "'/terms/takebacks/' || e.source_id",
    "allocation_payment": (
        "'/claims/' || coalesce((SELECT p.claim FROM allocation_payment p WHERE p.id = e.source_id), 0)"
    ),
    "allocation_refund": "'/claims/refunds/' || e.source_id",
    "allocation_bank_line": (
        "'/bank/' || coalesce((SELECT l.batch FROM allocation_bank_line l WHERE l.id = e.source_id), 0)"
    ),
    "allocation_bank_item": (
        "'/bank/statements/' || coalesce((SELECT i.statement FROM allocation_bank_item i WHERE i.id = e.source_id), 0)"
    ),
    "allocation_cash_list": "'/cash/' || e.source_id",
    "allocation_grant": "'/grants/' || e.source_id",
    "projects_change": "'/changes/' || e.source_id",
    "projects_succession": "'/succession/' || e.source_id",
}


def source_url() -> str:
    """Write the SQL that turns an entry into the address of what caused it; else its project's page."""
    cases = " ".join(f"WHEN '{table}' THEN {sql}" for table, sql in SOURCES.items())
    return f"CASE e.source_table {cases} ELSE '/projects/' || coalesce(e.project, 0) END"
