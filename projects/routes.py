"""What the composition root takes from projects."""

from __future__ import annotations

from projects import api, pages, panels
from projects.assets import pages as assets
from projects.bulk import pages as bulk
from projects.bulk.queries import BULK_ROW
from projects.changes import pages as changes
from projects.changes.queries import CHANGE
from projects.dossier import jobs as dossier_jobs
from projects.dossier import pages as dossier
from projects.events import ProjectSubmitted
from projects.intake import jobs
from projects.intake import pages as intake
from projects.intake import panels as intake_panels
from projects.intake import window_pages as windows
from projects.notices import pages as notices
from projects.notices import panels as notice_panels
from projects.notices.queries import POSTING
from projects.overview import pages as overview
from projects.permissions import P
from projects.plan import adjust_pages, table_pages
from projects.plan import api as plan_api
from projects.plan import jobs as plan_jobs
from projects.plan import pages as plan
from projects.portal import pages as portal
from projects.portal import panels as portal_panels
from projects.portal import public_pages as portal_public
from projects.portal.queries import PHOTO
from projects.queries import PROJECT
from projects.ranking import pages as ranking
from projects.ranking import panels as ranking_panels
from projects.refresh import jobs as refresh_jobs
from projects.refresh import pages as refresh
from projects.refresh import panels as refresh_panels
from projects.reserve import jobs as reserve_jobs
from projects.reserve import panels as reserve_panels
from projects.reserve import routes as reserve
from projects.reserve import turns
from projects.reserve.site_checks import TABLE as SITE_CHECK
from projects.screening import pages as screening
from projects.screening.service import on_submitted
from projects.succession import jobs as succession_jobs
from projects.succession import pages as succession
from projects.works import api as works_api
from projects.works import jobs as works_jobs
from projects.works import pages as works
from projects.works import panels as works_panels
from projects.works import watch_pages as watch
from quzhou_migrants.kernel.files import readable

readable(PROJECT, P.VIEW)
readable(PHOTO, P.VIEW)
readable(CHANGE, P.VIEW)
readable(SITE_CHECK, P.VIEW)
readable(POSTING, P.VIEW)
readable(BULK_ROW, P.VIEW)

ROUTES = [
    *pages.ROUTES,
    *overview.ROUTES,
    *portal.ROUTES,
    *portal_public.ROUTES,
    *succession.ROUTES,
    *intake.ROUTES,
    *windows.ROUTES,
    *reserve.ROUTES,
    *plan.ROUTES,
    *table_pages.ROUTES,
    *adjust_pages.ROUTES,
    *works.ROUTES,
    *watch.ROUTES,
    *changes.ROUTES,
    *assets.ROUTES,
    *dossier.ROUTES,
    *notices.ROUTES,
    *screening.ROUTES,
    *bulk.ROUTES,
    *ranking.ROUTES,
    *refresh.ROUTES,
    api.API,
    plan_api.API,
    works_api.API,
]
PANELS = panels.PANELS
PROJECT_PANELS = [
    intake_panels.filed,
    notice_panels.project_panel,
    reserve_panels.standing,
    ranking_panels.standing,
    refresh_panels.standing,
    works_panels.of_project,
    portal_panels.project_panel,
]
JOBS = (
    *jobs.JOBS,
    *plan_jobs.JOBS,
    *reserve_jobs.JOBS,
    *refresh_jobs.JOBS,
    *works_jobs.JOBS,
    *dossier_jobs.JOBS,
    *succession_jobs.JOBS,
)
HEARS = [(ProjectSubmitted, on_submitted), (ProjectSubmitted, turns.on_submitted)]
