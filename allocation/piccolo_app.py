"""The package as a Piccolo app."""

from quzhou_migrants.kernel.apps import piccolo_app

APP_CONFIG = piccolo_app(
    "allocation",
    __file__,
    [
        "allocation.budget.tables",
        "allocation.factor.tables",
        "allocation.competitive.tables",
        "allocation.payments.tables",
    ],
    after=["quzhou_migrants", "projects"],
)
