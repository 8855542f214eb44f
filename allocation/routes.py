"""What the package gives to the composition root."""

from __future__ import annotations

from allocation.budget.api import ROUTES as BUDGET_API
from allocation.budget.pages import ROUTES as BUDGET
from allocation.competitive.pages import ROUTES as ROUNDS
from allocation.competitive.panels import waiting as rounds_waiting
from allocation.competitive.review_pages import ROUTES as REVIEWS
from allocation.events import Awarded
from allocation.payments.api import ROUTES as CLAIMS_API
from allocation.payments.pages import ROUTES as CLAIMS
from allocation.payments.panels import of_project
from allocation.payments.panels import waiting as claims_waiting
from projects import public as projects

ROUTES = [*ROUNDS, *REVIEWS, *CLAIMS, *CLAIMS_API, *BUDGET, *BUDGET_API]
HEARS = [(Awarded, projects.on_awarded)]
PANELS = [rounds_waiting, claims_waiting]
PROJECT_PANELS = [of_project]
