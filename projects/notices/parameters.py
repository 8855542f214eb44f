"""The pack's parameters of notices, read once into the shapes that the rules take."""

from __future__ import annotations

from projects.intake.rules import DayKind, NoticeRule
from projects.notices.rules import Kind, PostingRule
from projects.rules import Bound
from quzhou_migrants.kernel.policy import Param, Policies

_DAYS = {Kind.VILLAGE: "projects.intake.notice", Kind.RESULT: "projects.notices.result"}


def posting_rule(policy: Policies, kind: Kind) -> PostingRule:
    """Read how long a kind of notice hangs, in which days, and whether its board is photographed."""
    stem = _DAYS.get(kind, "projects.notices.plan")
    days, counted = policy.param(f"{stem}_days"), policy.param(f"{stem}_kind")
    first = policy.param("projects.intake.notice_first_day")
    photos = policy.param("projects.notices.photographed")
    return PostingRule(
        NoticeRule(
            Bound(int(days.value), days.source, days.confirmed),
            Bound(DayKind(counted.value), counted.source, counted.confirmed),
            _bound(first),
        ),
        Bound(kind.value in photos.value, photos.source, photos.confirmed),
    )


def _bound(param: Param) -> Bound[bool]:
    return Bound(bool(param.value), param.source, param.confirmed)
