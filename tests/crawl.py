"""Walking every page a person can reach by links, each kind of page once, and telling what is wrong with it."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from live import AXE, DESK, PHONE
from playwright.async_api import Error

PATIENCE = 60  # seconds for one page at every width
TWICE = {"width": 640, "height": 450}  # what 1280 x 900 becomes at 200 %
LEAVES = re.compile(
    r"\.(pdf|xlsx|json|zip|txt|csv|ics)$|^/public/photos/\d|^/api/(?!docs)|^/static/|^/files/|/file$|/export"
)
PARTS = re.compile(r"/(\d{2,}|\d+(?=/|$)|[A-Za-z0-9_.-]{24,}|[a-z]+(\.[a-z_]+){2,})")
READY = {"/api/docs": "#api-docs .opblock-tag", "/field": "#screen h1"}  # pages that are drawn in the browser
LOOK = """() => ({
  title: document.title.split('·')[0].trim(),
  heads: document.querySelectorAll('h1').length,
  crumbs: [...document.querySelectorAll('.breadcrumb a')].map(a => a.getAttribute('href')),
  bare: !document.querySelector('#side'),
  links: [...document.querySelectorAll('a[href]')].map(a => a.href.split('#')[0]),
  skeleton: [...new Set([...document.querySelectorAll('body *')].map(
    e => `${e.tagName}.${e.className.baseVal ?? e.className}.${e.getAttribute('role') || ''}`))],
})"""
AXE_RUN = "axe.run(document, {resultTypes: ['violations']})"
WIDE = """() => document.documentElement.scrollWidth <= innerWidth ? '' :
  [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 3).map(e => e.outerHTML.slice(0, 90)).join(' | ') || 'document'"""


def kind_of(address: str) -> str:
    """Name the kind of page: numbers, tokens and dotted keys taken out, no query."""
    return PARTS.sub("/*", urlsplit(address).path) or "/"


@dataclass
class Crawler:
    """One person's window, what was seen in it, and what is wrong."""

    page: Any
    host: str
    who: str
    known: dict[str, set[str]]  # the parts judged on each kind of page, shared by all persons
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
        await self.page.set_viewport_size(DESK)
        try:
            answer = await self.page.goto(path, wait_until="load")
            if drawn := READY.get(urlsplit(path).path):
                await self.page.wait_for_selector(drawn, timeout=15_000)
        except Error as error:
            self._wrong(f"does not open: {str(error).splitlines()[0]}")
            return []
        if answer.status >= 400:
            self._wrong(f"answers {answer.status}")
            return []
        found = await self.page.evaluate(LOOK)
        self._judge(found)
        await self._look_closely(kind, found)
        return list(found["links"])

    async def _look_closely(self, kind: str, found: dict[str, Any]) -> None:
        """Try every width, and axe, unless a page of this kind with the same parts was judged before."""
        known = self.known.setdefault(kind, set())
        if known.issuperset(found["skeleton"]):
            return
        known.update(found["skeleton"])
        await self._axe("desk")
        for view in (TWICE, PHONE):
            await self.page.set_viewport_size(view)
            if wide := await self.page.evaluate(WIDE):
                self._wrong(f"wider than {view['width']}: {wide}")
        await self._axe("phone")

    def _judge(self, found: dict[str, Any]) -> None:
        if found["heads"] != 1:
            self._wrong(f"{found['heads']} main headings")
        if not found["title"]:
            self._wrong("no title")
        at_home = urlsplit(self.page.url).path in {"/", "/home"}
        if not at_home and not found["bare"] and found["crumbs"][:1] != ["/home"]:
            self._wrong(f"crumbs lead to {found['crumbs'][:1]}, not home")

    async def _axe(self, view: str) -> None:
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE.read_text())
        judged = await self.page.evaluate(AXE_RUN)
        for violation in judged["violations"]:
            self._wrong(f"axe {view} {violation['id']}: {violation['nodes'][0]['html'][:160]}")

    async def _fetch_leaves(self) -> None:
        """Fetch what is no page: files, tables, printed sheets."""
        for path in self.leaves.values():
            answer = await self.page.request.get(urljoin(self.host, path))
            if not answer.ok:
                self.findings.append(f"{self.who} {path}: answers {answer.status}")
        self.leaves.clear()
