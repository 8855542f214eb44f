"""Visits: append-only reports from the field, their photos by hash, what was seen and found.

Units: degrees (CGCS2000), metres, seconds, basis points. Three clocks stand beside each other: the
device's, the position fix's and the server's.
"""

from __future__ import annotations

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Date,
    DoublePrecision,
    Integer,
    LazyTableReference,
    Real,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)

from inspection.site_codes.tables import PROJECT, SiteCode
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

MILESTONE = LazyTableReference("Milestone", module_path="projects.works.tables")


@business()
class Visit(Table, tablename="inspection_visit"):
    """One visit to one site by one inspector; `client_id` is made on the phone, so a repeat is the same visit."""

    id = BigSerial(primary_key=True)
    client_id = UUID(null=False, unique=True, default=None)
    project = fk(PROJECT)
    division_code = DivisionCode()
    site_code = fk(SiteCode, null=True)
    inspector_id = BigInt(null=True, default=None)
    inspector_name = Varchar(length=120, null=False)
    inspector_title = Varchar(length=160, null=False, default="")
    state = state_column("incomplete")
    version = Integer(null=False, default=1)
    started_at = Timestamptz(null=False)
    finished_at = Timestamptz(null=False)
    sent_at = Timestamptz(null=False)
    received_at = Stamp()
    skew_s = Integer(null=False, default=0)
    offline = Boolean(null=False, default=False)
    lat = DoublePrecision(null=True, default=None)
    lon = DoublePrecision(null=True, default=None)
    accuracy_m = Real(null=True, default=None)
    fix_at = Timestamptz(null=True, default=None)
    fix_source = Varchar(length=8, null=False)
    no_fix_reason = Text(null=False, default="")
    distance_m = Integer(null=True, default=None)
    note = Text(null=False, default="")
    contact_name = Varchar(length=40, null=False, default="")
    contact_way = Varchar(length=8, null=False)
    contact_reason = Text(null=False, default="")
    flags = JSONB(null=False, default="[]")
    expected = SmallInt(null=False)
    progress_bp = Integer(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    inspection_visit_fix = Check("(fix_source = 'none') = (lat IS NULL) AND (lat IS NULL) = (lon IS NULL)")
    inspection_visit_order = Check("finished_at >= started_at")


index("inspection_visit_project", "inspection_visit (project, id)")
index("inspection_visit_keyset", "inspection_visit (division_code, id)")
index("inspection_visit_recent", "inspection_visit (received_at, id)")
index("inspection_visit_queue", "inspection_visit (state, division_code, id)")


@business()
class VisitPhoto(Table, tablename="inspection_visit_photo"):
    """One expected picture: known by its hash from the shutter on, received when the bytes are here.

    `look` is its fingerprint (`kernel.fingerprint`), by which it is known again after another program saved it anew.
    """

    id = BigSerial(primary_key=True)
    visit = fk(Visit)
    division_code = DivisionCode()
    seq = SmallInt(null=False)
    role = Varchar(length=10, null=False, default="photo")
    sha256 = Varchar(length=64, null=False, index=True)
    size = Integer(null=False)
    source = Varchar(length=8, null=False)
    taken_at = Timestamptz(null=False)
    lat = DoublePrecision(null=True, default=None)
    lon = DoublePrecision(null=True, default=None)
    accuracy_m = Real(null=True, default=None)
    fix_at = Timestamptz(null=True, default=None)
    distance_m = Integer(null=True, default=None)
    caption = Varchar(length=200, null=False, default="")
    milestone = fk(MILESTONE, null=True)
    file = BigInt(null=True, default=None)
    look = Array(base_column=Integer(), null=True, default=None)
    received_at = Timestamptz(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    inspection_visit_photo_once = Unique(["visit", "sha256"])
    inspection_visit_photo_received = Check("(file IS NULL) = (received_at IS NULL)")


# How a copied picture is found among all: those that share any telling stretch of the fingerprint.
index("inspection_visit_photo_look", "inspection_visit_photo USING gin (look) WHERE look IS NOT NULL")


@business(append_only=True)
class PhotoRepeat(Table, tablename="inspection_photo_repeat"):
    """A picture that another county had used before: a row of the city, which no county sees.

    Units: `apart` is how many bits the fingerprints differ in, 0 for the same bytes.
    """

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    photo = fk(VisitPhoto)
    earlier = fk(VisitPhoto)
    same_bytes = Boolean(null=False)
    apart = SmallInt(null=False)
    is_demo = Boolean(null=False, default=False)

    inspection_photo_repeat_once = Unique(["photo"])
    inspection_photo_repeat_two = Check("photo <> earlier AND apart >= 0")


@business()
class VisitProgress(Table, tablename="inspection_visit_progress"):
    """What the inspector saw of one milestone."""

    id = BigSerial(primary_key=True)
    visit = fk(Visit)
    division_code = DivisionCode()
    milestone = fk(MILESTONE)
    before_bp = Integer(null=False)
    seen_bp = Integer(null=False)
    is_demo = Boolean(null=False, default=False)

    inspection_visit_progress_once = Unique(["visit", "milestone"])
    inspection_visit_progress_range = Check("seen_bp BETWEEN 0 AND 10000 AND before_bp BETWEEN 0 AND 10000")


@business()
class SiteFinding(Table, tablename="inspection_finding"):
    """Something wrong that was found, what shall be done about it and by when; who says it is mended, who saw it so."""

    id = BigSerial(primary_key=True)
    visit = fk(Visit)
    project = fk(PROJECT)
    division_code = DivisionCode()
    kind = Varchar(length=12, null=False)
    serious = Boolean(null=False, default=False)
    content = Text(null=False)
    measure = Text(null=False, default="")
    due_on = Date(null=True, default=None)
    state = state_column("open")
    version = Integer(null=False, default=1)
    mended_at = Timestamptz(null=True, default=None)
    mended_by = BigInt(null=True, default=None)
    mended_name = Varchar(length=120, null=False, default="")
    mended_note = Text(null=False, default="")
    closed_at = Timestamptz(null=True, default=None)
    closed_by = BigInt(null=True, default=None)
    closed_name = Varchar(length=120, null=False, default="")
    closing_note = Text(null=False, default="")
    is_demo = Boolean(null=False, default=False)

    inspection_finding_two_persons = Check("closed_by IS NULL OR closed_by <> mended_by")


index("inspection_finding_standing", "inspection_finding (project) WHERE state <> 'closed'")
