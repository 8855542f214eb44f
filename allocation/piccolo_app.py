"""The package as a Piccolo app."""

from quzhou_migrants.kernel.apps import piccolo_app

APP_CONFIG = piccolo_app(
    "allocation",
    __file__,
    [
        "allocation.budget.tables",
        "allocation.budget.split_tables",
        "allocation.budget.closing_tables",
        "allocation.factor.tables",
        "allocation.competitive.tables",
        "allocation.competitive.scoring_tables",
        "allocation.experts.tables",
        "allocation.competitive.outcome_tables",
        "allocation.mixed.tables",
        "allocation.payments.tables",
        "allocation.terms.tables",
        "allocation.bank.tables",
        "allocation.grants.tables",
        "allocation.cash.tables",
    ],
    after=["quzhou_migrants", "projects"],
)
