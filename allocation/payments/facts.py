"""What the rules of payments are told: the scheme, where a project stands, what a claim asks, what they find.

Source: 衢政办发〔2016〕65号 二(三)3; 财建〔2022〕183号 一、二
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from quzhou_migrants.kernel.money import Fen


class Kind(StrEnum):
    """What a claim asks for: the stages of a payment scheme."""

    PREPAY = "prepay"
    ADVANCE = "advance"
    PROGRESS = "progress"
    COMPLETION = "completion"
    SETTLEMENT = "settlement"
    RETENTION = "retention"


@dataclass(frozen=True, slots=True)
class Terms:
    """The payment scheme in force: shares in basis points, amounts in fen.

    `advance_bp` of the base before works are seen; `progress_bp` of the finished value while
    building; `retention_bp` of the settled value kept; at or below `small_fen` one payment only.
    `completion_bp` of the base once works are complete, 0: no such stage; `prepay_bp` of the base
    where a county may prepay, 0: it may not; `steps` replace the smooth share of progress by a
    table (seen, running total of the base); awards below `retention_from_fen` keep no retention.
    """

    advance_bp: int
    progress_bp: int
    retention_bp: int
    small_fen: Fen
    completion_bp: int = 0
    prepay_bp: int = 0
    retention_months: int = 0
    retention_from_fen: Fen = 0
    steps: Sequence[Sequence[int]] = ()


@dataclass(frozen=True, slots=True)
class Books:
    """Where one project stands before a claim is looked at. All of it can be written as JSON.

    Units: fen; `claimed_fen` counts every other claim that is submitted, signed or paid, of which
    `advance_fen` came before works were seen; `seen_bp` is physical progress verified on site,
    0..10000; `settled_fen` what the audit or the acceptance left of the final account, None before.
    Days are ISO texts, "" when there is none: `day` the claim is judged on, `term_ends` of the
    contract, `retention_due`. Counted against the project: `notices` still open, `objections`
    unanswered, `findings` that hold payments, `defects` of the warranty not mended.
    """

    award_fen: Fen
    contract_fen: Fen
    claimed_fen: Fen
    seen_bp: int
    accepted: bool
    contractor: str
    settled_fen: Fen | None = None
    advance_fen: Fen = 0
    completed: bool = False
    retained_fen: Fen = 0
    day: str = ""
    term_ends: str = ""
    retention_due: str = ""
    works: bool = False
    stopped: bool = False
    notices: int = 0
    objections: int = 0
    defects: int = 0
    findings: int = 0
    finding_said: str = ""
    finding_url: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What one claim asks. `final_fen` is the audited final account, for a settlement.

    `wages_fen` is the part for workers' wages, None when nobody named it; `measured_bp` the progress
    that builder and supervisor measured; `guarantee` the number of a bank's guarantee or an insurance
    that stands in for the retention.
    """

    kind: Kind
    amount_fen: Fen
    payee: str
    invoice_fen: Fen
    final_fen: Fen | None = None
    wages_fen: Fen | None = None
    measured_bp: int | None = None
    guarantee: str = ""


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
