"""The plain file: written, read back, drawn again by a stranger; every tampering noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from quzhou_migrants.kernel.errors import Refused
from surveys.recompute import recompute_sample
from surveys.sampling.rules import Design, draw
from surveys.sampling.sheet import Sheet, frame_hash, read_sheet, result_of, write_sheet

DESIGN = Design(rate_bp=500, least=2, substitutes_bp=2000)


@pytest.fixture
def sheet() -> Sheet:
    kinds = ("reservoir_area", "resettlement")
    frame = [f"H{n:05d},33080{2 + n % 2}101201,{kinds[n % 3 == 0]},cash,0,{n % 6 + 1}".encode() for n in range(400)]
    drawn = draw(frame, DESIGN, "种子 2026").drawn
    return Sheet("7", "2026-09-16", DESIGN, "种子 2026", frame_hash(frame), frame, result_of(drawn))


@pytest.fixture
def path(sheet: Sheet, tmp_path: Path) -> Path:
    file = tmp_path / "sample.csv"
    file.write_bytes(b"".join(write_sheet(sheet)))
    return file


def test_the_file_says_everything_and_reads_back(sheet: Sheet, path: Path) -> None:
    assert read_sheet(path) == sheet


def test_a_stranger_gets_the_same_sample_from_the_file_alone(sheet: Sheet, path: Path) -> None:
    page = recompute_sample(path)
    assert sheet.frame_sha256 in page
    listed = [line.split("\t") for line in page.splitlines() if line.count("\t") == 3]
    found = {code: ({"样本": "main", "候补": "substitute"}[role], int(rank)) for _, role, rank, code in listed[1:]}
    assert found == sheet.result


def test_a_file_saved_by_a_spreadsheet_still_reads(sheet: Sheet, path: Path) -> None:
    lines = path.read_bytes().splitlines()
    settings = [line + b",,,,,," for line in lines[:10]]
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join([*settings, *lines[10:]]) + b"\r\n")
    assert recompute_sample(path) == recompute_sample(path)
    assert read_sheet(path) == sheet


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"quzhou-migrants sample,1", b"quzhou-migrants sample,2", "SUR-110"),
        (b"household,village,", b"village,household,", "SUR-110"),
        (b"seed,", b"sead,", "SUR-111"),
        (b"rate_bp,500", b"rate_bp,five", "SUR-111"),
        (b"rate_bp,500", b"rate_bp,0", "SUR-101"),
        (b"H00017,", b"H00017;", "SUR-112"),
        (b"H00017,", b"H99917,", "SUR-113"),
        ("种子 2026".encode(), "种子 2027".encode(), "SUR-114"),
        (b"rate_bp,500", b"rate_bp,600", "SUR-114"),
        (b",main,1\n", b",,\n", "SUR-114"),
    ],
)
def test_every_tampering_is_noticed(path: Path, old: bytes, new: bytes, code: str) -> None:
    before = path.read_bytes()
    path.write_bytes(before.replace(old, new, 1))
    assert path.read_bytes() != before
    with pytest.raises(Refused) as refusal:
        recompute_sample(path)
    assert refusal.value.code == code


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sample.csv"
    file.write_bytes("编号,村\n".encode("gb18030"))
    with pytest.raises(Refused, match="SUR-110"):
        recompute_sample(file)
