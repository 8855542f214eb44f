"""Two people at one draft: each form knows what it was filled from, so nobody overwrites unseen.

A part is compared answer by answer. What only one of both changed is taken; what both changed stays
as the faster one saved it, and the slower text is kept beside it until somebody chooses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

Part = Mapping[str, list[str]]
Groups = dict[str, dict[str, list[str]]]
MARK = 10


def groups(part: Part) -> Groups:
    """Gather a part by answer; rows of a table are one answer, empty fields none."""
    found: Groups = {}
    for name, values in part.items():
        typed = [_plain(v) for v in values]
        if any(typed):
            found.setdefault(name.partition(".")[0], {})[name] = typed
    return found


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def marks(part: Part) -> dict[str, str]:
    """Fingerprint every answer of a part. Shape: {answer: first digits of SHA-256}."""
    return {
        name: hashlib.sha256(json.dumps(typed, sort_keys=True).encode()).hexdigest()[:MARK]
        for name, typed in groups(part).items()
    }


def write_marks(found: Mapping[str, str]) -> str:
    """Write fingerprints into one hidden field; never empty, so that a form without one is told apart."""
    return " ".join(["1", *(f"{name}={mark}" for name, mark in sorted(found.items()))])


def read_marks(text: str) -> dict[str, str] | None:
    """Read them again; None when the form carried none (a program, an import)."""
    if not text.strip():
        return None
    return dict(piece.split("=", 1) for piece in text.split() if "=" in piece)


@dataclass(frozen=True, slots=True)
class Merged:
    """A part after both were heard: what is kept, which answers both had changed, the next fingerprints."""

    kept: dict[str, list[str]]
    clashes: tuple[str, ...]
    seen: dict[str, str]


def merge(base: Mapping[str, str] | None, theirs: Part, mine: Part) -> Merged:
    """Bring what was just typed together with what stands in the draft.

    Shape: `base` fingerprints the draft the form was filled from; without it the form wins whole.
    A clash keeps its old fingerprint, so that it stays one until it is settled.
    """
    if base is None:
        return Merged({k: list(v) for k, v in mine.items()}, (), marks(mine))
    there, here = groups(theirs), groups(mine)
    now, typed = marks(theirs), marks(mine)
    kept: dict[str, list[str]] = {}
    clashes: list[str] = []
    for name in sorted({*there, *here}):
        was, is_now, is_typed = base.get(name), now.get(name), typed.get(name)
        take_mine = is_typed != was and is_now in {was, is_typed}
        if is_typed not in {was, is_now} and is_now != was:
            clashes.append(name)
        kept |= (here if take_mine else there).get(name, {})
    seen = marks(kept)
    for name in clashes:
        seen.pop(name, None)
        if name in base:
            seen[name] = base[name]
    return Merged(kept, tuple(clashes), seen)


def changed(now: Part, before: Part) -> frozenset[str]:
    """Name the answers that differ between two states of a part."""
    new, old = marks(now), marks(before)
    return frozenset(name for name in {*new, *old} if new.get(name) != old.get(name))
