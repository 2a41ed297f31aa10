"""Plots of a trace: one panel for each unit, bands for modes and Booleans, one time axis.

Rule: a stream is drawn as it is computed: held between its instants, with a mark at each instant where it is slower
than the base clock. A contract that fails is marked in red at its first failing tick.
"""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from syncml.diagnostics.model import DiagnosticError, error
from syncml.extras import optional
from syncml.files import write_whole
from syncml.ir.types import BOOL, EnumType, element, shape, size
from syncml.sim.trace import Column, Trace

_PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
"""Okabe and Ito's colours, distinct for colour-blind readers."""
_LINES_A_PANEL = 6
_FAILED = "#C00000"

Facts = Sequence[tuple[str, str]]
"""Rows of the summary above the plots: what, and its value."""


def write_plot(
    trace: Trace,
    path: Path,
    title: str,
    facts: Facts = (),
    failures: Sequence[tuple[str, int]] = (),
    above: str = "",
) -> None:
    """Draw ``trace`` into an HTML, SVG or PNG file.

    Args:
        trace: The streams to draw; tensors of more than four elements are left out.
        path: The suffix chooses the format.
        title: The heading.
        facts: Rows for the summary table of the HTML page.
        failures: Contracts that failed, each with its first failing tick.
        above: What stands first in the page, as HTML.

    Raises:
        DiagnosticError: U001 unknown suffix, D001 not writable, D006 matplotlib is missing.
    """
    if path.suffix == ".html":
        write_whole(path, _page(title, facts, above, drawing(trace, title, failures)).encode())
    elif path.suffix in (".svg", ".png"):
        write_whole(path, _picture(trace, title, failures, path.suffix[1:]))
    else:
        message = f"no plot format is called {path.suffix!r}"
        raise DiagnosticError(error("U001", message, help="use .html, .svg or .png; .gif for a run among actors"))


def drawing(trace: Trace, title: str, failures: Sequence[tuple[str, int]] = ()) -> str:
    """The picture of ``trace`` as an element of a page.

    Raises:
        DiagnosticError: D006, matplotlib is missing.
    """
    picture = _picture(trace, title, failures, "svg").decode()
    return picture[picture.index("<svg") :]


def panels(trace: Trace) -> list[tuple[str, list[Column]]]:
    """Streams grouped for drawing: numbers by unit, at most six lines a panel; then modes and Booleans."""
    drawn = [c for c in trace.columns if size(c.type) <= 4 and c.present.any()]
    bands = [c for c in drawn if _is_band(c)]
    by_unit: dict[str, list[Column]] = {}
    for column in drawn:
        if not _is_band(column):
            by_unit.setdefault(column.unit, []).append(column)
    result: list[tuple[str, list[Column]]] = []
    for unit, columns in by_unit.items():
        for start in range(0, len(columns), _LINES_A_PANEL):
            result.append((unit, columns[start : start + _LINES_A_PANEL]))
    if bands:
        result.append(("", bands))
    return result


def _is_band(column: Column) -> bool:
    kind = element(column.type)
    return not shape(column.type) and (kind is BOOL or isinstance(kind, EnumType))


def _picture(trace: Trace, title: str, failures: Sequence[tuple[str, int]], format_: str) -> bytes:
    figure_module = optional("matplotlib.figure", "drawing a plot", "plot")
    matplotlib = optional("matplotlib", "drawing a plot", "plot")
    groups = panels(trace)
    heights = [max(1.0, 0.32 * len(columns)) if _is_band(columns[0]) else 2.1 for _, columns in groups]
    with matplotlib.rc_context({"svg.hashsalt": "syncml", "svg.fonttype": "none", "font.size": 9}):
        figure: Any = figure_module.Figure(figsize=(10.5, sum(heights) + 0.9), layout="constrained")
        figure.suptitle(title)
        axes: Any = figure.subplots(len(groups), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights})
        for axis, (unit, columns) in zip(axes[:, 0], groups, strict=True):
            (_draw_bands if _is_band(columns[0]) else _draw_lines)(axis, trace, columns, unit)
            for _, tick in failures:
                axis.axvline(_time(trace)[tick], color=_FAILED, linewidth=1.2, linestyle="--")
        for name, tick in failures:
            place = {"xy": (_time(trace)[tick], 1.0), "xycoords": ("data", "axes fraction")}
            axes[0, 0].annotate(f"{name} fails", **place, color=_FAILED, fontsize=8, ha="center", va="bottom")
        axes[-1, 0].set_xlabel("time [s]" if trace.rate else "tick")
        buffer = io.BytesIO()
        figure.savefig(buffer, format=format_, dpi=120, metadata={"Date": None} if format_ == "svg" else None)
    return buffer.getvalue()


def _time(trace: Trace) -> Any:
    return np.arange(trace.ticks) / float(trace.rate or 1)


def _draw_lines(axis: Any, trace: Trace, columns: list[Column], unit: str) -> None:
    time, number = _time(trace), 0
    for column in columns:
        flat = column.values.reshape(trace.ticks, -1).astype(np.float64)
        for i in range(flat.shape[1]):
            name = column.name + (f"[{i}]" if flat.shape[1] > 1 else "")
            label = f"{name} ({column.clock})" if column.clock and not column.present.all() else name
            slow = not column.present.all()
            axis.step(
                time[column.present],
                flat[column.present, i],
                where="post",
                label=label,
                color=_PALETTE[number % len(_PALETTE)],
                linewidth=1.1,
                marker="." if slow and column.present.sum() < 200 else None,
                markersize=3,
            )
            number += 1
    axis.set_ylabel(unit)
    axis.grid(visible=True, linewidth=0.4, alpha=0.6)
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)


def _draw_bands(axis: Any, trace: Trace, columns: list[Column], _unit: str) -> None:
    time = _time(trace)
    step = 1 / float(trace.rate or 1)
    for row, column in enumerate(reversed(columns)):
        kind = element(column.type)
        values = np.where(column.present, column.values.astype(np.int64), -1)
        edges = np.flatnonzero(np.diff(values)) + 1
        for start, end in zip([0, *edges], [*edges, trace.ticks], strict=True):
            value = int(values[start])
            if value < 0 or (kind is BOOL and not value):
                continue
            width = time[end - 1] + step - time[start]
            color = _PALETTE[value % len(_PALETTE)] if isinstance(kind, EnumType) else "#555555"
            axis.broken_barh([(time[start], width)], (row - 0.38, 0.76), color=color, alpha=0.75)
            if isinstance(kind, EnumType) and width > 0.06 * trace.ticks * step:
                axis.text(time[start] + width / 2, row, kind.constructors[value], ha="center", va="center", fontsize=7)
    axis.set_yticks(range(len(columns)), [c.name for c in reversed(columns)])
    axis.set_ylim(-0.6, len(columns) - 0.4)
    axis.grid(visible=True, axis="x", linewidth=0.4, alpha=0.6)


def _page(title: str, facts: Facts, above: str, picture: str) -> str:
    rows = "\n".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in facts)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>
<style>
body {{ font-family: system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; margin-bottom: 1.5rem; }}
th, td {{ text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid #ddd; font-weight: normal; }}
th {{ color: #555; }}
svg {{ max-width: 100%; height: auto; }}
</style></head><body>
<h1>{html.escape(title)}</h1>
{above}
<table>
{rows}
</table>
{picture}
</body></html>
"""
