"""A round's ranking as one plain document, its hash, and the way back: anybody recomputes it without a database.

The document holds whole numbers and text only: the published rules, the criteria in their order, every candidate
with its points by seat and criterion. Experts are known by seat alone.
`result` states rank, exact mean and money. See FORMAT.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from allocation.competitive.alternatives import Judged, Place, Rules, judge
from allocation.competitive.rules import Criterion, Cut, CutRule
from quzhou_migrants.kernel.errors import Refused

FORMAT = "quzhou-migrants/round/1"
Doc = dict[str, Any]


def canonical(document: Mapping[str, Any]) -> str:
    """Write a document in the one spelling that is hashed."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(document: Mapping[str, Any]) -> str:
    """Give the SHA-256 of a document in its canonical spelling."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def frozen(row: Doc, criteria: Sequence[Doc], rows: Sequence[Doc], found: Sequence[Judged], rules: Rules) -> Doc:
    """Put a closed round into one document. Shape: rows and found name the same candidates."""
    number = {c["id"]: c["seq"] for c in criteria}
    titles = {c["code"]: c["title"] for c in rows}
    cut = rules.cut
    return {
        "format": FORMAT,
        "title": row["title"],
        "division": row["division_code"],
        "policy": row["policy_version"],
        "rules": {
            "budget_fen": cut.budget_fen,
            "cap_fen": cut.cap_fen,
            "cut_rule": cut.rule.value,
            "trim_from": rules.trim_from,
            "pass_mark": cut.pass_mark,
            "partial_bp": cut.partial_bp,
        },
        "criteria": [{"no": c["seq"], "title": c["title"], "weight_bp": c["weight_bp"]} for c in criteria],
        "candidates": [
            {
                "code": j.code,
                "title": titles[j.code],
                "asked_fen": j.asked_fen,
                "ruled_out": j.ruled_out,
                "scores": {
                    str(seat): {str(number[k]): p for k, p in sorted(points.items())}
                    for seat, points in sorted(j.scores.items())
                },
            }
            for j in sorted(found, key=lambda j: j.code)
        ],
    }


def thaw(document: Mapping[str, Any]) -> tuple[list[Judged], list[Criterion], Rules]:
    """Read a document back. Raises: Refused ALC-383, it is not one of ours."""
    try:
        if document["format"] != FORMAT:
            raise Refused("ALC-383", format=str(document["format"])[:64])
        told = document["rules"]
        cut = Cut(
            int(told["budget_fen"]),
            int(told["cap_fen"]),
            int(told["pass_mark"]),
            CutRule(told["cut_rule"]),
            int(told["partial_bp"]),
        )
        criteria = [Criterion(int(c["no"]), int(c["weight_bp"])) for c in document["criteria"]]
        rows = [
            Judged(
                str(c["code"]),
                int(c["asked_fen"]),
                {int(seat): {int(k): int(p) for k, p in given.items()} for seat, given in c["scores"].items()},
                bool(c["ruled_out"]),
            )
            for c in document["candidates"]
        ]
        return rows, criteria, Rules(int(told["trim_from"]), cut)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Refused("ALC-383", format=type(fault).__name__) from fault


def result(places: Mapping[str, Place]) -> list[Doc]:
    """Write what a ranking gave, best first; a candidate without scores last."""
    return [
        {"code": code, "rank": p.rank, "mean": "" if p.mean is None else str(p.mean), "fen": p.fen}
        for code, p in sorted(places.items(), key=lambda x: (x[1].rank is None, x[1].rank or 0, x[0]))
    ]


def exported(document: Doc) -> Doc:
    """Give the whole file: the document, its hash, and the result computed from it alone."""
    return {"frozen": document, "sha256": digest(document), "result": result(judge(*thaw(document)))}


def checked(body: Mapping[str, Any]) -> tuple[Doc, dict[str, Place]]:
    """Recompute an exported file. Gives the document and the places.

    Raises: Refused ALC-383 (not such a file), ALC-384 (altered), ALC-385 (it states another result).
    """
    document = body.get("frozen", body)
    if not isinstance(document, dict):
        raise Refused("ALC-383", format="")
    places = judge(*thaw(document))
    if "sha256" in body and body["sha256"] != digest(document):
        raise Refused("ALC-384")
    if "result" in body and body["result"] != result(places):
        raise Refused("ALC-385")
    return document, places
