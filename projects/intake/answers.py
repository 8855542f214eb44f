"""Rules of the whole application beyond the village's decision: contents, money, shares, targets, the place.

Pure: no input or output. Each line says what was counted and what was needed, with its clause.
Source: domain 1.2 (composite application), 衢政办发〔2016〕65号 二(三), 三(一).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from projects.rules import Bound, Line
from quzhou_migrants.kernel.errors import Problem
from quzhou_migrants.kernel.money import Fen

if TYPE_CHECKING:
    from projects.intake.forms import Benefit, PartnerRow, Readiness, Works

WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """Bounds of the answers. Units: fen."""

    design_fen: Bound[Fen]
    contents_source: str


def item_fen(quantity: Decimal, price_fen: Fen) -> Fen:
    """What one line of the contents costs. Units: fen, rounded half up once per line."""
    return int((quantity * price_fen).quantize(Decimal(1), ROUND_HALF_UP))


def check_contents(works: Works, rule: AnswerRules) -> list[Line]:
    """Explain whether the priced contents stay inside the estimate; without prices there is nothing to compare."""
    total = sum(item_fen(i.quantity, i.price_fen) for i in works.items)
    if not total:
        return []
    facts = {"total": total, "estimate": works.estimate_fen}
    return [Line("PRJ-165", "items", total <= works.estimate_fen, rule.contents_source, confirmed=True, facts=facts)]


def check_design(readiness: Readiness, estimate_fen: Fen, rule: AnswerRules) -> list[Line]:
    """Explain whether a project of this size names a designer."""
    bound = rule.design_fen
    if estimate_fen < bound.value:
        return []
    named = bool(readiness.design_unit) and readiness.design_grade != "none"
    facts = {"estimate": estimate_fen, "need": bound.value}
    return [Line("PRJ-166", "design_unit", named, bound.source, bound.confirmed, facts)]


def check_benefit(benefit: Benefit) -> list[Problem]:
    """Find what does not add up about who gains."""
    found: list[Problem] = []
    if benefit.migrants > benefit.beneficiaries:
        found.append(Problem("PRJ-144", "migrants"))
    if benefit.households > benefit.beneficiaries:
        found.append(Problem("PRJ-169", "households"))
    if benefit.low_income and not benefit.low_income_how:
        found.append(Problem("PRJ-168", "low_income_how"))
    split = benefit.split_village + benefit.split_migrants + benefit.split_other
    if split != WHOLE_BP and (benefit.income_fen or split):
        found.append(Problem("PRJ-167", "split_village", {"total": split}))
    return found + check_partners(benefit)


def check_partners(benefit: Benefit) -> list[Problem]:
    """A joint project is shared out whole: the village that files and each of the others."""
    if not benefit.partners:
        return []
    total = benefit.lead_share + sum(p.share for p in benefit.partners)
    found = [] if total == WHOLE_BP else [Problem("PRJ-171", "partners", {"total": total})]
    names = [p.village for p in benefit.partners]
    return found + [Problem("PRJ-173", "partners", {"name": n}) for n in sorted(set(names)) if names.count(n) > 1]


def check_villages(rows: Sequence[PartnerRow], known: Mapping[str, str], own: str) -> list[Problem]:
    """Find partner villages that the county does not have, and the filing village among its own partners.

    Shape: known = {full name: code of the village}.
    """
    unknown = [Problem("PRJ-172", f"partners.{n}.village", {"name": r.village}) for n, r in enumerate(rows)
               if r.village not in known]  # fmt: skip
    return unknown + [
        Problem("PRJ-173", f"partners.{n}.village", {"name": r.village})
        for n, r in enumerate(rows)
        if known.get(r.village) == own
    ]


def resolutions_needed(partners: int, have: int) -> list[Problem]:
    """A joint project rests on a resolution of every village."""
    need = partners + 1
    return [] if not partners or have >= need else [Problem("PRJ-174", "resolution", {"need": need, "have": have})]
