"""Migrations and tables say the same; migrations never import the application's tables."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

os.environ.setdefault("PICCOLO_CONF", "quzhou_migrants.piccolo_conf")

from piccolo.apps.migrations.commands.new import AutoMigrationManager
from piccolo.conf.apps import Finder

from quzhou_migrants.kernel.catalogue import PACKAGES, ROOT


@pytest.mark.parametrize("app", PACKAGES)
def test_migrations_match_tables(app: str):
    config = Finder().get_app_config(app_name=app)
    statements = asyncio.run(AutoMigrationManager().get_alter_statements(app_config=config))
    assert [s for group in statements for s in group.statements] == []


@pytest.mark.parametrize("app", PACKAGES)
def test_migrations_do_not_import_tables(app: str):
    for path in (ROOT / app / "piccolo_migrations").glob("*.py"):
        imports = [line for line in Path(path).read_text().splitlines() if line.startswith(("from ", "import "))]
        own = [line for line in imports if line.split()[1].split(".")[0] in PACKAGES]
        assert [line for line in own if not line.startswith("from quzhou_migrants.kernel.tables import")] == []


def test_file_names_differ_between_apps():
    names = [p.name for app in PACKAGES for p in (ROOT / app / "piccolo_migrations").glob("*_0*.py")]
    assert len(names) == len(set(names))
