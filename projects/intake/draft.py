"""What was typed, read and checked part by part: the honest task list and the check before filing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, cast

from projects.intake import rules
from projects.intake.forms import FILES, SECTION_OF, SECTIONS, STEPS, Basics, Benefit, Decision, Posting, Works
from projects.intake.parameters import IntakeRules
from projects.rules import Line, problems
from quzhou_migrants.kernel.clock import WorkCalendar
from quzhou_migrants.kernel.errors import Problem
from quzhou_migrants.web.forms import Form, read_raw

EMPTY_FIELD = "WEB-101"
Draft = Mapping[str, Mapping[str, list[str]]]


class Step(StrEnum):
    """How far one part of the application is. None of these means that anything was filed."""

    EMPTY = "empty"
    PARTIAL = "partial"
    PROBLEM = "problem"
    REMARKED = "remarked"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Checked:
    """The whole draft, checked: parts as read, lines that explain, problems, how far each part is."""

    forms: dict[str, Form[Any]]
    lines: dict[str, list[Line]]
    problems: list[Problem]
    steps: dict[str, Step]
    remarked: dict[str, list[str]] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Tell whether nothing keeps this application from being filed."""
        return not self.problems

    def of(self, step: str) -> list[Problem]:
        """List the problems of one part."""
        return [p for p in self.problems if SECTION_OF.get(p.field) == step]

    def part(self, name: str) -> Any:  # noqa: ANN401 - the struct of that part
        """Give a part as read."""
        return self.forms[name].value


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
) -> Checked:
    """Check the whole application.

    Shape: problems carry the field's name; `remarked` names the fields a reviewer spoke about.
    """
    forms = read_draft(draft)
    read = {name: form.read for name, form in forms.items() if form.read is not None}
    lines = _explain(read, rule, today, work)
    missing = [Problem("PRJ-151", kind) for kind in rules.missing_files(list(rule.needed), papers)]
    found = [p for form in forms.values() for p in form.problems]
    found += [p for part in lines.values() for p in problems(part)]
    found += _across(read) + missing
    steps = {name: _step(name, draft, found, papers) for name in STEPS}
    spoken = dict(remarked or {})
    for field_name in spoken:
        section = SECTION_OF.get(field_name, "")
        if steps.get(section) is Step.DONE:
            steps[section] = Step.REMARKED
    return Checked(forms, lines, found, steps, spoken)


def _explain(read: Mapping[str, object], rule: IntakeRules, today: date, work: WorkCalendar) -> dict[str, list[Line]]:
    lines: dict[str, list[Line]] = {}
    if "works" in read:
        works = cast("Works", read["works"])
        money = rules.Money(works.estimate_fen, works.asked_fen, works.own_fen, works.other_fen)
        lines["works"] = rules.check_money(money, rule.uses_source)
    decision = cast("Decision | None", read.get("decision"))
    if decision is not None:
        lines["decision"] = rules.check_resolution(resolution_of(decision), rule.resolution, today)
    if "posting" in read:
        held = decision.held_on if decision else None
        lines["posting"] = rules.check_notice(
            notice_of(cast("Posting", read["posting"])), held, rule.notice, today, work.works
        )
    return lines


def _across(read: Mapping[str, object]) -> list[Problem]:
    """Find what only shows when two answers are read together."""
    found: list[Problem] = []
    basics = cast("Basics | None", read.get("basics"))
    if basics and basics.ends_on < basics.starts_on:
        found.append(Problem("PRJ-142", "ends_on"))
    if basics and basics.no_duplicate != "yes":
        found.append(Problem("PRJ-143", "no_duplicate"))
    if basics and (basics.lat is None) != (basics.lon is None):
        found.append(Problem("PRJ-145", "lat" if basics.lat is None else "lon"))
    benefit = cast("Benefit | None", read.get("benefit"))
    if benefit and benefit.migrants > benefit.beneficiaries:
        found.append(Problem("PRJ-144", "migrants"))
    return found


def _step(name: str, draft: Draft, found: list[Problem], papers: Mapping[str, int]) -> Step:
    mine = [p for p in found if SECTION_OF.get(p.field) == name]
    if name == FILES:
        started = any(papers.values())
    else:
        started = any(v for values in draft.get(name, {}).values() for v in values)
    if not started:
        return Step.EMPTY if mine else Step.DONE
    if not mine:
        return Step.DONE
    return Step.PARTIAL if all(p.code in {EMPTY_FIELD, "PRJ-151"} for p in mine) else Step.PROBLEM


def resolution_of(d: Decision) -> rules.Resolution:
    """The minutes as the rules read them."""
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
    )


def notice_of(p: Posting) -> rules.Notice:
    """The notice as the rules read it."""
    return rules.Notice(p.notice_from, p.notice_to, p.objections, p.answered)
