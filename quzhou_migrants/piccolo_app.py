"""The platform and the register as one Piccolo app."""

from quzhou_migrants.kernel.apps import piccolo_app
from quzhou_migrants.table_modules import TABLES

APP_CONFIG = piccolo_app(
    "quzhou_migrants",
    __file__,
    TABLES,
)
