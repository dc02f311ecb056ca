from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import plot
from bench.plot import Line, Point

VALUES = st.floats(1e-3, 1e9)


@given(st.lists(st.builds(Point, VALUES, VALUES, st.text(max_size=5)), min_size=1, max_size=8), st.booleans())
def test_every_point_is_inside_the_picture(points: list[Point], joined: bool) -> None:
    frame = plot.Frame(points)
    for point in points:
        assert plot.LEFT - 1 <= frame.x(point.x) <= plot.WIDTH - plot.RIGHT + 1
        assert plot.TOP - 1 <= frame.y(point.y) <= plot.HEIGHT - plot.BOTTOM


def test_it_is_xml_with_a_dark_and_a_light_side() -> None:
    shown = plot.svg("a < b", "x", "y", [Line("one & all", [Point(10, 5, "<first>"), Point(1000, 7)]), Line("two", [])])
    root = ElementTree.fromstring(shown)
    assert root.tag.endswith("svg")
    assert "prefers-color-scheme:dark" in shown
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a < b", "one & all", "<first>", "100"} <= set(texts)


def test_a_plot_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to plot"):
        plot.svg("a", "b", "c", [])


@pytest.mark.parametrize(("rough", "step"), [(0, 1), (0.9, 1), (1, 1), (1.1, 2), (23, 25), (260, 500), (0.03, 0.05)])
def test_steps_are_round_numbers(rough: float, step: float) -> None:
    assert plot._step(rough) == pytest.approx(step)
