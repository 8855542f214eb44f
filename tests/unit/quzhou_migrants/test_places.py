"""The map in memory: which villages a searched text means."""

from __future__ import annotations

import pytest

from quzhou_migrants.web.divisions import Places

CITY, COUNTY, TOWN = "330800000000", "330802000000", "330802100000"
NAMES = {
    CITY: "衢州市", COUNTY: "柯城区", TOWN: "石梁镇", "330802100201": "白云村", "330802100202": "下村",
    "330803000000": "衢江区", "330803112000": "杜泽镇", "330803112201": "白云村", "330803112202": "石梁新村",
}  # fmt: skip
MAP = Places(NAMES, {TOWN: ["330802100201", "330802100202"], "330803112000": ["330803112201", "330803112202"]})


@pytest.mark.parametrize(
    ("text", "within", "found"),
    [
        ("白云", CITY, ["330802100201", "330803112201"]),
        ("白 云村", COUNTY, ["330802100201"]),  # one's own county only
        ("石梁", CITY, ["330802100201", "330802100202", "330803112202"]),  # the township's villages, and one so named
        ("云", CITY, []),  # one character is a surname
        ("柯城", CITY, []),  # a county is a filter, not a search
        ("王小明", CITY, []),
        ("330802", CITY, []),  # names are searched, not codes
    ],
)
def test_villages_are_found_by_their_own_or_their_townships_name(text: str, within: str, found: list[str]) -> None:
    assert MAP.villages_named(text, within) == found


def test_a_text_found_in_too_many_names_tells_no_place() -> None:
    many = Places({f"330802100{n:03d}": f"演示{n}村" for n in range(1, 200)}, {})
    assert many.villages_named("演示", CITY) == []
    assert many.villages_named("演示77村", CITY) == ["330802100077"]
