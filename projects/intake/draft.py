"""What was typed, read and checked part by part: the honest task list and the check before filing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any, cast

from projects.intake import answers, rules
from projects.intake.forms import (
    FILES,
    SECTIONS,
    STEPS,
    Basics,
    Benefit,
    Decision,
    Land,
    Posting,
    Readiness,
    Works,
    section_of,
)
from projects.intake.parameters import IntakeRules
from projects.rules import Line, problems
from quzhou_migrants.kernel.clock import WorkCalendar
from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.geo import Point, read_points, shape_of
from quzhou_migrants.web.forms import Form, new_form, read_raw

EMPTY_FIELD = "WEB-101"
STILL_EMPTY = frozenset({EMPTY_FIELD, "WEB-117", "PRJ-151"})
"""What is only missing, not wrong."""
Draft = Mapping[str, Mapping[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Villages:
    """The villages a joint project may name and the one that files. Shape: known = {full name: code}."""

    known: Mapping[str, str]
    own: str


class Step(StrEnum):
    """How far one part of the application is. None of these means that anything was filed."""

    EMPTY = "empty"
    PARTIAL = "partial"
    PROBLEM = "problem"
    REMARKED = "remarked"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Checked:
    """The whole draft, checked: parts as read, lines that explain, problems, how far each part is.

    Shape: after a return, `remarked` holds the remarks nobody has answered yet, `before` the parts as they
    were filed, `changed` the answers that differ since.
    """

    forms: dict[str, Form[Any]]
    lines: dict[str, list[Line]]
    problems: list[Problem]
    steps: dict[str, Step]
    remarked: dict[str, list[str]] = field(default_factory=dict)
    before: dict[str, Form[Any]] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()

    @property
    def ready(self) -> bool:
        """Tell whether nothing keeps this application from being filed."""
        return not self.problems

    def of(self, step: str) -> list[Problem]:
        """List the problems of one part."""
        return [p for p in self.problems if section_of(p.field) == step]

    def part(self, name: str) -> Any:  # noqa: ANN401 - the struct of that part
        """Give a part as read."""
        return self.forms[name].value


def standing(name: str, part: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Give a part as its form shows it: what was typed, and the defaults where nothing was."""
    return {**_defaults(name), **{k: list(v) for k, v in part.items()}}


@cache
def _defaults(name: str) -> Mapping[str, list[str]]:
    return new_form(SECTIONS[name]).raw


def read_draft(draft: Draft) -> dict[str, Form[Any]]:
    """Read every part as typed, slips and all."""
    return {
        name: read_raw({k: list(v) for k, v in draft.get(name, {}).items()}, struct)
        for name, struct in SECTIONS.items()
    }


def check_draft(  # noqa: PLR0913 - the draft, its papers, the rules, the day
    draft: Draft,
    papers: Mapping[str, int],
    rule: IntakeRules,
    *,
    today: date,
    work: WorkCalendar,
    remarked: Mapping[str, list[str]] | None = None,
    villages: Villages | None = None,
) -> Checked:
    """Check the whole application.

    Shape: problems carry the field's name; `remarked` names the fields a reviewer spoke about and nobody
    has changed since; `villages` is who may be a partner, when that is to be checked.
    """
    forms = read_draft(draft)
    read = {name: form.read for name, form in forms.items() if form.read is not None}
    lines = _explain(read, rule, today, work)
    missing = [Problem("PRJ-151", kind) for kind in rules.missing_files(list(rule.needed), papers)]
    found = [p for form in forms.values() for p in form.problems]
    found += [p for part in lines.values() for p in problems(part)]
    found += _across(read) + missing + _partners(read, papers, villages)
    steps = {name: _step(name, draft, found, papers) for name in STEPS}
    spoken = dict(remarked or {})
    for field_name in spoken:
        section = section_of(field_name)
        if steps.get(section) is Step.DONE:
            steps[section] = Step.REMARKED
    return Checked(forms, lines, found, steps, spoken)


def _explain(read: Mapping[str, object], rule: IntakeRules, today: date, work: WorkCalendar) -> dict[str, list[Line]]:
    lines: dict[str, list[Line]] = {}
    if "works" in read:
        works = cast("Works", read["works"])
        money = rules.Money(works.estimate_fen, works.asked_fen, works.own_fen, works.other_fen, works.labour_fen)
        lines["works"] = rules.check_money(money, rule.uses_source) + answers.check_contents(works, rule.answers)
    if "works" in read and "readiness" in read:
        readiness = cast("Readiness", read["readiness"])
        estimate = cast("Works", read["works"]).estimate_fen
        lines["readiness"] = answers.check_design(readiness, estimate, rule.answers)
    decision = cast("Decision | None", read.get("decision"))
    if decision is not None:
        own = cast("Works", read["works"]).own_fen if "works" in read else 0
        lines["decision"] = rules.check_resolution(resolution_of(decision, own), rule.resolution, today)
    if "posting" in read:
        held = decision.held_on if decision else None
        lines["posting"] = rules.check_notice(
            notice_of(cast("Posting", read["posting"])), held, rule.notice, today, work.works
        )
    return lines


def _partners(read: Mapping[str, object], papers: Mapping[str, int], villages: Villages | None) -> list[Problem]:
    benefit = cast("Benefit | None", read.get("benefit"))
    if benefit is None:
        return []
    found = answers.resolutions_needed(len(benefit.partners), papers.get("resolution", 0))
    return found + (answers.check_villages(benefit.partners, villages.known, villages.own) if villages else [])


def _across(read: Mapping[str, object]) -> list[Problem]:
    """Find what only shows when two answers are read together."""
    found: list[Problem] = []
    basics = cast("Basics | None", read.get("basics"))
    if basics and basics.ends_on < basics.starts_on:
        found.append(Problem("PRJ-142", "ends_on"))
    if basics and basics.no_duplicate != "yes":
        found.append(Problem("PRJ-143", "no_duplicate"))
    found += _misdrawn(basics) if basics else []
    readiness = cast("Readiness | None", read.get("readiness"))
    if readiness:
        found += [Problem("PRJ-170", name) for name in ("land", "ecology") if getattr(readiness, name) is Land.INSIDE]
    benefit = cast("Benefit | None", read.get("benefit"))
    return found + (answers.check_benefit(benefit) if benefit else [])


def drawn(basics: Basics) -> tuple[list[Point], str]:
    """Give the points of the place and the shape as GeoJSON; both empty when nothing was drawn.

    Shape: [(latitude, longitude)].
    Raises: Refused KRN-801, KRN-802, PRJ-145 (outside the country).
    """
    points = read_points(basics.shape)
    if any(not (LAT[0] <= lat <= LAT[1] and LON[0] <= lon <= LON[1]) for lat, lon in points):
        raise Refused("PRJ-145")
    return points, json.dumps(shape_of(basics.shape_kind.value, points)) if points else ""


LAT, LON = (18, 54), (73, 136)
"""The country in degrees: who turns latitude and longitude round is told."""


def _misdrawn(basics: Basics) -> list[Problem]:
    try:
        drawn(basics)
    except Refused as refused:
        return [Problem(refused.code, "shape", refused.facts)]
    return []


def _step(name: str, draft: Draft, found: list[Problem], papers: Mapping[str, int]) -> Step:
    mine = [p for p in found if section_of(p.field) == name]
    if name == FILES:
        started = any(papers.values())
    else:
        started = any(v for values in draft.get(name, {}).values() for v in values)
    if not started:
        return Step.EMPTY if mine else Step.DONE
    if not mine:
        return Step.DONE
    return Step.PARTIAL if all(p.code in STILL_EMPTY for p in mine) else Step.PROBLEM


def resolution_of(d: Decision, own_fen: int = 0) -> rules.Resolution:
    """The minutes as the rules read them, and the village's own money they decide on. Units: fen."""
    return rules.Resolution(
        d.body,
        d.told_on,
        d.held_on,
        d.due,
        d.representatives,
        d.women,
        d.present,
        d.votes_for,
        d.votes_against,
        d.abstained,
        d.basis,
        d.population,
        d.supervised == "yes",
        own_fen,
    )


def notice_of(p: Posting) -> rules.Notice:
    """The notice as the rules read it."""
    return rules.Notice(p.notice_from, p.notice_to, p.objections, p.answered)
