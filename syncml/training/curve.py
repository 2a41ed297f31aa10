"""Learning curves: the means of a program's outputs, report by report, as CSV and as a picture."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.extras import optional
from syncml.files import write_whole

FORMATS = (".svg", ".png", ".csv")


@dataclass(frozen=True, slots=True)
class Point:
    """One report: the ticks and updates so far, and the mean of each curve since the last report."""

    steps: int
    updates: int
    values: tuple[float, ...]

    @property
    def loss(self) -> float:
        """The first curve."""
        return self.values[0]


def to_csv(names: Sequence[str], points: Sequence[Point]) -> bytes:
    """A row for each report; a mean of nothing is empty."""
    lines = [",".join(("steps", "updates", *names))]
    for point in points:
        cells = ["" if math.isnan(value) else repr(value) for value in point.values]
        lines.append(",".join((str(point.steps), str(point.updates), *cells)))
    return ("\n".join(lines) + "\n").encode()


def write_curve(path: Path, names: Sequence[str], points: Sequence[Point], title: str) -> None:
    """Write the curves as ``.csv``, or draw them as ``.svg`` or ``.png``.

    Raises:
        DiagnosticError: U001 another suffix, D001 not writable, D006 matplotlib is missing.
    """
    if path.suffix not in FORMATS:
        message = f"no format of a curve is called {path.suffix!r}"
        raise DiagnosticError(error("U001", message, help=f"use {', '.join(FORMATS)}"))
    content = to_csv(names, points) if path.suffix == ".csv" else _picture(names, points, title, path.suffix[1:])
    write_whole(path, content)


def _picture(names: Sequence[str], points: Sequence[Point], title: str, form: str) -> bytes:
    """A panel for each curve over the steps; one whose values are all above 0 and far apart has a logarithmic axis."""
    figure_module = optional("matplotlib.figure", "drawing a plot", "plot")
    matplotlib = optional("matplotlib", "drawing a plot", "plot")
    steps = np.array([point.steps for point in points])
    with matplotlib.rc_context({"svg.hashsalt": "syncml", "svg.fonttype": "none", "font.size": 9}):
        figure: Any = figure_module.Figure(figsize=(7.5, 2.2 * len(names) + 0.6), layout="constrained")
        figure.suptitle(title)
        axes: Any = figure.subplots(len(names), 1, sharex=True, squeeze=False)
        for i, (axis, name) in enumerate(zip(axes[:, 0], names, strict=True)):
            values = np.array([point.values[i] for point in points])
            known = np.isfinite(values)
            axis.plot(steps[known], values[known], color="#0072B2", linewidth=1.2, marker=".", markersize=4)
            if known.any() and values[known].min() > 0.0 and values[known].max() > 20.0 * values[known].min():
                axis.set_yscale("log")
            axis.set_ylabel(name)
            axis.grid(visible=True, linewidth=0.4, alpha=0.6)
        axes[-1, 0].set_xlabel("steps")
        buffer = io.BytesIO()
        figure.savefig(buffer, format=form, dpi=120, metadata={"Date": None} if form == "svg" else None)
    return buffer.getvalue()
