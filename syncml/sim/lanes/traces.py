"""The trace of one run, computed by the code for many.

Rule: it is the trace of the interpreter. The code is ready in a fraction of the time that Numba takes, so this is the
quick way to look at a few runs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from syncml.ir.equations.inline import inline
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Program, Var
from syncml.ir.step.lowering import Observe, Observed, observed
from syncml.sim.inputs import Raw, prepare
from syncml.sim.lanes.many import compile_many
from syncml.sim.presence import Presence, Values, absent_input, mathematical, with_conditions
from syncml.sim.trace import Column, Trace


def compile_traces(program: Program, observe: Observed = Observe.NAMED) -> Callable[[Raw, int], Trace]:
    """Compile the main node of a clocked program; the result runs it from its initial state, and may be used again.

    What it gives has the inputs, the outputs and what is observed. It raises a `DiagnosticError` (S001 to S003) where
    inputs do not fit.
    """
    flat = inline(lower_segments(program))
    node = flat.node(flat.main)
    shown = (*node.inputs, *node.outputs, *observed(node, observe))
    names = frozenset(v.name for v in with_conditions(node, shown))
    code = compile_many(program, names, None)

    def run(inputs: Raw, ticks: int) -> Trace:
        given = prepare(node, inputs, ticks)
        found = code.run({v.name: c.values[None] for v, c in given.items()}, 1, ticks).traces

        def values(var: Var) -> Values:
            return given[var].values if var in given else found[var.name][0]

        presence = Presence(node, {}, values, ticks)
        for var, column in given.items():
            missing = np.flatnonzero(presence.of(node.clocks[var]) & ~column.present)
            if missing.size:
                raise absent_input(var.name, int(missing[0]))
        columns = tuple(
            Column(
                v.name,
                v.type,
                values(v) if v in given else mathematical(values(v), v),
                presence.of(node.clocks[v]),
                unit=v.unit,
            )
            for v in dict.fromkeys(shown)
        )
        return Trace(columns, ticks, node.rate)

    return run
