"""Projects in plans that were approved before stand in them."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.table import Table

ID = "2026-11-22T15:54:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "projects in plans approved before stand in them"

STAND = """
UPDATE projects_plan_item i SET standing = true FROM projects_plan p
WHERE p.id = i.plan AND p.state = 'approved' AND i.left_on IS NULL AND NOT i.standing
"""


class RawTable(Table):
    """A way to the database; no table of ours is imported."""


async def forwards() -> MigrationManager:
    """Add the one statement."""
    manager = MigrationManager(migration_id=ID, app_name="projects", description=DESCRIPTION)

    async def stand() -> None:
        await RawTable.raw(STAND)

    manager.add_raw(stand)
    return manager
