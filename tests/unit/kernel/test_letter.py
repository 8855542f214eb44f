"""Official letters: everything on paper where GB/T 9704 puts it, read back by a foreign reader."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pypdfium2
import pytest

from quzhou_migrants.kernel.letter import Annex, Letter, build_letter, written_day
from quzhou_migrants.kernel.pdf import Grid

MM = 72 / 25.4
ROWS = (("柯城区", "1,200.00"), ("合计", "1,200.00"))
TABLE = Annex("分配结果表", (Grid(("单位", "合计（元）"), ROWS, (2, 1), frozenset({1}), total=True),))
LETTER = Letter(
    "衢州市移民局文件", "衢移〔2026〕12号", "关于下达2026年资金的通知", "各县（市、区）移民局",
    ("现将2026年后期扶持资金共十二亿七千九百二十万四千元整127,920,400.00元下达给你们。", "一、使用要求",
     "<b>专款</b>专用。"),
    "衢州市移民局", date(2026, 9, 6), (TABLE, Annex("数据表", TABLE.blocks)), "衢州市财政局", "衢州市移民局办公室",
)  # fmt: skip


def pages(letter: Letter) -> list[str]:
    with pypdfium2.PdfDocument(BytesIO(build_letter(letter))) as pdf:
        return [page.get_textpage().get_text_range() for page in pdf]


def place(letter: Letter, page: int, text: str) -> tuple[float, float, float, float]:
    """Where a text stands. Units: mm from the left and from the top: (left, top, right, bottom)."""
    with pypdfium2.PdfDocument(BytesIO(build_letter(letter))) as pdf:
        sheet = pdf[page]
        textpage = sheet.get_textpage()
        found = textpage.search(text).get_next()
        assert found is not None, text
        boxes = [textpage.get_charbox(i) for i in range(found[0], found[0] + found[1])]
        high = sheet.get_height()
        left, right = min(b[0] for b in boxes), max(b[2] for b in boxes)
        return left / MM, (high - max(b[3] for b in boxes)) / MM, right / MM, (high - min(b[1] for b in boxes)) / MM


def test_a_letter_carries_every_part_in_its_order() -> None:
    whole = "".join("".join(pages(LETTER)).split())
    order = [
        "衢州市移民局文件", "衢移〔2026〕12号", "关于下达2026年资金的通知", "各县（市、区）移民局：",
        "127,920,400.00元", "<b>专款</b>专用。", "附件：1.分配结果表", "2.数据表",
        "2026年9月6日", "附件1", "附件2", "抄送：衢州市财政局。",
    ]  # fmt: skip
    at = [whole.index(text) for text in order]
    assert at == sorted(at)
    assert "2026年9月6日印发" in whole


@pytest.mark.parametrize("lines", range(9, 15))
def test_who_signs_never_stands_alone_on_a_page(lines: int) -> None:
    """However long the text is, some of it stands on the page of the signature (7.3.5)."""
    body = tuple(f"第{n}行正文。" for n in range(lines))
    letter = Letter("衢州市移民局", "衢移〔2026〕1号", "关于退款的函", "某公司", body, "移民局章", date(2026, 9, 6))
    last = pages(letter)[-1]
    assert (f"第{lines - 1}行正文" in last, "移民局章" in last) == (True, True)


def test_the_parts_stand_where_the_standard_puts_them() -> None:
    left, top, right, _ = place(LETTER, 0, "衢州市移民局文件")
    assert 70 <= top <= 80  # 37 mm of margin and 35 mm below the text area's edge
    assert abs((left + right) / 2 - (28 + 156 / 2)) < 1  # centred on the text area
    _, number, *_ = place(LETTER, 0, "12号")
    _, title, *_ = place(LETTER, 0, "关于下达")
    assert top < number < title
    body_left, *_ = place(LETTER, 0, "现将2026年")
    assert abs(body_left - (28 + 2 * 16 / MM)) < 1.5  # two characters of three-hao type


def test_a_figure_is_never_broken_and_a_draft_leaves_its_date_open() -> None:
    assert any("127,920,400.00" in line for line in pages(LETTER)[0].splitlines())
    assert written_day(None).split() == ["年", "月", "日"]
    assert written_day(date(2026, 10, 11)) == "2026年10月11日"


@pytest.mark.parametrize("office", ["衢州市移民局文件", "衢州市水库移民后期扶持工作领导小组办公室文件" * 2])
def test_a_long_name_is_made_smaller_and_stays_on_the_paper(office: str) -> None:
    letter = Letter(office, "1号", "通知", "各县", ("一句话。",), "某局", None)
    left, _, right, _ = place(letter, 0, office[:4])
    assert left >= 27.5
    *_, end = (place(letter, 0, office[-4:])[2],)
    assert max(right, end) <= 184.5


def test_the_same_letter_gives_the_same_bytes() -> None:
    assert build_letter(LETTER) == build_letter(LETTER)
