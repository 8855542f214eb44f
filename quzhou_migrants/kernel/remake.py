"""Write an app's first migration anew from its tables. Only until the first release."""

# ruff: noqa: ASYNC240 - a developer's tool: nothing else runs meanwhile

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import sys
from pathlib import Path

os.environ.setdefault("PICCOLO_CONF", "quzhou_migrants.piccolo_conf")


from piccolo.apps.migrations.commands.new import NoChanges, _create_new_migration
from piccolo.conf.apps import Finder


async def remake(app: str) -> Path:
    """Delete the app's migrations and write one from the tables as they stand.

    Raises: NoChanges when the app has no tables yet.
    """
    config = Finder().get_app_config(app_name=app)
    folder = Path(config.resolved_migrations_folder_path)
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").touch()
    for old in folder.glob(f"{app}_*.py"):
        old.unlink()
    made = Path((await _create_new_migration(config, auto=True)).migration_path)
    text = re.sub(r'^ID = ".*"$', 'ID = "2026-11-22T00:00:00:000000"', made.read_text(), flags=re.MULTILINE)
    first = folder / f"{app}_0001_first.py"
    first.write_text(text)
    made.unlink()
    return first


if __name__ == "__main__":
    for name in sys.argv[1:] or ["quzhou_migrants", "projects", "allocation", "inspection", "surveys"]:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(NoChanges):
            asyncio.run(remake(name))
