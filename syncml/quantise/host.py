"""Recorded numbers as the integers that a program takes: what its environment has to do, done beforehand.

Rule: the conversion is `syncml.nodes.quantised.quantise`, run by the interpreter, so that an input that was converted
here is bit for bit the one that a program with floats at its interface converts by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from syncml import pipeline
from syncml.ir.equations.syntax import Apply, Equation, Node, Program, Var
from syncml.ir.operators import Op
from syncml.lang.operations import value_of
from syncml.lang.presence import ON_BASE
from syncml.lang.source import here
from syncml.lang.stream import stream
from syncml.lang.trace import Session, Trace, Value, building
from syncml.nodes.quantised import Affine, quantise
from syncml.quantise.calibration import Recording
from syncml.quantise.integers import integers_for
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret

if TYPE_CHECKING:
    from syncml.sim.inputs import Raw


def converted(recording: Recording, main: Node, interface: Mapping[str, Affine]) -> Recording:
    """A recording of the inputs of ``main`` as that of the program whose interface has integers."""
    return replace(recording, inputs=converted_inputs(recording.inputs, main, interface, recording.ticks))


def converted_inputs(raw: Raw, main: Node, interface: Mapping[str, Affine], ticks: int) -> dict[str, Any]:
    """Values of the inputs of ``main``, in floats, with integers for those that ``interface`` has.

    Raises:
        DiagnosticError: S002 or S003 where the values of these do not fit.
    """
    taken = tuple(var for var in main.inputs if var.name in interface)
    if not taken:
        return dict(raw)
    ends = replace(main, inputs=taken)
    columns = prepare(ends, {v.name: raw[v.name] for v in taken if v.name in raw}, ticks)
    run = interpret(_conversion(taken, interface), {v.name: c.values for v, c in columns.items()}, ticks)
    return dict(raw) | {v.name: run.trace.column(f"{v.name}.integers").values for v in taken}


def _conversion(inputs: tuple[Var, ...], interface: Mapping[str, Affine]) -> Program:
    """A program that quantises each of ``inputs``."""
    span = inputs[0].span
    trace = Trace(Session(), "conversion", _conversion.__code__, None, span)
    outputs: list[Var] = []
    for var in inputs:
        trace.names.fresh(var.name)
    with building(trace.session, trace):
        for var in inputs:
            affine = interface[var.name]
            atom = value_of(quantise(stream(Value(var, ON_BASE, trace)), affine).values, here()).atom
            assert atom is not None
            outputs.append(integers_for(var, affine, f"{var.name}.integers"))
            trace.equations.append(Equation((outputs[-1],), Apply(Op.COPY, (atom,)), var.span))
    trace.session.collector.raise_if_errors()
    node = Node("conversion", "conversion", inputs, tuple(outputs), tuple(trace.equations), (), span)
    return pipeline.check(Program((replace(node, clocks=MappingProxyType({})),), node.name)).program
