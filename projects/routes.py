"""What the composition root takes from projects."""

from __future__ import annotations

from projects import api, pages, panels
from projects.assets import pages as assets
from projects.events import ProjectSubmitted
from projects.intake import jobs
from projects.intake import pages as intake
from projects.notices import pages as notices
from projects.notices.queries import POSTING
from projects.permissions import P
from projects.plan import pages as plan
from projects.queries import PROJECT
from projects.ranking import pages as ranking
from projects.reserve import jobs as reserve_jobs
from projects.reserve import panels as reserve_panels
from projects.reserve import routes as reserve
from projects.reserve import turns
from projects.reserve.site_checks import TABLE as SITE_CHECK
from projects.screening import pages as screening
from projects.screening.service import on_submitted
from projects.works import pages as works
from quzhou_migrants.kernel.files import readable

readable(PROJECT, P.VIEW)
readable(SITE_CHECK, P.VIEW)
readable(POSTING, P.VIEW)

ROUTES = [
    *pages.ROUTES,
    *intake.ROUTES,
    *reserve.ROUTES,
    *plan.ROUTES,
    *works.ROUTES,
    *assets.ROUTES,
    *notices.ROUTES,
    *screening.ROUTES,
    *ranking.ROUTES,
    api.API,
]
PANELS = panels.PANELS
PROJECT_PANELS = [reserve_panels.standing]
JOBS = (*jobs.JOBS, *reserve_jobs.JOBS)
HEARS = [(ProjectSubmitted, on_submitted), (ProjectSubmitted, turns.on_submitted)]
