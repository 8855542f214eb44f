"""Where the money lies, in one line a batch, division or project: sums of balances, each with the kinds it adds up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allocation.budget.ledger import REACHED, Kind
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

CODE_DIGITS, COUNTY_DIGITS = 12, 6

# The columns of every overview, in the order money passes them.
COLUMNS = (
    Kind.NOTIFIED,
    Kind.INTEREST,
    Kind.CASH,
    Kind.ISSUING,
    Kind.ISSUED,
    Kind.AVAILABLE,
    Kind.EARMARKED,
    Kind.COMPETING,
    Kind.PLANNED,
    Kind.AWARDED,
    Kind.CONTRACTED,
    Kind.CLAIMED,
    Kind.PAID,
    Kind.RETURNED,
)
SOURCES = (Kind.NOTIFIED, Kind.INTEREST)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of an overview and the kinds it adds up, which its drill-down lists. Units: fen."""

    kind: Kind
    fen: Fen
    kinds: tuple[Kind, ...]


# How an overview is read: each column adds figures up and shows what it is made of, or what of it came further.
# total = cash + free + awarded + returned, in every line.
CASH, FREE = (Kind.CASH, Kind.ISSUING, Kind.ISSUED), (Kind.AVAILABLE, Kind.EARMARKED, Kind.COMPETING, Kind.PLANNED)
GROUPS: dict[str, tuple[tuple[Kind, ...], tuple[Kind, ...]]] = {
    "total": ((*CASH, *FREE, Kind.AWARDED, Kind.RETURNED), SOURCES),
    "cash_all": (CASH, CASH),
    "free": (FREE, FREE),
    "awarded": ((Kind.AWARDED,), (Kind.CONTRACTED, Kind.CLAIMED)),
    "paid": ((Kind.PAID,), ()),
    "returned": ((Kind.RETURNED,), ()),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of an overview: a sum, the kinds it adds up, and figures below it. Units: fen."""

    name: str
    fen: Fen
    kinds: tuple[Kind, ...]
    parts: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """One line of an overview: a batch, a division or a project, and its figures in column order."""

    key: str
    title: str
    figures: tuple[Figure, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Give the line as it is read: few columns, each with what it is made of."""
        own = {f.kind: f for f in self.figures}
        made = []
        for name, (added, parts) in GROUPS.items():
            kinds = tuple(kind for k in added for kind in own[k].kinds)
            shown = tuple(own[k] for k in parts if own[k].fen)
            made.append(Cell(name, sum(own[k].fen for k in added), kinds, shown))
        return tuple(made)

    @staticmethod
    def overall(lines: Sequence[Overview]) -> Overview:
        """Add lines up, figure by figure."""
        sums = (Figure(f.kind, sum(x.figures[n].fen for x in lines), f.kinds) for n, f in enumerate(figures({})))
        return Overview("", "", tuple(sums))


async def balances(tx: Tx, by: str, *, batch_id: int | None = None, project_id: int | None = None) -> list[Overview]:
    """Add up the balances in the caller's range by batch, by city or county, or by project. Units: fen."""
    if by == "project" or project_id is not None or not whole_houses(tx.actor.division_code):
        of = _ANY_PROJECT if project_id is None else _ONE_PROJECT
        rows = await tx.conn.fetch(_OF_ACCOUNTS.format(key=_KEYS[by], of=of), batch_id, project_id)
    else:
        rows = await tx.conn.fetch(_OF_HOUSES.format(key=_HOUSE_KEYS[by]), batch_id)
    found: dict[str, dict[Kind, Fen]] = {}
    for r in rows:
        found.setdefault(r["key"], {})[Kind(r["kind"])] = int(r["fen"])
    titles = await _titles(tx, by, list(found))
    return [Overview(k, titles.get(k, k), figures(money)) for k, money in found.items()]


def whole_houses(division_code: str) -> bool:
    """Tell whether a range holds whole counties, so that their totals say what their accounts say."""
    return division_code[COUNTY_DIGITS:] in {"", "0" * (CODE_DIGITS - COUNTY_DIGITS)}


_OF_ACCOUNTS = (
    "SELECT {key} AS key, b.kind, sum(b.balance_fen)::bigint AS fen FROM allocation_balance b"
    " WHERE ($1::bigint IS NULL OR b.batch = $1) AND {of} AND ({key}) IS NOT NULL GROUP BY 1, 2 ORDER BY 1"
)
_ANY_PROJECT, _ONE_PROJECT = "$2::bigint IS NULL", "b.project = $2 AND b.project <> 0"  # the second follows the index
_OF_HOUSES = (
    "SELECT {key} AS key, t.kind, sum(t.total_fen)::bigint AS fen FROM allocation_total t"
    " WHERE ($1::bigint IS NULL OR t.batch = $1) GROUP BY 1, 2 ORDER BY 1"
)
_HOUSE_KEYS = {"batch": "t.batch::text", "division": "t.division_code"}


def figures(money: dict[Kind, Fen]) -> tuple[Figure, ...]:
    """Turn balances by kind into the figures of an overview: money that has come at least so far."""
    made = []
    for kind in COLUMNS:
        kinds = REACHED.get(kind, (kind,))
        fen = sum(money.get(k, 0) for k in kinds)
        made.append(Figure(kind, -fen if kind in SOURCES else fen, kinds))
    return tuple(made)


_KEYS = {
    "batch": "b.batch::text",
    "division": "rpad(left(b.division_code, CASE WHEN b.division_code LIKE '____00%' THEN 4 ELSE 6 END), 12, '0')",
    "project": "nullif(b.project, 0)::text",
}
_TITLES = {
    "batch": "SELECT id::text AS key, doc_no AS title FROM allocation_batch WHERE id = ANY($1::text[]::bigint[])",
    "division": "SELECT code AS key, name AS title FROM kernel_division WHERE code = ANY($1)",
    "project": "SELECT id::text AS key, title FROM projects_project WHERE id = ANY($1::text[]::bigint[])",
}


async def _titles(tx: Tx, by: str, keys: list[str]) -> dict[str, str]:
    return {r["key"]: r["title"] for r in await tx.conn.fetch(_TITLES[by], keys)}
