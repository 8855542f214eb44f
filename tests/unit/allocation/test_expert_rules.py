"""Avoidance and the draw, against worked cases; whatever the pool, the draw keeps its word."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from datetime import date
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from allocation.experts import rules, sheet
from allocation.experts.recompute import recompute_draw
from allocation.experts.rules import Bar, Frame, Group, Person, Role, Subject, Terms, Tie, TieKind
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused

FILE = tomllib.loads((Path(__file__).parents[2] / "cases/allocation/experts.toml").read_text(encoding="utf-8"))
TERMS = Terms("330802", date(2026, 9, 16), date(2026, 9, 20), ("county", "unit", "kin", "paid"), 3, 3, 10_000, 1)


def person(number: str = "X-1", **given: Any) -> Person:
    ties = tuple(
        Tie(TieKind(kind), subject, date.fromisoformat(until) if until else None)
        for kind, subject, until in given.pop("ties", ())
    )
    values = {"county": "330102", "employer": "甲院", "specialities": ("water",), "valid_until": date(2028, 1, 1)}
    return Person(number, **{**values, **given}, ties=ties)


def frame(people: list[Person], groups: list[list[Any]], **more: Any) -> Frame:
    values = {"subjects": (), "seated": (), **more}
    return Frame("330802-1", TERMS, tuple(Group(*g) for g in groups), people=tuple(people), **values)


@pytest.mark.parametrize("case", FILE["avoid"], ids=lambda c: c["title"])
def test_avoidance_follows_the_worked_case(case: dict[str, Any]) -> None:
    subject = Subject("P1", case["subject"]["village"], tuple(case["subject"].get("units", ())))
    assert [b.bar for b in rules.conflicts(person(**case["person"]), subject, TERMS)] == case["bars"]


@pytest.mark.parametrize("case", FILE["draw"], ids=lambda c: c["title"])
def test_draw_follows_the_worked_case(case: dict[str, Any]) -> None:
    people = [person(n, employer=e, specialities=tuple(s)) for n, e, s in case["people"]]
    assert sorted((p.number for p in people), key=lambda n: rules.place_of(case["seed"], n)) == case["order"]
    assert sheet.result(rules.draw(frame(people, case["groups"]), case["seed"]).drawn) == case["result"]


def test_who_cannot_be_drawn_is_told_every_reason() -> None:
    late = person("X-1", valid_until=date(2026, 9, 19), specialities=("social",), county="330802")
    found = frame([late], [["water", 1]], seated=("X-1",))
    assert [b.bar for b in rules.bars(late, found)] == [Bar.EXPIRED, Bar.SEATED, Bar.SPECIALITY, Bar.COUNTY]


def test_a_pack_may_leave_a_rule_of_avoidance_out() -> None:
    terms = Terms(**{**{k: getattr(TERMS, k) for k in TERMS.__slots__}, "avoid": ("unit",)})
    subject = Subject("P1", "330802100201", ("甲院",))
    assert [b.bar for b in rules.conflicts(person(county="330802"), subject, terms)] == [Bar.UNIT]


def test_too_few_experts_of_a_speciality_stop_the_draw() -> None:
    with pytest.raises(Refused) as caught:
        rules.draw(frame([person()], [["water", 2]]), "12345678")
    assert (caught.value.code, caught.value.facts) == ("ALC-342", {"speciality": "water", "found": 1, "seats": 2})
    with pytest.raises(Refused, match="ALC-344"):
        rules.draw(frame([person()], []), "12345678")


@pytest.mark.parametrize("seed", ["short", "x" * 121, "two\nlines here"])
def test_a_seed_is_one_line_of_visible_text(seed: str) -> None:
    with pytest.raises(Refused, match="ALC-345"):
        rules.proper_seed(seed)


def test_the_reserve_is_called_in_order_past_employers_that_fill_their_share() -> None:
    waiting = [rules.Drawn(n, "water", Role.RESERVE, k) for k, n in enumerate(("A", "B", "C"), start=1)]
    employers = {"A": "甲院", "B": "乙所", "C": "丙校"}
    assert rules.next_reserve(waiting, "water", employers, ["甲 院", "丁司"], 1) == "B"
    assert rules.next_reserve(waiting, "water", employers, ["甲院"], 2) == "A"
    with pytest.raises(Refused, match="ALC-347"):
        rules.next_reserve(waiting, "finance", employers, [], 1)


def test_the_29th_of_february_has_an_anniversary() -> None:
    assert rules.years_before(date(2028, 2, 29), 3) == date(2025, 2, 28)


@pytest.mark.parametrize(("outside", "size", "fits"), [(1, 5, True), (2, 5, False), (0, 3, True), (1, 3, True)])
def test_most_of_a_panel_comes_from_the_pool(outside: int, size: int, fits: bool) -> None:
    if fits:
        rules.check_outside(outside, size, Fraction(1, 3))
    else:
        with pytest.raises(Refused, match="ALC-351"):
            rules.check_outside(outside, size, Fraction(1, 3))


POOLS = st.lists(
    st.tuples(st.sampled_from("甲乙丙丁戊己庚辛"), st.sets(st.sampled_from(["water", "finance", "civil"]), min_size=1)),
    min_size=1,
    max_size=30,
)
GROUPS = st.lists(
    st.tuples(st.sampled_from(["water", "finance", "civil"]), st.integers(1, 4)), min_size=1, max_size=3,
    unique_by=lambda g: g[0],
)  # fmt: skip


@settings(max_examples=60)
@given(pool=POOLS, groups=GROUPS, seed=st.text("0123456789", min_size=8, max_size=12))
def test_whatever_the_pool_the_draw_keeps_its_word(pool: Any, groups: Any, seed: str) -> None:
    people = [person(f"X-{n}", employer=e, specialities=tuple(sorted(s))) for n, (e, s) in enumerate(pool)]
    found = frame(people, [list(g) for g in groups])
    try:
        drawn = rules.draw(found, seed).drawn
    except Refused as refused:
        event(refused.code)
        return
    assert rules.draw(frame(people[::-1], [list(g) for g in groups]), seed).drawn == drawn
    known = {p.number: p for p in people}
    main = [d for d in drawn if d.role is Role.MAIN]
    assert len({d.number for d in drawn}) == len(drawn)
    assert all(d.speciality in known[d.number].specialities for d in drawn)
    assert Counter(d.speciality for d in main) == Counter(dict(groups))
    assert max(Counter(known[d.number].employer for d in main).values()) == 1
    assert _second_method(people, groups, seed) == [d.number for d in drawn]


def _second_method(people: list[Person], groups: Any, seed: str) -> list[str]:
    """Draw as FORMAT.md tells a stranger to: sorted hashes on paper, crossed out one by one."""
    paper = sorted((sha256(f"{seed}|{p.number}".encode()).hexdigest(), p) for p in people)
    crossed, employers, out = set(), set(), []
    for name, seats in groups:
        took = 0
        for _, p in paper:
            if took < seats and p.number not in crossed and p.employer not in employers and name in p.specialities:
                crossed.add(p.number)
                employers.add(p.employer)
                out.append(p.number)
                took += 1
    for name, seats in groups:
        for _, p in [row for row in paper if name in row[1].specialities and row[1].number not in crossed][:seats]:
            crossed.add(p.number)
            out.append(p.number)
    return out


@pytest.fixture
def exported(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    people = [person(f"X-{n}", employer=f"单位{n}", ties=[["kin", "330802100201", ""]][: n == 0]) for n in range(6)]
    frozen = sheet.freeze(frame(people, [["water", 3]], subjects=(Subject("P1", "330802100201", ("乙公司",)),)))
    outcome = sheet.result(rules.draw(sheet.thaw(json.loads(frozen)), "20260916").drawn)
    path = tmp_path / "draw.json"
    path.write_text(sheet.exported(frozen, sheet.digest(frozen), "20260916", outcome), encoding="utf-8")
    return path, json.loads(path.read_text("utf-8"))


def test_the_exported_file_alone_gives_the_same_draw(exported: tuple[Path, dict[str, Any]]) -> None:
    path, body = exported
    printed = recompute_draw(path)
    assert "与文件记载一致" in printed
    assert all(number in printed for number, *_ in body["result"])
    assert [line.split("\t")[1:3] for line in printed.splitlines() if "\t近亲属\t" in line] == [["X-0", "近亲属"]]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda b: b["frozen"]["people"].pop(), "ALC-353"),
        (lambda b: b["frozen"]["terms"].update(avoid=[]), "ALC-353"),
        (lambda b: b.update(seed="20260917"), "ALC-354"),
        (lambda b: b["result"].reverse(), "ALC-354"),
        (lambda b: b["frozen"].update(version=2), "ALC-352"),
        (lambda b: b.pop("frozen"), "ALC-352"),
        (lambda b: b["frozen"]["people"][0].pop("county"), "ALC-352"),
    ],
    ids=["a person gone", "rules changed", "another seed", "another order", "a later format", "no frame", "a hole"],
)
def test_a_file_that_was_touched_is_refused(exported: Any, change: Any, code: str) -> None:
    path, body = exported
    change(body)
    path.write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(Refused, match=code):
        recompute_draw(path)


def test_what_is_no_draw_at_all_is_refused(tmp_path: Path) -> None:
    for name, text in {"a": "[]", "b": "{", "c": '{"frozen": 3}'}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(Refused, match="ALC-352"):
            recompute_draw(tmp_path / name)


def test_a_refusal_names_the_speciality_as_people_do() -> None:
    said = CATALOGUE.say("ALC-342", {"speciality": "water", "found": 1, "seats": 2})
    assert said == "水利专业符合条件的专家1人，少于拟抽取的2人"
