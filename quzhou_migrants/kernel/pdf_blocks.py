"""What a printed document is declared as: a title and blocks of plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quzhou_migrants.kernel.qr import Code

Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A line that opens a section; level 1 is heavy sans, level 2 heavy serif."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph, by custom indented by two characters; `small` for notes."""

    text: str
    align: Align = "left"
    indent: bool = True
    small: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """Labels and values in ruled pairs, `columns` pairs beside each other."""

    rows: tuple[tuple[str, str], ...]
    columns: int = 1


@dataclass(frozen=True, slots=True)
class Grid:
    """A ruled table whose head repeats on each page.

    Shape: `widths` are weights; `right` the indices of columns of figures; the last row of a
    table with `total` is set heavy.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...] = ()
    right: frozenset[int] = frozenset()
    total: bool = False


@dataclass(frozen=True, slots=True)
class Signs:
    """Places for signatures: a label and a rule each, two in a line."""

    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A QR code in the text, with its caption."""

    code: Code
    caption: str = ""
    size_mm: float = 40


@dataclass(frozen=True, slots=True)
class PageBreak:
    """What follows starts a new page."""


Block = Heading | Text | Fields | Grid | Signs | Picture | PageBreak


@dataclass(frozen=True, slots=True)
class Document:
    """One printed document.

    Shape: `number` stands under the title (document number), `footer` small at the foot of
    every page, `wide` turns the paper for broad tables.
    """

    title: str
    blocks: tuple[Block, ...]
    number: str = ""
    author: str = ""
    footer: str = ""
    wide: bool = False
