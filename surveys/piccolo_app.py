"""The package as a Piccolo app."""

from quzhou_migrants.kernel.apps import piccolo_app

APP_CONFIG = piccolo_app("surveys", __file__, ["surveys.sampling.tables"], after=["quzhou_migrants"])
