"""Official letters as PDF in the layout of GB/T 9704-2012: red head, number, title, body, annexes, date, record.

Like a document (`kernel.pdf`) a letter is a frozen value of plain text, so another process can print it
and the same value gives the same bytes. It is printed without a seal; the date leaves room for one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reportlab.lib import colors
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Spacer
from reportlab.platypus import PageBreak as Break

from quzhou_migrants.kernel import fonts
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.fonts import Face
from quzhou_migrants.kernel.pdf import (
    BODY_SIZE,
    HANGING,
    INK,
    LEADING,
    TITLE_SIZE,
    Block,
    draw_text,
    flows,
    lay,
    line,
    text_room,
)

RED = colors.HexColor("#d0021b")
MARK_SIZE, RECORD_SIZE = 42, 14  # points; the mark is made smaller when the name is long
MARK_TOP, RULE_GAP = 35 * mm, 4 * mm  # 7.2.4: the mark's upper edge below the text area's; 7.2.7
HANG = 4  # characters that the date stands off the right edge, 7.3.5.1
WITH_CLOSE = 2  # lines of text that stay with who signs
INDENT = "\u3000\u3000"  # two characters
_TOKEN = re.compile(r"[0-9A-Za-z][0-9A-Za-z,.%:/-]*|.")  # figures and words are not broken
_SHORT = 30  # a numbered line this short is a heading of its own, a longer one a paragraph


@dataclass(frozen=True, slots=True)
class Annex:
    """What follows the letter on pages of its own."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """One official letter.

    Shape: `office` is the name over the red line, `to` who receives it, `paragraphs` the body, `signer`
    and `day` close it, `copies` and `printer` stand in the record at the foot of the last page; `day`
    None is a draft, whose date is left open.
    """

    office: str
    number: str
    title: str
    to: str
    paragraphs: tuple[str, ...]
    signer: str
    day: date | None
    annexes: tuple[Annex, ...] = ()
    copies: str = ""
    printer: str = ""
    footer: str = ""


def build_letter(letter: Letter) -> bytes:
    """Lay a letter out and return the PDF file."""
    story: list[Flowable] = [_Head(letter.office, letter.number), Spacer(0, 2 * LEADING)]
    story += [line(letter.title, Face.TITLE, TITLE_SIZE, "center"), Spacer(0, LEADING)]
    story += _rows(_t("to", to=letter.to))
    for text in letter.paragraphs:
        story += _paragraph(text.strip())
    story += _listed(letter.annexes)
    # 7.3.5: who signs never stands on a page without text
    story, last = story[:-WITH_CLOSE], story[-WITH_CLOSE:]
    story.append(KeepTogether([*last, Spacer(0, 3 * LEADING), _Close(letter.signer, written_day(letter.day))]))
    for n, annex in enumerate(letter.annexes, 1):
        story += [Break(), line(_t("annex") + (str(n) if len(letter.annexes) > 1 else ""), Face.STRONG, BODY_SIZE)]
        story += [Spacer(0, LEADING / 2), line(annex.title, Face.TITLE, TITLE_SIZE, "center"), Spacer(0, LEADING / 2)]
        story += flows(annex.blocks, text_room())
    if letter.copies or letter.printer:
        day = _t("printed", day=written_day(letter.day))
        story.append(_Record(_t("copies", to=letter.copies) if letter.copies else "", letter.printer, day))
    return lay(story, letter.title, author=letter.signer, footer=letter.footer)


def written_day(day: date | None) -> str:
    """Write a date as letters do, without idle zeros; an open one leaves room."""
    if day is None:
        return _t("no_day")
    return _t("day", year=day.year, month=day.month, day=day.day)


def _t(key: str, **facts: object) -> str:
    return CATALOGUE.text(f"letter.{key}").format(**facts)


def _paragraph(text: str) -> list[Flowable]:
    heading = len(text) <= _SHORT and not text.endswith("。")
    first, second = _is_number(text.partition("、")), _is_number(text.removeprefix("（").partition("）"))
    face = Face.STRONG if heading and first else Face.TITLE if heading and second else Face.BODY
    return _rows(INDENT + text, face) if text else []


def _is_number(parts: tuple[str, str, str]) -> bool:
    """Tell whether a line opens with a Chinese number and its mark: the levels of 7.3.3."""
    return bool(parts[0] and parts[1]) and all(unicodedata.numeric(c, None) is not None for c in parts[0])


def _rows(text: str, face: Face = Face.BODY) -> list[Flowable]:
    """Set a paragraph line by line, so that no line begins with a closing mark and pages break anywhere."""
    rows, row, used, most = [], "", 0.0, text_room()
    for token in _TOKEN.findall(text):
        step = fonts.width(token, face, BODY_SIZE)
        if row and used + step > most and token not in HANGING:
            rows.append(_Row(row, face))
            row, used = "", 0.0
        row, used = row + token, used + step
    return [*rows, _Row(row, face)]


def _listed(annexes: Sequence[Annex]) -> list[Flowable]:
    """List the annexes below the body, one empty line after it."""
    if not annexes:
        return []
    if len(annexes) == 1:
        return [Spacer(0, LEADING), *_rows(INDENT + _t("annexes") + annexes[0].title)]
    texts = [_t("annexes" if n == 1 else "annexes_more") + f"{n}. {annex.title}" for n, annex in enumerate(annexes, 1)]
    return [Spacer(0, LEADING), *(row for text in texts for row in _rows(INDENT + text))]


class _Row(Flowable):  # type: ignore[misc]  # reportlab has no types
    """One line of the body."""

    def __init__(self, text: str, face: Face) -> None:
        super().__init__()
        self.text, self.face = text, face

    def wrap(self, room: float, _height: float) -> tuple[float, float]:
        return room, LEADING

    def draw(self) -> None:
        draw_text(self.canv, (0, 8), self.text, self.face, BODY_SIZE)


class _Head(Flowable):  # type: ignore[misc]  # reportlab has no types
    """The office's red mark, the number two lines below, the red line under it."""

    def __init__(self, office: str, number: str) -> None:
        super().__init__()
        self.office, self.number = office, number
        self.size = min(MARK_SIZE, MARK_SIZE * text_room() / max(fonts.width(office, Face.TITLE, MARK_SIZE), 1))

    def wrap(self, room: float, _height: float) -> tuple[float, float]:
        self.room = room
        self.height = MARK_TOP + self.size + 3 * LEADING + RULE_GAP
        return room, self.height

    def draw(self) -> None:
        canvas: Canvas = self.canv
        y = self.height - MARK_TOP - self.size
        canvas.setFillColor(RED)
        draw_text(canvas, (self.room / 2, y), self.office, Face.TITLE, self.size, "center")
        canvas.setFillColor(INK)
        draw_text(canvas, (self.room / 2, RULE_GAP + 6), self.number, Face.BODY, BODY_SIZE, "center")
        canvas.setStrokeColor(RED)
        canvas.setLineWidth(1.2)
        canvas.line(0, 0, self.room, 0)
        canvas.setStrokeColor(INK)


class _Close(Flowable):  # type: ignore[misc]  # reportlab has no types
    """Who signs, centred over the date that stands four characters off the edge."""

    def __init__(self, signer: str, day: str) -> None:
        super().__init__()
        self.signer, self.day = signer, day

    def wrap(self, room: float, _height: float) -> tuple[float, float]:
        self.room = room
        return room, 2 * LEADING

    def draw(self) -> None:
        day, name = (fonts.width(text, Face.BODY, BODY_SIZE) for text in (self.day, self.signer))
        middle = self.room - HANG * BODY_SIZE - day / 2
        draw_text(self.canv, (middle, 8), self.day, Face.BODY, BODY_SIZE, "center")
        draw_text(
            self.canv, (min(middle, self.room - name / 2), LEADING + 8), self.signer, Face.BODY, BODY_SIZE, "center"
        )


class _Record(Flowable):  # type: ignore[misc]  # reportlab has no types
    """The record at the foot of the last page: copies to whom, printed by whom and when."""

    def __init__(self, copies: str, printer: str, day: str) -> None:
        super().__init__()
        self.copies, self.printer, self.day = copies, printer, day
        self.rows = 1 + bool(copies)

    def wrap(self, room: float, height: float) -> tuple[float, float]:
        self.room = room
        need = self.rows * RECORD_SIZE * 1.9 + 6
        self.height = height - 1 if height > need else need
        return room, self.height

    def draw(self) -> None:
        step, one = RECORD_SIZE * 1.9, RECORD_SIZE
        draw_text(self.canv, (one, 8), self.printer, Face.BODY, RECORD_SIZE)
        draw_text(self.canv, (self.room - one, 8), self.day, Face.BODY, RECORD_SIZE, "right")
        if self.copies:
            draw_text(self.canv, (one, step + 8), self.copies, Face.BODY, RECORD_SIZE)
        for n in range(self.rows + 1):
            self.canv.setLineWidth(0.35 * mm if n in {0, self.rows} else 0.25 * mm)
            self.canv.line(0, n * step, self.room, n * step)
