"""The Chinese catalogue: every sentence, state, verb and permission title the program can say.

Each package keeps `messages.zh.toml` files beside its rooms; this module reads them all once and
formats facts. Python code holds codes, never sentences.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from quzhou_migrants.kernel.errors import Problem

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("quzhou_migrants", "projects", "allocation", "inspection", "surveys")
DEFAULT_STATUS = 422
SECTIONS = ("state", "verb", "permission", "constraint", "text", "role", "category", "command")


class Sentence(string.Formatter):
    """Formatter with the bureau's own kinds: yuan, wan, date, datetime, pct, word; a missing fact stays visible."""

    def get_value(self, key: int | str, args: Any, kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401, ARG002 - the base class's own types
        """Answer the fact, or its name in braces so that a slip is seen rather than raised."""
        return kwargs.get(str(key), "{" + str(key) + "}")

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - any fact
        """Write one fact in the asked kind."""
        if value is None:
            return "—"
        if format_spec == "word":
            return CATALOGUE.text(f"word.{value}")
        if isinstance(value, str) and format_spec in _KINDS:
            return value
        kind = _KINDS.get(format_spec)
        return kind(value) if kind else str(super().format_field(value, format_spec))


_KINDS: dict[str, Any] = {
    "yuan": lambda v: f"{Decimal(int(v)) / 100:,.2f}元",
    "wan": lambda v: f"{(Decimal(int(v)) / 1_000_000).normalize():,f}万元",
    "pct": lambda v: f"{(Decimal(int(v)) / 100).normalize():f}%",
    "date": lambda v: f"{v.year}年{v.month}月{v.day}日" if isinstance(v, date) else str(v),
    "datetime": lambda v: f"{v:%Y-%m-%d %H:%M}" if isinstance(v, datetime) else str(v),
}


class Catalogue:
    """All messages of all packages."""

    def __init__(self, files: Iterable[Path]) -> None:
        """Read the files. Raises: ValueError when two files give the same code."""
        self.messages: dict[str, dict[str, Any]] = {}
        self.sections: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
        self.origin: dict[str, Path] = {}
        for path in files:
            self._read(path)
        self._sentence = Sentence()

    def _read(self, path: Path) -> None:
        for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if key in self.sections:
                for name, entry in value.items():
                    known = self.sections[key].setdefault(name, entry)
                    if isinstance(known, dict) and isinstance(entry, dict):
                        known.update(entry)
                    elif known != entry:  # two rooms with one word for two things: one would speak for the other
                        raise ValueError(f"{key}.{name} stands twice: {known}, and in {path} {entry}")
            elif key in self.messages:
                raise ValueError(f"{key} stands in {self.origin[key]} and in {path}")
            else:
                self.messages[key] = {"text": value} if isinstance(value, str) else value
                self.origin[key] = path

    def sentence(self, problem: Problem) -> str:
        """Say a problem in Chinese; an unknown code is shown as itself."""
        return self.say(problem.code, problem.facts)

    def say(self, code: str, facts: Mapping[str, Any] | None = None) -> str:
        """Say a code with facts."""
        message = self.messages.get(code)
        if message is None:
            return code
        return self._sentence.vformat(str(message["text"]), (), dict(facts or {}))

    def status(self, code: str) -> int:
        """HTTP status of a code."""
        return int(self.messages.get(code, {}).get("status", DEFAULT_STATUS))

    def help(self, code: str) -> str:
        """What to do next, when the catalogue says."""
        return str(self.messages.get(code, {}).get("help", ""))

    def state(self, machine: str, state: str) -> str:
        """Title of a state."""
        return str(self.sections["state"].get(machine, {}).get(state, state))

    def verb(self, verb: str) -> str:
        """What the timeline says of a verb."""
        return str(self.sections["verb"].get(verb, verb))

    def permission(self, permission: str) -> str:
        """Title of a permission."""
        return str(self.sections["permission"].get(permission, permission))

    def role(self, role: str) -> str:
        """Title of a role."""
        return str(self.sections["role"].get(role, role))

    def text(self, key: str) -> str:
        """A short label that code needs, for instance in a flash line or an exported sheet."""
        return str(self.sections["text"].get(key, key))

    def constraint(self, name: str) -> str | None:
        """Code of a database constraint."""
        found = self.sections["constraint"].get(name)
        return str(found) if found else None


def message_files(root: Path = ROOT) -> list[Path]:
    """List every message file of the five packages, in a stable order."""
    return sorted(p for package in PACKAGES for p in (root / package).rglob("messages*.zh.toml"))


CATALOGUE = Catalogue(message_files())
