"""The cyclic executive: the trace of the program, without counters and tests of rates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from syncml.diagnostics import DiagnosticError
from syncml.export_c import compile_and_run, package
from syncml.ir.equations.syntax import Program
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import Executive
from syncml.ir.step.pretty import print_step
from syncml.ir.step.syntax import If, Machine, StepProgram, Switch
from syncml.ir.step.traverse import statements
from syncml.pipeline import Checked, check, check_file, step_code
from syncml.sim.inputs import Raw, prepare
from syncml.sim.interpreter import interpret
from tests.support.engines import assert_same, assert_same_state, outputs_of
from tests.support.flagship import PIPELINE, scenario_inputs
from tests.support.programs import inputs_for, programs
from tests.support.tools import needs

HEAD = """
from syncml import *
"""
PROGRAMS = {
    "three rates": """
@node
def slow(x: Stream[f32]) -> Stream[f32]:
    return tanh(x) + fby(0.5, x)

@node(rate=Hz(100))
def main(x: Stream[f32]) -> Stream[f32]:
    fast = hold(slow(sample(x, to=Hz(50))), init=1.0)
    return fast - hold(slow(sample(x + fast, to=Hz(20))), init=0.0)
""",
    "phases and a prefix": """
@node
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return hold(sample(x, every(4, phase=3)), init=-0.0), hold(sample(x, every(6, phase=1)), init=0.0)
""",
    "rates inside of a node": """
@node
def inner(x: Stream[f32]) -> Stream[f32]:
    return hold(sample(x * 2.0, every(3)), init=0.0)

@node
def main(x: Stream[f32]) -> Stream[f32]:
    return inner(x) + hold(inner(sample(x, every(2))), init=0.0)
""",
    "a node that data resets": """
@node
def inner(x: Stream[f32]) -> Stream[f32]:
    return hold(sample(x * 2.0, every(3)), init=0.0)

@node
def main(x: Stream[f32]) -> Stream[f32]:
    return inner.reset_every(x > 0.5)(x) + hold(sample(x, every(4)), init=0.0)
""",
}


def agrees(checked: Checked, values: Raw, ticks: int, *levels: str) -> StepProgram:
    code = step_code(checked, flat=False, executive=Executive.CYCLIC)
    check_step(code)
    run = interpret(checked.program, values, ticks)
    inputs = {v.name: c.values for v, c in prepare(checked.main, values, ticks).items()}
    for level in levels:
        results = compile_and_run(code, inputs, ticks, "gcc", (level,))
        assert_same(outputs_of(run, checked), results.outputs)
        assert_same_state(run, {name: value[-1] for name, value in results.state.items()}, checked)
    return code


def main_of(code: StepProgram) -> Machine:
    return code.machines[-1]


def written(folder: Path, text: str) -> Checked:
    path = folder / "program.py"
    path.write_text(HEAD + text)
    return check_file(str(path))


@needs("gcc")
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_trace_is_that_of_the_program(name: str, tmp_path: Path) -> None:
    checked = written(tmp_path, PROGRAMS[name])
    values = {"x": np.random.default_rng(4).normal(size=50).astype(np.float32)}
    code = agrees(checked, values, 50, "-O0", "-O3")
    main = main_of(code)
    cases = [stmt for stmt in main.body if isinstance(stmt, Switch)]
    assert len(cases) == 1
    dynamic = name == "a node that data resets"
    assert any(slot.name.startswith("count") for slot in main.state) == dynamic
    assert any(isinstance(stmt, If) for stmt in statements(main.body)) == dynamic


def test_kinds_of_ticks_are_shared(tmp_path: Path) -> None:
    main = main_of(step_code(written(tmp_path, PROGRAMS["three rates"]), flat=False, executive=Executive.CYCLIC))
    (table,) = (slot for slot in main.constants if slot.name == "executive")
    assert table.initial is not None
    assert [int(v) for v in table.initial.numpy()] == [0, 1, 2, 1, 2, 3, 2, 1, 2, 1]


@needs("gcc")
def test_the_flagship() -> None:
    checked = check_file(str(PIPELINE))
    inputs, _ = scenario_inputs(checked.main, "hard_braking")
    code = agrees(checked, {name: values[:150] for name, values in inputs.items()}, 150, "-O2")
    exported = package(code)
    assert b"_executive[" in exported.files[f"src/{exported.name}.c"]


@needs("gcc")
def test_generated_programs() -> None:
    @seed(11)
    @settings(max_examples=12, suppress_health_check=list(HealthCheck), derandomize=False, database=None, deadline=None)
    @given(drawn=programs(), values_seed=st.integers(0, 2**16))
    def run_all(drawn: Program, values_seed: int) -> None:
        checked = check(drawn)
        try:
            agrees(checked, inputs_for(checked.program, 24, values_seed), 24, "-O1")
        except DiagnosticError as refused:
            assert [d.code for d in refused.diagnostics] == ["X004"]

    run_all()


def test_a_program_of_one_rate_has_no_table(tmp_path: Path) -> None:
    checked = written(tmp_path, "@node\ndef main(x: Stream[f32]) -> Stream[f32]:\n    return x + fby(0.0, x)\n")
    with_table = step_code(checked, flat=False, executive=Executive.CYCLIC)
    assert print_step(with_table) == print_step(step_code(checked, flat=False))


@pytest.mark.parametrize("counts", ["999)), init=0.0) + hold(sample(x, every(1000", "20001"])
def test_a_table_that_is_too_long(counts: str, tmp_path: Path) -> None:
    body = f"    return hold(sample(x, every({counts})), init=0.0)\n"
    checked = written(tmp_path, f"@node\ndef main(x: Stream[f32]) -> Stream[f32]:\n{body}")
    with pytest.raises(DiagnosticError, match=r"X004.*more than 20000 ticks"):
        step_code(checked, flat=False, executive=Executive.CYCLIC)
