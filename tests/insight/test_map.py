"""The map: where circles and squares lie on the drawing."""

from stadi.insight.map import EDGE, METRES, Spot, draw

SOUTH = Spot(x=385_000, y=6_671_000, radius=400, words="south", kind="kind-1")
NORTH = Spot(x=389_000, y=6_679_000, radius=2_000, words="north", kind="kind-0")


def test_north_is_up_and_every_circle_lies_within_the_drawing():
    drawing = draw(areas=[SOUTH, NORTH], units=[])
    north, south = drawing.circles
    assert (north.words, south.words) == ("north", "south")  # the smaller one is drawn on top
    assert north.y < south.y
    assert north.x > south.x
    for circle in drawing.circles:
        assert circle.x - circle.radius >= EDGE
        assert circle.x + circle.radius <= drawing.width - EDGE + 1
        assert circle.y - circle.radius >= EDGE
        assert circle.y + circle.radius <= drawing.height - EDGE + 1
    assert drawing.scale == 5000 / METRES


def test_a_unit_outside_the_frame_is_not_drawn():
    inside = Spot(x=385_000, y=6_671_000, words="in")
    outside = Spot(x=485_000, y=6_671_000, words="out")
    drawing = draw(areas=[SOUTH, NORTH], units=[inside, outside])
    assert [square.words for square in drawing.squares] == ["in"]
