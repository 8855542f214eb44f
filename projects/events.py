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


@dataclass(frozen=True, slots=True)
class PlanMoneyFreed:
    """A project left an approved plan: its money may be planned anew.

    Shape: `how` is adjusted, fallen_back or recalled.
    """

    project_id: int
    division_code: str
    plan_id: int
    amount_fen: Fen
    how: str


@dataclass(frozen=True, slots=True)
class AwardRecalled:
    """What was awarded to a project is taken back; no contract was signed."""

    project_id: int
    division_code: str
    amount_fen: Fen
    reason: str


@dataclass(frozen=True, slots=True)
class ContractChanged:
    """An approved change order moved the amount of a contract. Units: fen."""

    project_id: int
    division_code: str
    before_fen: Fen
    after_fen: Fen
    change_id: int


@dataclass(frozen=True, slots=True)
class ProjectTerminated:
    """A project ended before it was finished; `keep_fen` of its works is done and still paid. Units: fen."""

    project_id: int
    division_code: str
    keep_fen: Fen
    reason: str


@dataclass(frozen=True, slots=True)
class VillageSucceeded:
    """A village was followed by another: its projects and whatever hangs on them follow.

    Shape: `project_ids` are the projects that have moved to `new_code` already.
    """

    succession_id: int
    old_code: str
    new_code: str
    old_name: str
    new_name: str
    effective_on: date
    doc_no: str
    project_ids: tuple[int, ...]
