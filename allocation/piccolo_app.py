"""The package as a Piccolo app."""

from allocation.table_modules import TABLES
from quzhou_migrants.kernel.apps import piccolo_app

APP_CONFIG = piccolo_app(
    "allocation",
    __file__,
    TABLES,
    after=["quzhou_migrants", "projects"],
)
