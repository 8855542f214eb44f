"""Where the tables of this package live: read by the composition root and by Piccolo's app."""

TABLES = (
    "allocation.budget.tables",
    "allocation.budget.split_tables",
    "allocation.budget.closing_tables",
    "allocation.factor.tables",
    "allocation.factor.result_tables",
    "allocation.competitive.tables",
    "allocation.competitive.scoring_tables",
    "allocation.experts.tables",
    "allocation.competitive.outcome_tables",
    "allocation.mixed.tables",
    "allocation.payments.tables",
    "allocation.payments.refund_tables",
    "allocation.terms.tables",
    "allocation.bank.tables",
    "allocation.grants.tables",
    "allocation.cash.tables",
    "allocation.reports.tables",
)
