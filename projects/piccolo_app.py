"""The package as a Piccolo app."""

from quzhou_migrants.kernel.apps import piccolo_app

APP_CONFIG = piccolo_app(
    "projects",
    __file__,
    [
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
    ],
    after=["quzhou_migrants"],
)
