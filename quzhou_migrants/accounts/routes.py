"""The accounts room for the composition root."""

from quzhou_migrants.accounts import jobs, keys, panels
from quzhou_migrants.accounts.engagement_pages import ROUTES as ENGAGEMENTS
from quzhou_migrants.accounts.key_pages import ROUTES as KEYS
from quzhou_migrants.accounts.pages import ROUTES as PEOPLE

ROUTES = [*PEOPLE, *ENGAGEMENTS, *KEYS]
PANELS = [keys.waiting, panels.elsewhere]
JOBS = jobs.JOBS

__all__ = ["JOBS", "PANELS", "ROUTES"]
