"""Charts: XML that anything can read, words as words, and rows that say what their numbers say."""

import xml.etree.ElementTree as ET

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from stadi.insight import charts
from stadi.insight.charts import Bar, Between, Box, Svg, Words

SVG = "{http://www.w3.org/2000/svg}"
WORDS = Words(key="funnel", title="From entitled to a place", desc="Ten of twelve.")
EVIL = '<script>alert("1")</script> & \N{RIGHT-TO-LEFT OVERRIDE}\0\x0b\ud800 äö 👩‍👧'
NUMBERS = st.floats(0, 1e6, allow_nan=False)


def _read(chart: Svg) -> ET.Element:
    return ET.fromstring(chart)  # noqa: S314 - made here


def _texts(chart: Svg) -> list[str]:
    return [element.text or "" for element in _read(chart).iter(f"{SVG}text")]


def _rects(chart: Svg, kind: str) -> list[tuple[float, float]]:
    found = [r for r in _read(chart).iter(f"{SVG}rect") if r.get("class") == kind]
    return [(float(r.get("x", "")[:-1]), float(r.get("width", "")[:-1])) for r in found]


def _every(words: Words, label: str, value: float = 1) -> list[Svg]:
    five = (value, value, value, value, value)
    return [
        charts.bars(words, [Bar(label=label, value=value, shown=label)]),
        charts.funnel(words, [Bar(label=label, value=value, shown=label)]),
        charts.ranges(words, [Between(label=label, told=(0, min(value, 100)), shown=label)]),
        charts.ranges(words, [Between(label=label, told=None, shown=label)]),
        charts.boxes(words, [Box(label=label, values=five, shown=label)]),
        charts.boxes(words, [Box(label=label, values=None, shown=label)]),
        *(draw(words, []) for draw in (charts.bars, charts.funnel, charts.ranges, charts.boxes)),
    ]


@given(label=st.text(), value=NUMBERS)
def test_every_chart_is_valid_xml_with_a_title_and_a_description(label: str, value: float):
    for chart in _every(Words(key="k", title=label, desc=label), label, value):
        root = _read(chart)
        named = (root.get("aria-labelledby") or "").split()
        assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
        assert named == [child.get("id") for child in root][:2]
        assert root.get("role") == "img"


def test_words_stay_words_whatever_is_in_them():
    for chart in _every(Words(key="k", title=EVIL, desc=EVIL), EVIL):
        assert not list(_read(chart).iter(f"{SVG}script"))
        assert 'alert("1")' in (_read(chart)[0].text or "")
        assert all(text.startswith('<script>alert("1")</script> & ') for text in _texts(chart))


def test_a_chart_has_no_style_of_its_own_and_asks_for_nothing():
    for chart in _every(WORDS, "a"):
        for element in _read(chart).iter():
            assert not {"style", "href", "onload", "fill"} & set(element.attrib)


def test_a_page_shows_a_chart_as_it_is_and_other_words_made_harmless():
    page = Template("{{ chart }}{{ words }}").render(
        Context({"chart": _every(WORDS, "<b>")[0], "words": "<b>"})
    )
    assert page.startswith("<svg ")
    assert page.endswith("&lt;b&gt;")


def test_every_row_says_its_name_and_its_value_in_words():
    rows = [Bar(label="Offered", value=12, shown="12"), Bar(label="Seen", value=6, shown="6")]
    for chart in (charts.bars(WORDS, rows), charts.funnel(WORDS, rows)):
        assert _texts(chart) == ["Offered", "12", "Seen", "6"]


def test_bars_are_as_long_as_their_numbers():
    rows = [Bar(label="", value=n, shown="") for n in (12, 6, 0)]
    assert _rects(charts.bars(WORDS, rows), "part") == [(0, 100), (0, 50), (0, 0)]
    assert _rects(charts.funnel(WORDS, rows), "part") == [(0, 100), (25, 50), (50, 0)]


def test_what_is_there_is_seen_however_small():
    rows = [Bar(label="", value=n, shown="") for n in (1_000_000, 1)]
    assert _rects(charts.bars(WORDS, rows), "part")[1][1] > 0


@pytest.mark.parametrize(("told", "kind"), [((64, 77), "part"), (None, "unknown")])
def test_a_range_lies_where_it_is_and_a_hidden_one_has_another_shape(
    told: tuple[int, int] | None, kind: str
):
    chart = charts.ranges(WORDS, [Between(label="Finnish", told=told, shown="")])
    assert _rects(chart, kind) == [(64, 13) if told else (0, 100)]


def test_a_box_holds_the_middle_half_and_a_tick_marks_half():
    chart = charts.boxes(WORDS, [Box(label="", values=(10, 20, 50, 80, 100), shown="50 h")])
    assert _rects(chart, "part") == [(20, 60)]
    lines = {e.get("class"): (e.get("x1"), e.get("x2")) for e in _read(chart).iter(f"{SVG}line")}
    assert lines == {"reach": ("10.00%", "100.00%"), "middle": ("50.00%", "50.00%")}
