"""Official documents as PDF: declared as blocks of plain text, laid out after GB/T 9704.

A document is a frozen value, so it can be handed to another process (`in_pool`) and the same
value gives the same bytes. Callers pass text only; nothing in it is read as markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from typing import Any

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    LongTable,
    PageTemplate,
    Paragraph,
    Spacer,
    TableStyle,
)
from reportlab.platypus import PageBreak as Break

from quzhou_migrants.kernel import fonts
from quzhou_migrants.kernel.fonts import Face
from quzhou_migrants.kernel.pdf_blocks import (
    Align,
    Block,
    Document,
    Fields,
    Grid,
    Heading,
    PageBreak,
    Picture,
    Signs,
    Text,
)
from quzhou_migrants.kernel.qr import Code, draw_code

ALIGN = {"left": TA_LEFT, "center": TA_CENTER, "right": TA_RIGHT}
# GB/T 9704-2012, 5.2: A4, top 37 mm, binding edge 28 mm, text area 156 x 225 mm.
TOP, BINDING, OUTER, BOTTOM = 37 * mm, 28 * mm, 26 * mm, 35 * mm
TITLE_SIZE, BODY_SIZE, LEADING, SMALL = 22, 16, 28, 10.5
SIGN = 14 * mm  # height of one line of signatures
OPENING_ROWS = 3  # of a table that stay with its heading
MOST_KEPT = 120 * mm  # of what belongs together; the text area of turned paper is 138 mm high
PAD = 4  # points beside the text of a cell
SIZES = (SMALL, 9.5, 8.5, 7.5, 6.5)  # letters of a table, the largest that fits
WORD = 3  # characters of a word that a narrow column still shows side by side
HANGING = frozenset("，。；：、！？）》】”’％")  # never begin a line; they may stand in the margin
INK, RULE, SHADE = colors.black, colors.HexColor("#555555"), colors.HexColor("#eef1f4")


def build(document: Document) -> bytes:
    """Lay a document out and return the PDF file."""
    story: list[Flowable] = [line(document.title, Face.TITLE, TITLE_SIZE, "center")]
    if document.number:
        story += [Spacer(0, 2 * mm), line(document.number, Face.BODY, BODY_SIZE, "center")]
    story.append(Spacer(0, 5 * mm))
    story += flows(document.blocks, text_room(wide=document.wide))
    return lay(story, document.title, author=document.author, footer=document.footer, wide=document.wide)


def text_room(*, wide: bool = False) -> float:
    """Give the width of the text area. Units: points."""
    size = landscape(A4) if wide else A4
    return float(size[0] - BINDING - OUTER)


def lay(story: list[Flowable], title: str, *, author: str = "", footer: str = "", wide: bool = False) -> bytes:
    """Lay flowables out on numbered pages and return the PDF file; the same story gives the same bytes."""
    size = landscape(A4) if wide else A4
    out = BytesIO()
    template = BaseDocTemplate(
        out,
        pagesize=size,
        title=title,
        author=author,
        lang="zh-CN",
        initialFontName=Face.BODY,
        invariant=1,
        pageCompression=1,
    )
    frame = Frame(
        BINDING,
        BOTTOM,
        size[0] - BINDING - OUTER,
        size[1] - TOP - BOTTOM,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )
    fonts.chain(Face.BODY)
    template.addPageTemplates(PageTemplate(frames=[frame], onPage=lambda c, _: _foot(c, footer)))
    template.build(story)
    return out.getvalue()


def draw_text(  # noqa: PLR0913 - a line of text has these parts
    canvas: Canvas, at: tuple[float, float], text: str, face: Face, size: float, align: Align = "left"
) -> float:
    """Draw one line on a canvas, each stretch in a font that has it; return its width in points."""
    total = fonts.width(text, face, size)
    x = at[0] - {"left": 0.0, "center": total / 2, "right": total}[align]
    for font, stretch in fonts.runs(text, face):
        canvas.setFont(font, size)
        canvas.drawString(x, at[1], stretch)
        x += stringWidth(stretch, font, size) if len(stretch) < len(text) else 0
    return total


def wrap(text: str, face: Face, size: float, room: float) -> list[str]:
    """Break a text into lines of `room` points; only a closing punctuation mark may hang over."""
    lines: list[str] = []
    for part in text.splitlines():
        row, used = "", 0.0
        for char in part:
            step = size * fonts.advance(char, face)
            if row and used + step > room and char not in HANGING:
                lines.append(row)
                row, used = "", 0.0
            row, used = row + char, used + step
        lines.append(row)
    return lines


@cache
def _style(face: Face, size: float, align: Align = "left", *, indent: bool = False) -> ParagraphStyle:
    fonts.chain(face)
    return ParagraphStyle(
        f"{face}-{size}-{align}-{indent}",
        fontName=face.value,
        fontSize=size,
        leading=LEADING if size >= BODY_SIZE else size * 1.45,
        alignment=ALIGN[align],
        firstLineIndent=2 * size if indent else 0,
        wordWrap="CJK",
        textColor=INK,
        splitLongWords=1,
        bulletFontName=face.value,
    )


def line(text: str, face: Face, size: float, align: Align = "left", *, indent: bool = False) -> Paragraph:
    """Set a paragraph of plain text; by custom `indent` leaves two characters free."""
    return Paragraph(fonts.markup(text, face), _style(face, size, align, indent=indent))


def _foot(canvas: Canvas, footer: str) -> None:
    # GB/T 9704-2012, 7.5: 14 pt between dashes, 7 mm below the text, one character from the edge;
    # odd pages right, even pages left.
    number = canvas.getPageNumber()
    text = f"— {number} —"
    wide = canvas._pagesize[0]  # noqa: SLF001 - the canvas has no public name for it
    y = BOTTOM - 7 * mm - 14
    if number % 2:
        draw_text(canvas, (wide - OUTER - 14, y), text, Face.BODY, 14, "right")
    else:
        draw_text(canvas, (BINDING + 14, y), text, Face.BODY, 14)
    if footer:
        draw_text(canvas, (wide / 2, 12 * mm), footer, Face.PLAIN, 8, "center")


def flows(blocks: Sequence[Block], room: float) -> list[Flowable]:
    """Turn blocks into what reportlab lays out; no heading stands last on its page."""
    made: list[Flowable] = []
    for n, block in enumerate(blocks):
        if isinstance(block, Heading):
            made.append(CondPageBreak(_beginning(blocks[n:])))
        made += flow(block, room)
    return made


def _beginning(blocks: Sequence[Block]) -> float:
    """Tell how much of a page a heading wants with what it opens: notes, and the first rows or all signatures.

    Units: points.
    """
    height, row = 0.0, SMALL * 1.45 + 6
    for block in blocks:
        match block:
            case Heading():
                height += LEADING
            case Text(small=small):
                height += 2 * (SMALL * 1.45 if small else LEADING)
                if not small:
                    break
            case Signs(labels):
                height += 8 * mm + (len(labels) + 1) // 2 * SIGN
                break
            case Grid(rows=rows) | Fields(rows=rows):
                height += 2 * mm + row * (1 + min(len(rows), OPENING_ROWS))
                break
            case _:
                break
    return float(min(height, MOST_KEPT))


def flow(block: Block, room: float) -> list[Flowable]:
    """Turn a block into what reportlab lays out in `room` points of width."""
    made: list[Flowable]
    match block:
        case Heading(text, level):
            made = [line(text, Face.STRONG if level == 1 else Face.TITLE, BODY_SIZE)]
        case Text(text, align, indent, small):
            made = [line(text, Face.BODY, SMALL if small else BODY_SIZE, align, indent=indent and align == "left")]
        case Fields(rows, columns):
            made = [Spacer(0, 2 * mm), _fields(rows, columns, room), Spacer(0, 3 * mm)]
        case Grid():
            made = [Spacer(0, 2 * mm), _grid(block, room), Spacer(0, 3 * mm)]
        case Signs(labels):
            made = [KeepTogether([Spacer(0, 8 * mm), _signs(labels, room)])]
        case Picture(code, caption, size_mm):
            made = [KeepTogether([_CodeBox(code, size_mm * mm), line(caption, Face.BODY, SMALL, "center")])]
        case PageBreak():
            made = [Break()]
    return made


def _cell(
    text: str, room: float, face: Face = Face.PLAIN, align: Align = "left", size: float = SMALL
) -> str | Paragraph:
    """Give a table cell: plain text where one font and one line do, since paragraphs cost ten times more."""
    stretches = fonts.runs(text, face)
    if len(stretches) <= 1 and "\n" not in text and "\r" not in text:
        drawn = stretches[0][1] if stretches else ""
        if not stretches or (stretches[0][0] == face and stringWidth(drawn, face, size) <= room - 2 * PAD):
            return drawn
    return line(text, face, size, align)


def _ruled(
    data: Sequence[Sequence[Any]],
    widths: Sequence[float],
    *extra: Any,  # noqa: ANN401 - reportlab's own tuples
    head: int = 0,
    size: float = SMALL,
) -> LongTable:
    style = TableStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.5, RULE),
            ("FONT", (0, 0), (-1, -1), Face.PLAIN.value, size, size * 1.45),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("LEFTPADDING", (0, 0), (-1, -1), PAD),
            ("RIGHTPADDING", (0, 0), (-1, -1), PAD),
            ("TOPPADDING", (0, 0), (-1, -1), 3),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            *extra,
        ]
    )
    return LongTable(list(data), colWidths=list(widths), repeatRows=head, style=style, splitInRow=1)


def _fields(rows: tuple[tuple[str, str], ...], columns: int, room: float) -> LongTable:
    label, value = room / columns * 0.27, room / columns * 0.73
    cells = [(_cell(name, label, Face.STRONG), _cell(text, value)) for name, text in rows]
    cells += [("", "")] * (-len(cells) % columns)
    data = [[c for pair in cells[i : i + columns] for c in pair] for i in range(0, len(cells), columns)]
    shade = [("BACKGROUND", (2 * i, 0), (2 * i, -1), SHADE) for i in range(columns)]
    heavy = [("FONT", (2 * i, 0), (2 * i, -1), Face.STRONG.value, SMALL, SMALL * 1.45) for i in range(columns)]
    return _ruled(data, [label, value] * columns, *shade, *heavy)


def _fit(grid: Grid, room: float) -> tuple[list[float], float]:
    """Give column widths and letter size: a figure never breaks, so words give way first, then letters grow smaller.

    Units: points.
    """
    weights = grid.widths or (1.0,) * len(grid.head)
    for size in SIZES:
        least = [_longest(grid, i, size) if i in grid.right else WORD * size + 2 * PAD for i in range(len(weights))]
        if sum(least) <= room:
            break
    widths: dict[int, float] = {}
    while True:
        free = [i for i in range(len(weights)) if i not in widths]
        share = max(room - sum(widths.values()), 0) / (sum(weights[i] for i in free) or 1)
        tight = [i for i in free if weights[i] * share < least[i]]
        if not tight or len(tight) == len(free):
            widths.update({i: weights[i] * share for i in free})
            return [widths[i] for i in range(len(weights))], size
        widths.update({i: least[i] for i in tight})


def _longest(grid: Grid, column: int, size: float) -> float:
    """Measure the longest figure of a column, with what stands beside it."""
    texts = [row[column] for row in grid.rows]
    most = max(map(len, texts), default=0)
    wide = max((fonts.width(t, Face.STRONG, size) for t in {t for t in texts if len(t) >= most - 1}), default=0.0)
    return float(wide) + 2 * PAD + 0.5


def _grid(grid: Grid, room: float) -> LongTable:
    widths, size = _fit(grid, room)
    aligns: list[Align] = ["right" if i in grid.right else "left" for i in range(len(widths))]
    body = grid.rows[:-1] if grid.total else grid.rows
    heavy = grid.rows[-1:] if grid.total else ()
    data = [[_cell(t, w, Face.STRONG, "center", size) for t, w in zip(grid.head, widths, strict=True)]]
    data += [[_cell(t, w, Face.PLAIN, a, size) for t, w, a in zip(row, widths, aligns, strict=True)] for row in body]
    data += [[_cell(t, w, Face.STRONG, a, size) for t, w, a in zip(row, widths, aligns, strict=True)] for row in heavy]
    strong = ("FONT", Face.STRONG.value, size, size * 1.45)
    extra: list[Any] = [
        ("BACKGROUND", (0, 0), (-1, 0), SHADE),
        ("ALIGN", (0, 0), (-1, 0), "CENTER"),
        (strong[0], (0, 0), (-1, 0), *strong[1:]),
        *(("ALIGN", (i, 1), (i, -1), "RIGHT") for i in grid.right),
    ]
    if grid.total:
        extra.append((strong[0], (0, -1), (-1, -1), *strong[1:]))
    return _ruled(data, widths, *extra, head=1, size=size)


def _signs(labels: tuple[str, ...], room: float) -> LongTable:
    cells = [_cell(label, room / 2, Face.BODY) for label in labels]
    cells += [""] * (len(cells) % 2)
    data = [[cells[i], "", cells[i + 1], ""] for i in range(0, len(cells), 2)]
    lines = [("LINEBELOW", (c, 0), (c, -1), 0.5, INK) for c in (1, 3)]
    table = LongTable(data, colWidths=[room * w for w in (0.18, 0.3, 0.18, 0.34)], rowHeights=[SIGN] * len(data))
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), Face.BODY.value, SMALL),
                ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
                *lines,
            ]
        )
    )
    return table


class _CodeBox(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A QR code that stands centred in the text."""

    def __init__(self, code: Code, size: float) -> None:
        super().__init__()
        self.code, self.size, self.room = code, size, size

    def wrap(self, room: float, _height: float) -> tuple[float, float]:
        self.room = room
        return room, self.size

    def draw(self) -> None:
        draw_code(self.canv, self.code, (self.room - self.size) / 2, 0, self.size)


__all__ = [
    "Align",
    "Block",
    "Document",
    "Fields",
    "Grid",
    "Heading",
    "PageBreak",
    "Picture",
    "Signs",
    "Text",
    "build",
    "draw_text",
    "flow",
    "flows",
    "lay",
    "line",
    "text_room",
    "wrap",
]
