"""Facts about supervision that other packages may hear."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodeIssued:
    """A project got a site code; an older one of the same project is revoked."""

    code_id: int
    project_id: int
    division_code: str


@dataclass(frozen=True, slots=True)
class VisitCounted:
    """A visit counts: what was seen is now the project's verified progress."""

    visit_id: int
    project_id: int
    division_code: str
    progress_bp: int
