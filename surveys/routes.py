"""The package for the composition root."""

from surveys.sampling import api, pages
from surveys.sampling.panels import waiting

ROUTES = [*pages.ROUTES, *api.ROUTES]
PANELS = [waiting]

__all__ = ["PANELS", "ROUTES"]
