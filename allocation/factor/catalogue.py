"""The factors the policy pack knows, and the scheme it would make by default."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocation.factor.scheme import Factor, Form, Part, Scheme
from quzhou_migrants.kernel.money import Mode, Rounding
from quzhou_migrants.kernel.policy import Policies

_ROOM = "allocation.factor"


@dataclass(frozen=True, slots=True)
class Known:
    """One factor of the catalogue; `offered` names the register count that can fill it."""

    factor: Factor
    offered: str
    note: str


def known(policy: Policies) -> list[Known]:
    """List the factors of the pack in force, with title, source and clause, in the pack's order."""
    found = []
    for key in policy.get(f"{_ROOM}.factors"):
        param = policy.param(f"{_ROOM}.{key}")
        given = dict(param.value)
        offered = str(given.pop("offered", ""))
        factor = Factor(
            key=key,
            title=param.title,
            source=param.source,
            confirmed=param.confirmed,
            **{**given, "part": Part(given["part"]), "form": Form(given.get("form", Form.DIRECT))},
        )
        found.append(Known(factor, offered, param.note))
    return found


def default_scheme(policy: Policies, title: str) -> Scheme:
    """Make the scheme of the pack in force."""
    rounding = Rounding(
        Mode(policy.text(f"{_ROOM}.rounding_mode")),
        policy.whole(f"{_ROOM}.rounding_unit_fen"),
        policy.text(f"{_ROOM}.rounding_residual"),
    )
    return Scheme(
        title,
        policy.whole(f"{_ROOM}.base_bp"),
        policy.whole(f"{_ROOM}.performance_bp"),
        tuple(k.factor for k in known(policy)),
        rounding,
        policy.whole(f"{_ROOM}.inverse_places"),
    )


def pack_scheme(policy: Policies) -> Scheme:
    """Make the scheme of the pack in force without a title, with the clauses its shares and rounding rest on."""
    shares, rounding = (policy.param(f"{_ROOM}.{key}").source for key in ("base_bp", "rounding_mode"))
    return replace(default_scheme(policy, ""), share_source=shares, rounding_source=rounding)
