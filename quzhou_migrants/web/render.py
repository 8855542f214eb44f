"""Templates to answers: one environment, one shell around every page, short notes after a redirect."""

from __future__ import annotations

import base64
import json
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.response import Response
from litestar.response.base import ASGIResponse
from markupsafe import Markup, escape

from quzhou_migrants.kernel.actor import PUBLIC, Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai, system_now
from quzhou_migrants.kernel.money import about_wan, wan, yuan
from quzhou_migrants.web import assets
from quzhou_migrants.web.doors import Opens, opens_for
from quzhou_migrants.web.navigation import Menu, menu_for

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from litestar import Litestar, Request

    AnyRequest = Request[Any, Any, Any]

ROOT = Path(__file__).resolve().parents[2]
OWN_ROOMS = ("kernel", "accounts", "register", "policy", "web")
FLASH = "qm_flash"
SEE_OTHER = 303
FRESH = {"Cache-Control": "no-store", "Vary": "HX-Request"}


@dataclass(frozen=True, slots=True)
class Shell:
    """What the frame of a page needs to know. `today` is the business date."""

    actor: Actor | None
    menu: Menu
    current: str
    path: str
    today: date
    demo: bool
    flash: str
    request_id: str
    opens: Opens


def template_file(name: str) -> Path:
    """Find a template: "projects/intake/edit.html", "inspection/x.html", "web/base.html"."""
    first, _, rest = name.partition("/")
    package = ROOT / "quzhou_migrants" if first in OWN_ROOMS else ROOT / first
    if first in OWN_ROOMS:
        return package / first / "templates" / rest
    room, _, file = rest.partition("/")
    inside = package / room / "templates" / file
    return inside if file and inside.is_file() else package / "templates" / rest


def _load(name: str) -> tuple[str, str, Any] | None:
    path = template_file(name)
    if not path.resolve().is_relative_to(ROOT) or not path.is_file():
        return None
    stamp = path.stat().st_mtime_ns
    return path.read_text(encoding="utf-8"), str(path), lambda: path.stat().st_mtime_ns == stamp


def nice_date(value: date | datetime | None) -> str:
    """Write a day for a table: 2026-09-16."""
    if value is None:
        return "—"
    return (shanghai(value) if isinstance(value, datetime) else value).isoformat()[:10]


def nice_time(value: datetime | None) -> str:
    """Write a moment for a table, in Shanghai time: 2026-09-16 14:05."""
    return "—" if value is None else f"{shanghai(value):%Y-%m-%d %H:%M}"


def nice_percent(bp: int | None) -> str:
    """Write basis points as percent, no idle zeros: 1250 -> 12.5%."""
    if bp is None:
        return "—"
    return f"{bp // 100}%" if bp % 100 == 0 else f"{bp / 100:.2f}".rstrip("0").rstrip(".") + "%"


def nice_figure(value: float | None) -> str:
    """Write a number of a chart's table: thousands parted, at most two digits after the point, none idle."""
    if value is None:
        return "—"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")


@lru_cache(maxsize=1)
def _tones() -> dict[str, str]:
    read = tomllib.loads(Path(__file__).with_name("tones.toml").read_text(encoding="utf-8"))
    return {state: tone for tone, states in read.items() for state in states}


def tone(state: str) -> str:
    """Name the colour of a state's badge."""
    return _tones().get(state, "plain")


@lru_cache(maxsize=4096)
def state_badge(machine: str, state: str) -> Markup:
    """Draw a state: its Chinese title in its colour."""
    return Markup('<span class="badge-state tone-{}">{}</span>').format(tone(state), CATALOGUE.state(machine, state))


class House(Environment):
    """An environment whose templates share one dictionary of globals instead of a chain for each."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Give a template its globals; every import on every page compares them, and a chain does so in Python."""
        return super().make_globals(d) if d else self.globals


def _environment() -> Environment:
    env = House(
        loader=FunctionLoader(_load),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=-1,
        auto_reload=False,  # looking at seven files of a page costs as much as writing its rows
    )
    env.filters.update(
        yuan=lambda v: "—" if v is None else yuan(int(v)),
        wan=lambda v: "—" if v is None else wan(int(v)),
        about_wan=lambda v: about_wan(int(v)),
        date=nice_date,
        datetime=nice_time,
        pct=nice_percent,
        lines=_lines,
        number=lambda v: "—" if v is None else f"{v:,}",
        figure=nice_figure,
    )
    env.globals.update(
        asset=assets.asset,
        asset_head=assets.head,
        state_badge=state_badge,
        tone=tone,
        say=CATALOGUE.say,
        text=CATALOGUE.text,
        state_title=CATALOGUE.state,
        role_title=CATALOGUE.role,
        verb_title=CATALOGUE.verb,
        permission_title=CATALOGUE.permission,
        timedelta=timedelta,
        side=side,
        top=top,
    )
    return env


def top(shell: Shell) -> Markup:
    """Draw what stands above and beside the sheet."""
    name, title = (shell.actor.name, shell.actor.title) if shell.actor else ("", "")
    return _top(name, title, shell.menu, shell.current, shell.today, demo=shell.demo)


@lru_cache(maxsize=1024)
def _top(name: str, title: str, menu: Menu, current: str, today: date, *, demo: bool) -> Markup:  # noqa: PLR0913 - all that it shows
    drawn = ENV.get_template("web/top.html").render(
        name=name, title=title, menu=menu, current=current, today=today, demo=demo
    )
    return Markup(drawn)  # noqa: S704 - a template of ours


@lru_cache(maxsize=1024)
def side(menu: Menu, current: str) -> Markup:
    """Draw the side navigation once for everybody who has the same one."""
    return Markup(ENV.get_template("web/side.html").render(menu=menu, current=current))  # noqa: S704 - a template of ours


def _lines(value: str) -> Markup:
    """Keep the line ends of a typed text."""
    return Markup("<br>").join(escape(line) for line in value.splitlines())


ENV = _environment()


def html(template: str, **context: Any) -> str:  # noqa: ANN401 - whatever the template names
    """Fill a template without the shell's knowledge (fragments, gallery, tests)."""
    return ENV.get_template(template).render(**context)


def render(
    request: AnyRequest,
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,  # noqa: ANN401 - whatever the template names
) -> Response[bytes]:
    """Answer with a page; `shell` and `request` are there for every template."""
    shell = shell_of(request)
    body = ENV.get_template(template).render(request=request, shell=shell, **context)
    spent = [Cookie(FLASH, value="", max_age=0, httponly=True)] if shell.flash else []
    return Drawn(body.encode(), status_code=status, cookies=spent, headers={**FRESH, **(headers or {})})


class Drawn(Response[bytes]):
    """A page that is written already: nothing of it has to be encoded, and no layer adds anything to it."""

    def to_asgi_response(self, app: Litestar | None, request: AnyRequest, **_given: Any) -> ASGIResponse:  # noqa: ANN401, ARG002 - the framework's signature
        """Answer as it stands; the framework's way would gather encoders for every page."""
        return ASGIResponse(
            body=self.content,
            status_code=self.status_code or 200,
            media_type=MediaType.HTML,
            headers=self.headers,
            cookies=self.cookies,
            background=self.background,
        )


def shell_of(request: AnyRequest) -> Shell:
    """Gather what the frame shows: the person, the menu, the business date, a note from the last step."""
    state = request.scope["state"]
    actor: Actor | None = state.get("actor")
    shift = float(state.get("clock_shift") or 0)
    menu = menu_for(request.app, actor or PUBLIC)
    return Shell(
        actor,
        menu,
        menu.current(request.url.path),
        request.url.path,
        (system_now() + timedelta(seconds=shift)).date(),
        bool(shift or state.get("demo") or (actor and actor.is_demo)),
        _flash(request.cookies.get(FLASH, "")),
        str(state.get("request_id", "")),
        opens_for(request.app, actor),
    )


def wants_fragment(request: AnyRequest) -> bool:
    """Tell whether htmx asks for a part of the page only."""
    headers = request.headers
    return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"


def see_other(
    path: str,
    *,
    flash: str = "",
    **facts: Any,  # noqa: ANN401 - facts of the sentence
) -> Response[bytes]:
    """Lead on after a finished POST; `flash` is a code of the catalogue said on the next page.

    Raises: ValueError for a foreign address.
    """
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        raise ValueError(path)
    note = base64.urlsafe_b64encode(json.dumps([flash, facts], default=str).encode()).decode()
    cookies = [Cookie(FLASH, value=note, max_age=60, httponly=True, samesite="lax")] if flash else []
    return Response(b"", status_code=SEE_OTHER, headers={"Location": path}, cookies=cookies, media_type=MediaType.HTML)


def _flash(cookie: str) -> str:
    """Say the note; whatever is not a code we know says nothing."""
    if not cookie:
        return ""
    try:
        code, facts = json.loads(base64.urlsafe_b64decode(cookie))
        known = CATALOGUE.messages.get(code) is not None
        said = CATALOGUE.say(code, facts) if known else CATALOGUE.verb(code)
        said = CATALOGUE.text(code) if said == code else said
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError):
        return ""  # somebody's own invention
    return "" if said == code else str(said)
