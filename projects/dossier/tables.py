"""Dossiers that were asked for: one PDF or one archive of everything a project has on paper."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Integer, Timestamptz, Varchar

from projects.tables import Project
from quzhou_migrants.kernel.tables import BigSerial, Check, DivisionCode, Stamp, Table, business, fk, index


@business()
class Dossier(Table, tablename="projects_dossier"):
    """One making of a dossier and how far it is. The finished file belongs to this row.

    Units: pages; parts made of parts there are. `failure` is a code of the catalogue; `actor` who asked, so that
    what goes on after a crash sees no more than that person.
    """

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    kind = Varchar(length=8, null=False)
    asked_at = Stamp()
    asked_by = BigInt(null=True, default=None)
    actor = JSONB(null=False, default="{}")
    parts = Integer(null=False, default=0)
    done = Integer(null=False, default=0)
    pages = Integer(null=False, default=0)
    touched_at = Stamp()
    finished_at = Timestamptz(null=True, default=None)
    file = BigInt(null=True, default=None)
    failure = Varchar(length=12, null=False, default="")
    is_demo = Boolean(null=False, default=False)

    projects_dossier_kind = Check("kind IN ('pdf', 'zip')")
    projects_dossier_done = Check("done BETWEEN 0 AND parts")


index("projects_dossier_latest", "projects_dossier (project, kind, id)")
index("projects_dossier_open", "projects_dossier (touched_at) WHERE finished_at IS NULL AND failure = ''")
