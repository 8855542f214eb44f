"""Write the next migration of an app from how its tables changed; then read it before you commit it.

`make migration APP=projects NAME=window_extensions`
"""

# ruff: noqa: ASYNC240 - a developer's tool: nothing else runs meanwhile

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import io
import os
import sys
from pathlib import Path

os.environ.setdefault("PICCOLO_CONF", "quzhou_migrants.piccolo_conf")

from piccolo.apps.migrations.commands.new import NoChanges, _create_new_migration
from piccolo.conf.apps import Finder


async def write_next(app: str, name: str) -> Path:
    """Write `<app>_<number>_<name>.py` beside the others and answer its path.

    Raises: NoChanges when tables and migrations say the same already.
    """
    config = Finder().get_app_config(app_name=app)
    folder = Path(config.resolved_migrations_folder_path)
    with (folder / "__init__.py").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two people at one tree get two numbers
        made = Path((await _create_new_migration(config, auto=True)).migration_path)
        last = max(int(p.stem.split("_")[len(app.split("_"))]) for p in folder.glob(f"{app}_0*.py"))
        return made.rename(folder / f"{app}_{last + 1:04d}_{name}.py")


if __name__ == "__main__":
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            written = asyncio.run(write_next(*sys.argv[1:3]))
    except NoChanges:
        sys.exit("no changes")
    sys.stdout.write(f"{written}\n")
