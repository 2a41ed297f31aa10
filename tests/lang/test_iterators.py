"""An iterator means what its unrolling by hand means, in every engine; its state is named by element."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from syncml.export_c import compile_and_run
from syncml.pipeline import Checked, check_file, step_code
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import Run, interpret
from syncml.sim.trace import first_difference
from tests.support.programs import inputs_for

TICKS = 30

HEAD = """
from typing import Any
from typing import Literal as L
from syncml import *

@node
def lag(x: Stream[f32], k: Stream[f32]) -> Stream[f32]:
    y = state(init=0.5)
    y.next = y + k * (x - y)
    return y

@node
def carry(a: Stream[f32], x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    n = state(init=1.0)
    n.next = n * 0.5 + x
    return a + n * x, a * n

@node
def chain(a: Stream[f32], x: Stream[f32]) -> Stream[f32]:
    n = state(init=1.0)
    n.next = n * 0.5 + x
    return pre(a, init=0.25) + n * x

@node
def main(xs: Stream[Vec[L[3]]], k: Stream[f32], c: Stream[bool]) -> Stream[Vec[Any]]:
"""

PAIRS = {
    "each": ("return each(lag)(xs, shared(k))", "return vec(lag(xs[0], k), lag(xs[1], k), lag(xs[2], k))"),
    "fold": ("return vec(fold(chain, k)(xs))", "return vec(chain(chain(chain(k, xs[0]), xs[1]), xs[2]))"),
    "backwards": (
        "return vec(fold(chain, k, backwards=True)(xs))",
        "return vec(chain(chain(chain(k, xs[2]), xs[1]), xs[0]))",
    ),
    "scan": (
        "return scan(chain, 0.0)(xs)",
        "a = chain(constant(0.0), xs[0]); b = chain(a, xs[1]); return vec(a, b, chain(b, xs[2]))",
    ),
    "mapfold": (
        "a, p = mapfold(carry, k)(xs); return vec(a, p)",
        "a, p = carry(k, xs[0]); b, q = carry(a, xs[1]); d, r = carry(b, xs[2]); return vec(d, p, q, r)",
    ),
    "reset": (
        "return each(lag.reset_every(c))(xs, shared(k))",
        "f = lag.reset_every(c); return vec(f(xs[0], k), f(xs[1], k), f(xs[2], k))",
    ),
    "captured": ("return each(lambda x: lag(x, k) + k)(xs)", "return vec(*[lag(x, k) + k for x in xs])"),
    "activated": (
        "return hold(each(lag)(when(xs, c), shared(when(k, c))), init=[0.0, 0.0, 0.0])",
        "s, g = when(xs, c), when(k, c)\n"
        "    return hold(vec(lag(s[0], g), lag(s[1], g), lag(s[2], g)), init=[0.0, 0.0, 0.0])",
    ),
}


def checked(body: str, folder: Path) -> Checked:
    path = folder / "program.py"
    path.write_text(f"{HEAD}    {body}\n", "utf-8")
    return check_file(f"{path}:main")


@pytest.mark.parametrize("name", PAIRS)
def test_an_iterator_is_its_unrolling(name: str, tmp_path: Path) -> None:
    iterated, by_hand = (checked(body, tmp_path) for body in PAIRS[name])
    values = inputs_for(iterated.program, TICKS, seed=3)
    expected = _outputs(interpret(by_hand.program, values, TICKS), by_hand)
    run = interpret(iterated.program, values, TICKS)
    assert _equal(expected, _outputs(run, iterated))
    compiled = compile_program(iterated.program).run(values, TICKS)
    assert first_difference(run.trace.only(("out",)), compiled.only(("out",))) is None
    inputs = {v.name: c.values for v, c in prepare(iterated.main, values, TICKS).items()}
    found = compile_and_run(step_code(iterated, flat=False), inputs, TICKS, "gcc", ("-O2",))
    assert _equal(expected, np.asarray(found.outputs["out"]))
    last = {leaf: np.asarray(column[-1]) for leaf, column in found.state.items()}
    assert {leaf for leaf in last if "[" in leaf} <= run.state.keys()
    assert all(_equal(np.asarray(run.state[leaf]), value) for leaf, value in last.items() if leaf in run.state)


def _outputs(run: Run, program: Checked) -> np.ndarray:
    (column,) = run.trace.only(tuple(v.name for v in program.main.outputs)).columns
    return np.asarray(column.values)


def _equal(left: np.ndarray, right: np.ndarray) -> bool:
    return np.array_equal(left, right.astype(left.dtype), equal_nan=True)


def test_states_are_named_by_element(tmp_path: Path) -> None:
    program = checked("ys = each(lag)(xs, shared(k)); return ys", tmp_path)
    state = interpret(program.program, inputs_for(program.program, 1, seed=0), 1).state
    assert set(state) == {"lag[0].y", "lag[1].y", "lag[2].y"}


def test_large_arrays_stay_loops_in_c(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(HEAD.replace("L[3]", "L[1000]") + "    return each(lag)(xs, shared(k))\n", "utf-8")
    code = step_code(check_file(f"{path}:main"), flat=False)
    assert [len(m.body) for m in code.machines] == [2, 1]
    assert code.machines[-1].instances[0].extent == 1000
