from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.constraints import Check

ID = "2026-11-22T19:04:17:421511"
VERSION = "1.38.0"
DESCRIPTION = ""


async def forwards():
    manager = MigrationManager(migration_id=ID, app_name="allocation", description=DESCRIPTION)

    manager.drop_column(
        table_class_name="TermMove",
        tablename="allocation_term_move",
        column_name="project",
        db_column_name="project",
        schema=None,
    )

    manager.drop_constraint(
        table_class_name="TermMove",
        tablename="allocation_term_move",
        constraint_name="allocation_term_move_known_kind",
        schema=None,
    )

    manager.add_constraint(
        table_class_name="TermMove",
        tablename="allocation_term_move",
        constraint_name="allocation_term_move_kind_named",
        constraint_class=Check,
        params={"condition": "kind = 'fill'"},
        schema=None,
    )

    return manager
