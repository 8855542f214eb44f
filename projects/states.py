"""The life of a project, from a village's draft to an asset handed over, as data.

Guards see the row as it stands and the facts the command found; they answer with a refusal or
nothing. What the facts are is decided by the rules of each room.
Source: 衢政办发〔2016〕65号 二(二)1, 二(四)1; domain 1.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine

FULL_BP = 10_000


class S(StrEnum):
    """States of a project."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    TOWNSHIP_PASSED = "township_passed"
    ADMITTED = "admitted"
    REFUSED = "refused"
    EXPIRED = "expired"
    PLANNED = "planned"
    AWARDED = "awarded"
    CONTRACTED = "contracted"
    BUILDING = "building"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"
    COMPLETED = "completed"
    PRE_ACCEPTED = "pre_accepted"
    AUDITED = "audited"
    ACCEPTED = "accepted"
    HANDED_OVER = "handed_over"
    WITHDRAWN = "withdrawn"


Row = Mapping[str, Any]


def has_receipt(_row: Row, facts: Row) -> None:
    """A filing is one only when it was checked whole and given a receipt."""
    if not facts.get("receipt"):
        raise Refused("PRJ-101")


def has_remarks(_row: Row, facts: Row) -> None:
    """Nothing goes back without saying what to mend."""
    if not facts.get("remarks"):
        raise Refused("PRJ-202")


def has_term(row: Row, facts: Row) -> None:
    """The reserve is a pool of three to five years: each entry has its last day."""
    if not facts.get("valid_until") or facts["valid_until"] <= row["submitted_at"].date():
        raise Refused("PRJ-203")


def has_new_term(_row: Row, facts: Row) -> None:
    """Who comes back into the reserve gets a new last day, after today."""
    if not facts.get("valid_until") or facts["valid_until"] <= facts["today"]:
        raise Refused("PRJ-203")


def has_clause(_row: Row, facts: Row) -> None:
    """A refusal names the rule it rests on and says why."""
    if not facts.get("ground") or not facts.get("reason"):
        raise Refused("PRJ-204")


def has_reason(_row: Row, facts: Row) -> None:
    """Leaving the path is always explained."""
    if not facts.get("reason"):
        raise Refused("PRJ-205")


def has_plan(_row: Row, facts: Row) -> None:
    """A project enters a year's plan by an approved document."""
    if not facts.get("plan") or not facts.get("doc_no"):
        raise Refused("PRJ-301")


def has_exception(row: Row, facts: Row) -> None:
    """A project outside the reserve enters a plan only by an approved exception."""
    has_plan(row, facts)
    if not facts.get("approved_exception"):
        raise Refused("PRJ-302")


def has_award(_row: Row, facts: Row) -> None:
    """An award is an amount."""
    if int(facts.get("amount_fen") or 0) <= 0:
        raise Refused("PRJ-303")


def has_contract(_row: Row, facts: Row) -> None:
    """A contract is signed with milestones that weigh one hundred percent together."""
    if facts.get("weight_bp") != FULL_BP:
        raise Refused("PRJ-402", total=int(facts.get("weight_bp") or 0))


def all_seen(row: Row, facts: Row) -> None:
    """Works are complete when the progress somebody verified says so."""
    if int(row["progress_bp"]) < int(facts["needed_bp"]):
        raise Refused("PRJ-404", seen=int(row["progress_bp"]), needed=int(facts["needed_bp"]))


def has_audited_sum(_row: Row, facts: Row) -> None:
    """A final account names what the auditor confirmed."""
    if int(facts.get("settled_fen") or 0) <= 0:
        raise Refused("PRJ-407")


def has_opinion(_row: Row, facts: Row) -> None:
    """Acceptance gives an opinion on every side of the work."""
    if facts.get("failed"):
        raise Refused("PRJ-405", count=len(facts["failed"]))


def has_owner(_row: Row, facts: Row) -> None:
    """An asset is handed to an owner and somebody looks after it."""
    if not facts.get("owner") or not facts.get("caretaker"):
        raise Refused("PRJ-406")


PROJECT = machine(
    "PROJECT",
    S,
    S.DRAFT,
    (
        Arrow(S.DRAFT, "submit", S.SUBMITTED, P.SUBMIT, has_receipt),
        Arrow(S.RETURNED, "submit", S.SUBMITTED, P.SUBMIT, has_receipt),
        Arrow(S.DRAFT, "withdraw", S.WITHDRAWN, P.SUBMIT),
        Arrow(S.RETURNED, "withdraw", S.WITHDRAWN, P.SUBMIT),
        Arrow(S.SUBMITTED, "withdraw", S.WITHDRAWN, P.SUBMIT, has_reason),
        Arrow(S.SUBMITTED, "pass", S.TOWNSHIP_PASSED, P.CHECK),
        Arrow(S.SUBMITTED, "return", S.RETURNED, P.CHECK, has_remarks),
        Arrow(S.TOWNSHIP_PASSED, "send_back", S.RETURNED, P.ADMIT, has_remarks),
        Arrow(S.TOWNSHIP_PASSED, "admit", S.ADMITTED, P.ADMIT, has_term),
        Arrow(S.TOWNSHIP_PASSED, "refuse", S.REFUSED, P.ADMIT, has_clause),
        Arrow(S.REFUSED, "reopen", S.TOWNSHIP_PASSED, P.DECIDE_APPEAL, has_reason),
        Arrow(S.ADMITTED, "remove", S.WITHDRAWN, P.ADMIT, has_reason),
        Arrow(S.ADMITTED, "leave", S.WITHDRAWN, P.SUBMIT, has_reason),
        Arrow(S.ADMITTED, "expire", S.EXPIRED, P.ADMIT, has_reason),
        Arrow(S.EXPIRED, "readmit", S.ADMITTED, P.ADMIT, has_new_term),
        Arrow(S.ADMITTED, "plan", S.PLANNED, P.APPROVE_PLAN, has_plan),
        Arrow(S.TOWNSHIP_PASSED, "plan_exception", S.PLANNED, P.APPROVE_PLAN, has_exception),
        Arrow(S.PLANNED, "fall_back", S.ADMITTED, P.APPROVE_PLAN, has_reason),
        Arrow(S.ADMITTED, "award", S.AWARDED, P.AWARD, has_award),
        Arrow(S.PLANNED, "award", S.AWARDED, P.AWARD, has_award),
        Arrow(S.AWARDED, "recall", S.ADMITTED, P.APPROVE_PLAN, has_reason),
        Arrow(S.AWARDED, "sign", S.CONTRACTED, P.CONTRACT, has_contract),
        Arrow(S.CONTRACTED, "start", S.BUILDING, P.BUILD),
        Arrow(S.BUILDING, "complete", S.COMPLETED, P.BUILD, all_seen),
        Arrow(S.BUILDING, "suspend", S.SUSPENDED, P.APPROVE_CHANGE, has_reason),
        Arrow(S.SUSPENDED, "resume", S.BUILDING, P.APPROVE_CHANGE, has_reason),
        Arrow(S.CONTRACTED, "terminate", S.TERMINATED, P.APPROVE_CHANGE, has_reason),
        Arrow(S.BUILDING, "terminate", S.TERMINATED, P.APPROVE_CHANGE, has_reason),
        Arrow(S.SUSPENDED, "terminate", S.TERMINATED, P.APPROVE_CHANGE, has_reason),
        Arrow(S.COMPLETED, "rework", S.BUILDING, P.PRE_ACCEPT, has_reason),
        Arrow(S.COMPLETED, "pre_accept", S.PRE_ACCEPTED, P.PRE_ACCEPT),
        Arrow(S.PRE_ACCEPTED, "audit", S.AUDITED, P.ACCEPT, has_audited_sum),
        Arrow(S.AUDITED, "accept", S.ACCEPTED, P.ACCEPT, has_opinion),
        Arrow(S.COMPLETED, "accept", S.ACCEPTED, P.ACCEPT, has_opinion),
        Arrow(S.ACCEPTED, "hand_over", S.HANDED_OVER, P.ACCEPT, has_owner),
    ),
)

EDITABLE = (S.DRAFT, S.RETURNED)
CHOSEN = (
    S.PLANNED,
    S.AWARDED,
    S.CONTRACTED,
    S.BUILDING,
    S.SUSPENDED,
    S.TERMINATED,
    S.COMPLETED,
    S.PRE_ACCEPTED,
    S.AUDITED,
    S.ACCEPTED,
    S.HANDED_OVER,
)
"""States in which the project is public: it was chosen, and everybody may follow it."""
