"""Many runs against one: each lane has the trace that a simulation of its inputs alone has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from syncml.ir.step.lowering import Observe
from syncml.pipeline import Checked
from syncml.sim.inputs import Raw, prepare
from syncml.sim.interpreter import interpret
from syncml.sim.lanes.many import ManyRuns, Results, compile_many
from syncml.sim.trace import Column, Trace, first_difference
from tests.support.programs import inputs_for

SPECIFICATIONS = ("scalars",)
"""Accepted programs with mathematical numbers, which no machine runs."""
ACCEPTED = [
    path
    for path in sorted((Path(__file__).resolve().parents[1] / "accept").glob("*.py"))
    if path.stem not in SPECIFICATIONS
]


def stacked(checked: Checked, values: Sequence[Raw], ticks: int) -> dict[str, Any]:
    """The inputs of several runs as one array each."""
    rows = [{v.name: c.values for v, c in prepare(checked.main, raw, ticks).items()} for raw in values]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def traced(checked: Checked, observe: Observe = Observe.OUTPUTS, width: int | None = None) -> ManyRuns:
    """Compiled so that every output and observed stream is kept at each tick."""
    return compile_many(checked.program, observe, None, width=width)


def assert_lanes_agree(expected: Sequence[Trace], found: Results) -> None:
    """Compare each run where its trace says that a stream is present; the last values too."""
    for number, trace in enumerate(expected):
        names = [name for name in dict.fromkeys(trace.names()) if name in found.traces]
        assert names
        wanted = trace.only(tuple(names))
        columns = tuple(
            Column(c.name, c.type, found.traces[c.name][number].astype(c.values.dtype), c.present)
            for c in wanted.columns
        )
        difference = first_difference(wanted, Trace(columns, trace.ticks))
        assert difference is None, f"run {number}: {difference}"
        for column in wanted.columns:
            last = found.last[column.name][number]
            assert last.tobytes() == found.traces[column.name][number][-1].tobytes(), column.name


def assert_runs_agree(
    checked: Checked,
    observe: Observe,
    first_seed: int,
    width: int | None = None,
    ticks: int = 24,
    runs: int = 3,
    **shape: int,
) -> None:
    """A few runs with inputs of their own, each against the interpreter."""
    values = [inputs_for(checked.program, ticks, first_seed + k) for k in range(runs)]
    expected = [interpret(checked.program, given, ticks).trace for given in values]
    found = traced(checked, observe, width).run(stacked(checked, values, ticks), runs, ticks, **shape)
    assert_lanes_agree(expected, found)
