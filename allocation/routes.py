"""What the package gives to the composition root."""

from __future__ import annotations

from allocation import panels
from allocation.budget.api import ROUTES as BUDGET_API
from allocation.budget.endings import on_contract_changed, on_project_terminated
from allocation.budget.handlers import on_award_recalled, on_contract_signed, on_village_succeeded
from allocation.budget.pages import ROUTES as BUDGET
from allocation.budget.queries import ledger_faults
from allocation.competitive import panels as rounds
from allocation.competitive.api import ROUTES as ROUNDS_API
from allocation.competitive.pages import ROUTES as ROUNDS
from allocation.competitive.public_pages import ROUTES as ROUNDS_PUBLIC
from allocation.competitive.review_pages import ROUTES as REVIEWS
from allocation.events import Awarded
from allocation.factor.api import ROUTES as FACTOR_API
from allocation.factor.pages import ROUTES as FACTOR
from allocation.factor.scheme_pages import ROUTES as SCHEMES
from allocation.payments import panels as claims
from allocation.payments.api import ROUTES as CLAIMS_API
from allocation.payments.pages import ROUTES as CLAIMS
from projects import public as projects
from projects.events import AwardRecalled, ContractChanged, ContractSigned, ProjectTerminated, VillageSucceeded

projects.in_dossier("allocation_claim", "money")

ROUTES = [
    *BUDGET,
    *BUDGET_API,
    *FACTOR,
    *SCHEMES,
    *FACTOR_API,
    *ROUNDS,
    *ROUNDS_API,
    *ROUNDS_PUBLIC,
    *REVIEWS,
    *CLAIMS,
    *CLAIMS_API,
]
PANELS = [panels.waiting, rounds.waiting, claims.waiting]
PROJECT_PANELS = [claims.of_project]
HEARS = [
    (Awarded, projects.on_awarded),
    (ContractSigned, on_contract_signed),
    (ContractChanged, on_contract_changed),
    (ProjectTerminated, on_project_terminated),
    (AwardRecalled, on_award_recalled),
    (VillageSucceeded, on_village_succeeded),
]
VERIFIERS = [ledger_faults]
