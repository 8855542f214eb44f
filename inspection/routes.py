"""What the package gives to the composition root."""

from __future__ import annotations

from allocation.events import Awarded
from inspection.site_codes.routes import ROUTES as CODE_ROUTES
from inspection.site_codes.service import on_awarded

ROUTES = [*CODE_ROUTES]
HEARS = [(Awarded, on_awarded)]
