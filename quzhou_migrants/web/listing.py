"""List pages, each one declaration: filters, search, sorting, paging by key, counting, export.

Every list of the system is a `Listing`. A page costs one data query whatever its depth (plus a
count, capped and kept for some seconds); rows are written by precompiled cell writers, not by
template calls. Labels come from the catalogue, under `[text]`: `"list.<key>.what"` names the list,
`"list.<key>.<column>"` a column or filter, `"list.<key>.<column>.<value>"` a choice or tag.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import asyncpg
from litestar.response import Response
from markupsafe import Markup

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web import cells
from quzhou_migrants.web.divisions import Places, places
from quzhou_migrants.web.doors import Opens, every_door, opens_for
from quzhou_migrants.web.listing_count import Count, Counts
from quzhou_migrants.web.listing_export import export
from quzhou_migrants.web.listing_query import SIZES, Asked, Cursor, Sql, read_asked
from quzhou_migrants.web.render import html, render, see_other, wants_fragment

if TYPE_CHECKING:
    from litestar import Request

    AnyRequest = Request[Any, Any, Any]

Options = Callable[[Tx], Awaitable[Sequence[tuple[str, str]]]]
Search = Callable[[Tx, str], tuple[str, list[Any]]]
Condition = tuple[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list.

    Shape: `sql` is its expression (the name itself when left out), `sort` a NOT NULL expression to
    sort by (True: the column's own), `link` an address with columns in braces.
    Kinds: text code int money wan date datetime bp bool state division tag verb. `shown=False` only feeds links,
    with `sheet=True` it stands in the export besides.
    """

    name: str
    sql: str = ""
    kind: str = "text"
    sort: bool | str = False
    link: str = ""
    machine: str = ""
    shown: bool = True
    export: bool = True
    sheet: bool = False

    @property
    def expression(self) -> str:
        """SQL of the value."""
        return self.sql or self.name

    @property
    def sort_expression(self) -> str:
        """SQL of the sort key, empty when the column does not sort."""
        return self.sort if isinstance(self.sort, str) else self.expression if self.sort else ""


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter. `sql` is a condition with `{}` where the value goes; for kind division, the column.

    Kinds: choice (values in `choices`, of a state `machine`, or from `options`), division, text,
    int, date, flag (a ticked box; its `sql` takes no value).
    """

    name: str
    sql: str
    kind: str = "choice"
    choices: tuple[str, ...] = ()
    machine: str = ""
    options: Options | None = None
    whole: bool = False  # the value goes to SQL as an integer


@dataclass(frozen=True, slots=True)
class Secret:
    """Searches for numbers of people: their text leaves the address, where histories and proxies would keep it.

    Shape: `seal` gives what stands for a typed text, "" when it may be seen; `find` turns that into a condition.
    """

    seal: Callable[[str], str]
    find: Search


@dataclass(frozen=True, slots=True)
class Control:
    """A filter as it is drawn: label, current value, options (value, title, depth)."""

    name: str
    label: str
    kind: str
    value: str
    options: tuple[tuple[str, str, int], ...]

    @property
    def drawn(self) -> Markup:
        """Draw the options."""
        return cells.options(self.options, self.value)


@lru_cache(maxsize=512)
def _drawn(controls: tuple[Control, ...]) -> Markup:
    return Markup(html("web/listing_controls.html", controls=controls))  # noqa: S704 - a template of ours


@dataclass(slots=True)
class Page:
    """One page of a list, ready for the template."""

    listing: Listing
    asked: Asked
    rows: list[asyncpg.Record]
    controls: list[Control]
    count: Count
    before: str
    after: str
    places: Places
    path: str
    opens: Opens = every_door

    @property
    def body(self) -> Markup:
        """Draw the rows."""
        return self.listing.writer(self.rows, self.places, self.opens)

    @property
    def head(self) -> Markup:
        """Draw the headings."""
        return self.listing.header(self.asked.sort, self.url, down=self.asked.down)

    @property
    def controls_drawn(self) -> Markup:
        """Draw the filters."""
        return _drawn(tuple(self.controls))

    @property
    def title(self) -> str:
        """Name of the list."""
        return self.listing.title

    def label(self, name: str) -> str:
        """Label of a column or filter."""
        return self.listing.label(name)

    def url(self, **changes: str) -> str:
        """Address of the same list with some values changed; paging starts anew unless it is what changes."""
        return self.asked.url(self.path, changes)

    @property
    def total(self) -> int:
        """How many rows there are on all pages together."""
        return self.count.total

    @property
    def filtered(self) -> bool:
        """Tell whether anything narrows the list."""
        return bool(self.asked.q or self.asked.sealed or self.asked.values)

    def chips(self) -> list[tuple[str, str]]:
        """List what narrows the list. Shape: [(what, address without it)]."""
        found = []
        if self.asked.q:
            found.append((f"“{self.asked.q}”", self.url(q="")))
        if self.asked.sealed:
            found.append((self.label("sealed"), self.url(sealed="")))
        chosen = [control for control in self.controls if control.value]
        return [*found, *((f"{c.label} {self._said(c)}".strip(), self.url(**{c.name: ""})) for c in chosen)]

    def _said(self, control: Control) -> str:
        """Say a filter's value in words; an address may name several values with commas between."""
        if control.kind == "flag":
            return ""
        if control.kind == "division":
            return self.places.name(control.value)
        titles = {value: title for value, title, _ in control.options}
        if control.value in titles:
            return titles[control.value]
        return CATALOGUE.text("list.and").join(titles.get(v, v) for v in control.value.split(","))


@dataclass(frozen=True)
class Listing:
    """The declaration of one list.

    Shape: `source` is what follows FROM; `id` a unique bigint expression; `order` the default sort
    keys before the id, all NOT NULL; `scope` the division column that the post's range narrows.
    `search` turns a text into a condition: (sql with {}, parameters).
    """

    key: str
    source: str
    columns: tuple[Column, ...]
    id: str = "id"
    scope: str = ""
    where: str = ""
    order: tuple[str, ...] = ()
    descending: bool = False
    filters: tuple[Filter, ...] = ()
    search: Search | None = None
    secret: Secret | None = None
    size: int = 50
    export: bool = True
    _counts: Counts = field(default_factory=Counts, repr=False, compare=False)
    _labels: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def label(self, name: str) -> str:
        """Label from the catalogue: of this list, else of any list."""
        found = self._labels.get(name)
        if found is None:
            own, any_ = f"list.{self.key}.{name}", f"list.{name}"
            said = CATALOGUE.text(own)
            found = self._labels[name] = CATALOGUE.text(any_) if said == own else said
        return found

    @cached_property
    def title(self) -> str:
        """Name of the list."""
        columns = {c.name for c in self.columns}
        for name in ("what", "title"):
            own = f"list.{self.key}.{name}"
            if name not in columns and CATALOGUE.text(own) != own:
                return CATALOGUE.text(own)
        return self.key

    @cached_property
    def shown(self) -> tuple[Column, ...]:
        """Columns on screen."""
        return tuple(c for c in self.columns if c.shown)

    @cached_property
    def sorts(self) -> dict[str, str]:
        """Sortable columns and their keys."""
        return {c.name: c.sort_expression for c in self.columns if c.sort}

    @cached_property
    def writer(self) -> cells.Writer:
        """Cell writers, compiled once."""
        return cells.row_writer(self.columns, self.label)

    @cached_property
    def header(self) -> cells.Head:
        """Heading writer, compiled once."""
        return cells.head_writer(self.columns, self.label)

    @cached_property
    def _select(self) -> str:
        return ", ".join(f"{c.expression} AS {c.name}" for c in self.columns)

    def keys(self, asked: Asked) -> tuple[str, ...]:
        """Sort keys of a request, the id last."""
        chosen = self.sorts.get(asked.sort)
        return (chosen, self.id) if chosen else (*self.order, self.id)

    async def fetch(self, tx: Tx, request: AnyRequest, base: Condition | None = None, **preset: str) -> Page:
        """Read the page that the address asks for. `base` is a further condition of the calling page."""
        return await self.read(tx, request, read_asked(self, request.query_params, preset), base)

    async def read(self, tx: Tx, request: AnyRequest, asked: Asked, base: Condition | None) -> Page:
        """Read the page that was asked for."""
        known = await places(tx)
        controls = [await _control(self, f, tx, asked, known) for f in self.filters]
        sql = self.narrowed(tx, asked, base)
        try:
            rows, before, after = await self._rows(tx, sql, asked)
            count = Count(len(rows)) if not (before or after) else await self._counts.of(tx, self.source, sql)
        except asyncpg.DataError:  # a value typed into the address that no column can hold finds nothing
            rows, before, after, count = [], "", "", Count(0)
        opens = opens_for(request.app, tx.actor)
        return Page(self, asked, rows, controls, count, before, after, known, request.url.path, opens)

    async def respond(
        self,
        request: AnyRequest,
        template: str = "web/listing.html",
        *,
        base: Condition | None = None,
        given: Mapping[str, str] | None = None,
        **context: Any,  # noqa: ANN401 - whatever the template names
    ) -> Response[Any]:
        """Answer a list page whole: the page, its part for htmx, or the export.

        Shape: `given` {setting: value} is what the source reads with `current_setting('app.…')`;
        a source that does has to be narrowed by the same values, so that counts are kept apart.
        """
        asked = read_asked(self, request.query_params, {})
        if asked.sealed and request.query_params.get("q") and not wants_fragment(request):
            return see_other(asked.url(request.url.path, {}))
        async with open_tx(request) as tx:
            await settle(tx, given or {})
            if self.export and request.query_params.get("format") == "xlsx":
                return await export(self, tx, request, base)
            page = await self.read(tx, request, asked, base)
        if wants_fragment(request) and request.headers.get("hx-target") == "listing":
            shown = page.url(at=request.query_params.get("at", ""))
            return render(request, "web/listing_body.html", headers={"HX-Push-Url": shown}, page=page, **context)
        return render(request, template, page=page, **context)

    def narrowed(self, tx: Tx, asked: Asked, base: Condition | None) -> Sql:
        """Gather every condition of a request: the fixed ones, the post's range, search, filters."""
        sql = Sql()
        if self.where:
            sql.also(self.where)
        if self.scope and not tx.actor.is_outsider and tx.actor.division_code:
            sql.inside(self.scope, tx.actor.division_code)
        if base:
            sql.also(*base)
        if asked.q and self.search:
            sql.also(*self.search(tx, asked.q))
        if asked.sealed and self.secret:
            sql.also(*self.secret.find(tx, asked.sealed))
        for f in self.filters:
            value = asked.values.get(f.name)
            if value is not None:
                sql.narrow(f, value)
        return sql

    def statement(self, sql: Sql, asked: Asked, limit: int) -> tuple[str, list[Any]]:
        """Write the data query of one page."""
        keys = self.keys(asked)
        back = asked.cursor is not None and asked.cursor.back
        falling = asked.falling(self) != back
        page = sql.copy()
        if asked.cursor:
            page.beyond(keys, asked.cursor.values, falling=falling)
        way = " DESC" if falling else ""
        extra = "".join(f", {k} AS _k{n}" for n, k in enumerate(keys))
        order = ", ".join(k + way for k in keys)
        text = f"SELECT {self._select}{extra} FROM {self.source}{page.where} ORDER BY {order} LIMIT {limit}"  # noqa: S608 - parts are declared in code, values are parameters
        return text, page.params

    async def _rows(self, tx: Tx, sql: Sql, asked: Asked) -> tuple[list[asyncpg.Record], str, str]:
        """Read one row more than the page shows, so that we know whether it goes on."""
        text, params = self.statement(sql, asked, asked.size + 1)
        rows = await tx.conn.fetch(text, *params)
        more, rows = len(rows) > asked.size, rows[: asked.size]
        back = asked.cursor is not None and asked.cursor.back
        if back:
            rows.reverse()
        n = len(self.keys(asked))
        has_before = more if back else asked.cursor is not None
        has_after = more or back
        before = Cursor.of(rows[0], n, back=True).token if rows and has_before else ""
        after = Cursor.of(rows[-1], n, back=False).token if rows and has_after else ""
        return rows, before, after


async def settle(tx: Tx, given: Mapping[str, str]) -> None:
    """Set what a source reads with `current_setting`, for this transaction. Shape: {setting: value}."""
    if given:
        await tx.conn.execute(
            "SELECT set_config(name, value, true) FROM unnest($1::text[], $2::text[]) AS x (name, value)",
            list(given),
            list(given.values()),
        )


async def _control(listing: Listing, f: Filter, tx: Tx, asked: Asked, known: Places) -> Control:
    value = asked.values.get(f.name, "")
    options: list[tuple[str, str, int]] = []
    if f.kind == "division":
        options = known.options(tx.actor.division_code, value)
    elif f.options is not None:
        options = [(v, title, 0) for v, title in await f.options(tx)]
    elif f.machine:
        states: Mapping[str, str] = CATALOGUE.sections["state"].get(f.machine, {})
        options = [(s, states.get(s, s), 0) for s in (f.choices or tuple(states))]
    elif f.kind == "choice":
        options = [(c, listing.label(f"{f.name}.{c}"), 0) for c in f.choices]
    return Control(f.name, listing.label(f.name), f.kind, value, tuple(options))


__all__ = ["SIZES", "Column", "Filter", "Listing", "Page", "Secret", "settle"]
