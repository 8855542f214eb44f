"""What is recorded about every change: the change log, its hash chain, the journal, refusals, repeats."""

from piccolo.columns import JSONB, UUID, BigInt, Boolean, Bytea, Date, Text, Varchar

from quzhou_migrants.kernel.tables import (
    BigSerial,
    DivisionCode,
    Stamp,
    Table,
    business,
    index,
    platform,
)


class Division(Table, tablename="kernel_division"):
    """One place of the administrative map: city, county, township or village."""

    code = DivisionCode(primary_key=True)
    name = Varchar(length=60, null=False)
    full_name = Varchar(length=200, null=False, default="")
    level = Varchar(length=12, null=False)
    parent_code = DivisionCode(default="")
    kind = Varchar(length=20, null=False, default="")
    active = Boolean(null=False, default=True)
    successor_code = Varchar(length=12, null=False, default="")
    source = Text(null=False, default="")
    is_demo = Boolean(null=False, default=False)


class Change(Table, tablename="kernel_change"):
    """One row changed: written by a trigger, never by the application, never altered."""

    id = BigSerial(primary_key=True)
    at = Stamp()
    txid = BigInt(null=False)
    table_name = Varchar(length=63, null=False)
    row_id = Varchar(length=63, null=False)
    division_code = DivisionCode()
    op = Varchar(length=1, null=False)
    old = JSONB(null=True, default=None)
    new = JSONB(null=True, default=None)
    actor_id = BigInt(null=True, default=None)
    actor_name = Varchar(length=120, null=False, default="")
    command = Varchar(length=120, null=False, default="")
    request_id = Varchar(length=64, null=False, default="")
    policy_version = Varchar(length=80, null=False, default="")


index("kernel_change_row", "kernel_change (table_name, row_id, id)")


@platform("SELECT")
class Seal(Table, tablename="kernel_seal"):
    """One link of the hash chain: the change at this position and the hash up to it."""

    pos = BigInt(primary_key=True)
    change_id = BigInt(null=False, unique=True)
    hash = Bytea(null=False)


@platform("SELECT")
class Checkpoint(Table, tablename="kernel_checkpoint"):
    """The chain's head at the end of a day, to be kept elsewhere as well."""

    day = Date(primary_key=True)
    pos = BigInt(null=False)
    hash = Varchar(length=64, null=False)
    sealed_at = Stamp()


# An outsider writes the journal of what the engagement lets through, and reads the own lines of it.
@business(append_only=True, outsider="actor_id = nullif(current_setting('app.actor', true), '')::bigint")
class Journal(Table, tablename="kernel_journal"):
    """What a person did to an object, in words a layman can read; times are business times."""

    id = BigSerial(primary_key=True)
    at = Stamp()
    division_code = DivisionCode()
    subject_table = Varchar(length=63, null=False)
    subject_id = BigInt(null=False)
    verb = Varchar(length=80, null=False)
    from_state = Varchar(length=24, null=False, default="")
    to_state = Varchar(length=24, null=False, default="")
    actor_id = BigInt(null=True, default=None)
    actor_name = Varchar(length=120, null=False, default="")
    actor_title = Varchar(length=160, null=False, default="")
    clause = Text(null=False, default="")
    facts = JSONB(null=False, default="{}")
    request_id = Varchar(length=64, null=False, default="")


index("kernel_journal_subject", "kernel_journal (subject_table, subject_id, id)")


@platform("SELECT, INSERT")
class Refusal(Table, tablename="kernel_refusal"):
    """A refusal of access: who asked for what and was not let in."""

    id = BigSerial(primary_key=True)
    at = Stamp()
    actor_id = BigInt(null=True, default=None)
    actor_name = Varchar(length=120, null=False, default="")
    post_id = BigInt(null=True, default=None)
    code = Varchar(length=12, null=False)
    path = Text(null=False)
    request_id = Varchar(length=64, null=False, default="")


@platform("SELECT, INSERT, UPDATE, DELETE")
class Once(Table, tablename="kernel_once"):
    """A form token already used: a repeat is answered with the first answer."""

    token = UUID(primary_key=True)
    actor_id = BigInt(null=True, default=None)
    location = Text(null=False, default="")
    at = Stamp()


@platform("SELECT, INSERT, UPDATE")
class Setting(Table, tablename="kernel_setting"):
    """A setting of the installation, for instance the shift of the demonstration's business date."""

    key = Varchar(length=60, primary_key=True)
    value = JSONB(null=False, default="{}")
