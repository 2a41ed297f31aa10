"""The cyclic executive as a drawing: a bar for each tick, stacked by clock."""

from __future__ import annotations

import html

from syncml.cli.schedule_table import Schedule

COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#999999")
"""From Paul Tol's bright scheme, which colour-blind readers can tell apart."""

HEIGHT, MARGIN, LINE = 240, 48, 18
WIDEST_BAR, LEAST_WIDTH = 24.0, 480.0


def to_svg(found: Schedule) -> str:
    """A self-contained SVG."""
    ticks = found.counted.ticks
    names = [row.clock for row in found.rows]
    bar = min(WIDEST_BAR, max(1.0, 1200 / len(ticks)))
    width = max(LEAST_WIDTH, bar * len(ticks)) + 2 * MARGIN
    height = HEIGHT + 2 * MARGIN + LINE * len(names)
    scale = HEIGHT / max(1, found.counted.peak)
    base = MARGIN + HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{html.escape(found.title)}</title>",
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{MARGIN}" y="{MARGIN / 2}">{html.escape(found.title)}</text>',
    ]
    for number, tick in enumerate(ticks):
        top = float(base)
        for position, name in enumerate(names):
            operations = tick.get("" if name == "counters and tests" else name, 0)
            if operations:
                top -= operations * scale
                parts.append(
                    f'<rect x="{MARGIN + number * bar:.1f}" y="{top:.1f}" width="{bar * 0.9:.1f}" '
                    f'height="{operations * scale:.1f}" fill="{_colour(position)}">'
                    f"<title>tick {number}: {operations} operations on {html.escape(name)}</title></rect>"
                )
    parts += [
        f'<line x1="{MARGIN}" y1="{base}" x2="{width - MARGIN:.0f}" y2="{base}" stroke="#444"/>',
        f'<text x="{MARGIN - 6}" y="{MARGIN + 4}" text-anchor="end">{found.counted.peak}</text>',
        f'<text x="{MARGIN}" y="{base + 16}">0</text>',
        f'<text x="{MARGIN + bar * (len(ticks) - 1):.1f}" y="{base + 16}">{len(ticks) - 1}</text>',
    ]
    for position, row in enumerate(found.rows):
        y = base + 32 + LINE * position
        parts.append(f'<rect x="{MARGIN}" y="{y - 10}" width="12" height="12" fill="{_colour(position)}"/>')
        rate = "" if row.rate == "-" else f", {row.rate}"
        parts.append(f'<text x="{MARGIN + 18}" y="{y}">{html.escape(row.clock + rate)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _colour(position: int) -> str:
    return COLOURS[min(position, len(COLOURS) - 1)]
