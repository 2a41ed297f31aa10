"""Many runs at once: inputs of every shape, figures, faults, the cache, and what the text is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.clock_calculus import infer_clocks
from syncml.diagnostics.model import DiagnosticError
from syncml.ir.clocks import BASE, every, word
from syncml.ir.equations.inline import inline
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Fby, Program, Var, Wave
from syncml.ir.operators import Op
from syncml.ir.step.check import check_step
from syncml.ir.step.lowering import Observe, lower
from syncml.ir.types import BOOL, F32, F64, I32, EnumType, element
from syncml.pipeline import Checked, check_file
from syncml.sim.interpreter import interpret
from syncml.sim.lanes.batch import Batch
from syncml.sim.lanes.blocked import blocked
from syncml.sim.lanes.figures import Figure, Kind
from syncml.sim.lanes.layout import layout_of
from syncml.sim.lanes.many import ManyRuns, compile_many
from syncml.sim.lanes.printer import print_module
from syncml.sim.lanes.traces import compile_traces
from syncml.sim.lanes.uniform import varying_slots
from syncml.sim.trace import first_difference
from tests.support import step_machine
from tests.support.flagship import PIPELINE, scenario_inputs
from tests.support.ir import NodeBuilder, const
from tests.support.step_machine import random_values

ROOT = Path(__file__).resolve().parents[2]
MODE = EnumType("Mode", ("OFF", "ON"))


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    patch = pytest.MonkeyPatch()
    patch.setenv("SYNCML_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


def sums() -> Program:
    """A total, a mode, and a slower stream."""
    b = NodeBuilder("sums")
    x, n, c, m = b.input("x", F32), b.input("n", I32), b.input("c", BOOL), b.input("m", MODE)
    slow = b.input("slow", F64, every(BASE, word((), (0, 1, 0))))
    total = b.declare("total", F32)
    following = b.op(Op.ADD, total, x, name="following")
    b.define(total, Fby(const(0.0, F32), following))
    chosen = b.merge(m, ("OFF", b.when(n, m, "OFF")), ("ON", const(-1, I32)), name="chosen")
    tick = b.define(b.declare("tick", BOOL), Wave(word((), (0, 1, 0))))
    held = b.merge(tick, (True, slow), (False, const(0.0, F64)), name="held")
    return infer_clocks(Program((b.node([following, chosen, held, b.op(Op.NOT, c, name="not_c")]),), "sums"))


def compiled(**given: Any) -> ManyRuns:
    return compile_many(sums(), **given)


INPUTS: dict[str, Any] = {"x": 0.5, "n": 3, "c": True, "m": "OFF", "slow": 1.0}


def test_the_shape_of_a_value_says_what_it_is_for() -> None:
    program = compiled(traced=None)
    found = program.run({**INPUTS, "x": [1.0, 2.0], "m": ["OFF", "ON"], "n": np.arange(4)[None, :]}, 2, 4).traces
    assert found["following"].tolist() == [[1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0]]
    assert found["chosen"].tolist() == [[0, 1, 2, 3], [-1, -1, -1, -1]]
    assert found["held"].tolist() == [[0.0, 1.0, 0.0, 0.0]] * 2
    assert found["not_c"].dtype == np.bool_


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("y", 1.0, "S001"),
        ("x", "fast", "S003"),
        ("x", np.zeros((3, 5)), "S002"),
        ("x", np.zeros((2, 4)), "S002"),
        ("x", np.zeros((2, 5, 1)), "S003"),
        ("n", 0.5, "S003"),
        ("n", 2**31, "S003"),
        ("c", 1, "S003"),
        ("m", "AWAY", "S003"),
        ("m", 2, "S003"),
        ("n", True, "S003"),
    ],
)
def test_what_does_not_fit_is_a_fault(name: str, value: Any, code: str) -> None:
    with pytest.raises(DiagnosticError) as fault:
        compiled().run({**INPUTS, name: value}, 2, 5)
    assert [d.code for d in fault.value.diagnostics] == [code]


def test_a_missing_input_is_a_fault() -> None:
    with pytest.raises(DiagnosticError, match="S002"):
        compiled().run({}, 2, 5)


def test_figures_are_those_of_the_trace() -> None:
    """On the clock of their stream: the slow one is 0 at ticks at which it is absent, and that is no extreme."""
    wanted = (
        Figure("low", Kind.LEAST, "following"),
        Figure("high", Kind.GREATEST, "slow"),
        Figure("wrong", Kind.FALSE, "not_c"),
    )
    draw = np.random.default_rng(3)
    runs, ticks = 11, 20
    x, slow = draw.normal(size=(runs, ticks)).astype(np.float32), -1.0 - draw.random((runs, ticks))
    c = draw.random((runs, ticks)) < 0.5
    given = {**INPUTS, "x": x, "c": c, "slow": slow}
    for threads, chunk in ((1, None), (2, 4)):
        found = compiled(figures=wanted).run(given, runs, ticks, threads=threads, chunk=chunk)
        assert set(found.last) == {"following", "chosen", "held", "not_c"}
        assert not found.traces
        assert np.array_equal(found.figures["low"], np.cumsum(x, axis=1, dtype=np.float32).min(axis=1))
        assert np.array_equal(found.figures["high"], slow[:, 1::3].max(axis=1))
        assert np.array_equal(found.figures["wrong"], c.sum(axis=1))
    assert compiled(figures=wanted).run(given, runs, 1).figures["high"].tolist() == [0.0] * runs


@pytest.mark.parametrize(("kind", "stream"), [(Kind.LEAST, "speed"), (Kind.LEAST, "not_c"), (Kind.FIRST, "following")])
def test_a_figure_of_no_such_stream_is_a_fault(kind: Kind, stream: str) -> None:
    with pytest.raises(DiagnosticError, match="S001"):
        compiled(figures=[Figure("f", kind, stream)])


def test_clauses_are_counted_as_the_monitor_counts_them() -> None:
    checked = check_file(str(ROOT / "examples" / "follow.py"))
    program = compile_many(checked.program, contracts=True)
    gaps, ticks = np.array([20.0, 60.0, 150.0], dtype=np.float32), 400
    found = program.run({"start_gap": gaps, "start_speed": 30.0, "lead_acceleration": -7.5}, 3, ticks)
    assert {name: counts.tolist() for name, counts in found.failures.items() if counts.any()}
    from syncml.sim.monitor import monitor

    for run, gap in enumerate(gaps):
        inputs = {"start_gap": [float(gap)] * ticks, "start_speed": [30.0] * ticks, "lead_acceleration": [-7.5] * ticks}
        for result in monitor(checked.flat, interpret(checked.program, inputs, ticks).trace):
            assert found.failures[result.name][run] == result.failures, result.name


def test_the_first_false_tick_is_one_of_the_base_clock() -> None:
    """On the base clock, on a word, on a condition, and on a word of a condition."""
    b = NodeBuilder("bounds")
    c, m = b.input("c", BOOL), b.input("m", MODE)
    thirds = b.define(b.declare("thirds", BOOL), Wave(word((), (0, 1, 0))))
    slow, on = b.when(c, thirds, True), b.when(c, m, "ON")
    halves = b.define(b.declare("halves", BOOL), Wave(word((), (0, 1))))
    gate = b.when(halves, m, "ON")
    rare = b.when(on, gate, True)
    program = infer_clocks(Program((b.node([slow, on, gate, rare]),), "bounds"))
    names = ["c", slow.name, on.name, rare.name]
    draw = np.random.default_rng(5)
    runs, ticks = 40, 24
    given = {"c": draw.random((runs, ticks)) < 0.9, "m": draw.integers(0, 2, (runs, ticks))}
    found = compile_many(program, figures=[Figure(name, Kind.FIRST, name) for name in names]).run(given, runs, ticks)
    for run in range(runs):
        inputs = {"c": given["c"][run].tolist(), "m": [MODE.constructors[i] for i in given["m"][run]]}
        trace = interpret(program, inputs, ticks).trace
        for name in names:
            column = trace.column(name)
            wrong = np.flatnonzero(column.present & ~column.values.astype(bool))
            assert found.figures[name][run] == (wrong[0] + 1 if wrong.size else 0), (run, name)
    assert all(0 < np.count_nonzero(found.figures[name]) < runs or name == "c" for name in names)


def test_a_single_run_has_the_trace_of_the_interpreter_with_presence() -> None:
    checked = check_file(str(PIPELINE))
    inputs, _ = scenario_inputs(checked.main, "radar_loss")
    trace = compile_traces(checked.program)(inputs, 120)
    assert first_difference(trace, interpret(checked.program, inputs, 120).trace.only(trace.names())) is None
    with pytest.raises(DiagnosticError, match="S002"):
        compile_traces(checked.program)({**inputs, "v_set": [None] * 120}, 120)


def test_chunks_ask_for_their_inputs_when_they_are_due() -> None:
    asked: list[tuple[int, int]] = []

    def given(first: int, count: int) -> dict[str, Any]:
        asked.append((first, count))
        return {**INPUTS, "x": np.arange(first, first + count, dtype=np.float32)}

    parts = compiled().chunks(given, 10, 2, chunk=4)
    first = next(parts)
    assert asked == [(0, 4)]
    assert [p.last["following"].tolist() for p in (first, *parts)] == [[0, 2, 4, 6], [8, 10, 12, 14], [16, 18]]
    assert asked == [(0, 4), (4, 4), (8, 2)]


@pytest.mark.parametrize("short", [True, False])
def test_a_batch_goes_on_where_it_ended(short: bool) -> None:
    """Whether its state was in registers or in memory."""
    checked = Checked(sums()) if short else check_file(str(PIPELINE))
    program = compile_many(checked.program, traced=None)
    assert program.code.layout.in_registers == short
    draw = np.random.default_rng(4)
    given = random_inputs(checked.main.inputs, 21, 12, draw)
    batch = Batch(program.code, 21, lanes=32)
    for _ in range(2):
        parts = [batch.run({n: v[:, a:b] for n, v in given.items()}, b - a) for a, b in ((0, 5), (5, 6), (6, 12))]
        whole = program.run(given, 21, 12)
        for name, values in whole.traces.items():
            assert np.concatenate([p[name] for p in parts], axis=1).tobytes() == values.tobytes()
        for slot in program.code.machine.outputs:
            assert batch.value(slot).tobytes() == whole.last[slot.name].tobytes()
        batch.reset()


def random_inputs(inputs: Sequence[Var], runs: int, ticks: int, draw: np.random.Generator) -> dict[str, Any]:
    return {v.name: random_values(element(v.type), (runs, ticks), draw) for v in inputs}


def test_what_depends_on_no_input_is_uniform() -> None:
    machine = lower(inline(lower_segments(check_file(str(PIPELINE)).program)), Observe.OUTPUTS).machines[-1]
    uniform = {s.name for s in (*machine.state, *machine.locals)} - {s.name for s in varying_slots(machine)}
    assert {"count_4", "count_10", "tick", "acc.tick_3", "start"} <= uniform
    assert not any("track" in name or "gap" in name for name in uniform)
    text = print_module(machine, layout_of(machine))
    assert " fast " not in text
    assert "contract" not in text
    assert " reassoc " not in text


SCRIPT = """
import sys, time
import numpy as np
from tests.sim.test_lanes import INPUTS, sums
from syncml.sim.lanes.many import compile_many
program = sums()
start = time.perf_counter()
many = compile_many(program)
print(time.perf_counter() - start)
print(many.run({**INPUTS, "x": np.arange(5.0)}, 5, 7).last["following"].tolist())
print("numba" in sys.modules)
"""


def test_the_second_process_starts_fast_and_damage_is_repaired(tmp_path: Path) -> None:
    def run_apart() -> list[str]:
        environment = {**os.environ, "SYNCML_CACHE_DIR": str(tmp_path), "PYTHONPATH": "."}
        command = [sys.executable, "-c", SCRIPT]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    _, values, numba = run_apart()
    assert (values, numba) == ("[0.0, 7.0, 14.0, 21.0, 28.0]", "False")
    (code,) = (tmp_path / "lanes").iterdir()
    content, written = code.read_bytes(), code.stat().st_mtime_ns
    seconds, again, _ = run_apart()
    assert (again, code.stat().st_mtime_ns) == (values, written)
    assert float(seconds) < 2.0
    code.write_bytes(content[:-9])
    assert run_apart()[1] == values
    assert code.read_bytes() == content


def test_random_numbers_are_those_of_splitmix() -> None:
    """The first outputs of the reference implementation from the seed 1234567 (Vigna), whose place starts at 1."""
    path = ROOT / "tests" / "accept" / "random_numbers.py"
    checked = check_file(str(path))
    found = compile_many(checked.program, traced=None).run({"seed": np.uint64(1234567)}, 1, 3).traces
    names = [v.name for v in checked.main.outputs]
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert found[names[0]][0].tolist() == expected
    assert found[names[1]][0].tolist() == [(bits >> 11) * 2.0**-53 for bits in expected]
    parts = [[bits >> 16 * i & 0xFFFF for i in range(4)] for bits in expected]
    assert found[names[2]][0].tolist() == [(sum(p) - 131070.0) * (3.0**0.5 / 65536.0) for p in parts]


def test_sums_in_registers_are_the_sums() -> None:
    """The rearranged step code, run statement by statement."""
    checked = check_file(str(PIPELINE))
    code = lower(inline(lower_segments(checked.program)), Observe.OUTPUTS)
    changed = replace(code, machines=(*code.machines[:-1], blocked(code.machines[-1])))
    check_step(changed)
    assert len(changed.machines[-1].locals) - len(code.machines[-1].locals) == 8 + 6 + 6 + 8 + 3
    given = step_machine.random_inputs(code, 12, 3)
    for left, right in zip(*(step_machine.run(each, given, 12) for each in (code, changed)), strict=True):
        for name, values in left.items():
            assert values.tobytes() == right[name].tobytes(), name
