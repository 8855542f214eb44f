"""What may be paid: ceilings, stages, papers and signatures, decided from plain figures.

Every ceiling is on the running total of a project, so the order of claims never matters: an
advance is worked off by the progress that follows, and nothing is ever recovered by hand.
Source: 衢政办发〔2016〕65号 二(三)3; 财建〔2022〕183号 一、二
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.money import Fen

WHOLE = 10_000  # basis points in one whole
FEWEST_SIGNATURES = 2  # the co-managed account: never one hand alone


class Kind(StrEnum):
    """What a claim asks for."""

    ADVANCE = "advance"
    PROGRESS = "progress"
    SETTLEMENT = "settlement"


@dataclass(frozen=True, slots=True)
class Terms:
    """The payment terms in force: shares in basis points, amounts in fen.

    `advance_bp` of the base before works are seen; `progress_bp` of the finished value while
    building; `retention_bp` of the settled value kept; at or below `small_fen` one payment only.
    """

    advance_bp: int
    progress_bp: int
    retention_bp: int
    small_fen: Fen


@dataclass(frozen=True, slots=True)
class Books:
    """Where one project stands before a claim is looked at.

    Units: fen; `claimed_fen` counts every other claim that is submitted, signed or paid;
    `seen_bp` is physical progress verified on site, 0..10000; `settled_fen` what the audit or the
    acceptance left of the final account, None before.
    """

    award_fen: Fen
    contract_fen: Fen
    claimed_fen: Fen
    seen_bp: int
    accepted: bool
    contractor: str
    settled_fen: Fen | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """What one claim asks. `final_fen` is the audited final account, for a settlement."""

    kind: Kind
    amount_fen: Fen
    payee: str
    invoice_fen: Fen
    final_fen: Fen | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: its name, whether it is open, and the running total it allows (None: no amount).

    A shut gate names its refusal `code`; `facts` are what the sentence says either way.
    """

    name: str
    is_open: bool
    code: str
    ceiling_fen: Fen | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def base(books: Books, final_fen: Fen | None = None) -> Fen:
    """Give the amount that all shares are taken of: the least of award, contract, final account."""
    known = [books.award_fen, books.contract_fen, *([] if final_fen is None else [final_fen])]
    return min(known)


def is_small(books: Books, terms: Terms) -> bool:
    """Tell whether a project is so small that it is paid once, after acceptance."""
    return books.award_fen <= terms.small_fen


def retained(books: Books, terms: Terms, final_fen: Fen | None = None) -> Fen:
    """Give the money kept back at settlement, rounded up so that never too little is kept.

    Source: 财建〔2022〕183号 二 (at most 3 % of the settled price)
    """
    if is_small(books, terms):
        return 0
    return -(-base(books, final_fen) * terms.retention_bp // WHOLE)


def gates(books: Books, terms: Terms, ask: Ask) -> tuple[Gate, ...]:
    """Look at every gate a claim must pass, shut ones included, in the order of the papers.

    Shape: award, contract, the gates of the stage, payee, invoice.
    """
    total = books.claimed_fen + ask.amount_fen
    return (
        _amount("award", "ALC-401", books.award_fen, total),
        _amount("contract", "ALC-402", books.contract_fen, total),
        *_STAGES[ask.kind](books, terms, ask, total),
        Gate("payee", ask.payee == books.contractor, "ALC-409", facts={"contractor": books.contractor}),
        Gate(
            "invoice",
            ask.invoice_fen >= ask.amount_fen,
            "ALC-410",
            facts={"invoice": ask.invoice_fen, "asked": ask.amount_fen},
        ),
    )


def check(found: Sequence[Gate]) -> None:
    """Let a claim pass only when every gate is open.

    Raises: Invalid, one problem for each shut gate.
    """
    shut = [Problem(g.code, _FIELDS.get(g.name, "amount_fen"), g.facts) for g in found if not g.is_open]
    if shut:
        raise Invalid(shut)


def claimable(books: Books, terms: Terms, kind: Kind, final_fen: Fen | None = None) -> Fen:
    """Give the most that a claim of this kind may ask now; 0 when a gate is shut.

    Units: fen.
    """
    nothing = Ask(kind, 0, books.contractor, 0, final_fen)
    found = gates(books, terms, nothing)
    if any(not g.is_open for g in found):
        return 0
    ceilings = [g.ceiling_fen for g in found if g.ceiling_fen is not None]
    return max(0, min(ceilings) - books.claimed_fen)


def _amount(name: str, code: str, ceiling: Fen, total: Fen, **facts: Any) -> Gate:  # noqa: ANN401 - facts of a sentence
    return Gate(name, total <= ceiling, code, ceiling, {"ceiling": ceiling, "total": total, **facts})


def _advance(books: Books, terms: Terms, _ask: Ask, total: Fen) -> tuple[Gate, ...]:
    ceiling = base(books) * terms.advance_bp // WHOLE
    return (_once(books, terms), _amount("advance", "ALC-403", ceiling, total, share=terms.advance_bp))


def _progress(books: Books, terms: Terms, _ask: Ask, total: Fen) -> tuple[Gate, ...]:
    ceiling = base(books) * books.seen_bp * terms.progress_bp // WHOLE**2
    facts = {"seen": books.seen_bp, "share": terms.progress_bp}
    return (_once(books, terms), _amount("progress", "ALC-404", ceiling, total, **facts))


def _settlement(books: Books, terms: Terms, ask: Ask, total: Fen) -> tuple[Gate, ...]:
    seen = base(books) * books.seen_bp // WHOLE
    kept = retained(books, terms, ask.final_fen)
    return (
        Gate("acceptance", books.accepted, "ALC-405"),
        Gate("final_account", ask.final_fen is not None, "ALC-411"),
        *_as_settled(books, ask),
        _amount("progress", "ALC-406", seen, total, seen=books.seen_bp, share=WHOLE),
        _amount(
            "retention",
            "ALC-407",
            base(books, ask.final_fen) - kept,
            total,
            kept=kept,
            share=0 if is_small(books, terms) else terms.retention_bp,
        ),
    )


def _as_settled(books: Books, ask: Ask) -> tuple[Gate, ...]:
    """A final account that was audited, or settled at acceptance, is the one that is paid."""
    if books.settled_fen is None or ask.final_fen is None:
        return ()
    return (Gate("settled", ask.final_fen == books.settled_fen, "ALC-430", facts={"settled": books.settled_fen}),)


def _once(books: Books, terms: Terms) -> Gate:
    return Gate("once", not is_small(books, terms), "ALC-408", facts={"small": terms.small_fen})


_STAGES = {Kind.ADVANCE: _advance, Kind.PROGRESS: _progress, Kind.SETTLEMENT: _settlement}
_FIELDS = {
    "payee": "payee",
    "invoice": "invoice_fen",
    "acceptance": "kind",
    "once": "kind",
    "final_account": "final_fen",
    "settled": "final_fen",
}


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature that stands: the step it fills and the hand that gave it."""

    step: int
    user_id: int
    role: str


def signing_steps(amount_fen: Fen, ladder: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """Give the roles that sign an amount, in order.

    Shape: `ladder` rows are [from_fen, role, role, ...]; the highest row not above the amount counts.
    Raises: Refused ALC-420, the pack names fewer than two signatures for this amount.
    """
    rows = sorted((row for row in ladder if row[0] <= amount_fen), key=lambda row: int(row[0]))
    steps = tuple(str(role) for role in rows[-1][1:]) if rows else ()
    if len(steps) < FEWEST_SIGNATURES:
        raise Refused("ALC-420", asked=amount_fen)
    return steps


def next_step(steps: Sequence[str], given: Sequence[Signed]) -> int | None:
    """Give the first step that waits for a signature; None when all are given."""
    return len(given) if len(given) < len(steps) else None


def may_sign(steps: Sequence[str], given: Sequence[Signed], preparers: Collection[int], user_id: int, role: str) -> int:
    """Give the step that this hand would sign. `preparers` are all who ever wrote on the claim.

    Raises: Refused ALC-421 (complete), ALC-422 (a preparer), ALC-423 (signed before),
    ALC-424 (it is another role's turn).
    """
    step = next_step(steps, given)
    if step is None:
        raise Refused("ALC-421")
    if user_id in preparers:
        raise Refused("ALC-422")
    if any(s.user_id == user_id for s in given):
        raise Refused("ALC-423")
    if role != steps[step]:
        raise Refused("ALC-424", waits_for=steps[step])
    return step


def missing_papers(needed: Sequence[str], present: Sequence[str]) -> tuple[str, ...]:
    """Name the kinds of papers a stage needs and the claim does not carry, in the pack's order."""
    return tuple(kind for kind in needed if kind not in present)
