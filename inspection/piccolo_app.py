"""The package as a Piccolo app."""

from quzhou_migrants.kernel.apps import piccolo_app

APP_CONFIG = piccolo_app(
    "inspection",
    __file__,
    ["inspection.site_codes.tables", "inspection.visits.tables"],
    after=["quzhou_migrants", "projects", "allocation"],
)
