"""Printed documents: text copies back in two foreign readers, nothing is blank, nothing is markup."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from quzhou_migrants.kernel import fonts, qr
from quzhou_migrants.kernel.fonts import Face
from quzhou_migrants.kernel.pdf import Document, Fields, Grid, Heading, PageBreak, Picture, Signs, Text, build, wrap

RARE = "龘䶮㸆𬭎𫖯𬀩𬸪〇㎡①"
EVIL = "<img src='/etc/passwd'/> & <b>x</b> <para> &lt; </font>"


def everything() -> Document:
    return Document(
        "移民后期扶持项目审批表",
        (
            Heading("一、基本情况"),
            Heading("（一）项目", 2),
            Text(f"王{RARE}同志，资金1,234.56元。"),
            Text(EVIL, indent=False, small=True),
            Fields((("项目名称", f"{RARE}村道路"), ("编号", "QZ-1"), ("内容", "修路" * 60)), 2),
            Grid(
                ("序号", "村", "元"),
                tuple((str(i), f"{RARE}村", f"{i}.00") for i in range(80)),
                (1, 3, 2),
                frozenset({2}),
                total=True,
            ),
            Signs(("经办：", "复核：", "负责人：")),
            Picture(qr.encode("https://example.cn/c/A"), "扫码查看"),
            PageBreak(),
            Text("完"),
        ),
        number="衢移〔2026〕16号",
        footer="第1版",
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pdf") / "all.pdf"
    path.write_bytes(build(everything()))
    return path


def read_with_pdfium(path: Path) -> str:
    with pypdfium2.PdfDocument(path) as pdf:
        return "".join(page.get_textpage().get_text_range() for page in pdf)


def read_with_poppler(path: Path) -> str:
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("poppler is not installed: apt-get install poppler-utils")
    return subprocess.run([tool, "-raw", str(path), "-"], check=True, capture_output=True).stdout.decode()


@pytest.mark.parametrize("reader", [read_with_pdfium, read_with_poppler], ids=["pdfium", "poppler"])
def test_text_copies_back_exactly(file: Path, reader: object) -> None:
    text = "".join(reader(file).split())  # type: ignore[operator]
    expected = [
        "移民后期扶持项目审批表",
        f"王{RARE}同志，资金1,234.56元。",
        "".join(EVIL.split()),
        "修路" * 60,
        "衢移〔2026〕16号",
    ]
    assert [e for e in expected if e not in text] == []
    assert text.count(f"{RARE}村") == 81


def test_structure_is_sound_and_every_font_embedded(file: Path) -> None:
    with pikepdf.open(file) as pdf:
        assert pdf.check_pdf_syntax() == []
        used = [font for page in pdf.pages for font in page.Resources.Font.values()]
        assert used
        assert [f.BaseFont for f in used if "/FontFile2" not in f.get("/FontDescriptor", {})] == []
        assert str(pdf.Root.Lang) == "zh-CN"
        assert pdf.docinfo.Title == "移民后期扶持项目审批表"


def test_same_document_gives_same_bytes() -> None:
    assert build(everything()) == build(everything())


def test_pages_carry_numbers_between_dashes(file: Path) -> None:
    with pypdfium2.PdfDocument(file) as pdf:
        for number, page in enumerate(pdf, 1):
            assert f"— {number} —" in page.get_textpage().get_text_range()
            assert (round(page.get_width()), round(page.get_height())) == (595, 842)


def test_character_without_glyph_is_shown_by_its_code_point() -> None:
    missing = chr(0x2EBE0 + 1)
    assert fonts.uncovered(f"张{missing}三") == [missing]
    data = build(Document("t", (Text(f"张{missing}三"),)))
    with pypdfium2.PdfDocument(BytesIO(data)) as pdf:
        assert "张[U+2EBE1]三" in pdf[0].get_textpage().get_text_range()


def test_no_covered_character_is_drawn_as_blank() -> None:
    for char in RARE:
        name, drawn = fonts.place(char, Face.TITLE)
        assert drawn == char
        assert ord(char) in next(f for f in fonts.chain(Face.TITLE) if f.fontName == name).face.charToGlyph


def test_picture_in_document_decodes_at_150_dpi(file: Path) -> None:
    with pypdfium2.PdfDocument(file) as pdf:
        found = [text for page in pdf for text in qr.read(page.render(scale=150 / 72).to_pil())]
    assert found == ["https://example.cn/c/A"]


def test_wide_paper_turns() -> None:
    with pikepdf.open(BytesIO(build(Document("t", (Text("宽"),), wide=True)))) as pdf:
        assert [round(float(v)) for v in pdf.pages[0].MediaBox] == [0, 0, 842, 595]


def test_long_cell_goes_on_over_the_page() -> None:
    data = build(Document("t", (Grid(("a", "b"), (("1", "长文" * 4000),)), Fields((("内容", "长文" * 4000),)))))
    with pypdfium2.PdfDocument(BytesIO(data)) as pdf:
        text = "".join("".join(p.get_textpage().get_text_range().split()) for p in pdf)
    assert text.count("长文") >= 7990  # a pair broken by the page's end is counted on neither side


def test_wrap_keeps_every_character_and_the_room() -> None:
    lines = wrap("衢州市大中型水库移民" * 5 + "\n第二行", Face.BODY, 16, 100)
    assert "".join(lines) == "衢州市大中型水库移民" * 5 + "第二行"
    assert max(fonts.width(line, Face.BODY, 16) for line in lines) <= 100


@pytest.mark.parametrize("columns", [3, 6, 9])
def test_a_figure_never_breaks(columns: int, tmp_path: Path) -> None:
    """A sum that goes on in the next line is read as another sum."""
    figures = tuple(f"-{n},128,{n}03,858.9{n}" for n in range(columns))
    table = Grid(("县（市、区）",) * (columns + 1), (("衢州市本级", *figures),) * 3, (3,) + (1,) * columns,
                 frozenset(range(1, columns + 1)), total=True)  # fmt: skip
    path = tmp_path / "figures.pdf"
    path.write_bytes(build(Document("资金使用情况表", (table,), wide=columns > 6)))
    words = read_with_pdfium(path).split()
    assert [words.count(figure) for figure in figures] == [3] * columns


@pytest.mark.parametrize("rows", range(2, 14))
def test_no_heading_stands_last_on_its_page(rows: int) -> None:
    filler = Grid(("序号",), tuple((str(n),) for n in range(rows)))
    table = Grid(("村",), tuple((f"第{n}村",) for n in range(8)))
    blocks = (filler, Heading("各村"), Text("单位：元", small=True), table, Heading("签字"), Signs(tuple("甲乙丙丁戊")))
    with pypdfium2.PdfDocument(build(Document("表", blocks, wide=True))) as pdf:
        pages = [page.get_textpage().get_text_range() for page in pdf]
    for heading, first in (("各村", "第0村"), ("签字", "戊")):
        assert [heading in page for page in pages] == [first in page for page in pages]
