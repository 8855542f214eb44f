from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.constraints import Check

ID = "2026-11-22T18:14:23:961454"
VERSION = "1.38.0"
DESCRIPTION = ""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="allocation", description=DESCRIPTION
    )

    manager.drop_constraint(
        table_class_name="Entry",
        tablename="allocation_entry",
        constraint_name="allocation_entry_bound",
        schema=None,
    )

    manager.drop_constraint(
        table_class_name="Entry",
        tablename="allocation_entry",
        constraint_name="allocation_entry_kind_named",
        schema=None,
    )

    manager.add_constraint(
        table_class_name="Entry",
        tablename="allocation_entry",
        constraint_name="allocation_entry_bound_kind",
        constraint_class=Check,
        params={
            "condition": "CASE WHEN earmark = 0 THEN kind <> 'earmarked' ELSE kind NOT IN ('interest', 'cash', 'issuing', 'issued', 'available', 'competing', 'planned') END"
        },
        schema=None,
    )

    manager.add_constraint(
        table_class_name="Entry",
        tablename="allocation_entry",
        constraint_name="allocation_entry_kind_listed",
        constraint_class=Check,
        params={
            "condition": "kind IN ('notified', 'interest', 'cash', 'issuing', 'issued', 'available', 'earmarked', 'competing', 'planned', 'awarded', 'contracted', 'claimed', 'paid', 'retained', 'settled', 'returned')"
        },
        schema=None,
    )

    return manager
