"""A command is the only writer: it needs a permission and names itself in the change log."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar

from quzhou_migrants.kernel.tx import Tx

P = ParamSpec("P")
R = TypeVar("R")

COMMANDS: dict[str, str] = {}


def command(
    permission: str, *, audit: str
) -> Callable[
    [Callable[Concatenate[Tx, P], Coroutine[Any, Any, R]]], Callable[Concatenate[Tx, P], Coroutine[Any, Any, R]]
]:
    """Guard a service function: permission first, then its audit name, then the work.

    Raises: Refused KRN-403 when the actor's post does not carry the permission.
    """

    def wrap(
        f: Callable[Concatenate[Tx, P], Coroutine[Any, Any, R]],
    ) -> Callable[Concatenate[Tx, P], Coroutine[Any, Any, R]]:
        COMMANDS[audit] = str(permission)

        @functools.wraps(f)
        async def run(tx: Tx, *args: P.args, **kwargs: P.kwargs) -> R:
            tx.require(str(permission))
            await tx.enter(audit)
            return await f(tx, *args, **kwargs)

        return run  # type: ignore[return-value]  # the wrapper keeps the service's own keywords

    return wrap


Row = dict[str, Any]
