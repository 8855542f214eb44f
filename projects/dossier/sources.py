"""Where the papers of a project hang, beside the project itself: rows of other rooms that name it.

A room, or an upper package, says once that the files of its table belong into the dossier.
"""

from __future__ import annotations

from dataclasses import dataclass

from projects.queries import PROJECT


@dataclass(frozen=True, slots=True)
class Source:
    """A table whose files belong to a project's dossier. `ids` selects its ids for project $1.

    `photos`: its pictures are photographs of the site, not scanned papers.
    """

    table: str
    stage: str
    ids: str
    photos: bool = False


SOURCES: dict[str, Source] = {}


def in_dossier(table: str, stage: str, ids: str = "", *, photos: bool = False) -> None:
    """Say that files of a table's rows belong into the dossier of the project the rows name."""
    own = f"SELECT id FROM {table} WHERE project = $1"  # noqa: S608 - our own tables
    SOURCES[table] = Source(table, stage, ids or own, photos)


in_dossier("projects_site_check", "review", photos=True)
in_dossier("projects_change", "building")
in_dossier(
    "projects_posting",
    "intake",
    f"SELECT id FROM projects_posting WHERE subject_table = '{PROJECT}' AND subject_id = $1",  # noqa: S608 - a constant of ours
)
