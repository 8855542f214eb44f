"""The home page: what waits for me, by date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Request, get
from litestar.response import Response

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import signed_in
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.divisions import places
from quzhou_migrants.web.render import render, see_other, shell_of

SHOWN = 12  # lines of one group; the rest is in the lists
SOON = timedelta(days=7)
Group = tuple[str, str, list[Task]]


def grouped(tasks: Iterable[Task], today: date) -> list[Group]:
    """Part tasks by date: overdue, due within a week, later or without a date; the most pressing first."""
    found: dict[str, list[Task]] = {"late": [], "soon": [], "later": []}
    for task in sorted(tasks, key=lambda t: (t.due is None, t.due or today, t.title)):
        late, soon = (task.due < today, task.due <= today + SOON) if task.due else (False, False)
        found["late" if late else "soon" if soon else "later"].append(task)
    return [(CATALOGUE.text(f"home.{kind}"), kind, listed) for kind, listed in found.items()]


@get(["/", "/home"], opt=signed_in(), name="home")
async def home(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Show what the post can act on."""
    panels: Sequence[Any] = request.app.state["panels"]
    async with open_tx(request) as tx:
        # Who holds no post now, or whose engagement is over, has no work here and no place whose rules would apply.
        tasks = [task for panel in panels for task in await panel(tx)] if tx.actor.permissions else []
        known = await places(tx)
        groups, today = grouped(tasks, tx.today), tx.today
    return render(request, "web/home.html", groups=groups, total=len(tasks), today=today, places=known, shown=SHOWN)


@get("/find", opt=signed_in(), include_in_schema=False)
async def find(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Lead a search of the top bar to the list that answers it."""
    links = {link.key: link for link in shell_of(request).menu.find}
    chosen = links.get(request.query_params.get("in", "")) or next(iter(links.values()), None)
    if chosen is None:
        return see_other("/home")
    return see_other(f"{chosen.url}?{urlencode({'q': request.query_params.get('q', '')[:100]})}")
