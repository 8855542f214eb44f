"""Places typed and drawn: read, shaped, measured."""

from __future__ import annotations

import pytest

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.geo import metres, middle, read_points, shape_of


def test_points_are_read_in_any_writing():
    assert read_points("28.97, 118.87\n\n28.98 118.88\n北纬28.99，东经118.89") == [
        (28.97, 118.87),
        (28.98, 118.88),
        (28.99, 118.89),
    ]


@pytest.mark.parametrize("text", ["28.97", "118.87, 28.97", "28.97, 118.87, 3", "村口"])
def test_what_is_no_place_is_named_by_its_line(text):
    with pytest.raises(Refused) as refused:
        read_points(f"28.97, 118.87\n{text}")
    assert (refused.value.code, refused.value.facts["line"]) == ("KRN-801", 2)


def test_shapes_turn_the_order_round_and_close_areas():
    corners = [(28.0, 118.0), (28.1, 118.0), (28.1, 118.1)]
    assert shape_of("point", corners[:1]) == {"type": "Point", "coordinates": [118.0, 28.0]}
    assert shape_of("line", corners[:2])["coordinates"] == [[118.0, 28.0], [118.0, 28.1]]
    area = shape_of("area", corners)
    assert area["coordinates"][0][0] == area["coordinates"][0][-1]


@pytest.mark.parametrize(("kind", "count"), [("point", 0), ("line", 1), ("area", 2), ("circle", 3)])
def test_too_few_points_make_no_shape(kind, count):
    with pytest.raises(Refused) as refused:
        shape_of(kind, [(28.0, 118.0)] * count)
    assert refused.value.code == "KRN-802"


def test_a_degree_of_latitude_is_the_known_length():
    assert round(metres((28.0, 118.0), (29.0, 118.0))) == 111195  # mean radius 6371.009 km x pi / 180
    assert metres((28.0, 118.0), (28.0, 118.0)) == 0


def test_the_middle_of_some_points():
    assert middle([(28.0, 118.0), (29.0, 119.0)]) == (28.5, 118.5)
