"""From finished works to an asset somebody looks after: the arithmetic and the lists.

Source: 建设工程质量管理条例 第四十条 (warranty); 衢政办发〔2016〕65号 二(五)1 (shares by investment);
政府投资条例 第二十五条 (final account); domain 1.5.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from projects.rules import Bound, Line
from quzhou_migrants.kernel.errors import Problem
from quzhou_migrants.kernel.money import Fen, apportion

FULL_BP = 10_000
MONTHS = 12
ASPECTS = ("quality", "money", "benefit", "audit", "accounts", "archive")
"""The sides of a work an acceptance speaks about."""
STRUCTURE = "structure"
"""The part of a building whose warranty runs as long as its design life."""


@dataclass(frozen=True, slots=True)
class AcceptanceRules:
    """What decides how finished works are accepted. Units: fen, years, months.

    Shape: `evidence` {side: kind of file}, `warranty` {part: years}.
    """

    simple_max: Bound[Fen]
    simple_sides: Bound[tuple[str, ...]]
    evidence: Bound[Mapping[str, str]]
    completion_papers: Bound[tuple[str, ...]]
    warranty: Bound[Mapping[str, int]]
    check_months: Bound[int]


@dataclass(frozen=True, slots=True)
class Card:
    """One asset as it is handed over. Units: fen."""

    name: str
    value_fen: Fen


def failed_aspects(opinions: Mapping[str, str]) -> list[str]:
    """List the sides without a favourable opinion, missing ones included."""
    return [a for a in ASPECTS if opinions.get(a) != "pass"]


def is_simple(contract_fen: Fen, limit: Bound[Fen]) -> bool:
    """Tell whether works may be accepted at once, without a preliminary acceptance and an audit of their own."""
    return contract_fen <= limit.value


def paper_lines(have: Collection[str], needed: Bound[tuple[str, ...]]) -> list[Line]:
    """Say of each completion paper whether it is there."""
    source, sure = needed.source, needed.confirmed
    return [Line("PRJ-602", "papers", kind in have, source, sure, {"kind": kind}) for kind in needed.value]


def evidence_lines(have: Collection[str], rules: AcceptanceRules, *, simple: bool) -> list[Line]:
    """Say of each side that is judged whether a file proves it; small works prove fewer sides."""
    sides = [a for a in ASPECTS if not simple or a in rules.simple_sides.value]
    bound = rules.simple_sides if simple else rules.evidence
    kinds = rules.evidence.value
    return [
        Line("PRJ-603", side, kinds[side] in have, bound.source, bound.confirmed, {"kind": kinds[side], "aspect": side})
        for side in sides
    ]


def check_account(submitted_fen: Fen, settled_fen: Fen, contract_fen: Fen) -> list[Problem]:
    """List what is wrong with a final account: an audit only cuts, and nothing is settled above the contract."""
    found: list[Problem] = []
    if settled_fen > submitted_fen:
        found.append(Problem("PRJ-611", "settled_fen", {"settled": settled_fen, "submitted": submitted_fen}))
    if settled_fen > contract_fen:
        found.append(Problem("PRJ-417", "settled_fen", {"settled": settled_fen, "contract": contract_fen}))
    return found


def cut_bp(submitted_fen: Fen, settled_fen: Fen) -> int:
    """Tell which part of what was submitted the audit cut, as a whole basis point. Units: basis points."""
    return (submitted_fen - settled_fen) * FULL_BP // submitted_fen


def add_months(day: date, months: int) -> date:
    """Give the corresponding day so many months later; without one, the last day of that month.

    Source: 民法典 第二百零二条
    """
    year, month = divmod(day.year * MONTHS + day.month - 1 + months, MONTHS)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def warranty_until(accepted_on: date, years: int) -> date:
    """Give the last day of a warranty, which runs from acceptance. Source: 建设工程质量管理条例 第四十条."""
    return add_months(accepted_on, years * MONTHS)


def warranties(
    accepted_on: date, parts: Sequence[str], life_years: int | None, terms: Mapping[str, int]
) -> dict[str, date]:
    """Give the last day of warranty for each part of the works. Shape: {part: date}.

    The structure is warranted for the design life, other parts for the years of the pack.
    """
    years = {part: life_years if part == STRUCTURE else terms[part] for part in parts}
    return {part: warranty_until(accepted_on, term) for part, term in years.items() if term}


def shares_bp(invested: Mapping[str, Fen]) -> dict[str, int]:
    """Part the title to an asset among its owners by what each invested; together one hundred percent.

    Shape: {owner: basis points}; what rounding leaves goes to the largest remainders.
    Source: 衢政办发〔2016〕65号 二(五)1
    """
    return apportion(FULL_BP, invested)


def check_handover(owners: Sequence[str], cards: Sequence[Card], settled_fen: Fen) -> list[Problem]:
    """List what is wrong with a handover: an owner named twice, assets worth more than was settled."""
    found = [
        Problem("PRJ-621", f"owners.{n}.owner", {"name": name}) for n, name in enumerate(owners) if name in owners[:n]
    ]
    value = sum(card.value_fen for card in cards)
    if value > settled_fen:
        found.append(Problem("PRJ-622", "cards.0.value_fen", {"value": value, "settled": settled_fen}))
    return found
