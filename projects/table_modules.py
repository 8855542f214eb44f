"""Where the tables of this package live: read by the composition root and by Piccolo's app."""

TABLES = (
    "projects.tables",
    "projects.intake.tables",
    "projects.plan.tables",
    "projects.works.tables",
    "projects.notices.tables",
    "projects.screening.tables",
    "projects.bulk.tables",
    "projects.reserve.tables",
    "projects.changes.tables",
    "projects.assets.tables",
    "projects.dossier.tables",
    "projects.ranking.tables",
    "projects.refresh.tables",
    "projects.portal.tables",
    "projects.succession.tables",
)
