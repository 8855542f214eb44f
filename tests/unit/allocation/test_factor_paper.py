"""The printed working, followed by a reader that knows nothing of the engine: spreadsheet and PDF."""

from __future__ import annotations

import io
import re
import subprocess
from copy import deepcopy
from dataclasses import replace

import pytest
from factor_house import NAMES, inputs, mode
from working_reader import follow, number, of_book

from allocation.factor.documents import book, paper
from allocation.factor.frozen import digest, export, freeze
from allocation.factor.paper import pct, sections
from allocation.factor.scheme import Bound, Factor, Kind, Part
from allocation.factor.working import working
from allocation.recompute import recompute_split
from quzhou_migrants.kernel.money import Mode, yuan
from quzhou_migrants.kernel.pdf import build


def printed(run, path):
    out = io.BytesIO()
    book(out, working(run), digest(freeze(run)))
    path.write_bytes(out.getvalue())
    return of_book(path)


@pytest.mark.parametrize(
    ("name", "unit"), [(m, 100) for m in Mode] + [(Mode.LARGEST_REMAINDER, 1), (Mode.HALF_UP, 10_000)]
)
def test_every_step_of_the_spreadsheet_can_be_followed(tmp_path, name, unit) -> None:
    run = mode(inputs(), name, unit)
    shares = {n: number(yuan(s)) for n, s in zip(NAMES, run.split().shares.values(), strict=True)}
    assert follow(printed(run, tmp_path / "w.xlsx")) == shares


def test_floors_and_caps_over_several_rounds_can_be_followed(tmp_path) -> None:
    base = inputs()
    bounds = (Bound(Kind.FLOOR, fen=11_000_000), Bound(Kind.CAP, bp=2_200), Bound(Kind.GAIN, bp=9_000))
    run = replace(base, scheme=replace(base.scheme, bounds=bounds))
    steps = printed(run, tmp_path / "w.xlsx")
    assert sum("重新分配第" in s.title for s in steps) >= 3
    assert sum(follow(steps).values()) == number(yuan(run.pool_fen - run.split().reserve_fen))


def test_a_figure_altered_on_paper_is_noticed(tmp_path) -> None:
    """The reader really reads: any one figure changed in any step is found."""
    steps = printed(inputs(), tmp_path / "w.xlsx")
    noticed = []
    for n, step in enumerate(steps):
        changed = deepcopy(steps)
        cell = changed[n].rows[1][-1 if "元" in step.head[-1] else 2]
        spoilt = re.sub(r"\d(?=\D*$)", lambda m: str((int(m[0]) + 5) % 10), cell)
        changed[n].rows[1][changed[n].rows[1].index(cell)] = spoilt
        try:
            follow(changed)
        except AssertionError:
            noticed.append(step.title)
    assert noticed == [s.title for s in steps]


def test_paper_says_what_the_spreadsheet_says(tmp_path) -> None:
    run = inputs()
    file = tmp_path / "w.pdf"
    file.write_bytes(build(paper(working(run), digest(freeze(run)))))
    text = subprocess.run(["pdftotext", "-raw", file, "-"], capture_output=True, check=True).stdout.decode()
    said = re.sub(r"\s+", "", text)
    steps = sections(working(run))
    for step in steps:
        assert re.sub(r"\s+", "", step.title) in said
        for row in step.rows:
            assert all(
                cell in said for cell in (re.sub(r"\s+", "", c) for c in row) if re.fullmatch(r"[\d,.+-]+", cell)
            )
    assert digest(freeze(run)) in said
    assert "某办法第五条" in said


def test_paper_is_the_same_bytes_every_time() -> None:
    run = inputs()
    assert build(paper(working(run), "x")) == build(paper(working(run), "x"))


def test_twenty_factors_are_broken_into_tables_that_fit(tmp_path) -> None:
    base = inputs()
    factors = tuple(Factor(f"f{n}", f"因素{n}", "", Part.BASE, 500) for n in range(20))
    scheme = replace(base.scheme, factors=factors, base_bp=10_000, performance_bp=0, bounds=(), against="", fixed=())
    data = tuple(
        replace(base.data[0], factor=f.key, unit=u.code, value=str(7 + n))
        for f in factors
        for n, u in enumerate(base.units)
    )
    run = replace(base, scheme=scheme, data=data)
    assert max(len(s.head) for s in sections(working(run))) <= 9
    follow(printed(run, tmp_path / "w.xlsx"))


def test_a_file_alone_prints_every_step(tmp_path) -> None:
    file = tmp_path / "run.json"
    file.write_text(export(freeze(inputs())), "utf-8")
    said = recompute_split(file, steps=True)
    for step in sections(working(inputs())):
        assert all(text in said for text in (step.title, *step.notes, *step.head))
        assert all(" ".join(row) in re.sub(r"[ \u3000]+", " ", said) for row in step.rows if all(row))
    assert said.endswith(recompute_split(file))


def test_percent_is_written_without_idle_zeros() -> None:
    assert [pct(bp) for bp in (8500, 1, 10_000, 0, 1250)] == ["85%", "0.01%", "100%", "0%", "12.5%"]
