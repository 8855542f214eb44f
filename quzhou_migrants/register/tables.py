"""Households, their people, and the imports that bring them in."""

from __future__ import annotations

from piccolo.columns import (
    JSONB,
    Array,
    BigInt,
    Boolean,
    Bytea,
    Date,
    Integer,
    SmallInt,
    Text,
    Varchar,
)
from piccolo.columns.defaults.timestamptz import TimestamptzNow

from quzhou_migrants.kernel.tables import (
    BigSerial,
    Check,
    DivisionCode,
    Stamp,
    Table,
    Unique,
    business,
    fk,
    index,
    platform,
    state_column,
)


@business()
class Household(Table, tablename="register_household"):
    """A migrant household. Phone and bank account are sealed; `name_grams` finds it by any member."""

    id = BigSerial(primary_key=True)
    code = Varchar(length=32, null=False)
    division_code = DivisionCode(index=False)
    head_name = Varchar(length=60, null=False)
    sort_key = Varchar(length=200, null=False, default="")
    name_grams = Array(base_column=Text(), null=False)
    support = Varchar(length=12, null=False)
    low_income = Boolean(null=False, default=False)
    members = SmallInt(null=False, default=0)
    migrants = SmallInt(null=False, default=0)
    reservoir = Varchar(length=60, null=False, default="")
    moved_year = SmallInt(null=True, default=None)
    phone_cipher = Bytea(null=True, default=None)
    bank_name = Varchar(length=80, null=False, default="")
    bank_cipher = Bytea(null=True, default=None)
    bank_blind = Bytea(null=True, default=None)
    state = Varchar(length=24, null=False, default="active")
    version = Integer(null=False, default=1)
    is_demo = Boolean(null=False, default=False)
    created_at = Stamp(default=TimestamptzNow())
    updated_at = Stamp(default=TimestamptzNow())

    register_household_code = Unique([code])  # REG-201
    register_household_support = Check((support == "cash") | (support == "project"))  # REG-204
    register_household_counts = Check((migrants >= 0) & (members >= migrants))  # REG-205


index("register_household_keyset", "register_household (division_code, code, id)")
index("register_household_by_name", "register_household (sort_key, id)")
index("register_household_names", "register_household USING gin (name_grams)")


@business()
class Member(Table, tablename="register_member"):
    """A person of a household; one person is in one household in force at a time."""

    id = BigSerial(primary_key=True)
    household = fk(Household)
    division_code = DivisionCode(index=False)
    name = Varchar(length=60, null=False)
    relation = Varchar(length=16, null=False)
    sex = Varchar(length=8, null=False)
    born_on = Date(null=False, default=None)
    id_cipher = Bytea(null=False)
    id_blind = Bytea(null=False)
    migrant = Boolean(null=False, default=True)
    state = Varchar(length=12, null=False, default="active")
    version = Integer(null=False, default=1)
    is_demo = Boolean(null=False, default=False)
    created_at = Stamp(default=TimestamptzNow())
    updated_at = Stamp(default=TimestamptzNow())


# REG-202: one person, one household in force.
index("register_member_person", "UNIQUE register_member (id_blind) WHERE state = 'active'")
index("register_member_head", "UNIQUE register_member (household) WHERE state = 'active' AND relation = 'head'")


@business()
class Import(Table, tablename="register_import"):
    """One sheet brought in: what it was, how far its check is, what was found, what was done.

    Shape: `header` the headings and their places; `actor` who applies it when the work is resumed.
    """

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    file_name = Varchar(length=200, null=False)
    file_sha256 = Varchar(length=64, null=False)
    file_bytes = BigInt(null=False)
    header = JSONB(null=False)
    actor = JSONB(null=False)
    rows_total = Integer(null=False, default=0)
    households_total = Integer(null=False, default=0)
    created_at = Stamp(default=TimestamptzNow())
    created_name = Varchar(length=120, null=False, default="")
    mode = Varchar(length=8, null=False, default="")
    applied_at = Stamp(default=None, null=True)
    state = state_column("checking")
    version = Integer(null=False, default=1)
    is_demo = Boolean(null=False, default=False)


index("register_household_low_income", "register_household (division_code, code, id) WHERE low_income")
index("register_household_closed", "register_household (division_code, code, id) WHERE state = 'closed'")
index("register_household_bank", "register_household (bank_blind) WHERE bank_blind IS NOT NULL")
index("register_member_keyset", "register_member (division_code, id)")
index("register_import_row_place", "UNIQUE register_import_row (import_id, household_code, row_no)")
index("register_import_row_person", "register_import_row (import_id, id_blind)")
index("register_import_finding_place", "register_import_finding (import_id, bad, row_no, id)")
index("register_import_file", "register_import (file_sha256)")


@platform()
class Progress(Table, tablename="register_import_progress"):
    """How far an import is and what it found so far: a working counter beside the record."""

    import_id = BigInt(primary_key=True)
    division_code = DivisionCode(index=False)
    done_code = Varchar(length=32, null=False, default="")
    rows_done = Integer(null=False, default=0)
    rows_bad = Integer(null=False, default=0)
    households_new = Integer(null=False, default=0)
    households_update = Integer(null=False, default=0)
    households_same = Integer(null=False, default=0)
    households_bad = Integer(null=False, default=0)
    failure = Varchar(length=12, null=False, default="")
    touched_at = Stamp(default=TimestamptzNow())


@platform()
class ImportRow(Table, tablename="register_import_row"):
    """One row of a sheet as it came in, sealed; thrown away some days after the import is closed."""

    id = BigSerial(primary_key=True)
    import_id = BigInt(null=False)
    division_code = DivisionCode(index=False)
    row_no = Integer(null=False)
    household_code = Varchar(length=32, null=False)
    id_blind = Bytea(null=True, default=None)
    cells = Bytea(null=False)


@platform()
class ImportFinding(Table, tablename="register_import_finding"):
    """One thing found in a sheet: row, column, code, facts; `bad` tells an error from a notice."""

    id = BigSerial(primary_key=True)
    import_id = BigInt(null=False)
    division_code = DivisionCode(index=False)
    row_no = Integer(null=False)
    household_code = Varchar(length=32, null=False)
    column_key = Varchar(length=24, null=False)
    code = Varchar(length=12, null=False)
    facts = JSONB(null=False, default="{}")
    bad = Boolean(null=False, default=True)
