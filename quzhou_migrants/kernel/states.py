"""State machines as data, moved in exactly one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from quzhou_migrants.kernel.errors import Refused

if TYPE_CHECKING:
    from piccolo.table import Table

    from quzhou_migrants.kernel.actor import Actor
    from quzhou_migrants.kernel.tx import Tx

Row = Mapping[str, Any]
Guard = Callable[[Row, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Arrow:
    """One allowed move: from a state, by a verb, to a state, with a permission and a guard."""

    src: str
    verb: str
    dst: str
    permission: str
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """A named machine: its states, where it starts, and every move there is."""

    name: str
    states: type[StrEnum]
    start: str
    arrows: tuple[Arrow, ...]

    def arrow(self, state: str, verb: str) -> Arrow:
        """Find the move. Raises: Refused KRN-408 when the state has no such verb."""
        for a in self.arrows:
            if a.src == state and a.verb == verb:
                return a
        raise Refused("KRN-408", machine=self.name, state=state, verb=verb)


MACHINES: dict[str, Machine] = {}


def machine(name: str, states: type[StrEnum], start: str, arrows: tuple[Arrow, ...]) -> Machine:
    """Declare a machine; it is drawn into the docs and walked by the tests."""
    made = Machine(name, states, start, arrows)
    MACHINES[name] = made
    return made


def verbs_open(made: Machine, row: Row, actor: Actor) -> list[str]:
    """List the verbs the actor may use on the row now, in the machine's order (for buttons)."""
    return [a.verb for a in made.arrows if a.src == row["state"] and actor.may(a.permission)]


async def fire(  # noqa: PLR0913 - a move has these parts
    tx: Tx,
    made: Machine,
    table: type[Table],
    row: Row,
    verb: str,
    *,
    clause: str = "",
    sets: Mapping[str, Any] | None = None,
    **facts: Any,  # noqa: ANN401 - facts are any value
) -> dict[str, Any]:
    """Move one row along one arrow and write the journal; answer the row as it now stands.

    `sets` are further columns written in the same UPDATE; `facts` go to the guard and the journal.
    Raises: Refused KRN-403, KRN-408, what the guard raises, KRN-409 when somebody was faster.
    """
    arrow = made.arrow(row["state"], verb)
    tx.require(arrow.permission)
    if arrow.guard is not None:
        arrow.guard(row, facts)
    name = table._meta.tablename
    columns = dict(sets or {})
    assigns = "".join(f", {c} = ${n}" for n, c in enumerate(columns, start=5))
    moved = await tx.conn.fetchrow(
        f"UPDATE {name} SET state = $1, version = version + 1{assigns}"  # noqa: S608 - names come from our own tables
        " WHERE id = $2 AND state = $3 AND version = $4 RETURNING *",
        str(arrow.dst),
        row["id"],
        str(arrow.src),
        row["version"],
        *columns.values(),
    )
    if moved is None:
        raise await too_late(tx, name, row["id"])
    await tx.note(
        (name, row["id"], row["division_code"]),
        f"{made.name}.{verb}",
        clause=clause,
        from_state=str(arrow.src),
        to_state=str(arrow.dst),
        **facts,
    )
    return dict(moved)


async def too_late(tx: Tx, table: str, key: int) -> Refused:
    """Say who was faster: the refusal KRN-409 with the last line of the row's journal."""
    last = await tx.conn.fetchrow(
        "SELECT actor_name, actor_title, at FROM kernel_journal WHERE subject_table = $1 AND subject_id = $2"
        " ORDER BY id DESC LIMIT 1",
        table,
        key,
    )
    return Refused(
        "KRN-409",
        who=last["actor_name"] if last else "",
        title=last["actor_title"] if last else "",
        at=last["at"] if last else tx.now,
    )
