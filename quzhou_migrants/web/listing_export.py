"""A whole list as a spreadsheet: read by a cursor, written row by row, its filters on the first sheet."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from litestar.response import Stream

from quzhou_migrants.kernel import xlsx
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.web.divisions import Places, places
from quzhou_migrants.web.listing_query import read_asked

if TYPE_CHECKING:
    from litestar import Request

    from quzhou_migrants.kernel.tx import Tx
    from quzhou_migrants.web.listing import Column, Condition, Listing, Page

MOST_ROWS = 1_000_000  # a sheet holds 1,048,576
BATCH = 500  # rows written between two breaths of the event loop
PIECE = 1 << 18
_KINDS: dict[str, xlsx.Kind] = {
    "int": "integer",
    "money": "yuan",
    "wan": "yuan",
    "bp": "percent",
    "date": "date",
    "datetime": "datetime",
}


async def export(listing: Listing, tx: Tx, request: Request[Any, Any, Any], base: Condition | None) -> Stream:
    """Write the list as asked, without paging, to a file and stream it."""
    asked = read_asked(listing, request.query_params, {}).whole
    known = await places(tx)
    text, params = listing.statement(listing.narrowed(tx, asked, base), asked, MOST_ROWS)
    columns = [c for c in listing.columns if c.sheet or (c.export and c.shown)]
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed, and so removed, when the last piece is sent
    with xlsx.Book(file) as book:
        book.facts(CATALOGUE.text("list.about"), _facts(tx, await listing.read(tx, request, asked, base)))
        sheet = book.table(listing.title, [_heading(listing, c) for c in columns])
        async for row in tx.conn.cursor(text, *params, prefetch=BATCH):
            sheet.add(_plain(c, row[c.name], known, listing) for c in columns)
    file.seek(0)
    name = f"{listing.title}-{tx.today:%Y%m%d}.xlsx"
    return Stream(
        _pieces(file),
        media_type=xlsx.MEDIA_TYPE,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-store"},
    )


def _heading(listing: Listing, column: Column) -> xlsx.Column:
    kind = _KINDS.get(column.kind, "text")
    label, unit = listing.label(column.name), CATALOGUE.text("list.in_yuan")
    if kind == "yuan":  # in a sheet every amount is in yuan, whatever the screen shows
        label = label.removesuffix(CATALOGUE.text("list.in_wan")).removesuffix(unit) + unit
    return xlsx.Column(label, kind)


def _facts(tx: Tx, page: Page) -> list[tuple[str, str]]:
    """Say what the file is: which list, which filters, who made it when."""
    about = CATALOGUE.text("list.about_figure") if page.count.about else ""
    count = f"{about}{page.total}" + (CATALOGUE.text("list.or_more") if page.count.capped else "")
    return [
        (CATALOGUE.text("list.what"), page.title),
        (CATALOGUE.text("list.filters"), "；".join(chip for chip, _ in page.chips()) or CATALOGUE.text("list.none")),
        (CATALOGUE.text("list.count"), count),
        (CATALOGUE.text("list.maker"), f"{tx.actor.title} {tx.actor.name}"),
        (CATALOGUE.text("list.made_at"), f"{shanghai(tx.now):%Y-%m-%d %H:%M}"),
    ]


def _plain(column: Column, value: Any, known: Places, listing: Listing) -> Any:  # noqa: ANN401 - a cell is any value
    """Turn a value into what a spreadsheet shows."""
    if isinstance(value, datetime):
        return shanghai(value) if column.kind == "datetime" else shanghai(value).date()
    if value is None or column.kind in _KINDS:
        return value
    said: dict[str, Callable[[Any], str]] = {
        "state": lambda v: CATALOGUE.state(column.machine, v),
        "verb": CATALOGUE.verb,
        "division": known.name,
        "tag": lambda v: listing.label(f"{column.name}.{v}") if v != "" else "",
        "bool": lambda v: CATALOGUE.text("list.yes") if v else "",
    }
    return said.get(column.kind, str)(value)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Send the file and let it go."""
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
