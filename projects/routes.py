"""What the composition root takes from projects."""

from __future__ import annotations

from projects import api, pages, panels
from projects.intake import jobs
from projects.intake import pages as intake
from projects.notices import pages as notices
from projects.notices.queries import POSTING
from projects.permissions import P
from projects.plan import pages as plan
from projects.queries import PROJECT
from projects.reserve import pages as reserve
from projects.works import pages as works
from quzhou_migrants.kernel.files import readable

readable(PROJECT, P.VIEW)
readable(POSTING, P.VIEW)

ROUTES = [*pages.ROUTES, *intake.ROUTES, *reserve.ROUTES, *plan.ROUTES, *works.ROUTES, *notices.ROUTES, api.API]
PANELS = panels.PANELS
JOBS = jobs.JOBS
