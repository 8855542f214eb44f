"""What the package gives to the composition root."""

from __future__ import annotations

from allocation import panels
from allocation.budget.api import ROUTES as BUDGET_API
from allocation.budget.pages import ROUTES as BUDGET
from allocation.budget.queries import ledger_faults
from allocation.events import Awarded
from allocation.factor.api import ROUTES as FACTOR_API
from allocation.factor.pages import ROUTES as FACTOR
from projects import public as projects

ROUTES = [*BUDGET, *BUDGET_API, *FACTOR, *FACTOR_API]
PANELS = [panels.waiting]
HEARS = [(Awarded, projects.on_awarded)]
VERIFIERS = [ledger_faults]
