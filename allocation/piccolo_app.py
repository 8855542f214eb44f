"""The Piccolo app of the package: its tables and migrations."""

from __future__ import annotations

from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

APP_CONFIG = AppConfig(
    app_name="allocation",
    migrations_folder_path=str(Path(__file__).parent / "piccolo_migrations"),
    table_classes=table_finder(
        [
            "allocation.budget.tables",
            "allocation.factor.tables",
            "allocation.competitive.tables",
            "allocation.payments.tables",
        ],
        exclude_imported=True,
    ),
    migration_dependencies=["projects.piccolo_app"],
    commands=[],
)
