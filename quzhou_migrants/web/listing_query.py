"""What a list's address asks for, and the conditions it becomes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.web.fields import Slip, tidy

if TYPE_CHECKING:
    import asyncpg

    from quzhou_migrants.web.listing import Filter, Listing

SIZES = (20, 50, 100, 200)
SIZE_TEXTS = {str(size): size for size in SIZES}
LONGEST = 100  # characters of a search or filter value
CODE_DIGITS = 12
WHOLE_DIGITS = 9  # fits an INTEGER column


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a sorted list: the sort keys of a row, and whether we go back from it."""

    values: tuple[Any, ...]
    back: bool

    @classmethod
    def of(cls, row: asyncpg.Record, keys: int, *, back: bool) -> Cursor:
        """Mark the place of a row."""
        return cls(tuple(row[f"_k{n}"] for n in range(keys)), back)

    @property
    def token(self) -> str:
        """Write the place for an address."""
        packed = msgspec.json.encode([[_pack(v) for v in self.values], self.back])
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def read(cls, token: str) -> Cursor | None:
        """Read a place; what was tampered with leads to the beginning."""
        try:
            values, back = msgspec.json.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            return cls(tuple(_unpack(kind, v) for kind, v in values), bool(back))
        except (ValueError, TypeError, KeyError, RecursionError):  # the last for brackets by the thousand
            return None


def _pack(value: Any) -> tuple[str, Any]:  # noqa: ANN401 - a sort key of any column
    if isinstance(value, datetime):
        return "t", value.isoformat()
    if isinstance(value, date):
        return "d", value.isoformat()
    return ("n", value) if isinstance(value, int | float) else ("s", str(value))


def _unpack(kind: str, value: Any) -> Any:  # noqa: ANN401 - a sort key of any column
    readers: dict[str, Callable[[Any], Any]] = {"t": datetime.fromisoformat, "d": date.fromisoformat, "s": str}
    if isinstance(value, str) and "\0" in value:  # the server would refuse it and with it the whole transaction
        raise ValueError(kind)
    if kind == "n":
        if not isinstance(value, int | float):
            raise TypeError(value)
        return value
    return readers[kind](value)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a list, checked: unknown names and values are simply not there.

    `sealed` stands for a searched number that must not stand in an address: see `Secret`.
    """

    q: str
    sealed: str
    values: dict[str, str]
    sort: str
    down: bool
    size: int
    cursor: Cursor | None

    def falling(self, listing: Listing) -> bool:
        """Tell whether the order falls."""
        return self.down if self.sort else listing.descending

    @property
    def whole(self) -> Asked:
        """Ask for the same list from its beginning, for what leaves as one file."""
        return replace(self, cursor=None)

    def url(self, path: str, changes: Mapping[str, str]) -> str:
        """Write the address with changes; an empty value leaves the name out."""
        sort = ("-" if self.down else "") + self.sort
        now = {"q": self.q, "sealed": self.sealed, **self.values, "sort": sort, "size": str(self.size), **changes}
        if now["size"] == str(SIZES[1]):
            now["size"] = ""
        kept = {name: value for name, value in now.items() if value}
        return f"{path}?{urlencode(kept)}" if kept else path


def read_asked(listing: Listing, params: Mapping[str, str], preset: Mapping[str, str]) -> Asked:
    """Read the address of a list page."""
    given = {**preset, **params}
    sort = given.get("sort", "")
    name = sort.removeprefix("-")
    size = SIZE_TEXTS.get(given.get("size", ""), listing.size)
    values = {f.name: value for f in listing.filters if (value := _cleaned(given.get(f.name, "")))}
    q, sealed = _searched(listing, given)
    return Asked(
        q,
        sealed,
        {n: v for n, v in values.items() if v},
        name if name in listing.sorts else "",
        sort.startswith("-") and name in listing.sorts,
        size,
        Cursor.read(given["at"]) if given.get("at") else None,
    )


def _searched(listing: Listing, given: Mapping[str, str]) -> tuple[str, str]:
    """Tell the searched text, or what stands for it. Shape: (q, sealed), never both."""
    q = _cleaned(given.get("q", "")) if listing.search else ""
    if listing.secret is None:
        return q, ""
    sealed = listing.secret.seal(q) if q else given.get("sealed", "")[:LONGEST]
    return ("", sealed) if sealed else (q, "")


def _cleaned(text: str) -> str:
    try:
        return tidy(text)[:LONGEST]
    except Slip:
        return ""


@dataclass(slots=True)
class Sql:
    """Conditions joined by AND, with numbered parameters."""

    parts: list[str] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)

    def copy(self) -> Sql:
        """Copy, to add what one query needs alone."""
        return Sql(list(self.parts), list(self.params))

    @property
    def where(self) -> str:
        """Write the WHERE clause, empty when there is none."""
        return " WHERE " + " AND ".join(self.parts) if self.parts else ""

    def also(self, condition: str, params: list[Any] | None = None) -> None:
        """Add a condition; every `{}` in it takes the next parameter."""
        pieces = condition.split("{}")
        text = pieces[0]
        for piece, value in zip(pieces[1:], params or (), strict=True):
            self.params.append(value)
            text += f"${len(self.params)}{piece}"
        self.parts.append(f"({text})")

    def inside(self, column: str, code: str) -> None:
        """Keep rows inside a division, in the form an index on the code can use."""
        self.also(f"{column} >= {{}} AND {column} < {{}}", list(code_range(code)))

    def narrow(self, f: Filter, value: str) -> None:
        """Add a filter; a value that cannot be one finds nothing."""
        if f.kind == "division":
            if len(value) == CODE_DIGITS and value.isascii() and value.isdecimal():
                self.inside(f.sql, value)
            else:
                self.parts.append("false")
        elif f.kind == "flag":
            self.also(f.sql)
        else:
            try:
                self.also(f.sql, [_typed(f, value)] * f.sql.count("{}"))
            except ValueError:
                self.parts.append("false")

    def beyond(self, keys: tuple[str, ...], values: tuple[Any, ...], *, falling: bool) -> None:
        """Keep rows after a place: one row comparison, which an index on the keys can follow."""
        if len(keys) != len(values):
            return  # a place of another order: start from the beginning
        marks = ", ".join("{}" for _ in keys)
        self.also(f"({', '.join(keys)}) {'<' if falling else '>'} ({marks})", list(values))


def _typed(f: Filter, value: str) -> Any:  # noqa: ANN401 - the type the column asks for
    if f.whole or f.kind == "int":
        if len(value) > WHOLE_DIGITS:
            raise ValueError(value)
        return int(value)
    return date.fromisoformat(value) if f.kind == "date" else value
