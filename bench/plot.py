"""A plot of points over a logarithmic axis, as an SVG that can be read on a light and on a dark page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 24, 44, 56  # room for what is written around the plot
COLOURS = (("#1f6feb", "#79b8ff"), ("#bc4c00", "#ffab70"), ("#1a7f37", "#7ee787"))  # on light, on dark
STEPS = (1, 2, 2.5, 5, 10)


class Point(NamedTuple):
    """Where it is, and what is written beside it."""

    x: float
    y: float
    label: str = ""


class Line(NamedTuple):
    """Some points, and what they are; joined by a line or not."""

    name: str
    points: Sequence[Point]
    joined: bool = True


def svg(title: str, across: str, up: str, lines: Sequence[Line]) -> str:
    """The picture. The axis across is logarithmic, the one up begins at 0. ValueError without points."""
    points = [point for line in lines for point in line.points]
    if not points:
        raise ValueError("there is nothing to plot")
    frame = Frame(points)
    body = [
        _text(WIDTH / 2, 22, title, "middle", "title"),
        *_axes(frame, across, up),
        *(part for number, line in enumerate(lines) for part in _line(frame, number, line)),
        *(part for number, line in enumerate(lines) for part in _legend(number, line)),
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", _style(), *body, "</svg>", ""])


class Frame:
    """Where a value is in the picture."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.least = math.floor(math.log10(min(point.x for point in points)))
        self.most = max(math.ceil(math.log10(max(point.x for point in points))), self.least + 1)
        self.step = _step(max(point.y for point in points) / 5)
        self.top = self.step * math.ceil(1.05 * max(point.y for point in points) / self.step)

    def x(self, value: float) -> float:
        """Across."""
        share = (math.log10(value) - self.least) / (self.most - self.least)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Down from the upper edge."""
        return HEIGHT - BOTTOM - value / self.top * (HEIGHT - TOP - BOTTOM)


def _step(rough: float) -> float:
    """A round number that is not less; 1 where there is nothing."""
    if rough <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(rough))
    return next(unit * step for step in STEPS if unit * step >= rough * 0.999)


def _style() -> str:
    def colours(at: int) -> str:
        return "".join(f".c{number}{{fill:{both[at]};stroke:{both[at]}}}" for number, both in enumerate(COLOURS))

    plain = "text{font:12px sans-serif;fill:#24292f}.title{font-size:15px}.grid{stroke:#8884;stroke-width:1}"
    plain += ".join{fill:none;stroke-width:2}text.note{font-size:11px}"
    return f"<style>{plain}{colours(0)}@media (prefers-color-scheme:dark){{text{{fill:#e6edf3}}{colours(1)}}}</style>"


def _axes(frame: Frame, across: str, up: str) -> Iterator[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for power in range(frame.least, frame.most + 1):
        x = frame.x(10.0**power)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{bottom}"/>'
        yield _text(x, bottom + 18, f"{10**power:,}" if power >= 0 else f"{10.0**power:g}", "middle")
    for number in range(round(frame.top / frame.step) + 1):
        value = number * frame.step
        yield f'<path class="grid" d="M{LEFT} {frame.y(value):.1f}H{right}"/>'
        yield _text(LEFT - 8, frame.y(value) + 4, f"{value:g}", "end")
    yield _text((LEFT + right) / 2, HEIGHT - 14, across, "middle")
    middle = (TOP + bottom) / 2
    yield f'<g transform="rotate(-90 16 {middle})">{_text(16, middle, up, "middle")}</g>'


def _line(frame: Frame, number: int, line: Line) -> Iterator[str]:
    colour = f"c{number % len(COLOURS)}"
    places = [(frame.x(point.x), frame.y(point.y), point.label) for point in line.points]
    if line.joined and len(places) > 1:
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in places)
        yield f'<path class="{colour} join" style="fill:none" d="M{path}"/>'
    for x, y, label in places:
        yield f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
        if label:
            late = x > WIDTH - RIGHT - 100
            yield _text(x - 7 if late else x + 7, y - 7, label, "end" if late else "start", "note")


def _legend(number: int, line: Line) -> Iterator[str]:
    y = TOP + 14 + 18 * number
    yield f'<circle class="c{number % len(COLOURS)}" cx="{WIDTH - RIGHT - 12}" cy="{y - 4}" r="4"/>'
    yield _text(WIDTH - RIGHT - 22, y, line.name, "end")


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text{shown} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
