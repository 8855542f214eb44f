"""`quzhou-migrants recompute round FILE`: the ranking and the money from the exported file alone."""

from __future__ import annotations

import json
from pathlib import Path

from allocation.competitive.record import checked, digest
from allocation.competitive.rules import written
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import yuan

LARGEST_FILE = 64 * 1024 * 1024


def recompute_round(path: str | Path) -> str:
    """Recompute an exported round and print its result.

    Shape: lines of rank, score, exact mean, money, code and title.
    Raises: Refused ALC-383 (not such a file), ALC-384 (altered), ALC-385 (it states another result).
    """
    file = Path(path)
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise Refused("ALC-383", format=file.name)
        body = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as fault:
        raise Refused("ALC-383", format=file.name) from fault
    if not isinstance(body, dict):
        raise Refused("ALC-383", format=file.name)
    document, places = checked(body)
    titles = {c["code"]: c["title"] for c in document["candidates"]}
    ordered = sorted(places.items(), key=lambda p: (p[1].rank is None, p[1].rank or 0, p[0]))
    lines = [document["title"], f"SHA-256 {digest(document)}", ""]
    for code, place in ordered:
        score, exact = ("-", "-") if place.mean is None else (written(place.mean), str(place.mean))
        lines.append(f"{place.rank or '-':>4}  {score:>6}  {exact:>12}  {yuan(place.fen):>18}  {code}  {titles[code]}")
    lines += ["", CATALOGUE.text("recompute.round.total").format(money=yuan(sum(p.fen for p in places.values())))]
    if "result" in body:
        lines.append(CATALOGUE.text("recompute.round.same"))
    return "\n".join(lines)
