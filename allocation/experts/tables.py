"""The pool of experts, their ties, the draws for a round, and who was let in from outside the pool.

A city's pool is read by its counties; each county may keep experts of its own beside it.
"""

from __future__ import annotations

from piccolo.columns import JSONB, Array, BigInt, Boolean, Date, Integer, SmallInt, Text, Varchar

from allocation.competitive.tables import MY_SEAT, Candidate, Expert, Round
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
    state_column,
)
from quzhou_migrants.kernel.walls import sql_object


@business(down=True)
class PoolExpert(Table, tablename="allocation_pool_expert"):
    """One expert of the pool. `county`: the six digits of where the person works; `user_id`: the account."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    number = Varchar(length=20, null=False)
    name = Varchar(length=60, null=False)
    employer = Varchar(length=100, null=False)
    county = Varchar(length=6, null=False)
    specialities = Array(base_column=Varchar(length=24), null=False, default=list)
    grade = Varchar(length=12, null=False)
    title = Varchar(length=60, null=False, default="")
    user_id = BigInt(null=True, default=None)
    valid_from = Date(null=False)
    valid_until = Date(null=False)
    note = Varchar(length=500, null=False, default="")
    state = state_column("active")
    version = Integer(null=False, default=1)
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_pool_expert_number_once = Unique(["number"])
    allocation_pool_expert_one_account = Unique(["user_id"])
    allocation_pool_expert_term = Check("valid_until >= valid_from")
    allocation_pool_expert_county_digits = Check("county ~ '^[0-9]{6}$'")


@business(down=True)
class PoolTie(Table, tablename="allocation_pool_tie"):
    """One tie of an expert to a unit or a place; the names of kin are not kept."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    pool_expert = fk(PoolExpert)
    kind = Varchar(length=8, null=False)
    subject = Varchar(length=100, null=False)
    until = Date(null=True, default=None)
    note = Varchar(length=200, null=False, default="")
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_pool_tie_known_kind = Check("kind IN ('unit', 'kin', 'paid')")


@business()
class PanelDraw(Table, tablename="allocation_draw"):
    """One draw for a round: frozen under a hash by one person, drawn with a seed by another."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    seq = SmallInt(null=False)
    groups = JSONB(null=False, default="[]")
    frozen = Text(null=False)
    sha256 = Varchar(length=64, null=False)
    seed = Varchar(length=120, null=False, default="")
    seed_source = Varchar(length=200, null=False, default="")
    policy_version = Varchar(length=80, null=False, default="")
    state = state_column("frozen")
    version = Integer(null=False, default=1)
    frozen_by = BigInt(null=True, default=None)
    frozen_name = Varchar(length=120, null=False, default="")
    frozen_at = Stamp()
    drawn_by = BigInt(null=True, default=None)
    drawn_name = Varchar(length=120, null=False, default="")
    drawn_at = Stamp(null=True, default=None)
    reason = Varchar(length=500, null=False, default="")
    is_demo = Boolean(null=False, default=False)

    allocation_draw_once = Unique(["round", "seq"])


@business()
class DrawLine(Table, tablename="allocation_draw_line"):
    """One expert drawn: a seat or a place in the reserve, and what became of it."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    draw = fk(PanelDraw)
    round = fk(Round)
    pool_expert = fk(PoolExpert)
    number = Varchar(length=20, null=False)
    name = Varchar(length=60, null=False)
    employer = Varchar(length=100, null=False)
    speciality = Varchar(length=24, null=False)
    role = Varchar(length=8, null=False)
    rank = SmallInt(null=False)
    seat = fk(Expert, null=True)
    reason = Varchar(length=500, null=False, default="")
    state = state_column("waiting")
    version = Integer(null=False, default=1)

    allocation_draw_line_once = Unique(["draw", "number"])
    allocation_draw_line_place = Unique(["draw", "speciality", "role", "rank"])
    allocation_draw_line_known_role = Check("role IN ('main', 'reserve')")


@business()
class OutsideExpert(Table, tablename="allocation_outside_expert"):
    """Somebody who is not in the pool, let onto a panel by a recorded decision with its document."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    user_id = BigInt(null=False)
    name = Varchar(length=60, null=False)
    employer = Varchar(length=100, null=False)
    reason = Varchar(length=500, null=False)
    doc_no = Varchar(length=80, null=False)
    decided_on = Date(null=False)
    seat = fk(Expert, null=True)
    answer = Varchar(length=500, null=False, default="")
    state = state_column("asked")
    version = Integer(null=False, default=1)
    asked_by = BigInt(null=True, default=None)
    asked_name = Varchar(length=120, null=False, default="")
    asked_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_outside_expert_once = Unique(["round", "user_id"])


@business(append_only=True, outsider=f"expert = {MY_SEAT}")
class Hint(Table, tablename="allocation_conflict_hint"):
    """What the data say against one expert judging one candidate, when scoring began."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    expert = fk(Expert)
    candidate = fk(Candidate)
    kind = Varchar(length=12, null=False)
    about = Varchar(length=120, null=False, default="")
    at = Stamp()

    allocation_conflict_hint_once = Unique(["expert", "candidate", "kind", "about"])


index("allocation_pool_expert_keyset", "allocation_pool_expert (division_code, id)")
index("allocation_draw_one_open", "UNIQUE allocation_draw (round) WHERE state = 'frozen'")

# What was frozen cannot be altered by anybody, and a seed is written once.
sql_object(
    "allocation_draw_frozen",
    """
    CREATE OR REPLACE FUNCTION allocation_draw_frozen() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      IF (NEW.round, NEW.frozen, NEW.sha256, NEW.groups, NEW.frozen_by, NEW.division_code)
         IS DISTINCT FROM (OLD.round, OLD.frozen, OLD.sha256, OLD.groups, OLD.frozen_by, OLD.division_code)
         OR (OLD.seed <> '' AND NEW.seed <> OLD.seed) THEN
        RAISE EXCEPTION 'a draw is frozen'
          USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'allocation_draw_frozen';
      END IF;
      RETURN NEW;
    END $body$;
    DROP TRIGGER IF EXISTS allocation_draw_freeze ON allocation_draw;
    CREATE TRIGGER allocation_draw_freeze BEFORE UPDATE ON allocation_draw
      FOR EACH ROW EXECUTE FUNCTION allocation_draw_frozen();
    """,
)
