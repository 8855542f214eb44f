"""What comes from the phone and what goes back to it; what the office types."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

Stamp = Annotated[datetime, Meta(tz=True)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Bp = Annotated[int, Meta(ge=0, le=10_000)]
Line = Annotated[str, Meta(max_length=200)]
Paragraph = Annotated[str, Meta(max_length=2_000)]


class FixSource(StrEnum):
    """Where a position comes from."""

    GPS = "gps"
    MANUAL = "manual"


class PhotoRole(StrEnum):
    """What a picture is."""

    PHOTO = "photo"
    SIGNATURE = "signature"


class PhotoSource(StrEnum):
    """How a picture came to be: taken now, or chosen from the phone's album."""

    CAMERA = "camera"
    FILE = "file"


class ContactWay(StrEnum):
    """How the village's contact signed."""

    DRAWN = "drawn"
    TYPED = "typed"
    ABSENT = "absent"


class Kind(StrEnum):
    """What a finding is about."""

    QUALITY = "quality"
    SAFETY = "safety"
    PROGRESS = "progress"
    MONEY = "money"
    NOTICE = "notice"
    OTHER = "other"


class Fix(Struct, frozen=True, kw_only=True):
    """A position. Units: degrees WGS 84 (as CGCS2000), metres."""

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    accuracy: Annotated[float, Meta(ge=0, le=100_000)] = 0
    at: Stamp | None = None
    source: FixSource = FixSource.GPS


class PhotoNote(Struct, frozen=True, kw_only=True):
    """What is known of one picture before its bytes arrive."""

    sha256: Sha256
    size: Annotated[int, Meta(gt=0, le=20 * 1024 * 1024)]
    taken_at: Stamp
    role: PhotoRole = PhotoRole.PHOTO
    source: PhotoSource = PhotoSource.CAMERA
    fix: Fix | None = None
    caption: Line = ""
    milestone: int | None = None


class Seen(Struct, frozen=True, kw_only=True):
    """What was seen of one milestone."""

    milestone: int
    seen_bp: Bp


class Found(Struct, frozen=True, kw_only=True):
    """Something wrong that was found."""

    kind: Kind
    content: Annotated[str, Meta(min_length=2, max_length=1_000)]
    measure: Annotated[str, Meta(max_length=1_000)] = ""
    serious: bool = False
    due_on: date | None = None


class Contact(Struct, frozen=True, kw_only=True):
    """The village's contact at the site."""

    way: ContactWay
    name: Annotated[str, Meta(max_length=40)] = ""
    reason: Line = ""


class VisitReport(Struct, frozen=True, kw_only=True):
    """One visit as the phone tells it; `client_id` makes a repeat the same visit."""

    client_id: UUID
    project: int
    inspector: int | None = None  # who made it, as the phone knows: a borrowed phone sends nobody else's visits
    started_at: Stamp
    finished_at: Stamp
    sent_at: Stamp
    contact: Contact
    token: Annotated[str, Meta(max_length=40)] = ""
    fix: Fix | None = None
    no_fix_reason: Line = ""
    offline: bool = False
    note: Paragraph = ""
    photos: Annotated[list[PhotoNote], Meta(max_length=200)] = []
    progress: Annotated[list[Seen], Meta(max_length=100)] = []
    findings: Annotated[list[Found], Meta(max_length=50)] = []


class Receipt(Struct, frozen=True, kw_only=True):
    """What has arrived of a visit; a photo may leave the phone only when its hash stands in `received`."""

    id: int
    client_id: UUID
    state: str
    received_at: datetime
    received: list[str]
    missing: list[str]


class JudgeForm(Struct, frozen=True, kw_only=True):
    """The opinion on a doubtful visit."""

    reason: Annotated[str, Meta(min_length=2, max_length=500)]


class NoteForm(Struct, frozen=True, kw_only=True):
    """What was done about a finding."""

    note: Annotated[str, Meta(min_length=2, max_length=500)]
