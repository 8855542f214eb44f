"""The package as a Piccolo app."""

from quzhou_migrants.kernel.apps import piccolo_app
from surveys.table_modules import TABLES

APP_CONFIG = piccolo_app("surveys", __file__, TABLES, after=["quzhou_migrants"])
