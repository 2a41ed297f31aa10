"""Sweeps over snapshots: the counts of revolve, the bits of the tape, and the memory."""

from __future__ import annotations

from functools import cache
from math import comb
from typing import Any
from typing import Literal as L

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from syncml import Mat, Stream, Vec, constant, f64, fby, merge, node, post, segment, state, tanh, vec, when, where, wire
from syncml.diagnostics import DiagnosticError
from syncml.export_c import compile_and_run
from syncml.ir.equations.check import check_program
from syncml.ir.equations.demand import demand_of
from syncml.ir.equations.revolve import first_snapshots, forward_steps, next_snapshot, repeats, reversed_by
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Fby, Iterate, Post
from syncml.ir.types import size
from syncml.lang.load import program_of
from syncml.lang.resets import reset_every
from syncml.learn import value_and_grad
from syncml.pipeline import Checked, check, step_code
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Column, Trace, first_difference
from tests.backward.programs import M33, V3, WH, WO, WX, Z3, outer
from tests.support.tools import require


@cache
def fewest(length: int, slots: int) -> int:
    """The fewest steps forwards, by trying every place of the next snapshot."""
    if length == 1:
        return 0
    if slots == 1:
        return length * (length - 1) // 2
    return min(k + fewest(length - k, slots - 1) + fewest(k, slots) for k in range(1, length))


@cache
def taken(length: int, slots: int) -> int:
    """The steps forwards with the places of `next_snapshot`."""
    if length == 1 or slots == 1:
        return length * (length - 1) // 2
    k = next_snapshot(length, slots)
    return k + taken(length - k, slots - 1) + taken(k, slots)


def test_the_counts_are_the_closed_form() -> None:
    for length in range(1, 48):
        for slots in range(1, 9):
            often = repeats(length, slots)
            assert (comb(slots + often - 1, slots) if often else 0) < length <= comb(slots + often, slots)
            closed = often * length - comb(slots + often, slots + 1)
            assert forward_steps(length, slots) == closed == fewest(length, slots) == taken(length, slots)


def test_ten_thousand_steps_with_twenty_snapshots() -> None:
    assert (repeats(10_000, 20), forward_steps(10_000, 20)) == (4, 37_976)
    assert forward_steps(10_000, 20) <= 4.8 * 10_000
    assert len(first_snapshots(10_000, 20)) == 19
    assert reversed_by(10_000, 20)[3][2] == comb(5, 3)


def objective(w: Any, x: Any, y: Any, r: Any) -> tuple[Any, Any, Any]:
    """The loss of a recurrent network, the adjoint of what its memory was, and that state; ``r`` restarts nothing."""
    h = state(init=Z3, type=V3)
    now = tanh(w @ h + WX @ x)
    h.next = now
    pace = fby(0.5, r * now[0])
    e = pace * (now @ WO) - y
    ghp, gp = wire(V3), wire(f64)
    back = e * pace * constant(WO) + post(ghp, init=Z3) + r * post(gp, init=0.0) * constant([1.0, 0.0, 0.0], f64)
    ga = back * (1.0 - now * now)
    gp.define(e * (now @ WO))
    ghp.define(w.T @ ga)
    return outer(ga, h), 0.5 * e * e, ghp


@node
def fitted(
    schedule: str,
    length: int,
    slots: int | None,
    ragged: bool,
    x: Stream[Vec[L[2], f64]],
    y: Stream[f64],
    r: Stream[f64],
    end: Stream[bool],
) -> tuple[Stream[Mat[L[3], L[3], f64]], Stream[Vec[L[3], f64]], Stream[f64], Stream[bool]]:
    """The weights of a recurrent network that learns, the adjoint at the end of a segment, the loss, and the ends."""
    with segment(end if ragged else length, length if ragged else None, schedule, slots) as seg:
        w = seg.carry(init=WH, type=M33)
        d_w, loss, at_the_end = objective(w, x, y, r)
        total = state(init=0.0, type=f64)
        total.next = total + loss
        w.next = when(w, seg.last) - 0.05 * seg.total(d_w)
    return w, when(at_the_end, seg.last), when(total.next, seg.last), seg.last


@cache
def made(schedule: str, length: int, slots: int | None, ragged: bool = False) -> Checked:
    return check(program_of(fitted, schedule=schedule, length=length, slots=slots, ragged=ragged))


def inputs(ticks: int) -> dict[str, Any]:
    rng = np.random.default_rng(4)
    return {
        "x": rng.normal(size=(ticks, 2)), "y": rng.normal(size=ticks), "r": rng.normal(size=ticks),
        "end": rng.random(ticks) < 0.25,
    }  # fmt: skip


def outputs(checked: Checked) -> tuple[str, ...]:
    return tuple(v.name for v in checked.main.outputs)


CASES = [(1, 1, False), (2, 1, False), (2, 2, False), (7, 3, False), (6, 9, False), (5, 1, False), (7, 3, True),
         (8, 2, True), (6, 4, True)]  # fmt: skip


@pytest.mark.parametrize(("length", "slots", "ragged"), CASES)
def test_the_bits_are_those_of_the_tape(length: int, slots: int, ragged: bool) -> None:
    ticks = 4 * length + 1
    tape, snapshots = made("burst", length, None, ragged), made("checkpointed", length, slots, ragged)
    given = inputs(ticks)
    expected = interpret(tape.program, given, ticks).trace.only(outputs(tape))
    assert first_difference(expected, interpret(snapshots.program, given, ticks).trace.only(outputs(snapshots))) is None
    lowered = lower_segments(snapshots.program)
    check_program(lowered)
    found = interpret(lowered, given, ticks).trace
    assert first_difference(expected, found.only(outputs(snapshots))) is None
    if not ragged:
        visits = [c.values for c in found.columns if c.name.endswith("].reverse")]
        shown = np.asarray(visits)[:, length - 1]
        assert (shown.sum(), (~shown).sum()) == (length, forward_steps(length, min(slots, length)) - (length - 1))


@pytest.mark.parametrize(("length", "slots", "ragged"), [(7, 3, True), (60, 4, False)])
def test_c_has_the_bits_of_the_tape(length: int, slots: int, ragged: bool) -> None:
    require("gcc")
    ticks = 3 * length
    checked = made("checkpointed", length, slots, ragged)
    tape = made("burst", length, None, ragged)
    given = inputs(ticks)
    columns = {v.name: c.values for v, c in prepare(checked.main, given, ticks).items()}
    found = compile_and_run(step_code(checked, flat=False), columns, ticks, "gcc", ("-O2",)).outputs
    expected = interpret(tape.program, given, ticks).trace.only(outputs(tape))
    shown = tuple(Column(c.name, c.type, np.asarray(found[c.name]), c.present) for c in expected.columns)
    assert first_difference(expected, Trace(shown, ticks)) is None


def test_the_compiled_simulation_has_the_bits_of_the_tape() -> None:
    checked, ticks = made("checkpointed", 30, 4), 90
    tape = made("burst", 30, None)
    found = compile_program(checked.program).run(inputs(ticks), ticks).only(outputs(checked))
    assert first_difference(interpret(tape.program, inputs(ticks), ticks).trace.only(outputs(tape)), found) is None


def test_the_memory_is_that_of_the_snapshots() -> None:
    """Of ten thousand instants a tape keeps what depends on the memory, and snapshots the memory of 19 of them."""
    both = made("burst", 10_000, None), made("checkpointed", 10_000, 20)
    lowered = [lower_segments(checked.program).node("fitted") for checked in both]
    (iteration,) = (e.rhs for e in lowered[1].equations if isinstance(e.rhs, Iterate))
    assert iteration.extent == forward_steps(10_000, 20) + 1
    memories = [[e.target for e in node.equations if isinstance(e.rhs, Fby)] for node in lowered]
    tape, snapshots = ({v.name: size(v.type) for v in each} for each in memories)
    inputs_kept = {name for name in snapshots if name.endswith("_buffer")}
    assert inputs_kept == {"now_matmul_2_buffer", "y_buffer", "r_buffer"}
    taped = sum(cells for name, cells in tape.items() if name not in inputs_kept)
    assert taped > 100_000
    assert sum(cells for name, cells in snapshots.items() if name not in inputs_kept) <= 0.05 * taped
    segment_ = next(e.rhs.segment for e in both[1].main.equations if isinstance(e.rhs, Post))
    demand = demand_of(segment_, 1)
    assert (demand.snapshots, demand.steps) == (20, 10_000 + 37_976 - 9_999 + 1)


@node
def squared(w: Stream[f64], x: Stream[f64]) -> Stream[f64]:
    h = state(init=0.0, type=f64)
    h.next = tanh(w * h + x)
    return h.next * h.next


@node
def learned(schedule: str, slots: int | None, x: Stream[f64], length: int = 12) -> Stream[f64]:
    with segment(every=length, schedule=schedule, slots=slots) as seg:
        w = seg.carry(init=0.5, type=f64)
        _, d_w = value_and_grad(squared, wrt="w")(w, x)
        w.next = when(w, seg.last) - (1.2 / length) * seg.total(d_w)
    return w


def test_ten_thousand_instants_have_the_bits_of_the_tape() -> None:
    x = np.random.default_rng(6).normal(size=20_001)
    weights: list[Any] = []
    for schedule, slots in (("burst", None), ("checkpointed", 20)):
        checked = check(program_of(learned, schedule=schedule, slots=slots, length=10_000))
        weights.append(compile_program(checked.program).run({"x": x}, len(x)).column("w").values[::10_000])
    assert weights[0].tolist() == weights[1].tolist()
    assert len(set(weights[0].tolist())) == 3


def test_a_derived_gradient_from_snapshots() -> None:
    x = np.random.default_rng(6).normal(size=36)
    both = [check(program_of(learned, schedule=s, slots=k)).program for s, k in (("burst", None), ("checkpointed", 3))]
    traces = [interpret(p, {"x": x}, 36).trace.column("w").values for p in (both[0], both[1], lower_segments(both[1]))]
    assert traces[0].tolist() == traces[1].tolist() == traces[2].tolist()

    def loss(w: float) -> float:
        h = total = 0.0
        for value in x[:12]:
            h = np.tanh(w * h + value)
            total += h * h
        return total

    slope = (loss(0.5 + 1e-6) - loss(0.5 - 1e-6)) / 2e-6
    assert traces[0][12] == pytest.approx(0.5 - (1.2 / 12) * slope, rel=1e-6)


@node
def forwards(x: Stream[f64]) -> Stream[f64]:
    with segment(every=4, schedule="checkpointed", slots=2) as seg:
        total = state(init=0.0, type=f64)
        total.next = total + post(x, init=0.0)
        return when(total.next, seg.last)


def test_a_sum_from_the_start_is_refused() -> None:
    with pytest.raises(DiagnosticError, match="other sweeps than one backwards: forward") as caught:
        check(program_of(forwards))
    (found,) = caught.value.diagnostics
    assert found.code == "K015" and "seg.total" in found.help


@pytest.mark.parametrize(("schedule", "slots"), [("checkpointed", None), ("checkpointed", 0), ("burst", 3)])
def test_slots_belong_to_snapshots(schedule: str, slots: int | None) -> None:
    with pytest.raises(DiagnosticError, match=r"segment\(schedule="):
        program_of(learned, schedule=schedule, slots=slots)


Step = tuple[str, int, int]
SEARCH = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without what takes long where a test fails."""
NAMES = ("loop", "delay", "mix", "choose", "slow", "restart", "array")
STEPS = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=6)


def built(steps: tuple[Step, ...], x: Any, c: Any, w: Any) -> Any:
    """A few streams, each from two others, with memory on the clock of the segment, and the sum of the last two."""
    streams = [x, w * x]
    for name, first, second in steps:
        a, b = streams[first % len(streams)], streams[second % len(streams)]
        match name:
            case "loop":
                memory = state(init=0.25, type=f64)
                memory.next = tanh(w * memory + a * b)
                streams.append(memory.next)
            case "delay":
                streams.append(fby(0.5, a) * b)
            case "mix":
                streams.append(tanh(a - b))
            case "choose":
                streams.append(where(c, a, w * b))
            case "slow":
                streams.append(merge(c, tanh(when(a, c)) * when(b, c), when(b, ~c)))
            case "restart":
                with reset_every(c):
                    kept = state(init=1.0, type=f64)
                    kept.next = 0.5 * kept + a
                streams.append(kept.next * b)
            case _:
                rows = vec(a, b, w)
                streams.append((rows * rows[::-1]).sum())
    return streams[-1] + streams[-2]


@node
def subject(steps: tuple[Step, ...], w: Stream[f64], x: Stream[f64], c: Stream[bool]) -> Stream[f64]:
    result: Stream[f64] = built(steps, x, c, w)
    return result


@node
def random(
    steps: tuple[Step, ...],
    schedule: str,
    longest: int,
    slots: int | None,
    x: Stream[f64],
    c: Stream[bool],
    end: Stream[bool],
) -> tuple[Stream[f64], Stream[f64], Stream[bool]]:
    """Gradient descent on a random program over ragged segments, and the adjoint at their ends."""
    with segment(end, longest, schedule, slots) as seg:
        w = seg.carry(init=0.5, type=f64)
        _, (d_w, d_x) = value_and_grad(subject, wrt=("w", "x"))(steps, w, x, c)
        w.next = when(w, seg.last) - 0.05 * seg.total(d_w)
    return w, when(d_x, seg.last), seg.last


@given(STEPS.map(tuple), st.integers(1, 9), st.integers(1, 6), st.integers(0, 2**31))
@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_random_gradients_have_the_bits_of_the_tape(
    steps: tuple[Step, ...], longest: int, slots: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    columns = {"x": rng.uniform(-1.0, 1.0, 20), "c": rng.random(20) < 0.5, "end": rng.random(20) < 0.2}
    try:
        tape = check(program_of(random, steps=steps, schedule="burst", longest=longest, slots=None))
        checked = check(program_of(random, steps=steps, schedule="checkpointed", longest=longest, slots=slots))
    except DiagnosticError as wrong:
        # A stream that depends on neither, or a sweep forwards.
        assert {d.code for d in wrong.diagnostics} <= {"G004", "K015"}, wrong
        assume(False)
        return
    expected = interpret(tape.program, columns, 20).trace.only(outputs(tape))
    lowered = lower_segments(checked.program)
    check_program(lowered)
    for program in (checked.program, lowered):
        assert first_difference(expected, interpret(program, columns, 20).trace.only(outputs(checked))) is None
