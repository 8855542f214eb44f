"""The frozen frame as bytes: packed by county, counted, drawn from. Runs in another process."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from surveys.sampling import rules
from surveys.sampling.rules import Design, Draw, Stratum, stratum_of


@dataclass(frozen=True, slots=True)
class Packed:
    """One county's lines: compressed, and how many households each stratum has."""

    lines: bytes
    counts: dict[Stratum, int]

    @property
    def households(self) -> int:
        """Count the households."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Repeat:
    """A draw from packed lines: the frame's hash as found, the draw, the line of every household drawn."""

    frame_sha256: str
    draw: Draw
    lines: dict[str, str]


def pack(text: bytes, design: Design) -> Packed:
    """Compress the lines of a county and count its strata."""
    facts = Counter(line.partition(b",")[2] for line in text.splitlines())
    counts: Counter[Stratum] = Counter()
    for cells, households in facts.items():
        counts[stratum_of(cells.decode(), design)] += households
    return Packed(zlib.compress(text), dict(counts))


def lines_of(chunks: Sequence[bytes]) -> Iterator[bytes]:
    """Walk the lines of all counties as they were frozen, one county in memory at a time."""
    for chunk in chunks:
        yield from zlib.decompress(chunk).splitlines()


def draw_packed(chunks: Sequence[bytes], design: Design, seed: str) -> Repeat:
    """Draw from the packed lines of all counties."""
    text = b"".join(map(zlib.decompress, chunks))
    frame = text.splitlines()
    draw = rules.draw(frame, design, seed)
    chosen = {one.household.encode() for one in draw.drawn}
    lines = {code.decode(): line.decode() for line in frame if (code := line.partition(b",")[0]) in chosen}
    return Repeat(sha256(text).hexdigest(), draw, lines)
