"""What scoring needs besides rounds and scores: vetoes, papers for the experts, reminders, outliers."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Date, SmallInt, Varchar

from allocation.competitive.tables import (
    MY_ROUND,
    MY_SEAT,
    OF_PUBLISHED,
    Candidate,
    Expert,
    Round,
)
from quzhou_migrants.kernel.tables import BigSerial, Check, DivisionCode, Stamp, Table, Unique, business, fk
from quzhou_migrants.kernel.walls import sql_object

READ_IT = (
    "EXISTS (SELECT 1 FROM allocation_declaration d WHERE d.candidate = allocation_candidate_paper.candidate"  # noqa: S608 - constants of this file
    f" AND d.expert = {MY_SEAT} AND d.state IN ('opened', 'scored', 'abstained'))"
)


@business(outsider=f"round = {MY_ROUND}", public=OF_PUBLISHED)
class RoundVeto(Table, tablename="allocation_veto"):
    """One published item that rules a project out whatever its score."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    seq = SmallInt(null=False)
    title = Varchar(length=100, null=False)
    hint = Varchar(length=300, null=False, default="")

    allocation_veto_once = Unique(["round", "seq"])


@business(append_only=True, outsider=f"expert = {MY_SEAT}")
class VetoMark(Table, tablename="allocation_veto_mark"):
    """One expert found that one item rules one candidate out, and says why."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    candidate = fk(Candidate)
    expert = fk(Expert)
    veto = fk(RoundVeto)
    reason = Varchar(length=500, null=False)

    allocation_veto_mark_once = Unique(["expert", "candidate", "veto"])
    allocation_veto_mark_explained = Check("length(trim(reason)) > 0")


@business(outsider=f"cleared AND {READ_IT}")
class Paper(Table, tablename="allocation_candidate_paper"):
    """One attachment as it was when the project became a candidate; experts see it once cleared of personal data.

    `sha256` names the bytes; `masked` says that a copy with names covered stands in for the original.
    """

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    candidate = fk(Candidate)
    kind = Varchar(length=24, null=False)
    seq = SmallInt(null=False)
    sha256 = Varchar(length=64, null=False)
    media_type = Varchar(length=100, null=False)
    size = BigInt(null=False)
    masked = Boolean(null=False, default=False)
    cleared = Boolean(null=False, default=False)
    cleared_name = Varchar(length=120, null=False, default="")
    cleared_at = Stamp(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    allocation_candidate_paper_once = Unique(["candidate", "kind", "seq"])


@business(append_only=True, outsider=f"expert = {MY_SEAT}")
class ReviewReminder(Table, tablename="allocation_review_reminder"):
    """An expert was called to mind; `days` working days before the last, or by hand (-1)."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    expert = fk(Expert)
    told_on = Date(null=False)
    days = SmallInt(null=False)
    waiting = SmallInt(null=False)
    by_name = Varchar(length=120, null=False, default="")
    at = Stamp()

    allocation_review_reminder_once = Unique(["expert", "told_on", "days"])


@business(append_only=True)
class Outlier(Table, tablename="allocation_outlier"):
    """A score that lay far from the panel's median when scoring was closed. Shape: written with two decimals."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    candidate = fk(Candidate)
    expert = fk(Expert)
    total = Varchar(length=60, null=False)
    median = Varchar(length=60, null=False)
    distance = Varchar(length=60, null=False)
    dropped = Boolean(null=False, default=False)

    allocation_outlier_once = Unique(["expert", "candidate"])


# An expert cannot see others' reviews, so whether a seen score still counts is told by this alone.
sql_object(
    "allocation_score_counts",
    """
    CREATE OR REPLACE FUNCTION allocation_score_counts(one bigint, what bigint) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
      SELECT EXISTS (SELECT 1 FROM allocation_declaration d
        WHERE d.expert = one AND d.candidate = what AND d.state = 'scored')
    $body$;
    """,
)
