"""The shell's own pages for the composition root."""

from __future__ import annotations

from litestar.datastructures import CacheControlHeader
from litestar.static_files import create_static_files_router

from quzhou_migrants.kernel.files import verify
from quzhou_migrants.kernel.guards import public
from quzhou_migrants.web.assets import STATIC
from quzhou_migrants.web.files_pages import file, small
from quzhou_migrants.web.gallery import gallery
from quzhou_migrants.web.health import ROUTES as HEALTH
from quzhou_migrants.web.home import find, home
from quzhou_migrants.web.openapi import api_docs

YEAR = 31_536_000  # seconds

STATIC.mkdir(exist_ok=True)
static_files = create_static_files_router(
    "/static",
    directories=[STATIC],
    opt=public(),
    include_in_schema=False,
    cache_control=CacheControlHeader(max_age=YEAR, public=True, immutable=True),  # the names carry a hash
)

ROUTES = [home, find, file, small, api_docs, gallery, static_files, *HEALTH]
VERIFIERS = [verify]
