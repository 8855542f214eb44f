"""The accounts room for the composition root."""

from quzhou_migrants.accounts.pages import ROUTES

__all__ = ["ROUTES"]
