"""The sign of a margin is the truth value, in random programs and in accepted ones; known margins of known forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncml.ir.equations.syntax import Node, Program, Var
from syncml.ir.step.lowering import Observe
from syncml.ir.types import BOOL, element
from syncml.pipeline import check, check_file
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from syncml.sim.lanes.figures import Figure, Kind
from syncml.sim.lanes.many import compile_many
from syncml.sim.margins import TOUCH, with_margins
from syncml.sim.trace import Trace
from tests.support.lanes import ACCEPTED
from tests.support.programs import inputs_for, programs

TICKS = 24


def truths(flat: Node) -> list[Var]:
    return [v for v in flat.clocks if element(v.type) is BOOL]


def margins_of(flat: Node, raw: Any, ticks: int = TICKS) -> tuple[Trace, list[tuple[Var, Var]]]:
    """A run of a flat node with the margins of all its Boolean streams."""
    streams = truths(flat)
    node, margins = with_margins(flat, streams)
    trace = interpret(Program((node,), node.name), raw, ticks).trace
    return trace, list(zip(streams, margins, strict=True))


def assert_signs(flat: Node, raw: Any) -> None:
    trace, pairs = margins_of(flat, raw)
    for stream, margin in pairs:
        truth, value = trace.column(stream.name), trace.column(margin.name)
        assert np.array_equal(truth.present, value.present)
        held, number = truth.values[truth.present], value.values[value.present].astype(float)
        assert np.array_equal(held, number > 0.0), stream
        assert (np.abs(number) >= TOUCH).all(), stream


@settings(max_examples=25, deadline=None)
@given(programs(), st.integers(0, 2**31))
def test_the_sign_of_a_margin_is_the_truth_value_in_random_programs(program: Program, seed: int) -> None:
    checked = check(program)
    assert_signs(checked.flat, inputs_for(checked.program, TICKS, seed))


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.stem)
def test_the_sign_of_a_margin_is_the_truth_value_in_accepted_programs(path: Path) -> None:
    checked = check_file(str(path))
    assert_signs(checked.flat, inputs_for(checked.program, TICKS, 1))


FORMS = """
from syncml import Hz, Stream, always, ensure, f64, historically, implies, node, once, within


@node(rate=Hz(10))
def forms(x: Stream[f64], y: Stream[f64], stop: Stream[bool]) -> Stream[f64]:
    ensure((x <= 3.0) & (y > 1.0), "both")
    ensure((x <= 3.0) | (y > 1.0), "either")
    ensure(~(x <= 3.0), "not")
    ensure(x == y, "equal")
    ensure(once(x >= 2.0), "once")
    ensure(historically(x >= 2.0), "so far")
    ensure(implies(stop, always(y >= 0.0)), "from then on")
    ensure(implies(stop, within(x <= 0.0, 3)), "soon")
    ensure(implies(stop, x < 9.0), "if")
    return x
"""


def test_margins_of_known_forms(tmp_path: Path) -> None:
    (tmp_path / "forms.py").write_text(FORMS, "utf-8")
    flat = check_file(str(tmp_path / "forms.py")).flat
    node, margins = with_margins(flat, [p.holds for p in flat.properties])
    raw = {"x": [1.0, 4.0, 1.5, 0.5], "y": [2.0, 1.0, 1.5, -1.0], "stop": [False, True, False, False]}
    trace = interpret(Program((node,), node.name), raw, 4).trace
    found = {
        p.name: trace.column(m.name).values.astype(float).tolist()
        for p, m in zip(flat.properties, margins, strict=True)
    }
    assert found == {
        "both": [1.0, -1.0, 0.5, -2.0],
        "either": [2.0, -TOUCH, 1.5, 2.5],
        "not": [-2.0, 1.0, -1.5, -2.5],
        "equal": [-1.0, -3.0, TOUCH, -1.5],
        "once": [-1.0, 2.0, 2.0, 2.0],
        "so far": [-1.0, -1.0, -1.0, -1.5],
        # Until `stop` it is true by how far `stop` is from being true.
        "from then on": [2.0, 1.0, 1.5, -1.0],
        "soon": [3.0, 2.0, 1.0, TOUCH],
        "if": [8.0, 5.0, 7.5, 8.5],
    }


@settings(max_examples=6, deadline=None)
@given(programs(), st.integers(0, 2**31))
def test_lanes_have_the_least_margin_of_the_interpreter(program: Program, seed: int) -> None:
    checked = check(program)
    flat = checked.flat
    streams = [v for v in truths(flat) if v.type is BOOL][-3:]
    node, margins = with_margins(flat, streams)
    extended = Program((node,), node.name)
    raw = inputs_for(checked.program, TICKS, seed)
    trace = interpret(extended, raw, TICKS).trace
    figures = [Figure(m.name, Kind.LEAST, m.name) for m in margins]
    result = compile_many(extended, Observe.OUTPUTS, figures=figures).run(
        {name: [column] for name, column in _typed(extended, raw).items()}, 1, TICKS
    )
    for margin in margins:
        column = trace.column(margin.name)
        values = column.values[column.present].astype(float)
        assert result.figures[margin.name][0] == (values.min() if len(values) else 0.0)


def _typed(program: Program, raw: Any) -> dict[str, Any]:
    return {v.name: c.values for v, c in prepare(program.nodes[-1], raw, TICKS).items()}
