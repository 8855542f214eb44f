"""The package as a Piccolo app."""

from projects.table_modules import TABLES
from quzhou_migrants.kernel.apps import piccolo_app

APP_CONFIG = piccolo_app(
    "projects",
    __file__,
    TABLES,
    after=["quzhou_migrants"],
)
