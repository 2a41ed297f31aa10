"""A counterexample as a picture: one row for each stream over ticks, in SVG, without any package.

Rule: a number is drawn as a line that holds its value until the next instant, on a scale of its own whose ends are
written at the left; a truth value as a band where it is true, an enumeration as a band with its name. Where a stream
is absent nothing is drawn. The tick of the violation is marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import Any

from syncml.cli.values import shown
from syncml.verify import Counterexample, Stream

ROWS = 24
"""How many streams are drawn at most."""

LABEL, WIDTH, ROW, GAP = 190, 640, 34, 8

STYLE = """
.trace text { font: 11px system-ui, sans-serif; fill: #334; }
.trace .scale { font-size: 9px; fill: #778; }
.trace .frame { fill: #f4f5f8; }
.trace .line { fill: none; stroke: #1f5fa8; stroke-width: 1.6; }
.trace .input { stroke: #b05a00; }
.trace .band { fill: #1f5fa8; opacity: .55; }
.trace .band.input { fill: #b05a00; stroke: none; }
.trace .failed { stroke: #c0262d; stroke-width: 1.4; stroke-dasharray: 4 3; }
@media (prefers-color-scheme: dark) {
  .trace text { fill: #d5d9e2; } .trace .scale { fill: #98a0b0; } .trace .frame { fill: #23272f; }
  .trace .line { stroke: #74b0f4; } .trace .input { stroke: #f0a860; } .trace .band { fill: #74b0f4; }
  .trace .band.input { fill: #f0a860; } .trace .failed { stroke: #ff7b80; }
}
"""


def drawing(found: Counterexample, title: str) -> str:
    """The picture of a run, as the text of an SVG file that can stand in a page as it is."""
    rows = [s for s in found.streams if (s.input or s.user) and _is_scalar(s)][:ROWS]
    height = GAP + len(rows) * (ROW + GAP) + 22
    step = WIDTH / found.ticks
    parts = [
        f'<svg class="trace" xmlns="http://www.w3.org/2000/svg" role="img" width="{LABEL + WIDTH + 10}" '
        f'height="{height}" viewBox="0 0 {LABEL + WIDTH + 10} {height}">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
    ]
    for number, stream in enumerate(rows):
        parts += _row(stream, GAP + number * (ROW + GAP), step)
    bottom = GAP + len(rows) * (ROW + GAP)
    # At most a dozen ticks are numbered.
    every = max(1, -(-found.ticks // 12))
    parts += [
        f'<text class="scale" x="{LABEL + (tick + 0.5) * step:.1f}" y="{bottom + 12}" '
        f'text-anchor="middle">{tick}</text>'
        for tick in range(0, found.ticks, every)
    ]
    end = LABEL + (found.tick + 0.5) * step
    parts.append(f'<line class="failed" x1="{end:.1f}" x2="{end:.1f}" y1="2" y2="{bottom}"/></svg>')
    return "\n".join(parts) + "\n"


def _is_scalar(stream: Stream) -> bool:
    return not any(isinstance(value, list) for value in stream.values)


def _row(stream: Stream, top: float, step: float) -> Iterator[str]:
    kind = " input" if stream.input else ""
    unit = f" [{stream.unit}]" if stream.unit else ""
    middle = top + ROW / 2
    yield f'<rect class="frame" x="{LABEL}" y="{top}" width="{WIDTH}" height="{ROW}" rx="3"/>'
    yield f'<text x="4" y="{middle + 4:.1f}">{escape(_short(stream.name + unit))}</text>'
    present = [v for v in stream.values if v is not None]
    if not present:
        return
    if all(isinstance(v, bool | str) for v in present):
        yield from _bands(stream, top, step, kind)
        return
    numbers = [_number(v) for v in stream.values]
    low, high = min(x for x in numbers if x is not None), max(x for x in numbers if x is not None)
    yield _scale(shown(max(present), stream.type), top + 10)
    if high > low:
        yield _scale(shown(min(present), stream.type), top + ROW - 3)
    room = ROW - 8
    points: list[str] = []
    for tick, x in enumerate(numbers):
        if x is None:
            continue
        y = top + 4 + (room * (high - x) / (high - low) if high > low else room / 2)
        points.append(f"{'M' if not points else 'L'}{LABEL + tick * step:.1f} {y:.1f}H{LABEL + (tick + 1) * step:.1f}")
    yield f'<path class="line{kind}" d="{"".join(points)}"/>'


def _bands(stream: Stream, top: float, step: float, kind: str) -> Iterator[str]:
    for value, group in groupby(enumerate(stream.values), key=lambda pair: pair[1]):
        ticks = [tick for tick, _ in group]
        if value is None or value is False:
            continue
        x, width = LABEL + ticks[0] * step, len(ticks) * step
        yield f'<rect class="band{kind}" x="{x:.1f}" y="{top + 8}" width="{width:.1f}" height="{ROW - 16}" rx="2"/>'
        if isinstance(value, str):
            yield f'<text x="{x + 4:.1f}" y="{top + ROW / 2 + 4:.1f}">{escape(value)}</text>'


def _scale(text: str, y: float) -> str:
    return f'<text class="scale" x="{LABEL - 5}" y="{y:.1f}" text-anchor="end">{escape(text)}</text>'


def _short(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:19]}…"


def _number(value: Any) -> float | None:
    """A number that can be drawn: infinities and NaN are left out."""
    if value is None:
        return None
    number = float(value)
    return number if abs(number) < float("inf") else None
