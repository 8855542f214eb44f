"""Two people at one draft: nothing is overwritten unseen, nothing typed is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from projects.intake.editors import changed, groups, marks, merge, read_marks, write_marks

BASE = {"title": ["渠道"], "place": ["二组"], "items.0.name": ["渠道"], "items.0.unit": ["米"]}


def part(**change):
    return {**BASE, **{k.replace("__", "."): [v] for k, v in change.items()}}


def test_answers_only_one_of_both_changed_are_both_taken():
    found = merge(marks(BASE), part(place="三组"), part(title="渠道修复"))
    assert (found.kept["place"], found.kept["title"], found.clashes) == (["三组"], ["渠道修复"], ())
    assert found.seen == marks(found.kept)


def test_an_answer_both_changed_stays_as_the_faster_saved_it_and_stays_a_clash():
    found = merge(marks(BASE), part(title="甲"), part(title="乙"))
    assert (found.kept["title"], found.clashes) == (["甲"], ("title",))
    again = merge(found.seen, found.kept, part(title="乙改"))
    assert (again.kept["title"], again.clashes) == (["甲"], ("title",))


def test_the_same_change_by_both_is_no_clash():
    assert merge(marks(BASE), part(title="甲"), part(title="甲")).clashes == ()


def test_a_table_is_one_answer():
    found = merge(marks(BASE), part(items__0__unit="千米"), part(items__1__name="涵洞"))
    assert found.clashes == ("items",)
    assert [k for k in found.kept if k.startswith("items")] == ["items.0.name", "items.0.unit"]


def test_an_emptied_answer_is_a_change_like_any_other():
    found = merge(marks(BASE), BASE, part(place=""))
    assert "place" not in found.kept
    assert found.clashes == ()
    assert merge(marks(BASE), part(place="三组"), part(place="")).clashes == ("place",)


def test_line_ends_of_browsers_are_no_change():
    assert changed({"content": ["一\r\n二"]}, {"content": ["一\n二 "]}) == frozenset()


def test_a_form_without_marks_wins_whole():
    found = merge(None, part(title="甲"), {"title": ["乙"]})
    assert (found.kept, found.clashes) == ({"title": ["乙"]}, ())


def test_marks_survive_the_hidden_field():
    assert read_marks(write_marks(marks(BASE))) == marks(BASE)
    assert read_marks(write_marks({})) == {}
    assert read_marks("") is None


TEXTS = st.dictionaries(
    st.sampled_from(["a", "b", "t.0.x", "t.1.x"]), st.lists(st.sampled_from("甲乙丙"), min_size=1, max_size=1)
)


@given(TEXTS, TEXTS, TEXTS)
def test_nothing_typed_is_lost_and_nothing_saved_overwritten_unseen(base, theirs, mine):
    found = merge(marks(base), theirs, mine)
    kept, there, here, was = groups(found.kept), groups(theirs), groups(mine), groups(base)
    for name in {*there, *here, *was}:
        if here.get(name) != was.get(name) and name not in found.clashes:
            assert kept.get(name) == here.get(name)
        if there.get(name) != was.get(name):
            assert kept.get(name) == there.get(name)
