"""What may be paid: ceilings, stages, holds and papers, decided from plain figures.

Every ceiling is on the running total of a project, so the order of claims never matters: an
advance is worked off by the progress that follows, and nothing is ever recovered by hand.
Source: 衢政办发〔2016〕65号 二(三)3; 财建〔2022〕183号 一、二
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from allocation.payments.facts import Ask, Books, Gate, Kind, Terms
from quzhou_migrants.kernel.errors import Invalid, Problem
from quzhou_migrants.kernel.money import Fen

__all__ = [
    "WHOLE",
    "Ask",
    "Books",
    "Gate",
    "Kind",
    "Recovery",
    "Terms",
    "allowed",
    "base",
    "check",
    "claimable",
    "day_of",
    "earned",
    "gates",
    "holds",
    "is_small",
    "keeps_nothing",
    "missing_papers",
    "recovery",
    "retained",
]

WHOLE = 10_000  # basis points in one whole


def base(books: Books, final_fen: Fen | None = None) -> Fen:
    """Give the amount that all shares are taken of: the least of award, contract, final account."""
    known = [books.award_fen, books.contract_fen, *([] if final_fen is None else [final_fen])]
    return min(known)


def allowed(award_fen: Fen, contract_fen: Fen, settled_fen: Fen) -> Fen:
    """Give what a project whose account is settled may cost in all. Units: fen."""
    return min(award_fen, contract_fen, settled_fen)


def is_small(books: Books, terms: Terms) -> bool:
    """Tell whether a project is so small that it is paid once, after acceptance."""
    return books.award_fen <= terms.small_fen


def keeps_nothing(books: Books, terms: Terms) -> bool:
    """Tell whether no retention is kept: small projects, or awards below the scheme's own bound."""
    return is_small(books, terms) or books.award_fen < terms.retention_from_fen


def retained(books: Books, terms: Terms, final_fen: Fen | None = None, guarantee: str = "") -> Fen:
    """Give the money kept back at settlement, rounded up so that never too little is kept.

    Source: 财建〔2022〕183号 二 (at most 3 % of the settled price; a guarantee may stand in for it)
    """
    if guarantee or keeps_nothing(books, terms):
        return 0
    return -(-base(books, final_fen) * terms.retention_bp // WHOLE)


def earned(books: Books, terms: Terms) -> Fen:
    """Give the running total that verified progress has earned while building. Units: fen, cut."""
    if terms.steps:
        reached = [total for seen, total in terms.steps if seen <= books.seen_bp]
        return base(books) * max(reached, default=0) // WHOLE
    return base(books) * books.seen_bp * terms.progress_bp // WHOLE**2


@dataclass(frozen=True, slots=True)
class Recovery:
    """How an advance is worked off by works that were seen. Units: fen; the two parts make the whole."""

    advance_fen: Fen
    worked_off_fen: Fen

    @property
    def left_fen(self) -> Fen:
        """What no work has earned yet."""
        return self.advance_fen - self.worked_off_fen


def recovery(books: Books, terms: Terms) -> Recovery:
    """Set an advance against the works seen since: what other claims left of what is earned works it off.

    Source: 财建〔2022〕183号 一
    """
    whole = base(books) if books.accepted else earned(books, terms)
    others = books.claimed_fen - books.advance_fen
    return Recovery(books.advance_fen, max(0, min(books.advance_fen, whole - others)))


def gates(books: Books, terms: Terms, ask: Ask) -> tuple[Gate, ...]:
    """Look at every gate a claim must pass, shut ones included, in the order of the papers.

    Shape: award, contract, the holds of the project, the gates of the stage, payee, invoice.
    """
    total = books.claimed_fen + ask.amount_fen
    return (
        _amount("award", "ALC-401", books.award_fen, total),
        _amount("contract", "ALC-402", books.contract_fen, total),
        *holds(books),
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
    nothing = Ask(kind, 0, books.contractor, 0, final_fen, wages_fen=0)
    found = gates(books, terms, nothing)
    if any(not g.is_open for g in found):
        return 0
    ceilings = [g.ceiling_fen for g in found if g.ceiling_fen is not None]
    return max(0, min(ceilings) - books.claimed_fen)


def day_of(text: str) -> date | None:
    """Read a day of the books; None for none."""
    return date.fromisoformat(text) if text else None


def _amount(name: str, code: str, ceiling: Fen, total: Fen, **facts: Any) -> Gate:  # noqa: ANN401 - facts of a sentence
    return Gate(name, total <= ceiling, code, ceiling, {"ceiling": ceiling, "total": total, **facts})


def holds(books: Books) -> tuple[Gate, ...]:
    """Look at what bars every payment, whatever its stage: a notice that hangs, grave findings, works at a stop."""
    said = {"count": books.findings, "said": books.finding_said, "url": books.finding_url}
    return (
        Gate(
            "notice",
            not (books.notices or books.objections),
            "ALC-431",
            facts={"notices": books.notices, "objections": books.objections},
        ),
        Gate("findings", not books.findings, "ALC-432", facts=said),
        Gate("running", not books.stopped, "ALC-433"),
    )


def _prepay(books: Books, terms: Terms, _ask: Ask, total: Fen) -> tuple[Gate, ...]:
    ceiling = base(books) * terms.prepay_bp // WHOLE
    return (
        Gate("prepay", terms.prepay_bp > 0, "ALC-434"),
        _amount("advance", "ALC-403", ceiling, total, share=terms.prepay_bp),
        *_under_settled(books, terms, total),
        _term(books),
    )


def _advance(books: Books, terms: Terms, _ask: Ask, total: Fen) -> tuple[Gate, ...]:
    ceiling = base(books) * terms.advance_bp // WHOLE
    return (
        _once(books, terms),
        _amount("advance", "ALC-403", ceiling, total, share=terms.advance_bp),
        *_under_settled(books, terms, total),
        _term(books),
    )


def _progress(books: Books, terms: Terms, ask: Ask, total: Fen) -> tuple[Gate, ...]:
    facts = {"seen": books.seen_bp, "share": terms.progress_bp}
    measured = books.seen_bp if ask.measured_bp is None else ask.measured_bp
    return (
        _once(books, terms),
        _amount("progress", "ALC-404", earned(books, terms), total, **facts),
        *_under_settled(books, terms, total),
        Gate(
            "measured",
            measured <= books.seen_bp,
            "ALC-435",
            facts={"measured": measured, "seen": books.seen_bp},
        ),
        _term(books),
        _wages(books, ask),
    )


def _completion(books: Books, terms: Terms, ask: Ask, total: Fen) -> tuple[Gate, ...]:
    ceiling = base(books) * books.seen_bp * terms.completion_bp // WHOLE**2
    return (
        _once(books, terms),
        Gate("stage", terms.completion_bp > 0, "ALC-446"),
        Gate("completed", books.completed, "ALC-437"),
        _amount("progress", "ALC-404", ceiling, total, seen=books.seen_bp, share=terms.completion_bp),
        *_under_settled(books, terms, total),
        _wages(books, ask),
    )


def _settlement(books: Books, terms: Terms, ask: Ask, total: Fen) -> tuple[Gate, ...]:
    seen = base(books) * books.seen_bp // WHOLE
    kept = retained(books, terms, ask.final_fen, ask.guarantee)
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
            share=terms.retention_bp if kept else 0,
        ),
    )


def _retention(books: Books, _terms: Terms, ask: Ask, total: Fen) -> tuple[Gate, ...]:
    """What was kept is given back on its day, or before against a guarantee; never more than was kept.

    Source: 建质〔2017〕138号 二、十、十一
    """
    due = day_of(books.retention_due)
    over = bool(ask.guarantee) or (due is not None and books.day >= books.retention_due)
    return (
        Gate("acceptance", books.accepted, "ALC-405"),
        _amount("held", "ALC-438", books.claimed_fen + books.retained_fen, total, held=books.retained_fen),
        *_within_settled(books, total),
        Gate("due", over, "ALC-439", facts={"due": due, "guarantee": ask.guarantee}),
        Gate("defects", not books.defects, "ALC-440", facts={"count": books.defects}),
    )


def _under_settled(books: Books, terms: Terms, total: Fen) -> tuple[Gate, ...]:
    """Once the final account is settled, no earlier stage runs ahead of it, nor into the retention.

    Source: 财建〔2022〕183号 一 (nothing is paid beyond the settled price)
    """
    if books.settled_fen is None:
        return ()
    most = base(books, books.settled_fen) - retained(books, terms, books.settled_fen)
    return (_amount("settled_price", "ALC-462", most, total),)


def _within_settled(books: Books, total: Fen) -> tuple[Gate, ...]:
    """An audit that cut the price after the retention was kept cuts what is given back of it."""
    if books.settled_fen is None:
        return ()
    return (_amount("settled_total", "ALC-458", base(books, books.settled_fen), total),)


def _as_settled(books: Books, ask: Ask) -> tuple[Gate, ...]:
    """A final account that was audited, or settled at acceptance, is the one that is paid."""
    if books.settled_fen is None or ask.final_fen is None:
        return ()
    return (Gate("settled", ask.final_fen == books.settled_fen, "ALC-430", facts={"settled": books.settled_fen}),)


def _once(books: Books, terms: Terms) -> Gate:
    return Gate("once", not is_small(books, terms), "ALC-408", facts={"small": terms.small_fen})


def _term(books: Books) -> Gate:
    """A contract whose term is over is prolonged by a change order before more is paid for building."""
    ends = day_of(books.term_ends)
    runs = books.completed or ends is None or books.day <= books.term_ends
    return Gate("term", runs, "ALC-436", facts={"ends": ends})


def _wages(books: Books, ask: Ask) -> Gate:
    """The workers' part of every payment for works is named and lies within it.

    Source: 国令第724号 (保障农民工工资支付条例) 24, 29
    """
    named = not books.works or (ask.wages_fen is not None and 0 <= ask.wages_fen <= max(ask.amount_fen, 0))
    return Gate("wages", named, "ALC-441", facts={"wages": ask.wages_fen or 0, "asked": ask.amount_fen})


_Stage = Callable[[Books, Terms, Ask, Fen], tuple[Gate, ...]]
_STAGES: dict[Kind, _Stage] = {
    Kind.PREPAY: _prepay,
    Kind.ADVANCE: _advance,
    Kind.PROGRESS: _progress,
    Kind.COMPLETION: _completion,
    Kind.SETTLEMENT: _settlement,
    Kind.RETENTION: _retention,
}
_FIELDS = {
    "payee": "payee",
    "invoice": "invoice_fen",
    "acceptance": "kind",
    "once": "kind",
    "prepay": "kind",
    "stage": "kind",
    "completed": "kind",
    "due": "kind",
    "defects": "kind",
    "final_account": "final_fen",
    "settled": "final_fen",
    "measured": "measured_bp",
    "wages": "wages_fen",
    "notice": "",
    "findings": "",
    "running": "",
    "term": "",
}


def missing_papers(needed: Sequence[str], present: Sequence[str]) -> tuple[str, ...]:
    """Name the kinds of papers a stage needs and the claim does not carry, in the pack's order."""
    return tuple(kind for kind in needed if kind not in present)
