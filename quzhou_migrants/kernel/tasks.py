"""What waits for a person: one line of the home page, told by every room for the post that asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quzhou_migrants.kernel.tx import Tx


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that waits; `due` None when nothing presses, `kind` a label key `task.<kind>` under [text]."""

    title: str
    url: str
    due: date | None
    division: str
    kind: str


Panel = Callable[["Tx"], Awaitable[list[Task]]]
