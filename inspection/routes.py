"""What the package gives to the composition root."""

from __future__ import annotations

from allocation.events import Awarded
from allocation.public import bars_payments, shows_works
from inspection.checks import verify
from inspection.panels import of_project, waiting
from inspection.payments import counted_visits, grave_findings
from inspection.site_codes.routes import ROUTES as CODE_ROUTES
from inspection.site_codes.service import on_awarded, on_village_succeeded
from inspection.visits.queries import visits_with_files
from inspection.visits.routes import ROUTES as VISIT_ROUTES
from projects.events import VillageSucceeded
from projects.public import in_dossier

in_dossier("inspection_visit", "building", photos=True)
bars_payments(grave_findings)
shows_works(counted_visits)

ROUTES = [*CODE_ROUTES, *VISIT_ROUTES]
HEARS = [(Awarded, on_awarded), (VillageSucceeded, on_village_succeeded)]
PANELS = [waiting]
PROJECT_PANELS = [of_project]
PROJECT_FILES = [visits_with_files]
VERIFIERS = [verify]
