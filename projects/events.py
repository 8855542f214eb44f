"""Facts about projects that other packages may hear."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from quzhou_migrants.kernel.money import Fen


@dataclass(frozen=True, slots=True)
class ProjectSubmitted:
    """A village filed an application."""

    project_id: int
    division_code: str
    receipt: str


@dataclass(frozen=True, slots=True)
class ProjectAdmitted:
    """A county took a project into the reserve."""

    project_id: int
    division_code: str
    valid_until: date


@dataclass(frozen=True, slots=True)
class ProjectPlanned:
    """A project stands in an approved annual plan."""

    project_id: int
    division_code: str
    plan_id: int
    year: int
    amount_fen: Fen


@dataclass(frozen=True, slots=True)
class ContractSigned:
    """A contract was recorded."""

    project_id: int
    division_code: str
    contract_fen: Fen


@dataclass(frozen=True, slots=True)
class ProjectCompleted:
    """The works are finished, as seen."""

    project_id: int
    division_code: str
    completed_on: date


@dataclass(frozen=True, slots=True)
class ProjectAccepted:
    """The works passed acceptance."""

    project_id: int
    division_code: str
    accepted_on: date
