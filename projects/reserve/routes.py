"""The pages of review, gathered."""

from __future__ import annotations

from projects.reserve import appeal_pages, batch_pages, compare_pages, filing_pages, pages, quota_pages

ROUTES = [
    *pages.ROUTES,
    *batch_pages.ROUTES,
    *compare_pages.ROUTES,
    *appeal_pages.ROUTES,
    *quota_pages.ROUTES,
    *filing_pages.ROUTES,
]
