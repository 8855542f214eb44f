"""Where the tables of this package live: read by the composition root and by Piccolo's app."""

TABLES = (
    "quzhou_migrants.kernel.audit_tables",
    "quzhou_migrants.kernel.job_tables",
    "quzhou_migrants.kernel.file_tables",
    "quzhou_migrants.accounts.tables",
    "quzhou_migrants.register.tables",
)
