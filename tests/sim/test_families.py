"""Large arrays of instances in the compiled simulation: loops of the same trace, every stream observable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncml.clock_calculus import infer_clocks
from syncml.ir.equations.inline import inline
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Program
from syncml.ir.step.lowering import Observe, lower
from syncml.pipeline import Checked, check_file
from syncml.sim import numba_families
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from syncml.sim.numba_families import with_loops
from syncml.sim.numba_printer import layout_of, print_module
from syncml.sim.trace import first_difference
from tests.support.programs import inputs_for, programs

TICKS = 12

PROGRAM = """
from typing import Literal as L
from syncml import *

@node
def lag(x: Stream[f32], k: Stream[f32]) -> Stream[f32]:
    y = state(init=0.0)
    y.next = y + k * (x - y)
    return y

@node
def unit(x: Stream[f32], n: Stream[i32], r: Stream[bool]) -> tuple[Stream[f32], Stream[i32]]:
    h = state(init=zeros(3))
    h.next = tanh(0.5 * h[::-1] + x)
    with reset_every(r):
        a = lag(x, 0.25)
    c = state(init=0)
    c.next = where(x > 0.0, c + n, c)
    slow = hold(sample(a + h[1], every(3)), init=0.0)
    busy = hold(when(x, c > n), init=-1.0)
    return h[0] + slow + busy, c

@node
def row(xs: Stream[Vec[L[20]]]) -> Stream[f32]:
    return fold(lambda m, y: m + y, 0.0)(each(lag)(xs, shared(0.5)))

@node
def main(xs: Stream[Vec[L[{n}]]], r: Stream[bool]) -> tuple[Stream[Vec[L[{n}]]], Stream[i32], Stream[f32]]:
    ys, cs = each(unit)(xs, range({n}), shared(r))
    total = fold(lambda m, c: m + c, 0)(cs)
    smooth, zs = mapfold(lambda s, y: (0.5 * s + y, s - y), 0.0)(ys)
    return zs, total, smooth

@node
def rows(xs: Stream[Mat[L[18], L[20]]]) -> Stream[Vec[L[18]]]:
    return each(row)(xs)
"""


def program(folder: Path, node: str, extent: int = 33) -> Checked:
    file = folder / "program.py"
    file.write_text(PROGRAM.replace("{n}", str(extent)))
    return check_file(f"{file}:{node}")


def module(checked: Checked) -> str:
    code = lower(inline(lower_segments(checked.program)), Observe.ALL)
    return print_module(code.machines[-1], layout_of(code.machines[-1]))


@pytest.mark.parametrize("node", ["main", "rows"])
@pytest.mark.parametrize("observe", [Observe.OUTPUTS, Observe.ALL])
def test_a_loop_over_elements_has_the_trace_of_the_interpreter(node: str, observe: Observe, tmp_path: Path) -> None:
    checked = program(tmp_path, node)
    generator = np.random.default_rng(3)
    shape = {"main": (33,), "rows": (18, 20)}[node]
    inputs: dict[str, Any] = {"xs": generator.normal(size=(TICKS, *shape)).astype(np.float32)}
    if node == "main":
        inputs["r"] = generator.random(TICKS) < 0.3
    reference = interpret(checked.program, inputs, TICKS)
    simulation = compile_program(checked.program, observe)
    found = simulation.run(inputs, TICKS)
    assert any("[17]" in name for name in found.names()) == (observe is Observe.ALL)
    assert first_difference(reference.trace.only(found.names()), found) is None
    for name, value in simulation.state().items():
        if name in reference.state:
            assert np.asarray(value).tobytes() == np.asarray(reference.state[name]).astype(value.dtype).tobytes()


def test_the_text_does_not_grow_with_the_extent(tmp_path: Path) -> None:
    small, large = (module(program(tmp_path, "main", extent)) for extent in (40, 200))
    assert abs(small.count("\n") - large.count("\n")) <= 20
    assert small.count("\n") < 600


def test_few_elements_are_written_out(tmp_path: Path) -> None:
    assert "e_0" not in module(program(tmp_path, "main", 6))
    assert "e_0" in module(program(tmp_path, "main", 40))


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(source=programs(), seed=st.integers(0, 1000))
def test_random_programs_with_loops_wherever_two_elements_are_alike(
    source: Program, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba_families, "FEWEST", 2)
    inputs = inputs_for(source, TICKS, seed)
    checked = infer_clocks(source)
    reference = interpret(checked, inputs, TICKS)
    found = compile_program(checked, Observe.ALL).run(inputs, TICKS)
    assert first_difference(reference.trace.only(found.names()), found) is None


def run_text(lines: list[str]) -> list[tuple[int, ...]]:
    """What the lines pass to ``f``, in order."""
    calls: list[tuple[int, ...]] = []

    def f(*values: int) -> None:
        calls.append(values)

    exec("\n".join(lines), {"f": f, "m_x": 5, "g": 3})
    return calls


@pytest.mark.parametrize(
    ("statements", "loops"),
    [
        ([[f"f({i}, {7 - 2 * i})"] for i in range(20)], 1),
        ([[f"f({i})", f"f({i} * 2)"] for i in range(20)], 1),
        ([[f"f({i // 2}, g)"] if i % 2 else [f"f({i})"] for i in range(60)], 1),
        ([[f"f({i}, {j})"] if j < 16 else [f"f({i})", "f()"] for i in range(16) for j in range(17)], 1),
        ([[f"f({i * i})"] for i in range(40)], 0),
        ([[f"f({i})"] for i in range(15)], 0),
        ([[f"f(m_x, {i})"] for i in range(40)], 0),
        ([["f(1)"], *([f"f({i})"] for i in range(3, 40)), ["f(2, 2)"]], 1),
    ],
)
def test_a_loop_runs_what_it_stands_for(statements: list[list[str]], loops: int) -> None:
    pieces = with_loops(statements)
    lines = [line for piece in pieces for line in piece.lines]
    assert run_text(lines) == run_text([line for lines in statements for line in lines])
    assert sum(piece.number is None for piece in pieces) == loops


@pytest.mark.parametrize("literal", ["{}.5", "0.{}", "1e-{}", "1.5e+{}"])
def test_the_digits_of_floats_do_not_grow(literal: str) -> None:
    statements = [[f"x = z * {literal.format(i)}"] for i in range(1, 21)]
    assert [piece.lines for piece in with_loops(statements)] == statements
