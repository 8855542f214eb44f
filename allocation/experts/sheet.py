"""The plain file that carries a draw: what it rests on, the seed, the result. See FORMAT.md.

The frozen text is canonical JSON (sorted keys, no spaces, UTF-8); its SHA-256 was kept before the seed was known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from hashlib import sha256
from typing import Any

from allocation.experts.rules import Drawn, Frame, Group, Person, Subject, Terms, Tie, TieKind
from quzhou_migrants.kernel.errors import Refused

FORMAT, VERSION = "quzhou-migrants draw", 1


def canonical(document: Mapping[str, Any]) -> str:
    """Write JSON of which there is one way only."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """Name a frozen text by its content."""
    return sha256(text.encode()).hexdigest()


def freeze(frame: Frame) -> str:
    """Write a frame as frozen text."""
    terms = {**asdict(frame.terms), "on": frame.terms.on.isoformat(), "until": frame.terms.until.isoformat()}
    people = [
        {
            "number": p.number,
            "county": p.county,
            "employer": p.employer,
            "specialities": p.specialities,
            "valid_until": p.valid_until.isoformat(),
            "ties": [[t.kind.value, t.subject, t.until.isoformat() if t.until else None] for t in p.ties],
        }
        for p in frame.people
    ]
    return canonical(
        {
            "format": FORMAT,
            "version": VERSION,
            "round": frame.round,
            "terms": terms,
            "groups": [[g.speciality, g.seats] for g in frame.groups],
            "subjects": [asdict(s) for s in frame.subjects],
            "people": people,
            "seated": frame.seated,
        }
    )


def thaw(document: Any) -> Frame:  # noqa: ANN401 - anything a file may hold
    """Read a frame back. Raises: Refused ALC-352, this is not such a document."""
    try:
        if document["format"] != FORMAT or document["version"] != VERSION:
            raise Refused("ALC-352")
        given = document["terms"]
        days = {k: date.fromisoformat(given[k]) for k in ("on", "until")}
        return Frame(
            str(document["round"]),
            Terms(**{**given, **days, "avoid": tuple(given["avoid"])}),
            tuple(Group(str(name), int(seats)) for name, seats in document["groups"]),
            tuple(Subject(s["code"], s["village"], tuple(s["units"])) for s in document["subjects"]),
            tuple(_person(p) for p in document["people"]),
            tuple(map(str, document["seated"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise Refused("ALC-352") from fault


def _person(row: Mapping[str, Any]) -> Person:
    ties = tuple(
        Tie(TieKind(kind), str(subject), date.fromisoformat(until) if until else None)
        for kind, subject, until in row["ties"]
    )
    return Person(
        str(row["number"]),
        str(row["county"]),
        str(row["employer"]),
        tuple(row["specialities"]),
        date.fromisoformat(row["valid_until"]),
        ties,
    )


def result(drawn: tuple[Drawn, ...]) -> list[list[Any]]:
    """Write a result: [number, speciality, role, rank], in the order drawn."""
    return [[d.number, d.speciality, d.role.value, d.rank] for d in drawn]


def exported(frozen: str, sha: str, seed: str, outcome: list[list[Any]]) -> str:
    """Write the whole file, for people's eyes: indented, the frozen part readable."""
    body = {"frozen": json.loads(frozen), "sha256": sha, "seed": seed, "result": outcome}
    return json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
