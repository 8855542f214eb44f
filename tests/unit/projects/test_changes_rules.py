"""Change orders: what must hold before a place, a content, an amount or a term may move."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from project_house import cases

from projects.changes import queries, rules
from projects.changes.rules import Action, Asked, Part, Terms
from projects.states import PROJECT, S
from quzhou_migrants.kernel.money import parse_yuan
from quzhou_migrants.kernel.tx import installed_packs

TODAY = date(2026, 9, 16)
LIMITS = queries.limits(installed_packs().at(TODAY, "330803000000"))
BEFORE = Terms("村中心", None, None, "", "渠道五百米", 480_000_00, 100_000_00, 0, date(2027, 6, 30))
VERB = {Action.SUSPEND: "suspend", Action.RESUME: "resume", Action.TERMINATE: "terminate"}


def asked(case: dict[str, Any]) -> Asked:
    after = replace(
        BEFORE,
        place=case.get("place", BEFORE.place),
        contract_fen=parse_yuan(case["contract"]) if "contract" in case else BEFORE.contract_fen,
        own_fen=parse_yuan(case["own"]) if "own" in case else BEFORE.own_fen,
        ends_on=case.get("ends_on", BEFORE.ends_on),
    )
    return Asked(
        BEFORE,
        after,
        rules.parts_changed(BEFORE, after),
        case.get("cause", "weather"),
        case.get("audit", ""),
        case.get("papers", 0),
        400_000_00,
        500_000_00,
        parse_yuan(case.get("grown", "0")),
        TODAY,
    )


@pytest.mark.parametrize("case", cases("changes"), ids=lambda c: c["name"])
def test_change_matches_worked_case(case: dict[str, Any]) -> None:
    ask = asked(case)
    assert [line.code for line in rules.check(ask, LIMITS) if not line.holds] == case["fails"]
    assert rules.is_minor(ask.parts, ask.before, ask.after, LIMITS) is case.get("minor", False)


def test_parts_are_named_by_what_differs() -> None:
    after = replace(BEFORE, lat=28.9, content="渠道六百米", other_fen=1, ends_on=date(2027, 7, 1))
    assert rules.parts_changed(BEFORE, after) == (Part.PLACE, Part.CONTENT, Part.MONEY, Part.TIME)
    assert rules.parts_changed(BEFORE, BEFORE) == ()


@pytest.mark.parametrize(("keep", "papers", "fails"), [(480_000_00, 1, []), (480_000_01, 0, ["PRJ-481", "PRJ-474"])])
def test_an_end_keeps_no_more_than_the_contract(keep: int, papers: int, fails: list[str]) -> None:
    ask = replace(asked({}), papers=papers)
    lines = rules.check_stop(Action.TERMINATE, ask, keep, LIMITS)
    assert [line.code for line in lines if not line.holds] == fails


def test_standing_still_needs_no_paper() -> None:
    assert rules.check_stop(Action.SUSPEND, asked({}), 0, LIMITS) == []


@pytest.mark.parametrize("action", list(VERB))
def test_what_can_be_asked_for_is_what_the_project_can_do(action: Action) -> None:
    able = {str(a.src) for a in PROJECT.arrows if a.verb == VERB[action]}
    assert set(rules.STATES[action]) == able


def test_every_state_offers_only_known_actions() -> None:
    assert {s: rules.actions(s) for s in S if rules.actions(s)} == {
        S.AWARDED: ["adjust"],
        S.CONTRACTED: ["adjust", "terminate"],
        S.BUILDING: ["adjust", "suspend", "terminate"],
        S.SUSPENDED: ["adjust", "resume", "terminate"],
    }
