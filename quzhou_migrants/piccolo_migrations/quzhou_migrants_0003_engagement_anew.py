from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.constraints import Unique

ID = "2026-11-22T18:51:14:565825"
VERSION = "1.38.0"
DESCRIPTION = ""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="quzhou_migrants", description=DESCRIPTION
    )

    manager.drop_constraint(
        table_class_name="Engagement",
        tablename="accounts_engagement",
        constraint_name="accounts_engagement_once",
        schema=None,
    )

    manager.add_constraint(
        table_class_name="Engagement",
        tablename="accounts_engagement",
        constraint_name="accounts_engagement_one_term",
        constraint_class=Unique,
        params={
            "columns": ["post", "subject_table", "subject_id", "starts_on"],
            "nulls_distinct": True,
        },
        schema=None,
    )

    return manager
