"""The sheet of bulk filing: headings, cells, papers by folder; pure reading, no database."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import load_workbook
from project_house import TYPED

from projects.bulk import documents, folders
from projects.bulk.columns import Column, columns
from projects.bulk.sheet import cell_name, find_heading, kept, read_lines
from projects.intake.forms import Works
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.web.forms import read_raw

HEADS = [c.title for c in columns()]


def cell(column: Column, typed: dict[str, str]) -> str:
    """Write an answer as a person fills it into the sheet."""
    back = {value: title for title, value in column.options.items()}
    if not column.inner:
        value = typed.get(column.field, "")
        return back.get(value, value)
    lines = []
    while f"{column.field}.{len(lines)}.{column.inner[0].field}" in typed:
        at = f"{column.field}.{len(lines)}."
        turned = [{v: t for t, v in c.options.items()} for c in column.inner]
        values = [typed.get(at + c.field, "") for c in column.inner]
        lines.append(" | ".join(t.get(v, v) for t, v in zip(turned, values, strict=True)))
    return "\n".join(lines)


def row(key: str = "1", **change: str) -> list[str]:
    typed = {**{k: v for part in TYPED.values() for k, v in part.items()}, **change}
    return [{"key": key, "village": "白马新村"}.get(c.field) or cell(c, typed) for c in columns()]


def test_every_column_has_a_title_of_its_own() -> None:
    assert len(set(HEADS)) == len(HEADS)
    said = [t for c in columns() for t in (c.title, *c.options, *(i.title for i in c.inner))]
    assert [t for t in said if t.startswith("projects.")] == []


def test_an_application_in_one_row_is_the_application_as_typed() -> None:
    grid = [["说明"], HEADS, row()]
    (line,) = read_lines(grid, find_heading(grid))
    assert line.draft == {part: {k: [v] for k, v in fields.items()} for part, fields in TYPED.items()}
    assert (line.row, line.key, line.title) == (3, "1", TYPED["basics"]["title"])


def test_columns_may_stand_in_any_order_and_the_star_is_no_part_of_a_name() -> None:
    heads = [h + "*" for h in reversed(HEADS)]
    grid = [heads, list(reversed(row())), [""] * len(heads)]
    assert [line.key for line in read_lines(grid, find_heading(grid))] == ["1"]


def test_a_missing_column_is_named_and_a_sheet_without_a_heading_refused() -> None:
    with pytest.raises(Refused, match="PRJ-562") as refused:
        find_heading([[h for h in HEADS if h != "建设地点"]])
    assert refused.value.facts == {"columns": "建设地点"}
    for grid in ([["其他表"]], [HEADS]):
        with pytest.raises(Refused, match="PRJ-561"):
            read_lines(grid, find_heading(grid))


def test_keys_are_given_once() -> None:
    grid = [HEADS, row("7"), row("7"), row("")]
    lines = read_lines(grid, find_heading(grid))
    assert [[p.code for p in line.problems] for line in lines] == [[], ["PRJ-565"], ["WEB-101"]]


def test_a_slip_names_its_cell_its_heading_and_what_is_wrong() -> None:
    grid = [HEADS, row(estimate_fen="五十万")]
    heading = find_heading(grid)
    (line,) = read_lines(grid, heading)
    form = read_raw(dict(line.draft["works"]), Works)
    (slip,) = kept(form.problems, heading, line.row, CATALOGUE)
    assert slip["what"] == "项目概算"
    assert slip["cell"] == cell_name(heading, 2, "estimate_fen")
    assert cell_name(heading, 2, "items.0.price_fen") == cell_name(heading, 2, "items")
    (paper,) = kept([Problem("PRJ-151", "design")], heading, 2, CATALOGUE)
    assert (paper["cell"], paper["what"]) == ("2", CATALOGUE.text("projects.paper.design"))


@pytest.mark.parametrize(("index", "name"), [(0, "A2"), (25, "Z2"), (26, "AA2"), (51, "AZ2"), (52, "BA2")])
def test_cells_are_named_as_spreadsheets_do(index: int, name: str) -> None:
    heading = find_heading([[*["x"] * index, *HEADS]])
    assert cell_name(heading, 2, "key") == name


def test_same_application_has_the_same_name_in_any_sheet() -> None:
    one = read_lines([HEADS, row("1")], find_heading([HEADS]))[0]
    other = read_lines([HEADS, row("9")], find_heading([HEADS]))[0]
    changed = read_lines([HEADS, row("1", place="三组")], find_heading([HEADS]))[0]
    assert one.digest("330803112229") == other.digest("330803112229") != other.digest("330803112230")
    assert changed.digest("330803112229") != one.digest("330803112229")


def packed(path: Path, names: dict[str, bytes], *, gbk: bool = False) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in names.items():
            info = zipfile.ZipInfo(name.encode("gb18030").decode("cp437") if gbk else name)
            archive.writestr(info, content)
            if gbk:
                info.flag_bits = 0
    return path


def test_papers_are_told_by_folder_and_name(tmp_path: Path) -> None:
    names = {"1/村民决议.pdf": b"a", "1/公示照片.jpg": b"b", "材料/2/施工设计.pdf": b"c", "2/说明.docx": b"d"}
    found = folders.read_folders(packed(tmp_path / "a.zip", {**names, "__MACOSX/1/x": b"", "1/.DS_Store": b""}))
    assert [(p.key, p.kind) for p in found] == [("1", "notice"), ("1", "resolution"), ("2", "design"), ("2", "other")]
    assert folders.counted(found)["1"] == {"notice": 1, "resolution": 1}


def test_names_packed_by_windows_are_read(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("1/决议.pdf".encode("gb18030").decode("cp437"))
    assert folders.decoded(info) == "1/决议.pdf"
    info.flag_bits |= 0x800
    assert folders.decoded(info) == info.filename


def test_a_file_outside_a_folder_a_bomb_and_no_zip_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="PRJ-567"):
        folders.read_folders(packed(tmp_path / "a.zip", {"决议.pdf": b"a"}))
    bomb = tmp_path / "b.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1/决议.pdf", b"\0" * 3_000_000)
    (tmp_path / "c.zip").write_bytes(b"no zip")
    for path in (bomb, tmp_path / "c.zip"):
        with pytest.raises(Refused, match="PRJ-566"):
            folders.read_folders(path)


def test_template_is_read_back_and_says_what_each_column_takes() -> None:
    with documents.template() as file:
        file.seek(0)
        book = load_workbook(io.BytesIO(file.read()))
    heads = [c.value for c in next(book.worksheets[0].iter_rows())]
    assert set(find_heading([heads]).places) == {c.field for c in columns()}
    assert book.worksheets[1].max_row == len(columns()) + 2
