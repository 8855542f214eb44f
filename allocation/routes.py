"""What the package gives to the composition root."""

from __future__ import annotations

from allocation.budget.api import ROUTES as BUDGET_API
from allocation.budget.pages import ROUTES as BUDGET
from allocation.events import Awarded
from projects import public as projects

ROUTES = [*BUDGET, *BUDGET_API]
HEARS = [(Awarded, projects.on_awarded)]
