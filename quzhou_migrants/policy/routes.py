"""The policy room for the composition root."""

from quzhou_migrants.policy.pages import ROUTES

__all__ = ["ROUTES"]
