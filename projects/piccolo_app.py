"""The package as a Piccolo app."""

from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

APP_CONFIG = AppConfig(
    app_name="projects",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    table_classes=table_finder(
        modules=[
            "projects.tables",
            "projects.intake.tables",
            "projects.plan.tables",
            "projects.works.tables",
        ],
        exclude_imported=True,
    ),
    migration_dependencies=["quzhou_migrants.piccolo_app"],
    commands=[],
)
