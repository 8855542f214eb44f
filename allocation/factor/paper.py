"""The working in words and tables: one list of sections that page, PDF and spreadsheet all print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from allocation.factor.held import Held, SpreadRound
from allocation.factor.scheme import Bound, Form, Part, Scheme
from allocation.factor.working import FactorStep, PartStep, RoundRow, Working
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import BY_REMAINDER, TO_LARGEST, Fen, yuan

_ACROSS = 4  # columns of single factors beside each other before the table is broken


@dataclass(frozen=True, slots=True)
class Section:
    """One step: its heading, the sentences before the table, the table, and its line of sums (or none)."""

    title: str
    notes: tuple[str, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    foot: tuple[str, ...] = ()
    text_columns: frozenset[int] = frozenset({0})


def _t(key: str, **facts: object) -> str:
    return CATALOGUE.text(f"working.{key}").format(**facts)


def _heads(*keys: str) -> tuple[str, ...]:
    return tuple(_t(f"head.{k}") for k in keys)


def pct(bp: int) -> str:
    """Write basis points as percent, no idle zeros: 8500 -> "85%"."""
    return f"{bp / 100:.2f}".rstrip("0").rstrip(".") + "%"


def sections(sheet: Working) -> list[Section]:
    """Lay a working out, step by step, numbered."""
    found = [*_pools(sheet)]
    for part in sheet.parts:
        found += [_factor(part, step, sheet.inputs.scheme) for step in part.factors]
        found += _rounding(part, sheet.inputs.scheme)
    if sheet.held is not None:
        found += _held(sheet.held, sheet.inputs.scheme)
    found.append(_result(sheet))
    numbered = (_t("step", number=n, title=s.title) for n, s in enumerate(found, start=1))
    return [
        Section(title, s.notes, s.head, s.rows, s.foot, s.text_columns)
        for title, s in zip(numbered, found, strict=True)
    ]


def _pools(sheet: Working) -> Iterator[Section]:
    scheme, pool, parted = sheet.inputs.scheme, sheet.inputs.pool_fen, sheet.purse
    if parted.reserve_fen or parted.fixed:
        reserve = scheme.reserve
        by = _t("reserve_by", pool=yuan(pool), pct=pct(reserve.bp), fen=yuan(reserve.fen))
        fixed = sum(parted.fixed.values())
        rows = (
            (_t("pool"), "", yuan(pool)),
            (_t("reserve"), by, yuan(parted.reserve_fen)),
            (_t("fixed"), _t("fixed_by"), yuan(fixed)),
        )
        last = (_t("left"), _t("left_by"), yuan(parted.left_fen))
        yield Section(_t("aside"), _sources(scheme), _heads("item", "sum", "yuan"), rows, last, frozenset({0, 1}))
    if parted.fixed:
        names = {u.code: u.name for u in sheet.inputs.in_order}
        given = tuple((names[u], yuan(fen)) for u, fen in parted.fixed.items())
        yield Section(_t("fixed"), (), _heads("unit", "yuan"), given, (_t("total"), yuan(sum(parted.fixed.values()))))
    left = yuan(parted.left_fen)
    shares = tuple((_part(p.part), f"{left} × {pct(p.share_bp)}", yuan(p.pool_fen)) for p in sheet.parts)
    total = (_t("total"), "", left)
    yield Section(_t("parts"), (), _heads("part", "sum", "yuan"), shares, total, frozenset({0, 1}))


def _sources(scheme: Scheme) -> tuple[str, ...]:
    said = dict.fromkeys(s for s in (scheme.reserve.source, *(f.source for f in scheme.fixed)) if s)
    return tuple(_t("source", source=s) for s in said)


def _part(part: Part) -> str:
    return CATALOGUE.text(f"part.{part.value}")


def _factor(part: PartStep, step: FactorStep, scheme: Scheme) -> Section:
    f, notes = step.factor, []
    weight, share = pct(f.weight_bp), pct(part.share_bp)
    notes.append(_t("money_of_factor", pool=yuan(part.pool_fen), weight=weight, share=share, yuan=step.yuan))
    if step.per:
        notes.append(_t("per", factor=f.title, per=step.per.title, places=scheme.inverse_places))
    notes += [_t(f"form.{f.form.value}", places=scheme.inverse_places)] if f.form is not Form.DIRECT else []
    if f.form is Form.GRADE:
        notes.append(_grades(step))
    if step.times:
        notes.append(_t("times", times=step.times.title))
    notes.append(_t("share_of", strength=step.strength, yuan=step.yuan))
    titled = _t("titled", title=f.title, unit=f.unit) if f.unit else f.title
    columns = [
        (titled, [r.value for r in step.rows]),
        *([(step.per.title, [r.per for r in step.rows])] if step.per else []),
        *([(_t("head.quotient"), [r.quotient for r in step.rows])] if step.per else []),
        *([(_t("head.coefficient"), [r.coefficient for r in step.rows])] if f.form is not Form.DIRECT else []),
        *([(step.times.title, [r.times for r in step.rows])] if step.times else []),
        *([(_t("head.product"), [r.strength for r in step.rows])] if step.times else []),
        (_t("head.percent"), [r.percent for r in step.rows]),
        (_t("head.yuan"), [r.yuan for r in step.rows]),
    ]
    rows = tuple(zip([r.name for r in step.rows], *(values for _, values in columns), strict=True))
    heads = (_t("head.unit"), *(title for title, _ in columns))
    blank = ("",) * (len(heads) - 4)
    foot = (_t("total"), *([step.strength] if not blank else [*blank, step.strength]), "100", step.yuan)
    return Section(_t("of_part", part=_part(part.part), title=f.title), tuple(notes), heads, rows, foot)


def _grades(step: FactorStep) -> str:
    said = [
        _t("grade_from", name=g.name, least=g.least, coefficient=g.coefficient)
        if g.least
        else _t("grade", name=g.name, coefficient=g.coefficient)
        for g in step.factor.grades
    ]
    return _t("grades", grades="".join(said))


def _rounding(part: PartStep, scheme: Scheme) -> Iterator[Section]:
    title = _part(part.part)
    broken = len(part.factors) > _ACROSS
    if broken:
        for begin in range(0, len(part.factors), _ACROSS):
            yield _pieces(part, begin)
    shown = [] if broken else list(range(len(part.factors)))
    single = tuple(part.factors[n].factor.title for n in shown)
    sums = tuple(part.factors[n].yuan for n in shown)
    notes = [_t("rounding", unit=yuan(scheme.rounding.unit_fen), mode=CATALOGUE.text(f"mode.{scheme.rounding.mode}"))]
    pool = yuan(part.pool_fen)
    if part.divisor:
        notes += [_t("divisor", divisor=part.divisor), _t("odds", who=residual(scheme))]
        last = _heads("exact", "quotient_by_divisor", "passed", "next", "units", "final")
        rows = tuple((r.name, *(r.pieces[n] for n in shown), r.exact, *_gate(r), yuan(r.final_fen)) for r in part.rows)
        foot = (_t("total"), *sums, pool, "", "", "", "", pool)
    else:
        notes.append(_t("residual", who=residual(scheme)))
        last = _heads("exact", "cut", "rest", "added", "final")
        rows = tuple((r.name, *(r.pieces[n] for n in shown), r.exact, *_cut(r), yuan(r.final_fen)) for r in part.rows)
        cut, added = (yuan(sum(getattr(r, k) for r in part.rows)) for k in ("cut_fen", "added_fen"))
        foot = (_t("total"), *sums, pool, cut, "", added, pool)
    yield Section(_t("round_part", part=title), tuple(notes), (_t("head.unit"), *single, *last), rows, foot)


def _pieces(part: PartStep, begin: int) -> Section:
    chosen = list(range(begin, min(begin + _ACROSS, len(part.factors))))
    rows = tuple((r.name, *(r.pieces[n] for n in chosen)) for r in part.rows)
    heads = (_t("head.unit"), *(part.factors[n].factor.title for n in chosen))
    foot = (_t("total"), *(part.factors[n].yuan for n in chosen))
    first, last = chosen[0] + 1, chosen[-1] + 1
    return Section(_t("pieces", part=_part(part.part), first=first, last=last), (), heads, rows, foot)


def _cut(row: RoundRow) -> tuple[str, str, str]:
    return yuan(row.cut_fen), row.rest, signed(row.added_fen)


def _gate(row: RoundRow) -> tuple[str, str, str, str]:
    if row.gate is None:
        return "", "", "", "0"
    return row.gate.quotient, row.gate.passed, row.gate.next, f"{row.gate.held:,}"


def signed(fen: Fen) -> str:
    """Write a change in yuan with its sign."""
    return f"+{yuan(fen)}" if fen > 0 else yuan(fen)


def residual(scheme: Scheme) -> str:
    """Say who takes what rounding leaves: a rule, or the code of a unit."""
    party = scheme.rounding.residual
    return CATALOGUE.text(f"residual.{party}") if party in {BY_REMAINDER, TO_LARGEST} else party


def bound_said(b: Bound | None) -> str:
    """Say one bound: what it does, its figure, its clause."""
    if b is None:
        return ""
    figures = [t for t in (_t("bound_yuan", yuan=yuan(b.fen)) if b.fen else "", pct(b.bp) if b.bp else "") if t]
    return CATALOGUE.text(f"bound.{b.kind.value}") + (" + ".join(figures) or "0")


def _held(held: Held, scheme: Scheme) -> Iterator[Section]:
    said = dict.fromkeys(_t("source", source=b.source) for b in scheme.bounds if b.source)
    rows = tuple(
        (
            r.name,
            *([yuan(r.last_fen)] if scheme.against else []),
            yuan(r.provisional_fen),
            yuan(r.floor_fen),
            bound_said(r.floor),
            "" if r.cap_fen is None else yuan(r.cap_fen),
            bound_said(r.cap),
            _t(f"verdict.{r.verdict}"),
        )
        for r in held.limits
    )
    keys = ["unit", *(["last"] if scheme.against else []), "provisional", "floor", "by", "cap", "by", "verdict"]
    by = frozenset({0, len(keys) - 4, len(keys) - 2, len(keys) - 1})
    closing = _t("bounds_kept") if not held.rounds else _t("bounds_broken")
    yield Section(_t("bounds"), (_t("bounds_note"), *said, closing), _heads(*keys), rows, text_columns=by)
    yield from (_spread(step) for step in held.rounds)
    if held.rounds:
        ends = tuple(
            (r.name, yuan(r.provisional_fen), r.exact, yuan(r.fixed_fen), yuan(r.final_fen), signed(r.adjusted_fen))
            for r in held.rows
        )
        sums = [yuan(sum(getattr(r, k) for r in held.rows)) for k in ("fixed_fen", "final_fen", "adjusted_fen")]
        foot = (_t("total"), yuan(sum(r.provisional_fen for r in held.rows)), "", *sums)
        heads = _heads("unit", "provisional", "spread", "fixed", "final", "adjusted")
        note = _t("rounding", unit=yuan(scheme.rounding.unit_fen), mode=CATALOGUE.text(f"mode.{scheme.rounding.mode}"))
        rest = _t("odds" if scheme.rounding.mode.by_divisor else "residual", who=residual(scheme))
        yield Section(_t("bounds_end"), (note, rest), heads, ends, foot)


def _spread(step: SpreadRound) -> Section:
    facts = {"left": yuan(step.left_fen), "weight": yuan(step.weight_fen), "lacking": step.lacking, "cut": step.cut}
    rows = tuple(
        (
            r.name,
            yuan(r.weight_fen),
            r.exact,
            yuan(r.least_fen),
            "" if r.most_fen is None else yuan(r.most_fen),
            _t(f"verdict.{r.verdict}"),
        )
        for r in step.rows
    )
    heads = _heads("unit", "own_weight", "would_get", "least", "most", "verdict")
    foot = (_t("total"), yuan(step.weight_fen), yuan(step.left_fen), "", "", "")
    notes = (_t("round_note", **facts), _t("round_sides", **facts))
    return Section(_t("round", number=step.number), notes, heads, rows, foot, frozenset({0, 5}))


def _result(sheet: Working) -> Section:
    fixed, adjusted = bool(sheet.purse.fixed), sheet.held is not None
    heads = [_t("head.unit")]
    heads += [_t("head.fixed")] if fixed else []
    heads += [_part(p.part) for p in sheet.parts]
    heads += [_t("head.adjusted")] if adjusted else []
    rows = []
    for t in sheet.totals:
        row = [t.name, *([yuan(t.fixed_fen)] if fixed else []), *(yuan(fen) for fen in t.parts)]
        rows.append((*row, *([signed(t.adjusted_fen)] if adjusted else []), yuan(t.total_fen)))
    foot = [_t("total"), *([yuan(sum(t.fixed_fen for t in sheet.totals))] if fixed else [])]
    foot += [yuan(p.pool_fen) for p in sheet.parts]
    foot += [yuan(sum(t.adjusted_fen for t in sheet.totals))] if adjusted else []
    foot.append(yuan(sum(t.total_fen for t in sheet.totals)))
    notes = [_t("result_note")]
    if sheet.purse.reserve_fen:
        notes.append(_t("result_reserve", reserve=yuan(sheet.purse.reserve_fen), pool=yuan(sheet.inputs.pool_fen)))
    return Section(_t("result"), tuple(notes), (*heads, _t("head.whole")), tuple(rows), tuple(foot))


def facts(sheet: Working, sha256: str) -> Sequence[tuple[str, str]]:
    """Say what this sheet is about: run, document, scheme, pool, hash."""
    pairs = [
        (_t("run"), sheet.inputs.title),
        (_t("division"), sheet.inputs.division),
        (_t("document"), sheet.inputs.document),
        (_t("scheme"), sheet.inputs.scheme.title),
        (_t("pool"), yuan(sheet.inputs.pool_fen)),
        (_t("policy"), sheet.inputs.policy),
        (_t("sha256"), sha256 or _t("not_frozen")),
    ]
    return [(name, value) for name, value in pairs if value]
