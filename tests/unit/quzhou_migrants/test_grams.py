"""Names are found by any part and sorted as a Chinese dictionary sorts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quzhou_migrants.kernel.grams import bigrams, bigrams_of, pinyin_key, query_grams

NAMES = st.text(alphabet="王李张小明芳国𬭎·阿a", min_size=1, max_size=6)


def found(query: str, *names: str) -> bool:
    """Whether `name_grams @> query_grams` holds, as PostgreSQL would say."""
    return set(query_grams(query)) <= set(bigrams_of(names))


@pytest.mark.parametrize("query", ["王", "明", "王小", "小明", "王小明", " 王小明 ", "王·小明"])
def test_a_name_is_found_by_any_part(query: str) -> None:
    assert found(query, "王小明")


def test_a_name_is_not_found_by_a_pair_it_lacks() -> None:
    assert not found("王明", "王小明")


def test_a_household_is_found_by_any_member() -> None:
    assert found("李芳", "王小明", "李芳")


def test_full_width_and_case_make_no_difference() -> None:
    assert bigrams("Ａlice") == bigrams("alice")


@given(NAMES, st.data())
def test_every_substring_finds_its_name(name: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(name)))
    end = data.draw(st.integers(start, len(name)))
    assert found(name[start:end], name)


def test_rare_characters_count_as_one() -> None:
    assert query_grams("𬭎三") == ["𬭎三"]


@pytest.mark.parametrize(
    ("name", "key"),
    [("王小明", "wang xiao ming"), ("曾国藩", "zeng guo fan"), ("单雄信", "shan xiong xin"), ("李单", "li dan")],
)
def test_pinyin_key_reads_surnames_as_surnames(name: str, key: str) -> None:
    assert pinyin_key(name) == key


def test_unknown_characters_sort_last() -> None:
    assert pinyin_key("\U0003134f") > pinyin_key("左")
