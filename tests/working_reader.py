"""Follows a printed working with nothing but its words and figures: no line of the engine is used.

`tables` come from a PDF's text, a spreadsheet or a page: heading, sentences, rows of cells. Every
check is what a person with a pocket calculator would do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, getcontext
from html.parser import HTMLParser
from pathlib import Path

from openpyxl import load_workbook

getcontext().prec = 40


@dataclass
class Step:
    title: str
    notes: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    @property
    def head(self) -> list[str]:
        return self.rows[0]

    @property
    def foot(self) -> list[str] | None:
        return next((r for r in self.rows[1:] if r[0] == "合计"), None)

    def column(self, head: str) -> dict[str, str]:
        n = self.head.index(head)
        return {r[0]: r[n] for r in self.rows[1:] if r[0] != "合计"}


class _Page(HTMLParser):
    """Steps of a page: a panel's heading, its paragraphs, its table."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.text = ""
        self.inside: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag in {"h2", "p", "th", "td"}:
            self.text = ""
        if tag == "tr" and self.steps:
            self.steps[-1].rows.append([])

    def handle_data(self, data):
        self.text += data

    def handle_endtag(self, tag):
        text = " ".join(self.text.split())
        if tag == "h2":
            self.steps.append(Step(text))
        elif tag == "p" and self.steps:
            self.steps[-1].notes.append(text)
        elif tag in {"th", "td"} and self.steps and self.steps[-1].rows:
            self.steps[-1].rows[-1].append(text)


def of_page(html: str) -> list[Step]:
    page = _Page()
    page.feed(html)
    return [s for s in page.steps if re.match(r"第\d+步", s.title)]


def of_book(path: Path) -> list[Step]:
    """Each sheet is a step: heading row, rows, then sentences that fill the first cell alone."""
    steps = []
    for sheet in load_workbook(path, read_only=False):
        if not re.match(r"第\d+步", sheet.title):
            continue
        step = Step(sheet.title)
        for cells in sheet.iter_rows(values_only=True):
            row = ["" if c is None else str(c) for c in cells]
            alone = len(row) > 1 and not any(row[1:])
            (step.notes if alone else step.rows).append(row[0] if alone else row)
        steps.append(step)
    return steps


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", "").lstrip("+"))


def figures(text: str) -> list[Decimal]:
    return [number(t) for t in re.findall(r"\d[\d,]*(?:\.\d+)?", text)]


def follow(steps: list[Step]) -> dict[str, Decimal]:
    """Check every step and give the last column of the result. Raises: AssertionError, naming the step."""
    for step in steps:
        for check in (_sums, _factor, _rounding, _gates, _limits, _spread):
            for fault in check(step):
                raise AssertionError(step.title, fault)
    result = steps[-1]
    for fault in _across(steps, result):
        raise AssertionError(fault)
    whole = result.head[-1]
    for name, total in result.column(whole).items():
        parts = [number(result.column(h)[name]) for h in result.head[1:-1]]
        assert sum(parts) == number(total), name
    return {name: number(total) for name, total in result.column(whole).items()}


def _across(steps: list[Step], result: Step) -> Iterator[str]:
    """What one step hands to another: what is set aside, provisional shares, the first round's weights."""
    if "先预留" in steps[0].title:
        (_, _, pool), (_, by, reserve), (_, _, fixed), (_, _, left) = steps[0].rows[1:5]
        whole, pct, more, *_ = figures(by)
        unit = next(figures(s.notes[0])[0] for s in steps if s.notes and s.notes[0].startswith("取整单位"))
        if number(reserve) != whole * pct / 100 // unit * unit + more or number(pool) != whole:
            yield "reserve"
        if number(pool) - number(reserve) - number(fixed) != number(left):
            yield "left"
    columns = {h: result.column(h) for h in result.head[1:-1]}
    given = columns.get("固定数（元）", {})
    before = {}
    for step in steps:
        if "下限（元）" in step.head:
            before = {n: number(v) for n, v in step.column("初步份额（元）").items()}
            parts = [c for h, c in columns.items() if "调整" not in h]
            if any(sum(number(c[n]) for c in parts) != v for n, v in before.items()):
                yield "provisional shares"
        if "权重（元）" in step.head and any(
            number(v) != before[n] - number(given.get(n, "0")) for n, v in step.column("权重（元）").items()
        ):
            yield "weights of a round"


def _sums(step: Step) -> Iterator[str]:
    """Every printed sum of money is the sum of its column."""
    if step.foot is None:
        return
    for n, head in enumerate(step.head):
        cells = [r[n] for r in step.rows[1:] if r[0] != "合计"]
        if "元" in head and step.foot[n] and n and all(cells):
            close = Decimal(0) if all(re.search(r"\.\d\d$", c) for c in cells) else Decimal("0.00001") * len(cells)
            if abs(sum(map(number, cells)) - number(step.foot[n])) > close:
                yield head


def _factor(step: Step) -> Iterator[str]:
    """Money of the factor; quotient, coefficient, product; share of the whole; money of the unit."""
    if "占比（%）" not in step.head:
        return
    pool, weight, share, money = figures(step.notes[0])
    if abs(pool * weight / share - money) > Decimal("0.000001"):
        yield "money of the factor"
    used = {n: number(v) for n, v in step.column(step.head[1]).items()} if _numeric(step, 1) else {}
    for head, check in (("平均值", _quotient), ("系数", _coefficient), ("乘积", _product)):
        if head in step.head:
            told = {n: number(v) for n, v in step.column(head).items()}
            if not check(step, used, told):
                yield head
            used = told
    whole = figures(step.notes[-1])[0]
    if whole != sum(used.values()):
        yield "all strength"
    for n, own in used.items():
        percent, yuan = number(step.column("占比（%）")[n]), number(step.column("金额（元）")[n])
        if abs(own / whole * 100 - percent) > Decimal("0.00000001"):
            yield f"share of {n}"
        if abs(money * own / whole - yuan) > Decimal("0.000002"):
            yield f"money of {n}"


def _quotient(step: Step, used: dict[str, Decimal], told: dict[str, Decimal]) -> bool:
    places = int(figures(next(x for x in step.notes if x.startswith("平均值")))[0])
    below = step.column(step.head[2])
    return all(abs(used[n] / number(below[n]) - told[n]) <= Decimal(10) ** -places / 2 for n in told)


def _coefficient(step: Step, used: dict[str, Decimal], told: dict[str, Decimal]) -> bool:
    """Of a grade the note names every coefficient."""
    if any(x.startswith("反向") for x in step.notes):
        return all(abs(min(used.values()) / used[n] - told[n]) <= Decimal("0.000000005") for n in told)
    if any(x.startswith("差额") for x in step.notes):
        return all(max(used.values()) - used[n] == told[n] for n in told)
    listed = set(figures(next(x for x in step.notes if x.startswith("各等次"))))
    return all(v in listed for v in told.values())


def _product(step: Step, used: dict[str, Decimal], told: dict[str, Decimal]) -> bool:
    by = step.head.index("乘积") - 1
    factor = step.column(step.head[by])
    return not _numeric(step, by) or all(used[n] * number(factor[n]) == told[n] for n in told)


def _numeric(step: Step, column: int) -> bool:
    return all(re.fullmatch(r"[\d.,]+", v) for v in step.column(step.head[column]).values())


def _rounding(step: Step) -> Iterator[str]:
    """Cut to whole units, the rest, what was added: they make the final figure."""
    if "截到整单位" not in step.head:
        return
    unit = figures(step.notes[0])[0]
    for n, exact in step.column("应得（元）").items():
        cut, rest = number(step.column("截到整单位")[n]), number(step.column("余数")[n])
        final, added = number(step.column("实得（元）")[n]), number(step.column("尾差调整")[n])
        if number(exact) // unit * unit != cut or abs((number(exact) - cut) / unit - rest) > Decimal("0.0002"):
            yield f"cut of {n}"
        if cut + added != final:
            yield f"final of {n}"
        if abs(added) > unit and "全部" not in step.notes[1]:
            yield f"more than a unit for {n}"


def _gates(step: Step) -> Iterator[str]:
    """By a divisor: the quotient stands between the two signposts, the units make the final figure."""
    if "商" not in step.head:
        return
    unit, divisor = figures(step.notes[0])[0], figures(step.notes[1])[0]
    odd = 0
    for n, exact in step.column("应得（元）").items():
        quotient = number(exact) / unit / divisor
        if abs(quotient - number(step.column("商")[n])) > Decimal("0.00001"):
            yield f"quotient of {n}"
        passed, ahead = step.column("已过界限")[n], step.column("下一界限")[n]
        if (passed and quotient < number(passed) - Decimal("0.00001")) or quotient > number(ahead) + Decimal("0.00001"):
            yield f"signposts of {n}"
        rest = number(step.column("实得（元）")[n]) - number(step.column("单位数")[n]) * unit
        odd += bool(rest)
        if not 0 <= rest < unit:
            yield f"final of {n}"
    if odd > 1:
        yield "odds in two places"


def _limits(step: Step) -> Iterator[str]:
    if "初步份额（元）" not in step.head or "下限（元）" not in step.head:
        return
    for n, said in step.column("核对").items():
        share, low = number(step.column("初步份额（元）")[n]), number(step.column("下限（元）")[n])
        high = step.column("上限（元）")[n]
        stands = "低于下限" if share < low else "高于上限" if high and share > number(high) else "在限内"
        if stands != said:
            yield n


def _spread(step: Step) -> Iterator[str]:
    """One round: what each is due, what is lacking and over, and who is set to what."""
    if "本轮应得（元）" not in step.head:
        return
    left, weight = figures(step.notes[0])[:2]
    low_all, high_all = figures(step.notes[1])[:2]
    lacking = over = Decimal(0)
    stands = {}
    for n, own in step.column("权重（元）").items():
        due = left * number(own) / weight
        if abs(due - number(step.column("本轮应得（元）")[n])) > Decimal("0.000001"):
            yield f"due of {n}"
        low, high = number(step.column("最少（元）")[n]), step.column("最多（元）")[n]
        stands[n] = "定在下限" if due < low else "定在上限" if high and due > number(high) else "未定"
        lacking += max(low - due, Decimal(0))
        over += max(due - number(high), Decimal(0)) if high else 0
    if abs(lacking - low_all) > Decimal("0.00001") or abs(over - high_all) > Decimal("0.00001"):
        yield "sides"
    for n, said in step.column("核对").items():
        light = (stands[n] == "定在下限" and lacking < over) or (stands[n] == "定在上限" and over < lacking)
        if said != ("未定" if light else stands[n]):
            yield f"verdict on {n}"
