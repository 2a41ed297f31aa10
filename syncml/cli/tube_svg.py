"""What reachability found as a picture: for each stream the band of its values over ticks, and runs within it, in SVG.

Rule: a band holds from a tick until the next one; runs are drawn as lines from tick to tick. The runs have inputs at
random from their ranges, a third of them at the ends, and are computed by the same step code as everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from syncml.ir.equations.syntax import Program
    from syncml.verify import Tube

RUNS, SEED = 16, 0
LABEL, WIDTH, ROW, GAP = 190, 640, 110, 14

STYLE = """
.tube text { font: 11px system-ui, sans-serif; fill: #334; }
.tube .scale { font-size: 9px; fill: #778; }
.tube .frame { fill: #f4f5f8; }
.tube .band { fill: #1f5fa8; opacity: .3; }
.tube .run { fill: none; stroke: #b05a00; stroke-width: .7; opacity: .5; }
@media (prefers-color-scheme: dark) {
  .tube text { fill: #d5d9e2; } .tube .scale { fill: #98a0b0; } .tube .frame { fill: #23272f; }
  .tube .band { fill: #74b0f4; } .tube .run { stroke: #f0a860; }
}
"""

Runs = Mapping[str, NDArray[np.float64]]


def sampled(program: Program, tube: Tube, runs: int = RUNS, seed: int = SEED) -> Runs:
    """The streams of a tube on random runs of a program, each (runs, ticks); its main node is that of the tube.

    Inputs without bounds are zero, and so is everything that is no number.
    """
    from syncml.ir.step.lowering import Observe
    from syncml.ir.types import BOOL, FLOATS, element, shape
    from syncml.sim.lanes.many import compile_many

    random = np.random.default_rng(seed)
    ticks = len(next(iter(tube.streams.values())))
    given: dict[str, NDArray[np.generic]] = {}
    for var in program.node(program.main).inputs:
        extents = (runs, ticks, *shape(var.type))
        if var.name not in tube.inputs or element(var.type) not in FLOATS:
            given[var.name] = np.zeros(extents, dtype=np.bool_ if element(var.type) is BOOL else np.int64)
            continue
        low, high = (np.nan_to_num(np.array(b), posinf=0.0, neginf=0.0) for b in tube.inputs[var.name])
        share = random.random((runs, ticks, low.size))
        share = np.where(random.random((runs, 1, 1)) < 0.3, np.round(share), share)
        given[var.name] = np.minimum(low + share * (high - low), high).reshape(extents)
    names = frozenset(tube.streams)
    found = compile_many(program, Observe.NAMED, names).run(given, runs, ticks)
    return {n: v.astype(np.float64) for n, v in found.traces.items() if n in names}


def tube_drawing(tube: Tube, runs: Runs) -> str:
    """The picture of a tube and runs, as the text of an SVG file that can stand in a page as it is."""
    rows = [name for name, ranges in tube.streams.items() if any(r is not None for r in ranges)]
    ticks = len(next(iter(tube.streams.values())))
    height = GAP + len(rows) * (ROW + GAP) + 18
    step = WIDTH / ticks
    title = f"What is reached: {', '.join(tube.properties)}"
    parts = [
        f'<svg class="tube" xmlns="http://www.w3.org/2000/svg" role="img" width="{LABEL + WIDTH + 10}" '
        f'height="{height}" viewBox="0 0 {LABEL + WIDTH + 10} {height}">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
    ]
    for number, name in enumerate(rows):
        parts += _row(name, tube.streams[name], runs.get(name), GAP + number * (ROW + GAP), step)
    every = max(1, -(-ticks // 12))
    parts += [
        f'<text class="scale" x="{LABEL + (tick + 0.5) * step:.1f}" y="{height - 4}" text-anchor="middle">{tick}</text>'
        for tick in range(0, ticks, every)
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _row(
    name: str, ranges: tuple[tuple[float, float] | None, ...], runs: NDArray[np.float64] | None, top: float, step: float
) -> Iterator[str]:
    known = [r for r in ranges if r is not None]
    low, high = min(r[0] for r in known), max(r[1] for r in known)
    room = high - low or 1.0

    def at(value: float) -> str:
        return f"{top + 4 + (ROW - 8) * (high - value) / room:.1f}"

    yield f'<rect class="frame" x="{LABEL}" y="{top}" width="{WIDTH}" height="{ROW}" rx="3"/>'
    yield f'<text x="4" y="{top + ROW / 2 + 4:.1f}">{escape(name if len(name) <= 20 else f"{name[:19]}…")}</text>'
    for value, y in ((high, top + 10), (low, top + ROW - 3)):
        yield f'<text class="scale" x="{LABEL - 5}" y="{y:.1f}" text-anchor="end">{value:.4g}</text>'
    for tick, each in enumerate(ranges):
        if each is not None:
            x, width = LABEL + tick * step, step + 0.2
            y, end = at(each[1]), at(each[0])
            tall = max(0.8, float(end) - float(y))
            yield f'<rect class="band" x="{x:.1f}" y="{y}" width="{width:.2f}" height="{tall:.1f}"/>'
    present = [tick for tick, each in enumerate(ranges) if each is not None]
    for run in () if runs is None else runs:
        points = " ".join(f"{LABEL + (tick + 0.5) * step:.1f},{at(float(run[tick]))}" for tick in present)
        yield f'<polyline class="run" points="{points}"/>'
