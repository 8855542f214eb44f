"""What one version of a scheme changes against the version before, for whoever has to approve it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from allocation.factor.scheme import Bound, Factor, Fixed, Scheme
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import BY_REMAINDER, TO_LARGEST, yuan


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that changed: what, as it was, as it is; empty where it was not or is no more."""

    what: str
    was: str
    now: str


def differences(before: Scheme, after: Scheme, names: Mapping[str, str] | None = None) -> list[Changed]:
    """List what changed, in the order in which a scheme is read. Shape: names {unit code: name}."""
    was, now = dict(_facts(before, names or {})), dict(_facts(after, names or {}))
    keys = [*now, *(key for key in was if key not in now)]
    return [Changed(k, was.get(k, ""), now.get(k, "")) for k in keys if was.get(k, "") != now.get(k, "")]


def _t(key: str) -> str:
    return CATALOGUE.text(f"factor.diff.{key}")


def _facts(scheme: Scheme, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for f in scheme.factors:
        yield f.title, _factor(f, scheme)
        yield _t("clause_of").format(what=f.title), f.source
    yield from rules_beside(scheme, names)


def rules_beside(scheme: Scheme, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Say each rule of a scheme besides its factors, with its clause: shares, what is set aside, bounds, rounding.

    Shape: (what, in words; empty where it has none). `names` {unit code: name}.
    """
    rounding = scheme.rounding
    yield _t("parts"), _with(f"{_pct(scheme.base_bp)} : {_pct(scheme.performance_bp)}", scheme.share_source)
    yield _t("reserve"), _with(_amount(scheme.reserve.fen, scheme.reserve.bp), scheme.reserve.source)
    yield from _numbered(_t("fixed"), [_fixed(f, names) for f in scheme.fixed])
    yield from _numbered(_t("bound"), [_bound(b, names) for b in scheme.bounds])
    mode, party = CATALOGUE.text(f"mode.{rounding.mode.value}"), rounding.residual
    party = CATALOGUE.text(f"residual.{party}") if party in {BY_REMAINDER, TO_LARGEST} else names.get(party, party)
    yield (
        _t("rounding"),
        _with(_t("to").format(mode=mode, unit=yuan(rounding.unit_fen), rest=party), scheme.rounding_source),
    )
    yield _t("places"), str(scheme.inverse_places)


def _with(words: str, source: str) -> str:
    return words + _t("clause").format(source=source) if source else words


def _numbered(title: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    for n, line in enumerate(lines, 1):
        yield f"{title} {n}", line


def _factor(f: Factor, scheme: Scheme) -> str:
    named = {x.key: x.title for x in scheme.factors}
    if not f.weight_bp:
        return _t("support")
    words = [_pct(f.weight_bp), CATALOGUE.text(f"part.{f.part.value}"), CATALOGUE.text(f"form.{f.form.value}")]
    words += [f"÷ {named.get(f.per, f.per)}"] * bool(f.per) + [f"× {named.get(f.times, f.times)}"] * bool(f.times)
    words += [" ".join(part for part in (g.name, g.coefficient, g.least) if part) for g in f.grades]
    return "，".join(words)


def _fixed(f: Fixed, names: Mapping[str, str]) -> str:
    return _with(f"{names.get(f.unit, f.unit) or _t('everybody')} {yuan(f.fen)}", f.source)


def _bound(b: Bound, names: Mapping[str, str]) -> str:
    kind = CATALOGUE.text(f"bound.{b.kind.value}")
    return _with(f"{kind} {names.get(b.unit, b.unit) or _t('everybody')} {_amount(b.fen, b.bp) or _pct(0)}", b.source)


def _amount(fen: int, bp: int) -> str:
    return " + ".join([yuan(fen)] * bool(fen) + [_pct(bp)] * bool(bp))


def _pct(bp: int) -> str:
    return f"{bp / 100:g}%"
