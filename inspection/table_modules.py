"""Where the tables of this package live: read by the composition root and by Piccolo's app."""

TABLES = (
    "inspection.site_codes.tables",
    "inspection.visits.tables",
)
