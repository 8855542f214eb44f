"""What the register gives to the composition root."""

from quzhou_migrants.register import (
    api,
    functions,  # noqa: F401 - declares its SQL
    import_pages,
    jobs,
    pages,
    panels,
    states,  # noqa: F401 - declares its machines
)

ROUTES = [*pages.ROUTES, *import_pages.ROUTES, api.API]
PANELS = [panels.waiting]
JOBS = jobs.JOBS
