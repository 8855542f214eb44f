"""One way to declare a package as a Piccolo app."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder


def piccolo_app(name: str, file: str, rooms: Sequence[str], *, after: Sequence[str] = ()) -> AppConfig:
    """Declare a package: its tables live in `<room>.tables`-like modules, its migrations beside it."""
    return AppConfig(
        app_name=name,
        migrations_folder_path=str(Path(file).parent / "piccolo_migrations"),
        table_classes=table_finder(modules=list(rooms), exclude_imported=True),
        migration_dependencies=[f"{package}.piccolo_app" for package in after],
        commands=[],
    )
