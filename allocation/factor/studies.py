"""What was tried out beside a run, as tables: differences, sensitivity, causes of a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from allocation.factor.causes import Decomposition, FactorEffect
from allocation.factor.frozen import Inputs
from allocation.factor.paper import pct
from allocation.factor.whatif import Case, Comparison, Sensitivity
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import Fen, yuan

EFFECTS = ("pool", "weight", "data", "fixed", "bounds", "rounding")
Kind = Literal["text", "yuan", "change", "percent"]
Value = str | int | None
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """One column. Units: yuan and change hold fen, percent basis points; None is left blank."""

    title: str
    kind: Kind = "change"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the first column names the row, the last row of a table with `total` adds the others up."""

    title: str
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    total: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """One thing tried out: what it is, what it is about, its tables."""

    title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    note: str


def _t(key: str, **facts: object) -> str:
    return CATALOGUE.text(f"study.{key}").format(**facts)


def _about(inputs: Inputs, sha256: str, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return (
        (_t("run"), inputs.title),
        (_t("division"), inputs.division),
        (_t("document"), inputs.document),
        (_t("pool"), yuan(inputs.pool_fen)),
        (_t("scheme"), inputs.scheme.title),
        *more,
        (_t("sha256"), sha256 or _t("draft")),
    )


def _summed(name: str, rows: Sequence[Row], heads: Sequence[Head]) -> tuple[Row, ...]:
    """Add the line of sums; what cannot be added stays blank."""
    sums = [
        sum(v for r in rows if isinstance(v := r[n], int)) if head.kind in {"yuan", "change"} else None
        for n, head in enumerate(heads)
    ]
    return (*rows, (name, *sums[1:]))


def tried(  # noqa: PLR0913 - the run, the case that was tried, what came out
    inputs: Inputs, sha256: str, before: Case, after: Case, found: Comparison, *, plan: str = ""
) -> Study:
    """Tell what a trial assumed and what it gave each unit. `plan` names another scheme, if one was taken."""
    names = {u.code: u.name for u in inputs.units}
    heads = (
        Head(_t("unit"), "text"), Head(_t("official"), "yuan"), Head(_t("tried"), "yuan"), Head(_t("change")),
        Head(_t("rate"), "percent"),
    )  # fmt: skip
    rows = [(names.get(r.code, r.code), r.before_fen, r.after_fen, r.change_fen, r.change_bp) for r in found.rows]
    assumed = tuple(_assumed(before, after, names, plan)) or ((_t("nothing"), "", ""),)
    columns = (Head(_t("item"), "text"), Head(_t("was"), "text"), Head(_t("now"), "text"))
    tables = (
        Table(_t("assumed"), columns, assumed, total=False),
        Table(_t("result"), heads, _summed(_t("total"), rows, heads)),
    )
    return Study(_t("whatif", title=inputs.title), _about(inputs, sha256), tables, _t("whatif_note"))


def _assumed(before: Case, after: Case, names: Mapping[str, str], plan: str) -> Iterator[tuple[str, str, str]]:
    if after.pool_fen != before.pool_fen:
        yield _t("pool"), yuan(before.pool_fen), yuan(after.pool_fen)
    if plan:
        yield _t("scheme"), before.scheme.title, plan
    was = {f.key: f.weight_bp for f in before.scheme.factors}
    for f in after.scheme.factors:
        if not plan and f.weight_bp != was.get(f.key):
            yield _t("weight", title=f.title), pct(was.get(f.key, 0)), pct(f.weight_bp)
        for unit in after.units:
            then, now = before.value(f, unit), after.value(f, unit)
            if then != now:
                yield f"{names.get(unit, unit)} {f.title}", then or _t("none"), now or _t("none")


def sensitive(inputs: Inputs, sha256: str, found: Sensitivity, stopped: Mapping[str, str]) -> Study:
    """Tell what each unit gains or loses by factor; `stopped` says why a factor has no column of figures."""
    plan, shown = inputs.scheme, [key for key in found.columns if key not in stopped]
    columns = [plan.factor(key) for key in shown]
    heads = (Head(_t("unit"), "text"), *(Head(f"{f.title} {pct(f.weight_bp)}") for f in columns))
    rows: list[Row] = [(u.name, *(found.columns[key][u.code] for key in shown)) for u in inputs.in_order]
    notes = tuple(f"{plan.factor(key).title}：{said}" for key, said in stopped.items())
    table = Table(_t("sensitivity_table"), heads, _summed(_t("total"), rows, heads), notes=notes)
    step = (_t("step"), pct(found.step_bp))
    return Study(_t("sensitivity", title=inputs.title), _about(inputs, sha256, step), (table,), _t("sensitivity_note"))


def change(
    inputs: Inputs,
    sha256: str,
    before: Inputs,
    found: Decomposition,
    factors: Mapping[str, tuple[FactorEffect, ...]],
) -> Study:
    """Tell why each unit got more or less than in an earlier run, cause by cause and factor by factor."""
    names = {u.code: u.name for u in (*before.units, *inputs.units)}
    heads = (
        Head(_t("unit"), "text"), Head(_t("before"), "yuan"), Head(_t("after"), "yuan"), Head(_t("change")),
        *(Head(CATALOGUE.text(f"effect.{e}")) for e in EFFECTS),
    )  # fmt: skip
    rows: list[Row] = [
        (names.get(r.code, r.code), r.before_fen, r.after_fen, r.change_fen, *(_effect(r, e) for e in EFFECTS))
        for r in found.rows
    ]
    tables = [Table(_t("causes"), heads, _summed(_t("total"), rows, heads))]
    first = next(iter(factors.values()), ())
    if first:
        own = [Head(_t(kind, title=e.title)) for e in first for kind in ("of_weight", "of_data")]
        columns = (Head(_t("unit"), "text"), *own)
        parts: list[Row] = [
            (names.get(code, code), *(fen for e in effects for fen in (e.weight_fen, e.data_fen)))
            for code, effects in factors.items()
        ]
        tables.append(Table(_t("by_factor"), columns, _summed(_t("total"), parts, columns)))
    since = ((_t("since"), before.title), (_t("since_pool"), yuan(before.pool_fen)))
    title = _t("change_of", title=inputs.title)
    return Study(title, _about(inputs, sha256, *since), tuple(tables), _t("change_note"))


def _effect(row: object, name: str) -> Fen:
    return int(getattr(row, f"{name}_fen"))
