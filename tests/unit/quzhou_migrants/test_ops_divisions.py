"""The administrative map is read whole or not at all."""

from collections import Counter
from pathlib import Path

import pytest

from quzhou_migrants.kernel.divisions import full_names, read_places

QUZHOU = Path(__file__).parents[3] / "quzhou_migrants" / "policy" / "quzhou_divisions.csv"
HEAD = "code,name,level,parent_code\n"
CITY = "330800000000,衢州市,city,\n"


def test_the_quzhou_map_is_complete() -> None:
    places = read_places(QUZHOU)
    assert Counter(place.level for place in places) == {"city": 1, "county": 6, "township": 100}
    assert len({place.code for place in places}) == 107
    # A division's code begins with its parent's own digits; row-level security relies on it.
    assert [p for p in places if not p.code.startswith(p.parent_code.rstrip("0"))] == []


def test_names_are_joined_from_the_top() -> None:
    names = full_names(read_places(QUZHOU))
    assert names["330800000000"] == "衢州市"
    assert names["330803112000"] == "衢州市衢江区廿里镇"


@pytest.mark.parametrize(
    "line",
    [
        "33080200000,柯城区,county,330800000000",
        "3308020000OO,柯城区,county,330800000000",
        "330802000000,,county,330800000000",
        "330802000000,柯城区,district,330800000000",
        "330802000000,柯城区,county,339900000000",
        "330802000000,柯城区,county,",
    ],
    ids=["eleven digits", "letters for zeros", "no name", "unknown level", "unknown parent", "no parent"],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "map.csv"
    file.write_text(HEAD + CITY + line + "\n", encoding="utf-8-sig")
    with pytest.raises(ValueError, match=r"^map\.csv:3: "):
        read_places(file)
