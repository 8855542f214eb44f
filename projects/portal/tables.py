"""Progress photos for the public: only what somebody looked at, masked and let out by name."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Date, Integer, Text, Varchar

from projects.tables import PUBLIC_STATES, Project
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

_SHOWN = (
    "state = 'published' AND EXISTS (SELECT 1 FROM projects_project p WHERE p.id = project"  # noqa: S608 - constants of our own
    f" AND p.state IN {PUBLIC_STATES})"
)


@business(public=_SHOWN)
class PublicPhoto(Table, tablename="projects_public_photo"):
    """One derivative of one picture: faces and plates coarsened, metadata gone. The original stays inside.

    Units: pixels; `masks` are rectangles [x, y, width, height] in basis points of the picture's sides.
    """

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    source_file = BigInt(null=False)
    file = BigInt(null=True, default=None)
    sha256 = Varchar(length=64, null=False)
    width = Integer(null=False)
    height = Integer(null=False)
    masks = JSONB(null=False, default="[]")
    caption = Varchar(length=120, null=False, default="")
    taken_on = Date(null=True, default=None)
    state = state_column("published")
    version = Integer(null=False, default=1)
    reason = Text(null=False, default="")
    published_by = BigInt(null=True, default=None)
    published_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_public_photo_size = Check("width > 0 AND height > 0")


index("projects_public_photo_shown", "projects_public_photo (project, id) WHERE state = 'published'")
index("projects_public_photo_once", "UNIQUE projects_public_photo (project, source_file) WHERE state = 'published'")
