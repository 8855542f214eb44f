"""Public notices as objects, and what people said against them."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Bytea, Date, Integer, Text, Varchar

from quzhou_migrants.kernel.tables import (
    BigSerial,
    Check,
    DivisionCode,
    Stamp,
    Table,
    business,
    fk,
    index,
    state_column,
)


@business(public="state IN ('open', 'closed')")
class Posting(Table, tablename="projects_posting"):
    """One public notice about a row of another table. Units: days as `day_kind` says; counters of objections."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    kind = Varchar(length=24, null=False)
    subject_table = Varchar(length=60, null=False)
    subject_id = BigInt(null=False)
    title = Varchar(length=160, null=False)
    body = Text(null=False, default="")
    place = Varchar(length=200, null=False, default="")
    starts_on = Date(null=False)
    ends_on = Date(null=False)
    days = Integer(null=False)
    day_kind = Varchar(length=12, null=False)
    rule = Text(null=False, default="")
    state = state_column("open")
    version = Integer(null=False, default=1)
    received = Integer(null=False, default=0)
    answered = Integer(null=False, default=0)
    upheld = Integer(null=False, default=0)
    outcome = Text(null=False, default="")
    closed_on = Date(null=True, default=None)
    opened_by = BigInt(null=True, default=None)
    opened_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_posting_span = Check("ends_on >= starts_on AND days >= 1")
    projects_posting_counted = Check("answered BETWEEN 0 AND received AND upheld BETWEEN 0 AND answered")


index("projects_posting_subject", "projects_posting (subject_table, subject_id)")
index("projects_posting_one_open", "UNIQUE projects_posting (subject_table, subject_id) WHERE state = 'open'")
index("projects_posting_keyset", "projects_posting (division_code, id)")


@business()
class Objection(Table, tablename="projects_objection"):
    """One objection. Who raised it is sealed; `sender` is a keyed hash of where an online one came from."""

    id = BigSerial(primary_key=True)
    posting = fk(Posting)
    division_code = DivisionCode()
    receipt = Varchar(length=24, null=False, unique=True)
    channel = Varchar(length=12, null=False)
    person_sealed = Bytea(null=False)
    sender = Bytea(null=True, default=None)
    text = Text(null=False)
    received_on = Date(null=False)
    due_on = Date(null=False)
    late = Boolean(null=False, default=False)
    state = state_column("received")
    version = Integer(null=False, default=1)
    answer = Text(null=False, default="")
    ground = Varchar(length=200, null=False, default="")
    answered_on = Date(null=True, default=None)
    answered_by = Varchar(length=120, null=False, default="")
    entered_by = BigInt(null=True, default=None)
    entered_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_objection_answered = Check("state = 'received' OR answer <> ''")


index("projects_objection_waiting", "projects_objection (due_on, id) WHERE state = 'received'")
index("projects_objection_keyset", "projects_objection (division_code, id)")
