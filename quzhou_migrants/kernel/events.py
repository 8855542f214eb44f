"""Frozen facts that rooms tell upwards. Who hears them is decided in the composition root."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quzhou_migrants.kernel.tx import Tx

Handler = Callable[["Tx", Any], Awaitable[None]]
_HANDLERS: dict[type, list[Handler]] = defaultdict(list)


def subscribe(kind: type, handler: Handler) -> None:
    """Let a handler hear a kind of event; a second subscription of the same handler is ignored."""
    if handler not in _HANDLERS[kind]:
        _HANDLERS[kind].append(handler)


def handlers(event: object) -> list[Handler]:
    """Answer who hears this event."""
    return _HANDLERS.get(type(event), [])
