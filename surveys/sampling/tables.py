"""A survey, its frozen frame, its strata and the households drawn.

The frame is kept as it was frozen: the compressed lines of every county, never altered, so that
the hash can be checked and the draw repeated from the very bytes. An outside surveyor sees through
the engagement alone: the survey and the households handed over.
"""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Bytea, Date, Integer, SmallInt, Varchar

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

ME = "nullif(current_setting('app.engagement', true), '')::bigint"
MINE = f"id IN (SELECT u.campaign FROM surveys_sample_unit u WHERE u.engagement_id = {ME})"  # noqa: S608 - our own names


@business(outsider=MINE, down=True)
class Campaign(Table, tablename="surveys_campaign"):
    """One survey. The numbers of the draw are copied from the pack when the frame is frozen."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    title = Varchar(length=120, null=False)
    year = SmallInt(null=False)
    purpose = Varchar(length=1000, null=False, default="")
    frozen_on = Date(null=True, default=None)
    households = Integer(null=False, default=0)
    frame_sha256 = Varchar(length=64, null=False, default="")
    rate_bp = Integer(null=False, default=0)
    least = Integer(null=False, default=0)
    substitutes_bp = Integer(null=False, default=0)
    strata = Varchar(length=120, null=False, default="")
    policy_version = Varchar(length=80, null=False, default="")
    seed = Varchar(length=120, null=False, default="")
    seed_note = Varchar(length=200, null=False, default="")
    result_sha256 = Varchar(length=64, null=False, default="")
    sampled = Integer(null=False, default=0)
    drawn_by = BigInt(null=True, default=None)
    drawn_name = Varchar(length=60, null=False, default="")
    drawn_at = Stamp(null=True, default=None)
    confirmed_by = BigInt(null=True, default=None)
    confirmed_name = Varchar(length=60, null=False, default="")
    confirmed_at = Stamp(null=True, default=None)
    state = state_column("draft")
    version = Integer(null=False, default=1)
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    surveys_campaign_one_title = Unique(["division_code", "year", "title"])
    surveys_campaign_frozen_first = Check("seed = '' OR frame_sha256 <> ''")
    surveys_campaign_two_persons = Check("confirmed_by IS NULL OR confirmed_by <> drawn_by")


@business(append_only=True)
class Frame(Table, tablename="surveys_frame"):
    """The frozen lines of one county, compressed with zlib."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    campaign = fk(Campaign)
    households = Integer(null=False)
    lines = Bytea(null=False)

    surveys_frame_once = Unique(["campaign", "division_code"])


@business()
class Stratum(Table, tablename="surveys_stratum"):
    """One stratum of a survey: how many there are, how many are drawn."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    campaign = fk(Campaign)
    name = Varchar(length=120, null=False)
    households = Integer(null=False)
    quota = Integer(null=False)
    main = Integer(null=False)
    substitutes = Integer(null=False)

    surveys_stratum_once = Unique(["campaign", "name"])
    surveys_stratum_fits = Check("main >= 0 AND substitutes >= 0 AND main + substitutes <= households")


@business(outsider=f"engagement_id = {ME}")
class SampleUnit(Table, tablename="surveys_sample_unit"):
    """One household drawn, with the facts as they stood when the frame was frozen."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    campaign = fk(Campaign)
    stratum = fk(Stratum)
    household_id = BigInt(null=False)
    household_code = Varchar(length=40, null=False)
    head_name = Varchar(length=60, null=False, default="")
    place = Varchar(length=200, null=False, default="")
    village_kind = Varchar(length=24, null=False, default="")
    support = Varchar(length=24, null=False, default="")
    low_income = Boolean(null=False, default=False)
    members = SmallInt(null=False, default=0)
    role = Varchar(length=12, null=False)
    rank = Integer(null=False)
    reason = Varchar(length=500, null=False, default="")
    replaces = BigInt(null=True, default=None)
    engagement_id = BigInt(null=True, default=None)
    state = state_column("waiting")
    version = Integer(null=False, default=1)

    surveys_sample_unit_once = Unique(["campaign", "household_id"])
    surveys_sample_unit_one_rank = Unique(["stratum", "role", "rank"])
    surveys_sample_unit_known_role = Check("role IN ('main', 'substitute')")
    surveys_sample_unit_no_cover = Check("engagement_id IS NULL OR state <> 'waiting'")


index("surveys_campaign_keyset", "surveys_campaign (division_code, id)")
index("surveys_sample_unit_order", "surveys_sample_unit (campaign, stratum, role, rank)")
index("surveys_sample_unit_engagement", "surveys_sample_unit (engagement_id) WHERE engagement_id IS NOT NULL")
