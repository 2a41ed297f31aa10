"""Chains of equal instances become loops: same traces, same names of state, and only where nobody looks inside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from syncml.export_c import compile_and_run
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import Observe
from syncml.ir.step.syntax import StepProgram
from syncml.pipeline import Checked, check_file, step_code
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret

TICKS = 40

NODES = """
from typing import Literal as L

from syncml import *

@node
def low(x: Stream[f32]) -> Stream[f32]:
    last = state(init=0.5)
    last.next = last + 0.1 * (x - last)
    return last + x

@node
def section(x: Stream[f32], y: Stream[f32], gain: Stream[f32], c: Stream[bool]) -> tuple[Stream[f32], Stream[f32]]:
    turns = word("0(01)")
    last = state(init=0.0)
    last.next = last + gain * where(c & turns, x, y)
    return gain * last, x - y

@node
def shift(x: Stream[Vec[L[3]]]) -> Stream[Vec[L[3]]]:
    last = state(init=zeros(3))
    last.next = x
    return x + last

@node
def late(x: Stream[f32]) -> Stream[f32]:
    return pre(x, init=1.0)

def five(f, x):
    for _ in range(5):
        x = f(x)
    return x
"""

ROLLED = {
    "plain": (5, "return five(low, x)"),
    "inside": (5, "return chain(x) + chain(chain(x))"),
    "two": (
        4,
        "y = x + 1.0\nfor gain in (0.0, -0.0, 0.25, 3.0):\n    x, y = section(x, y, gain, c)\nreturn 1.0 / x + y",
    ),
    "shared": (3, "g, y = 2.0 * x, x\nfor _ in range(3):\n    x, y = section(x, y, g, c)\nreturn x - y"),
    "reset": (5, "return five(low.reset_every(c), x)"),
    "block": (5, "with reset_every(c):\n    y = five(low, x)\nreturn y"),
    "sampled": (5, "return hold(five(low, when(x, c)), init=0.0)"),
    "rate": (5, "return hold(five(low, sample(x, every(3, phase=1))), init=0.0)"),
    "arrays": (5, "return five(shift, vec(x, 2.0 * x, 1.0))[1]"),
    "loop": (5, "y = wire(f32)\nz = five(low, x + pre(y, init=0.0))\ny.define(z)\nreturn z"),
    "around": (4, "y = wire(f32)\ny.define(five(late, x + y))\nreturn y"),
    "activated": (5, "return activate(lambda v: five(low, v), every=c, default=0.0)(x)"),
}

WRITTEN_OUT = {
    "pair": "return low(low(x))",
    "tapped": "a = low(x)\nb = low(a)\nd = low(b)\ne = low(d)\nreturn e + b",
    "mixed": "return low(late(low(late(low(late(x))))))",
    "clocks": "return hold(low(when(low(low(x)), c)), init=0.0)",
    "resets": "return low(low.reset_every(c)(low(low.reset_every(c)(x))))",
}


def checked(tmp_path: Path, body: str) -> Checked:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    header = "def main(x: Stream[f32], c: Stream[bool]) -> Stream[f32]:"
    chain = "@node\ndef chain(x: Stream[f32]) -> Stream[f32]:\n    return five(low, x)\n"
    file = tmp_path / "program.py"
    file.write_text(f"{NODES}\n{chain}\n@node(rate=Hz(10))\n{header}\n{lines}")
    return check_file(f"{file}:main")


def arrays(code: StepProgram) -> list[int]:
    return [i.extent for m in code.machines for i in m.instances if i.extent is not None]


def assert_same_as_interpreter(program: Checked, code: StepProgram) -> None:
    generator = np.random.default_rng(5)
    values = {"x": generator.normal(size=TICKS).astype(np.float32), "c": generator.random(TICKS) < 0.4}
    run = interpret(program.program, values, TICKS)
    inputs = {v.name: c.values for v, c in prepare(program.main, values, TICKS).items()}
    for flags in (("gcc", "-O0"), ("gcc", "-O3")):
        found = compile_and_run(code, inputs, TICKS, flags[0], flags[1:])
        (column,) = (c for c in run.trace.columns if c.name == program.main.outputs[0].name)
        assert column.present.all()
        assert found.outputs[column.name].tobytes() == column.values.tobytes()
        # The counters of words are no streams.
        registers = {name for name in found.state if "count_" not in name}
        assert registers <= run.state.keys()
        for name in registers:
            assert np.asarray(run.state[name]).astype(np.float32).tobytes() == found.state[name][-1].tobytes(), name


@pytest.mark.parametrize(("extent", "body"), ROLLED.values(), ids=ROLLED.keys())
def test_a_chain_is_one_array_with_the_same_trace_and_the_same_names_of_state(
    extent: int, body: str, tmp_path: Path
) -> None:
    program = checked(tmp_path, body)
    code = step_code(program, flat=False)
    check_step(code)
    assert arrays(code) == [extent]
    assert_same_as_interpreter(program, code)


@pytest.mark.parametrize("body", WRITTEN_OUT.values(), ids=WRITTEN_OUT.keys())
def test_what_is_no_chain_stays_as_it_is(body: str, tmp_path: Path) -> None:
    program = checked(tmp_path, body)
    code = step_code(program, flat=False)
    assert arrays(code) == []
    assert_same_as_interpreter(program, code)


def test_a_stream_that_is_observed_cuts_the_chain(tmp_path: Path) -> None:
    program = checked(tmp_path, ROLLED["plain"][1])
    inside = [t.name for e in program.main.equations for t in e.targets][1]
    assert arrays(step_code(program, flat=False)) == [5]
    assert arrays(step_code(program, frozenset({inside}), flat=False)) == [3]
    assert arrays(step_code(program, Observe.ALL, flat=False)) == []
