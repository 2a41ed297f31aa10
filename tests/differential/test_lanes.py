"""Many runs at once: each lane has the bits of the interpreter, whatever the lanes, threads and chunks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from typing import Literal as L

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from syncml import Hz, Mat, Stream, Vec, constant, each, f32, fold, maximum, merge, node, pre, state, when, where, zeros
from syncml.clock_calculus import infer_clocks
from syncml.ir.equations.syntax import Program
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import Observe, lower
from syncml.ir.step.syntax import StepProgram
from syncml.lang.load import program_of
from syncml.pipeline import Checked, check, check_file, load, text
from syncml.sim import iterators
from syncml.sim.compiled import compile_program
from syncml.sim.lanes import batch
from syncml.sim.lanes.figures import Figure, Kind
from syncml.sim.lanes.many import compile_many
from tests.support.flagship import PIPELINE, SCENARIOS, scenario_inputs
from tests.support.kernels import accepted, kernels
from tests.support.lanes import ACCEPTED, assert_lanes_agree, assert_runs_agree, stacked, traced
from tests.support.operators import PROGRAMS
from tests.support.programs import programs

RUNS = 3
SOME_KINDS = ("f64", "i16", "u64", "bool", "Mode")
QUICK = settings(
    suppress_health_check=list(HealthCheck),
    derandomize=False,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
)


@pytest.fixture(autouse=True)
def many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little there is to do, threads share it."""
    monkeypatch.setattr(batch, "WORK_OF_A_THREAD", 1)


@seed(5)
@settings(QUICK, max_examples=14)
@given(
    drawn=programs(),
    values_seed=st.integers(0, 2**16),
    observe=st.sampled_from((Observe.ALL, Observe.OUTPUTS)),
    lanes=st.sampled_from((1, 2, 7, 64)),
    chunk=st.sampled_from((1, 2, 1000)),
)
def test_random_programs(drawn: Program, values_seed: int, observe: Observe, lanes: int, chunk: int) -> None:
    checked = check(drawn)
    note(text(checked.program))
    assert_runs_agree(checked, observe, values_seed, lanes=lanes, chunk=chunk)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@seed(6)
@settings(QUICK, max_examples=5)
@given(drawn=kernels(), values_seed=st.integers(0, 2**16))
def test_random_kernels(drawn: Program, values_seed: int) -> None:
    assert_runs_agree(accepted(drawn), Observe.OUTPUTS, values_seed)


@pytest.mark.parametrize("kind", SOME_KINDS)
def test_every_operator(kind: str) -> None:
    checked = Checked(infer_clocks(PROGRAMS[kind]))
    assert_runs_agree(checked, Observe.OUTPUTS, 5, ticks=40)


@pytest.mark.parametrize("path", ACCEPTED[::20], ids=lambda p: p.stem)
def test_accepted_programs(path: Path) -> None:
    """Some of them; all in `make lanes`."""
    assert_runs_agree(check(load(str(path))), Observe.OUTPUTS, 1, ticks=40)


ITERATING = [path for path in ACCEPTED if re.search(r"\b(each|fold|scan)\(", path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("path", ITERATING[::2], ids=lambda p: p.stem)
def test_iterators_as_loops(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However short they are; those of nodes with memory are unrolled."""
    monkeypatch.setattr(iterators, "LONG", 1)
    assert_runs_agree(check(load(str(path))), Observe.OUTPUTS, 1, ticks=20)


@node(rate=Hz(5))
def pulled(
    x: Stream[Vec[L[24]]], m: Stream[Mat[L[24], L[3]]], go: Stream[bool]
) -> tuple[Stream[Vec[L[24]]], Stream[f32], Stream[Vec[L[3]]], Stream[Vec[L[24]]]]:
    """Loops in loops, accumulators that are vectors, descending order, clocks, a node with memory beside them."""

    def above(here: Stream[f32]) -> Stream[f32]:
        return fold(lambda best, there: where((there > here) & (there < best), there, best), 100.0)(x)

    table = constant(np.linspace(0.5, 2.0, 24).astype(np.float32))
    scaled = each(lambda here, row: above(here) + (row * constant([1.0, 2.0, 4.0])).sum())(x, m)
    most = fold(lambda a, v, t: maximum(a, v * t), -1.0e3)(when(scaled, go), when(table, go))
    held = merge(go, most, when(pre(where(go, scaled[0], 0.0), init=0.0), ~go))
    ring = fold(lambda acc, row: acc.at[1].set(acc[0] - row[2]) * 0.5 + row, zeros(3), backwards=True)(m)
    return scaled, held, ring, each(settled)(scaled)


@node
def settled(x: Stream[f32]) -> Stream[f32]:
    y = state(init=0.0)
    y.next = 0.5 * (x + y)
    return y


def test_long_iterators_stay_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iterators, "LONG", 48)
    checked = check(program_of(pulled))
    assert_runs_agree(checked, Observe.OUTPUTS, 3, ticks=10)
    program = iterators.looped(checked.program)
    assert len(program.nodes) == 5
    code = lower(program, frozenset(v.name for v in checked.main.outputs))
    machine = iterators.embedded(code)
    check_step(StepProgram((machine,), machine.name))
    low, inside = Figure("low", Kind.LEAST, "held"), Figure("inside", Kind.GREATEST, "fold[3].most_mul")
    for figures, nodes in (((low,), 5), ((low, inside), 1)):
        assert len(iterators.flattened(checked.program, Observe.OUTPUTS, [f.stream for f in figures]).nodes) == nodes
    given = {"x": np.linspace(-1.0, 1.0, 24), "m": np.ones((24, 3)), "go": np.array([True, False])}
    runs = [compile_many(checked.program, figures=f).run(given, 2, 8) for f in ((low,), (low, inside))]
    assert runs[0].figures["low"].tobytes() == runs[1].figures["low"].tobytes()
    assert runs[1].figures["inside"][0] > 0.0 == runs[1].figures["inside"][1]
    whole = Program((checked.flat,), checked.flat.name)
    assert len(machine.body) < 100 < len(lower(whole).machines[-1].body)


@pytest.mark.parametrize(("width", "kind"), [(4, "f32"), (32, "i8")])
def test_any_width_of_vectors(width: int, kind: str) -> None:
    assert_runs_agree(Checked(infer_clocks(PROGRAMS[kind])), Observe.OUTPUTS, 5, width)


def test_the_flagship_in_any_number_of_lanes_threads_and_chunks() -> None:
    checked = check_file(str(PIPELINE))
    ticks = 300
    driven = [scenario_inputs(checked.main, name)[0] for name in SCENARIOS]
    alone = compile_program(checked.program, Observe.OUTPUTS)
    expected: list[Any] = []
    for values in driven:
        alone.reset()
        expected.append(alone.run(values, ticks))
    runs = 130
    repeated = [driven[k % len(driven)] for k in range(runs)]
    inputs = stacked(checked, [{n: v[:ticks] for n, v in each.items()} for each in repeated], ticks)
    program = traced(checked)
    whole = program.run(inputs, runs, ticks)
    assert_lanes_agree([expected[k % len(driven)] for k in range(runs)], whole)
    for lanes, threads, chunk in ((1, 1, 64), (2, 2, 1000), (7, 2, 64), (64, 1, 1), (64, 2, 1000)):
        found = program.run(inputs, runs, ticks, lanes=lanes, threads=threads, chunk=chunk)
        for name, values in whole.traces.items():
            assert values.tobytes() == found.traces[name].tobytes(), (name, lanes, threads, chunk)
            assert whole.last[name].tobytes() == found.last[name].tobytes()


def test_constant_inputs_are_those_of_every_tick_or_run() -> None:
    checked = check_file(str(PIPELINE))
    program, runs, ticks = traced(checked), 5, 60
    values = {v.name: v for v in checked.main.inputs}
    speeds = np.linspace(10.0, 30.0, runs).astype(np.float32)
    profile = np.sin(np.arange(ticks, dtype=np.float32))[None, :]
    short: dict[str, Any] = {name: False if "bool" in str(v.type) else 0.5 for name, v in values.items()}
    short |= {"start_speed": speeds, "lead_acceleration": profile}
    full = {
        name: np.broadcast_to(np.asarray(given, dtype=None if isinstance(given, bool) else np.float32).reshape(
            (1, 1) if np.ndim(given) == 0 else (-1, 1) if np.ndim(given) == 1 else (1, -1)
        ), (runs, ticks))
        for name, given in short.items()
    }  # fmt: skip
    left, right = program.run(short, runs, ticks), program.run(full, runs, ticks)
    for name, found in left.traces.items():
        assert found.tobytes() == right.traces[name].tobytes(), name
