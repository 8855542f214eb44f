"""Column kinds that every table of the house shares, and the declarations that stand beside a table.

A business table is declared with `@business(...)`: it then gets the change trigger and row-level
security at `migrate`. Indexes that Piccolo cannot declare are named here with `index(...)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from piccolo.columns import BigInt, BigSerial, ForeignKey, Timestamptz, Varchar
from piccolo.columns.base import OnDelete, OnUpdate
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Check, Unique
from piccolo.table import Table

__all__ = [
    "BUSINESS",
    "INDEXES",
    "BigSerial",
    "Check",
    "DivisionCode",
    "Stamp",
    "Table",
    "Unique",
    "Wall",
    "business",
    "fen",
    "fk",
    "index",
    "platform",
    "state_column",
]

T = TypeVar("T", bound=type[Table])


class DivisionCode(Varchar):
    """A 12-digit division code, byte-ordered so that a range of codes is an index range."""

    def __init__(self, length: int = 12, **kwargs: Any) -> None:  # noqa: ANN401 - Piccolo's own column arguments
        """Never null, never long; `length` is kept because migrations write it out."""
        kwargs.setdefault("null", False)
        kwargs.setdefault("index", True)
        super().__init__(length=length, **kwargs)

    @property
    def column_type(self) -> str:
        """SQL type with the collation that row-level security relies on."""
        return f'VARCHAR({self.length}) COLLATE "C"'


def fen(*, null: bool = False) -> BigInt:
    """Money: whole fen."""
    return BigInt(null=null, default=None if null else 0)


def fk(references: Any, *, null: bool = False, index: bool = True) -> ForeignKey[Any]:  # noqa: ANN401 - a table or a lazy reference
    """Foreign key that restricts deletion; Piccolo's own default would cascade."""
    return ForeignKey(
        references,
        null=null,
        index=index,
        default=None,
        on_delete=OnDelete.restrict,
        on_update=OnUpdate.cascade,
    )


class Stamp(Timestamptz):
    """A moment; defaults to the database's clock and is never null."""

    def __init__(self, default: Any = TimestamptzNow(), **kwargs: Any) -> None:  # noqa: ANN401, B008 - Piccolo's own default object
        """Not null unless said otherwise."""
        kwargs.setdefault("null", False)
        super().__init__(default=default, **kwargs)

    @property
    def column_type(self) -> str:
        """SQL type; Piccolo would take the name of the class."""
        return "TIMESTAMPTZ"


def state_column(start: str) -> Varchar:
    """State of a machine; moved only by `kernel.states.fire`."""
    return Varchar(length=24, null=False, default=start, index=True)


@dataclass(frozen=True, slots=True)
class Wall:
    """How one table is walled: who besides the division range may see its rows, and what is logged."""

    table: str
    key: str
    outsider: str | None
    public: str | None
    down: bool | str
    append_only: bool
    derived: bool


@dataclass(frozen=True, slots=True)
class Platform:
    """A table without a division: which verbs the application role has on it."""

    table: str
    grants: str


BUSINESS: dict[str, Wall] = {}
PLATFORM: dict[str, Platform] = {}
INDEXES: dict[str, str] = {}


def business(  # noqa: PLR0913 - what may be said of a table
    *,
    outsider: str | None = None,
    public: str | None = None,
    down: bool | str = False,
    append_only: bool = False,
    derived: bool = False,
    key: str = "id",
) -> Callable[[T], T]:
    """Declare a business table: logged row by row and walled by division.

    `outsider` and `public` are SQL predicates over the row; `down` lets divisions below read the
    row of a division above (a predicate: only such rows); `append_only` forbids UPDATE and DELETE to everybody;
    `derived` rows are kept by a trigger out of logged ones: read only, without a log of their own, held by a verifier.
    """

    def declare(table: T) -> T:
        name = table._meta.tablename
        BUSINESS[name] = Wall(name, key, outsider, public, down, append_only, derived)
        return table

    return declare


def platform(grants: str = "SELECT, INSERT, UPDATE, DELETE") -> Callable[[T], T]:
    """Declare a table of the machine itself (sessions, job runs): no division, listed grants."""

    def declare(table: T) -> T:
        name = table._meta.tablename
        PLATFORM[name] = Platform(name, grants)
        return table

    return declare


def index(name: str, definition: str) -> None:
    """Name an index Piccolo cannot declare: `index("t_keyset", "t (division_code, id)")`, or `UNIQUE t (…)`."""
    INDEXES[name] = definition
