"""When the values of a segment are computed: places, slots and delays of each schedule."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from syncml.cli.app import app
from syncml.diagnostics import DiagnosticError
from syncml.export_c import compile_and_run
from syncml.ir.equations.backward import backward_of
from syncml.ir.equations.demand import demand_of
from syncml.ir.equations.spread import alternating_slot
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Call, Iterate
from syncml.ir.step.pretty import print_step
from syncml.ir.types import shape
from syncml.pipeline import Checked, check_file, step_code
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from tests.support.tools import require

PROGRAM = """
from syncml import Stream, f32, node, pack, post, segment, unpack, wire


@node
def returns(r: Stream[f32]) -> Stream[f32]:
    with segment(every={length}, schedule="{schedule}"):
        g = wire(f32)
        g.define(r + 0.5 * post(g, init=0.0))
        return unpack(pack(g))
"""
SLOTS = {"burst": 1, "double buffer": 2, "alternating": 1}
DELAY = {"burst": 1, "double buffer": 2, "alternating": 2}


def program(folder: Path, length: int, schedule: str) -> Checked:
    path = folder / f"returns_{length}_{schedule.replace(' ', '_')}.py"
    path.write_text(PROGRAM.format(length=length, schedule=schedule), "utf-8")
    return check_file(str(path))


def test_the_places_of_the_alternating_schedule() -> None:
    """For segments of any length: what is read leaves its slot to what is written, and nothing else is overwritten."""
    z3 = pytest.importorskip("z3")
    n, i, j = z3.Ints("n i j")
    for turned in (False, True):
        written = alternating_slot(i, turned, n)
        read = alternating_slot(n - 1 - i, not turned, n)
        earlier = alternating_slot(j, turned, n)
        claims = z3.And(written == read, written >= 0, written < n, z3.Implies(z3.And(j >= 0, j < i), earlier != read))
        solver = z3.Solver()
        solver.add(i >= 0, i < n, z3.Not(claims))
        assert solver.check() == z3.unsat


@pytest.mark.parametrize("length", [1, 2, 3, 6])
def test_the_program_uses_these_places(tmp_path: Path, length: int) -> None:
    checked = program(tmp_path, length, "alternating")
    ticks = 4 * length
    trace = interpret(lower_segments(checked.program), {"r": np.ones(ticks, np.float32)}, ticks).trace
    (written,) = (c for c in trace.columns if c.name == "place")
    wanted = [alternating_slot(t % length, bool(t // length % 2), length) for t in range(ticks)]
    assert written.values.tolist() == wanted


@pytest.mark.parametrize("schedule", SLOTS)
@pytest.mark.parametrize("length", [1, 4])
def test_slots_and_delays(tmp_path: Path, schedule: str, length: int) -> None:
    checked = program(tmp_path, length, schedule)
    lowered = lower_segments(checked.program)
    (buffer,) = (v for v in lowered.node("returns").clocks if v.name == "r_buffer")
    assert shape(buffer.type) == (SLOTS[schedule] * length,)
    r = np.random.default_rng(2).normal(size=6 * length).astype(np.float32)
    found = interpret(checked.program, {"r": r}, 6 * length).trace.column("out").values
    wanted = []
    for start in range(0, len(r), length):
        g, values = np.float32(0.0), []
        for value in r[start : start + length][::-1]:
            g = value + np.float32(0.5) * g
            values.append(g)
        wanted += values[::-1]
    delay = DELAY[schedule] * length
    assert found[delay:].tolist() == [float(v) for v in wanted[: len(r) - delay]]
    assert not found[:delay].any()


@pytest.mark.parametrize("length", [4, 16, 64, 256, 1000])
def test_the_table_of_the_schedules(tmp_path: Path, length: int) -> None:
    """Slots and steps in the fullest instant, as the lowered program has them; latencies; equal values, in C."""
    require("gcc")
    table = {
        "burst": (length, length + 1, (0, length - 1)),
        "double buffer": (2 * length, 2, (1, 2 * length - 1)),
        "alternating": (length, 2, (1, 2 * length - 1)),
    }
    ticks = 4 * length
    r = np.random.default_rng(2).normal(size=ticks).astype(np.float32)
    late: dict[str, list[float]] = {}
    for schedule, (slots, most, _) in table.items():
        checked = program(tmp_path, length, schedule)
        (sweeps,) = backward_of(checked.main).sweeps
        demand = demand_of(sweeps.segment, len(sweeps.directions))
        assert (demand.slots, demand.steps, (demand.earliest, demand.latest)) == table[schedule]
        lowered = lower_segments(checked.program).node("returns")
        (buffer,) = (v for v in lowered.clocks if v.name == "r_buffer")
        instances = [e.rhs for e in lowered.equations if isinstance(e.rhs, Call | Iterate)]
        done = sum(each.extent if isinstance(each, Iterate) else 1 for each in instances)
        # The way forwards takes one step in each instant itself.
        assert (shape(buffer.type), done + 1) == ((slots,), most)
        columns = {v.name: c for v, c in prepare(checked.main, {"r": r}, ticks).items()}
        given = {name: column.values for name, column in columns.items()}
        found = compile_and_run(step_code(checked, flat=False), given, ticks, "gcc", ("-O2",)).outputs
        values = np.asarray(found[checked.main.outputs[0].name]).tolist()
        late[schedule] = values[DELAY[schedule] * length :]
        assert not any(values[: DELAY[schedule] * length])
    assert late["burst"][: 2 * length] == late["double buffer"] == late["alternating"]
    total, last = np.float32(0.0), []
    for value in r[:length][::-1]:
        total = value + np.float32(0.5) * total
        last.append(float(total))
    assert late["burst"][:length] == last[::-1]


@pytest.mark.parametrize("schedule", SLOTS)
def test_the_code_does_not_grow_with_the_segment(tmp_path: Path, schedule: str) -> None:
    codes = [print_step(step_code(program(tmp_path, n, schedule), flat=False)).splitlines() for n in (4, 400)]
    assert len(codes[0]) == len(codes[1])


def test_an_update_comes_one_segment_later(tmp_path: Path) -> None:
    """What a step in each instant costs: a parameter is changed by the segment before the last."""
    text = """
from syncml import Stream, f32, node, pack, post, segment, when, wire


@node
def fit(x: Stream[f32]) -> Stream[f32]:
    with segment(every=3, schedule="{schedule}") as seg:
        w = seg.carry(init=1.0)
        g = wire(f32)
        g.define(w * x + post(g, init=0.0))
        w.next = when(w, seg.last) - 0.5 * pack(g)[0]
    return w
"""
    x = np.ones(15, np.float32)
    found = {}
    for schedule in ("burst", "alternating"):
        path = tmp_path / f"fit_{schedule}.py"
        path.write_text(text.format(schedule=schedule), "utf-8")
        found[schedule] = interpret(check_file(str(path)).program, {"x": x}, 15).trace.column("w").values[::3].tolist()
    assert found["burst"] == [1.0, -0.5, 0.25, -0.125, 0.0625]
    assert found["alternating"] == [1.0, 1.0, -0.5, -2.0, -1.25]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("every=4", "every=r > 0.0, longest=4"), "not of one length"),
        (("return unpack(pack(g))", "t = state(init=0.0); t.next = t + g; return unpack(pack(t))"), "other sweeps"),
        (("return unpack(pack(g))", "return when(g, seg.last)"), "not known yet"),
    ],
)
def test_what_a_schedule_does_not_fit(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    text = PROGRAM.format(length=4, schedule="alternating").replace("segment, unpack", "segment, state, unpack, when")
    text = text.replace('alternating"):', 'alternating") as seg:').replace(*change)
    path = tmp_path / "program.py"
    path.write_text(text, "utf-8")
    with pytest.raises(DiagnosticError, match=reason) as caught:
        check_file(str(path))
    assert [d.code for d in caught.value.diagnostics] == ["K015"]


def test_a_reset_instance_equals_a_fresh_one(project_root: Path) -> None:
    """By both schedules that are in the program, in the middle of a segment."""
    checked = check_file(str(project_root / "tests" / "accept" / "backward_reset.py"))
    ticks, at = 30, 10
    r = np.random.default_rng(1).normal(size=ticks).astype(np.float32)
    again = np.arange(ticks) == at
    whole = interpret(checked.program, {"r": r, "again": again}, ticks).trace
    fresh = interpret(checked.program, {"r": r[at:], "again": [*again[at + 1 :].tolist(), False]}, ticks - at).trace
    for var in checked.main.outputs[:2]:
        assert whole.column(var.name).values[at:].tolist() == fresh.column(var.name).values.tolist()


def test_what_is_taken_at_the_end_is_proved_and_refuted(tmp_path: Path) -> None:
    """A contract on the greatest value from the first instant of a segment on."""
    text = """
from syncml import Stream, ensure, i32, maximum, node, pack, post, segment, when, wire


@node
def best(x: Stream[i32]) -> Stream[i32]:
    with segment(every=3) as seg:
        m = wire(i32)
        m.define(maximum(x, post(m, init=0)))
        greatest = pack(m)[0]
        ensure(greatest >= when(x, seg.last), "at least the last")
        ensure(greatest < 100, "small")
        return greatest
"""
    path = tmp_path / "best.py"
    path.write_text(text, "utf-8")
    found = CliRunner().invoke(app, ["verify", str(path), "--timeout", "60", "--jobs", "1", "--format", "json"])
    verdicts = {p["name"]: p["verdict"] for p in json.loads(found.stdout)["properties"]}
    assert (verdicts["at least the last"], verdicts["small"]) == ("proved", "violated")
