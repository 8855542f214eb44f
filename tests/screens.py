"""A person at the screens without a browser: opens pages, fills in the forms that stand there, presses buttons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from lxml import html

SIGNED_IN = "/home"


@dataclass
class Desk:
    """One signed-in person, and the page that lies before them."""

    http: httpx.AsyncClient
    page: Any = None
    path: str = ""
    files: list[tuple[str, tuple[str, bytes, str]]] = field(default_factory=list)

    async def sign_in(self, login: str, password: str) -> Desk:
        """Come in by the door."""
        answer = await self.http.post("/sign-in", data={"login": login, "password": password})
        assert answer.headers.get("location") == SIGNED_IN, login
        return self

    async def open(self, path: str) -> Desk:
        """Open a page; whatever is no page of 200 is a failure."""
        answer = await self.http.get(path, follow_redirects=True)
        assert answer.status_code == httpx.codes.OK, (path, answer.status_code, self._slips(answer))
        self._lay(answer)
        return self

    async def fetch(self, path: str) -> bytes:
        """Download a file."""
        answer = await self.http.get(path, follow_redirects=True)
        assert answer.status_code == httpx.codes.OK, (path, answer.status_code)
        return answer.content

    def link(self, text: str) -> str:
        """Give where the first link with this text leads."""
        found = [a.get("href") for a in self.page.iter("a") if " ".join(a.text_content().split()) == text]
        assert found, (self.path, text)
        return str(urljoin(self.path, found[0]))

    @property
    def text(self) -> str:
        """Give what a person reads on the sheet."""
        return " ".join(self.page.get_element_by_id("main").text_content().split())

    def attach(self, name: str, file: str, content: bytes, kind: str = "application/pdf") -> Desk:
        """Put a file to the next form that is sent."""
        self.files.append((name, (file, content, kind)))
        return self

    async def press(self, button: str, **typed: str) -> Desk:
        """Fill in the form that has this button, as far as `typed` says, and send it; a slip is a failure.

        A name with a dot is given with two underscores. Only fields that stand in the form can be filled in.
        """
        form, pressed = self._form(button)
        sent = [(name, value) for name, value in form.form_values() if name]
        for key, value in typed.items():
            name = key.replace("__", ".")
            assert any(e.get("name") == name for e in form.iter()), (self.path, button, name)
            sent = [(n, v) for n, v in sent if n != name] + [(name, value)]
        if pressed.get("name"):
            sent.append((pressed.get("name"), pressed.get("value", "")))
        address = urljoin(self.path, pressed.get("formaction") or form.get("action") or self.path)
        data: dict[str, list[str]] = {}
        for name, value in sent:
            data.setdefault(name, []).append(value)
        answer = await self.http.post(address, data=data, files=self.files or None)
        self.files = []
        if answer.has_redirect_location:
            return await self.open(answer.headers["location"])
        assert answer.status_code == httpx.codes.OK, (address, answer.status_code, self._slips(answer))
        self._lay(answer)
        assert not self._slips(answer), (address, self._slips(answer))
        return self

    def _form(self, button: str) -> tuple[Any, Any]:
        for form in reversed(self.page.forms):
            for pressed in form.iter("button"):
                if " ".join(pressed.text_content().split()) == button:
                    return form, pressed
        raise AssertionError(self.path, button, [" ".join(b.text_content().split()) for b in self.page.iter("button")])

    def _lay(self, answer: httpx.Response) -> None:
        self.page = html.fromstring(answer.text)
        self.path = urlsplit(str(answer.url)).path

    @staticmethod
    def _slips(answer: httpx.Response) -> list[str]:
        if not answer.headers.get("content-type", "").startswith("text/html"):
            return [answer.text[:300]]
        read = html.fromstring(answer.text)
        found = read.find_class("errors") + read.find_class("notice--bad")
        return [" ".join(e.text_content().split())[:400] for e in found]
