"""Who files for a village does not review what was filed."""

from __future__ import annotations

from quzhou_migrants.kernel.errors import Refused


def other_eyes(filed_by: int | None, reviewer: int | None) -> None:
    """Let only somebody else review. Raises: Refused PRJ-573."""
    if filed_by is not None and filed_by == reviewer:
        raise Refused("PRJ-573")
