"""What stands on a project's page: what everybody sees of it, and the names its village had."""

from __future__ import annotations

from typing import Any

from projects.permissions import P
from projects.portal import queries
from projects.public import Panel
from projects.tables import PUBLIC_STATES
from quzhou_migrants.kernel.tx import Tx


async def project_panel(tx: Tx, project: dict[str, Any]) -> Panel | None:
    """Show which photos are out and where the public page is; nothing while nobody outside may know of it."""
    is_public = f"'{project['state']}'" in PUBLIC_STATES
    former = await queries.former_names(tx, project["division_code"])
    if not (is_public or former):
        return None
    photos = await queries.photos(tx, project["id"]) if is_public else []
    facts = {"is_public": is_public, "former": former, "photos": photos, "may_publish": tx.actor.may(P.BUILD)}
    return Panel("projects/portal/panel.html", facts)
