"""The papers of an application: put in and taken out while it is in the village's hands."""

from __future__ import annotations

from typing import Any

from projects.intake.forms import PaperForm
from projects.intake.keeping import editable
from projects.permissions import P
from projects.queries import PROJECT, lock, subject
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.file_types import DOCX, JPEG, PDF, PNG, XLSX
from quzhou_migrants.kernel.files import FileRef, drop, store
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
PAPERS = frozenset({JPEG, PNG, PDF, DOCX, XLSX})


def owner(row: Row) -> tuple[str, int]:
    """Name a project as the owner of its papers."""
    return PROJECT, row["id"]


@command(P.SUBMIT, audit="projects.application.paper")
async def add_paper(tx: Tx, project_id: int, form: PaperForm) -> FileRef:
    """Add a paper to an application that is still in the village's hands.

    Raises: Refused PRJ-105, and what the store refuses about type and size.
    """
    row = await lock(tx, project_id)
    editable(row)
    kept = await store(
        tx, form.paper, owner=owner(row), kind=form.kind.value, division_code=row["division_code"], accept=PAPERS
    )
    await tx.note(subject(row), "projects.application.paper", kind=kept.kind, name=kept.name)
    return kept


@command(P.SUBMIT, audit="projects.application.drop_paper")
async def drop_paper(tx: Tx, project_id: int, file_id: int) -> None:
    """Take a paper out of an application that is still in the village's hands.

    Raises: Refused PRJ-105, KRN-648.
    """
    row = await lock(tx, project_id)
    editable(row)
    await drop(tx, file_id, owner(row))
    await tx.note(subject(row), "projects.application.drop_paper")
