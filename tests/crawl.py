"""Walking every page a person can reach by links, each kind of page once, and telling what is wrong with it."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
from live import AXE, DESK, PHONE
from lxml import etree, html
from playwright.async_api import Error

PATIENCE = 60  # seconds for one page at every width
TWICE = {"width": 640, "height": 450}  # what 1280 x 900 becomes at 200 %
LEAVES = re.compile(
    r"\.(pdf|xlsx|json|zip|txt|csv|ics)$|^/public/photos/\d|^/api/(?!docs)|^/static/|^/files/|/file$|/export"
)
PARTS = re.compile(r"/(\d{2,}|\d+(?=/|$)|[A-Za-z0-9_.-]{24,}|[a-z]+(\.[a-z_]+){2,})")
CONTROLS = {"input", "select", "textarea", "button"}
READY = {"/api/docs": "#api-docs .opblock-tag", "/field": "#screen h1"}  # pages that are drawn in the browser
WIDTHS = (DESK, TWICE, PHONE)
AXE_RUN = """judged => axe.run(judged ? {exclude: [['#side']]} : document, {resultTypes: ['violations']})
  .then(found => found.violations.map(v => [v.id, v.nodes[0].html.slice(0, 160)]))"""
# Rows of one table with the same parts come from the same lines of a template: three of them tell what all would.
THIN = """() => { for (const list of document.querySelectorAll('tbody, select, datalist')) {
  const seen = {}
  for (const row of [...list.children]) {
    const parts = [...row.querySelectorAll('*')].map(e => e.tagName + e.className + e.getAttributeNames()).join()
    seen[parts] = (seen[parts] ?? 0) + 1
    if (seen[parts] > 3 && !row.selected) row.remove()
  }
}}"""
# The menu beside every page: what it is made of, without its words.
SIDE = """() => [...(document.querySelector('#side')?.querySelectorAll('*') ?? [])]
  .map(e => e.tagName + (e.className.baseVal ?? e.className)).filter((part, n, all) => all.indexOf(part) == n).join()"""
WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? '' :
  [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 3).map(e => e.outerHTML.slice(0, 90)).join(' | ') || 'document'"""


# A name of the catalogue that nobody put into words stands on the page as it is; only parameters show their names.
RAW, KEYED = re.compile(r"\s*[a-z_]+(\.[a-z_0-9]+)+\s*$"), re.compile(r"/policy/|/api/")
WORDS = ".//text()[not(ancestor::code or ancestor::script or ancestor::style or ancestor::pre)]"


def kind_of(address: str) -> str:
    """Name the kind of page: numbers, tokens and dotted keys taken out, no query."""
    return PARTS.sub("/*", urlsplit(address).path) or "/"


class Sheet:
    """What a page says before any script runs."""

    def __init__(self, address: str, page: Any) -> None:
        """Read the page; `address` is where it came from in the end."""
        self.address = address
        self.title = (page.findtext(".//title") or "").split("·")[0].strip()
        self.heads = len(page.findall(".//h1"))
        self.crumbs = [a.get("href") for a in page.find_class("breadcrumb") for a in a.iter("a")]
        self.bare = page.get_element_by_id("side", None) is None
        self.links = [urldefrag(urljoin(address, a.get("href"))).url for a in page.iter("a") if a.get("href")]
        body = page.find("body")
        self.raw = [] if KEYED.match(urlsplit(address).path) else [t.strip() for t in body.xpath(WORDS) if RAW.match(t)]
        inside = list(body.iter(etree.Element))
        self.pieces = {f"{_piece(e.getparent())} > {_piece(e)}" for e in inside}
        self.controls = {
            f"{e.tag} {e.get('name', '')}" for e in inside if e.tag in CONTROLS and e.get("type") != "hidden"
        }


def _piece(element: Any) -> str:
    return f"{element.tag}.{element.get('class', '')}.{element.get('role', '')}.{element.get('type', '')}"


class Judged:
    """What was drawn and judged already, by any person: pieces as one stands in another, controls of a kind of page.

    A row of buttons, an empty list, a table is the same piece of the same stylesheet on whatever page it stands, and
    every kind of page is drawn at least once; how its fields are called each form tells for itself.
    """

    def __init__(self) -> None:
        """Know nothing."""
        self.pieces: set[str] = set()
        self.controls: dict[str, set[str]] = {}
        self.menus: set[str] = set()

    def adds(self, kind: str, found: Sheet) -> bool:
        """Tell whether a page is of a new kind, puts pieces together in a new way or has a new control; note it."""
        known = self.controls.get(kind)
        new = known is None or not known >= found.controls or not self.pieces >= found.pieces
        self.controls.setdefault(kind, set()).update(found.controls)
        self.pieces |= found.pieces
        return new


@dataclass
class Crawler:
    """One person's way through the house: every page is fetched and read, and opened in a window when it is new.

    A page that only repeats what `Judged` knows need not be drawn a second time.
    """

    http: httpx.AsyncClient
    page: Any
    host: str
    who: str
    judged: Judged  # shared by all persons
    findings: list[str] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    leaves: dict[str, str] = field(default_factory=dict)
    _now: str = ""

    def __post_init__(self) -> None:
        """Listen to the console and to every request."""
        self.page.on("console", lambda m: self._wrong(f"console: {m.text}") if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self._wrong(f"script: {error}"))
        self.page.on("request", lambda r: self._outside(r.url))

    def _outside(self, url: str) -> None:
        if not url.startswith((self.host, "data:", "blob:")):
            self._wrong(f"asks another host: {url}")

    def _wrong(self, what: str) -> None:
        self.findings.append(f"{self.who} {self._now}: {what}")

    async def walk(self, starts: Iterable[str], *, follow: bool = True) -> None:
        """Visit the starts and, by links, every other kind of page once."""
        waiting = deque(starts)
        while waiting:
            path = waiting.popleft()
            kind = kind_of(path) if follow else path
            if kind in self.seen:
                continue
            self.seen[kind] = path
            links = await self._visited(path, kind_of(path))
            waiting.extend(self._fresh(links) if follow else ())
        await self._fetch_leaves()

    def _fresh(self, links: list[str]) -> Iterable[str]:
        for link in links:
            path = link.removeprefix(self.host)
            if not link.startswith(self.host + "/"):
                if link.startswith("http"):
                    self._wrong(f"links outside: {link}")
            elif LEAVES.search(urlsplit(path).path) or "format=xlsx" in path:
                self.leaves.setdefault(kind_of(path), path)
            else:
                yield path

    async def _visited(self, path: str, kind: str) -> list[str]:
        """Visit a page, but do not wait for ever for one that never comes to rest."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._visit(path, kind)
        except TimeoutError:
            self._wrong(f"does not come to rest in {PATIENCE} s")
            return []

    async def _visit(self, path: str, kind: str) -> list[str]:
        self._now = path
        answer = await self.http.get(path, follow_redirects=True)
        if answer.is_error:
            self._wrong(f"answers {answer.status_code}")
            return []
        found = Sheet(str(answer.url), html.fromstring(answer.content))
        self._judge(found)
        if self.judged.adds(kind, found):
            await self._look_closely(path)
        return found.links

    async def _look_closely(self, path: str) -> None:
        """Open the page at every width, and let axe judge it."""
        try:
            await self.page.goto(path, wait_until="load")
            if drawn := READY.get(urlsplit(path).path):
                await self.page.wait_for_selector(drawn, timeout=15_000)
        except Error as error:
            self._wrong(f"does not open: {str(error).splitlines()[0]}")
            return
        for view in WIDTHS:  # the window stands at the first of them
            await self.page.set_viewport_size(view)
            if wide := await self.page.evaluate(WIDE):
                self._wrong(f"wider than {view['width']}: {wide}")
        await self.page.evaluate(THIN)
        await self.page.evaluate(AXE.read_text())
        menu = await self.page.evaluate(SIDE)
        await self._axe("phone", judged=menu in self.judged.menus)
        await self.page.set_viewport_size(DESK)
        await self._axe("desk", judged=menu in self.judged.menus)
        self.judged.menus.add(menu)

    def _judge(self, found: Sheet) -> None:
        drawn_later = urlsplit(found.address).path in READY
        if not drawn_later and found.heads != 1:
            self._wrong(f"{found.heads} main headings")
        if not found.title:
            self._wrong("no title")
        if found.raw:
            self._wrong(f"names without words: {sorted(set(found.raw))}")
        at_home = urlsplit(found.address).path in {"/", "/home"}
        if not at_home and not found.bare and found.crumbs[:1] != ["/home"]:
            self._wrong(f"crumbs lead to {found.crumbs[:1]}, not home")

    async def _axe(self, view: str, *, judged: bool) -> None:
        for rule, where in await self.page.evaluate(AXE_RUN, judged):
            self._wrong(f"axe {view} {rule}: {where}")

    async def _fetch_leaves(self) -> None:
        """Fetch what is no page: files, tables, printed sheets."""
        for path in self.leaves.values():
            answer = await self.http.get(path, follow_redirects=True)
            if answer.is_error:
                self.findings.append(f"{self.who} {path}: answers {answer.status_code}")
        self.leaves.clear()
