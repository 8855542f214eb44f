"""The platform and the register as one Piccolo app."""

from quzhou_migrants.kernel.apps import piccolo_app

APP_CONFIG = piccolo_app(
    "quzhou_migrants",
    __file__,
    [
        "quzhou_migrants.kernel.audit_tables",
        "quzhou_migrants.kernel.job_tables",
        "quzhou_migrants.kernel.file_tables",
        "quzhou_migrants.accounts.tables",
        "quzhou_migrants.register.tables",
    ],
)
