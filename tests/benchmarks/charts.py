"""Line charts with two logarithmic axes as SVG: enough to see a cliff, and nothing to install."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 75, 225, 48, 55
# Okabe and Ito's colours, which the colour-blind can tell apart.
COLOURS = ("#000000", "#E69F00", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#999999")

Points = Mapping[float, float]


def line_chart(title: str, x_name: str, y_name: str, lines: Mapping[str, Points]) -> str:
    """Return a chart of lines, each a mapping from x to y."""
    every_x = sorted({x for points in lines.values() for x in points})
    every_y = [y for points in lines.values() for y in points.values()]
    across = _scale(every_x[0], every_x[-1], LEFT, WIDTH - RIGHT)
    low, high = 10 ** math.floor(math.log10(min(every_y))), 10 ** math.ceil(math.log10(max(every_y)))
    up = _scale(low, high, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="15">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(LEFT, 22, title, size=18),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, x_name, anchor="middle"),
        _text(LEFT, TOP - 2, y_name),
    ]
    for x in every_x:
        parts += [_line(across(x), TOP, across(x), HEIGHT - BOTTOM)]
        parts += [_text(across(x), HEIGHT - BOTTOM + 20, f"{x:,g}".replace(",000", "k"), anchor="middle")]
    y: float = low
    while y <= high:
        parts += [_line(LEFT, up(y), WIDTH - RIGHT, up(y)), _text(LEFT - 6, up(y) + 5, f"{y:,g}", anchor="end")]
        y *= 10
    for number, (name, points) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in sorted(points.items()))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="3" fill="{colour}"/>' for x, y in points.items()]
        place = TOP + 10 + 24 * number
        parts.append(_line(WIDTH - RIGHT + 12, place, WIDTH - RIGHT + 32, place, colour=colour, width=3))
        parts.append(_text(WIDTH - RIGHT + 38, place + 5, name))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _scale(low: float, high: float, start: float, end: float):
    span = math.log(high / low) or 1.0
    return lambda value: start + (end - start) * math.log(value / low) / span


def _line(x1: float, y1: float, x2: float, y2: float, *, colour: str = "#ddd", width: int = 1) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 15) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'
