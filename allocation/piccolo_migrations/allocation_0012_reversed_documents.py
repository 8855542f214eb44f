from piccolo.apps.migrations.auto.migration_manager import MigrationManager

ID = "2026-11-22T22:32:35:701091"
VERSION = "1.38.0"
DESCRIPTION = ""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="allocation", description=DESCRIPTION
    )

    manager.drop_constraint(
        table_class_name="Batch",
        tablename="allocation_batch",
        constraint_name="allocation_batch_one_document",
        schema=None,
    )

    manager.drop_constraint(
        table_class_name="SplitPaper",
        tablename="allocation_split",
        constraint_name="allocation_split_one_document",
        schema=None,
    )

    return manager
