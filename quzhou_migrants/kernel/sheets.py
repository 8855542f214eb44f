"""Read tables people send in (xlsx, CSV in UTF-8 or GB18030) batch by batch, without trusting them.

The file is opened by `sheet_child.py` in a process of its own; here only its JSON lines arrive, so a
hostile file costs a refusal and never the server.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from quzhou_migrants.kernel.errors import Refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECONDS: Final = 120  # without a sign of life from the child
_CHILD: Final = Path(__file__).with_name("sheet_child.py")
_LINE: Final = 1 << 30  # one batch; the child's own memory limit is what bounds it


async def read_batches(path: Path) -> AsyncIterator[list[list[str]]]:
    """Yield the rows of the first visible sheet, as text, some hundred at a time.

    Shape: rows keep their place, so the first row of the first batch is row 1 of the sheet; empty
    rows come as empty or blank lists; rows may differ in length.
    Raises: Refused KRN-630 no table, 631 old format or password, 632 broken workbook, 633 unfolds too
    far, 634 too many rows or columns, 635 not readable within memory and time.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(_CHILD), str(path),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        limit=_LINE,
    )  # fmt: skip
    try:
        while (message := await _next(child)) is not None:
            yield message
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def _next(child: asyncio.subprocess.Process) -> list[list[str]] | None:
    """Wait for one batch; None at the end of the file."""
    if child.stdout is None:
        raise Refused("KRN-635")
    try:
        async with asyncio.timeout(SECONDS):
            line = await child.stdout.readline()
    except TimeoutError:
        raise Refused("KRN-635") from None
    if not line:
        raise Refused("KRN-635")  # the child died without a last word
    message: Any = msgspec.json.decode(line)
    if isinstance(message, list):
        return message
    if "refused" in message:
        raise Refused(message["refused"], **message["facts"])
    return None
