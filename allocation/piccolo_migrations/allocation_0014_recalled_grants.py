from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.columns.base import OnDelete
from piccolo.columns.base import OnUpdate
from piccolo.columns.column_types import BigInt
from piccolo.columns.column_types import BigSerial
from piccolo.columns.column_types import Date
from piccolo.columns.column_types import ForeignKey
from piccolo.columns.indexes import IndexMethod
from piccolo.constraints import Check
from piccolo.table import Table


class Grant(Table, tablename="allocation_grant", schema=None):
    id = BigSerial(
        null=False,
        primary_key=True,
        unique=False,
        index=False,
        index_method=IndexMethod.btree,
        choices=None,
        db_column_name=None,
        secret=False,
    )


ID = "2026-11-23T00:41:11:268985"
VERSION = "1.38.0"
DESCRIPTION = ""


async def forwards():
    manager = MigrationManager(
        migration_id=ID, app_name="allocation", description=DESCRIPTION
    )

    manager.add_column(
        table_class_name="Refund",
        tablename="allocation_refund",
        column_name="of_grant",
        db_column_name="of_grant",
        column_class_name="ForeignKey",
        column_class=ForeignKey,
        params={
            "references": Grant,
            "on_delete": OnDelete.restrict,
            "on_update": OnUpdate.cascade,
            "target_column": None,
            "null": True,
            "primary_key": False,
            "unique": False,
            "index": True,
            "index_method": IndexMethod.btree,
            "choices": None,
            "db_column_name": None,
            "secret": False,
        },
        schema=None,
    )

    manager.add_column(
        table_class_name="Grant",
        tablename="allocation_grant",
        column_name="due_fen",
        db_column_name="due_fen",
        column_class_name="BigInt",
        column_class=BigInt,
        params={
            "default": None,
            "null": True,
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
        table_class_name="Grant",
        tablename="allocation_grant",
        column_name="recalled_on",
        db_column_name="recalled_on",
        column_class_name="Date",
        column_class=Date,
        params={
            "default": None,
            "null": True,
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

    manager.alter_column(
        table_class_name="Refund",
        tablename="allocation_refund",
        column_name="project",
        db_column_name="project",
        params={"null": True},
        old_params={"null": False},
        column_class=ForeignKey,
        old_column_class=ForeignKey,
        schema=None,
    )

    manager.add_constraint(
        table_class_name="Refund",
        tablename="allocation_refund",
        constraint_name="allocation_refund_of_one",
        constraint_class=Check,
        params={"condition": "(project IS NULL) <> (of_grant IS NULL)"},
        schema=None,
    )

    manager.add_constraint(
        table_class_name="Grant",
        tablename="allocation_grant",
        constraint_name="allocation_grant_recalled",
        constraint_class=Check,
        params={
            "condition": "(state IN ('recalled', 'recovered')) = (due_fen IS NOT NULL AND recalled_on IS NOT NULL) AND (due_fen IS NULL OR due_fen >= 0 AND due_fen < amount_fen)"
        },
        schema=None,
    )

    async def drop_indexes():
        # the walls make them anew under other names: what was withdrawn or recovered leaves its place
        for name in ("allocation_grant_interest_once", "allocation_grant_reward_once"):
            await Grant.raw(f"DROP INDEX IF EXISTS {name}")

    manager.add_raw(drop_indexes)
    return manager
