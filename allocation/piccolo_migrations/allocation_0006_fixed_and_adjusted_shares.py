from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.column_types import BigInt
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Check

ID = "2026-11-22T18:17:33:512101"
VERSION = "1.38.0"
DESCRIPTION = ""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="allocation", description=DESCRIPTION
    )

    manager.add_column(
        table_class_name="FactorShare",
        tablename="allocation_factor_share",
        column_name="adjusted_fen",
        db_column_name="adjusted_fen",
        column_class_name="BigInt",
        column_class=BigInt,
        params={
            "default": 0,
            "null": False,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )

    manager.add_column(
        table_class_name="FactorShare",
        tablename="allocation_factor_share",
        column_name="fixed_fen",
        db_column_name="fixed_fen",
        column_class_name="BigInt",
        column_class=BigInt,
        params={
            "default": 0,
            "null": False,
            "primary_key": False,
            "unique": False,
            "index": False,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )

    manager.drop_constraint(
        table_class_name="FactorShare",
        tablename="allocation_factor_share",
        constraint_name="allocation_factor_share_closes",
        schema=None,
    )

    manager.add_constraint(
        table_class_name="FactorShare",
        tablename="allocation_factor_share",
        constraint_name="allocation_factor_share_whole",
        constraint_class=Check,
        params={
            "condition": "amount_fen = base_fen + performance_fen + fixed_fen + adjusted_fen AND base_fen >= 0 AND performance_fen >= 0 AND fixed_fen >= 0 AND amount_fen >= 0"
        },
        schema=None,
    )

    return manager
