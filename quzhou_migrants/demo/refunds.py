"""Money paid beyond what the audit allowed: asked back by a letter, not there yet."""

from __future__ import annotations

from datetime import timedelta

from allocation.payments import refunds
from allocation.payments.forms import RefundForm
from projects import public as projects
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.lives import Life
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say

ASKED, DUE = BUSINESS_DATE - timedelta(days=6), BUSINESS_DATE + timedelta(days=20)


async def ask_back(world: World, county: str, lives: list[Life]) -> None:
    """Ask every overpayment of a county back."""
    async with acting(world.actor(Role.COUNTY_CLERK, county), ASKED) as tx:
        for life in lives:
            if life.reaches("completed") and await refunds.overpaid(tx, await projects.brief(tx, life.id)):
                form = RefundForm(say("refund_doc", n=life.id), ASKED, DUE, say("refund_note"))
                await refunds.ask(tx, life.id, form)
