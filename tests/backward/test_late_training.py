"""Training loops by the schedules that spread the work: the update comes one segment later, and is said to."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from syncml import (
    Stream,
    buffer,
    constant,
    f64,
    fby,
    hold,
    node,
    pack,
    post,
    segment,
    state,
    tanh,
    unpack,
    when,
    wire,
    word,
)
from syncml.cli.app import app
from syncml.ir.equations.sweeps import lower_segments
from syncml.ir.equations.syntax import Fby
from syncml.ir.types import shape
from syncml.lang.load import program_of
from syncml.learn import SGD, Adam, descend, limited, parameter, remember, value_and_grad
from syncml.learn.optimisers import Optimiser
from syncml.pipeline import Checked, check
from syncml.sim.interpreter import interpret
from tests.backward.engines import assert_engines_agree
from tests.backward.programs import M33, V3, WH, WO, Z3, Z33

OPTIMISERS: dict[str, Optimiser] = {"sgd": SGD(0.1, momentum=0.5), "adam": Adam(0.05)}
SEGMENTS = 7


@node
def loss(w: Stream[M33], u: Stream[V3], x: Stream[f64]) -> Stream[f64]:
    h = state(init=Z3, type=V3)
    h.next = tanh(w @ h + u * x)
    error = h.next @ WO - x
    return error * error


@node
def trained(schedule: str, length: int, optimiser: str, x: Stream[f64]) -> tuple[Stream[M33], Stream[V3]]:
    with segment(every=length, schedule=schedule, slots=2 if schedule == "checkpointed" else None) as batch:
        w, u = parameter(batch, init=WH, type=f64), parameter(batch, init=WO, type=f64)
        _, (d_w, d_u) = value_and_grad(loss, wrt=("w", "u"))(w, u, x)
        descend(batch, OPTIMISERS[optimiser], (w, d_w), (u, d_u), limit=0.5, average=True)
    return w, u


@node
def by_hand(length: int, is_late: bool, optimiser: str, x: Stream[f64]) -> tuple[Stream[M33], Stream[V3]]:
    """The same by a burst, whose sums wait for the next end."""
    chosen = OPTIMISERS[optimiser]
    with segment(every=length) as batch:
        w, u = parameter(batch, init=WH, type=f64), parameter(batch, init=WO, type=f64)
        _, (d_w, d_u) = value_and_grad(loss, wrt=("w", "u"))(w, u, x)
        sums = batch.total(d_w) / length, batch.total(d_u) / length
        old = when(w, batch.last), when(u, batch.last)
    if is_late:
        sums = fby(Z33, sums[0]), fby(Z3, sums[1])
    memory = remember(batch, chosen.start(old))
    (w.next, u.next), memory.next = chosen.step(old, limited(sums, 0.5)[0], memory.now)
    return w, u


@cache
def late(schedule: str, length: int, optimiser: str) -> Checked:
    return check(program_of(trained, schedule=schedule, length=length, optimiser=optimiser))


def weights(checked: Checked, given: dict[str, Any], ticks: int) -> list[Any]:
    trace = interpret(checked.program, given, ticks).trace
    return [np.asarray(trace.column(v.name).values).tolist() for v in checked.main.outputs]


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("length", [1, 5])
@pytest.mark.parametrize("schedule", ["double buffer", "alternating", "checkpointed"])
def test_the_weights_are_those_of_a_burst_whose_sums_wait(schedule: str, length: int, optimiser: str) -> None:
    """Bit for bit; the gradient is by the weights that its segment had."""
    ticks = SEGMENTS * length
    given = {"x": np.random.default_rng(4).normal(size=ticks)}
    waits = schedule != "checkpointed"
    expected = check(program_of(by_hand, length=length, is_late=waits, optimiser=optimiser))
    found = weights(late(schedule, length, optimiser), given, ticks)
    assert found == weights(expected, given, ticks)
    u = found[1]
    # The first update of one that waits is by sums that are 0; the second one is a step.
    assert (u[length] == u[0]) is waits
    assert u[2 * length] != u[0]
    if length > 1 and waits and optimiser == "adam":
        assert_engines_agree(late(schedule, length, optimiser), given, ticks)


@pytest.mark.parametrize("schedule", ["double buffer", "alternating"])
def test_parameters_and_sums_are_kept_once(schedule: str) -> None:
    lowered = lower_segments(late(schedule, 5, "sgd").program).node("trained")
    kept = [e.target for e in lowered.equations if isinstance(e.rhs, Fby)]
    matrices = [v for v in kept if shape(v.type)[-2:] == (3, 3)]
    # The parameter, its momentum, what it was in the segment before, and the sum so far.
    assert [shape(v.type) for v in matrices] == [(3, 3)] * 4
    assert sum(v.name == "w_before" for v in matrices) == 1


@node
def restarting(schedule: str, x: Stream[f64]) -> Stream[M33]:
    with segment(every=4, schedule=schedule) as batch:
        w = batch.carry(init=WH, type=f64)
        _, d_w = value_and_grad(loss, wrt="w")(w, constant(WO, f64), x)
        w.next = when(w, batch.last) - 0.1 * batch.total(d_w)
    return w


@node
def restarted(schedule: str, x: Stream[f64], again: Stream[bool]) -> Stream[M33]:
    return restarting.reset_every(again)(schedule, x)


@pytest.mark.parametrize("schedule", ["double buffer", "alternating"])
def test_a_loop_that_is_reset_equals_a_fresh_one(schedule: str) -> None:
    """In the middle of a segment, when a sweep over the one before is half done."""
    ticks, at = 30, 10
    checked = check(program_of(restarted, schedule=schedule))
    x = np.random.default_rng(8).normal(size=ticks)
    again = np.arange(ticks) == at
    (whole,) = weights(checked, {"x": x, "again": again}, ticks)
    (fresh,) = weights(checked, {"x": x[at:], "again": np.zeros(ticks - at, bool)}, ticks - at)
    assert whole[at:] == fresh
    assert len({str(w) for w in fresh}) == 4
    assert_engines_agree(checked, {"x": x, "again": again}, ticks)


@node
def stale(x: Stream[f64]) -> Stream[f64]:
    """What comes a segment later, and through a ring."""
    with segment(every=2, schedule="alternating"):
        g = wire(f64)
        g.define(x * x + 0.5 * post(g, init=0.0))
        late = pack(g)
    waited = buffer(when(x * x, word("(110)"))) * when(x, word("(011)"))
    return hold(late[0] * late[1], init=1.0) * x + hold(waited, init=0.0)


@node
def through(x: Stream[f64]) -> tuple[Stream[f64], Stream[f64]]:
    with segment(every=6):
        value, slope = value_and_grad(stale)(x)
        return unpack(pack(value)), unpack(pack(slope))


def test_a_derivative_through_what_is_late_is_the_same_in_every_engine() -> None:
    x = np.random.default_rng(8).normal(size=40)
    assert_engines_agree(check(program_of(through)), {"x": x}, 40)


PROGRAM = """
from syncml import Stream, f32, node, segment, state, when
from syncml.learn import value_and_grad


@node
def loss(w: Stream[f32], x: Stream[f32]) -> Stream[f32]:
    h = state(init=0.0)
    h.next = w * h + x
    return h.next * h.next


@node
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    with segment(every=4, schedule="{schedule}") as batch:
        w = batch.carry(init=0.5)
        error, d_w = value_and_grad(loss, wrt="w")(w, x)
        step = 0.1 * batch.total(d_w)
        now = when(error, batch.last)
        w.next = when(w, batch.last) - step
    return w, now
"""


@pytest.mark.parametrize("schedule", ["burst", "double buffer", "alternating"])
def test_check_and_schedule_say_that_it_is_late(tmp_path: Path, schedule: str) -> None:
    """The step is about the segment before, the loss is not; the update of `w` comes one segment later."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.format(schedule=schedule), "utf-8")
    is_late = schedule != "burst"
    document = json.loads(CliRunner().invoke(app, ["check", str(path), "--format", "json"]).stdout)
    node_ = document["nodes"][-1]
    rows = {stream["name"]: stream["late"] for stream in node_["streams"]}
    assert (rows["step"], rows["now"], rows["w"], rows["d_w"]) == (is_late, False, False, False)
    update = {"kind": "update", "streams": ["step", "w"], "late": is_late}
    assert node_["segments"][0]["passes"][-1] == update
    scheduled = json.loads(CliRunner().invoke(app, ["schedule", str(path), "--format", "json"]).stdout)
    assert scheduled["segments"][0]["passes"][-1] == update
    text = CliRunner().invoke(app, ["check", str(path)]).stdout
    assert ("3 update one segment later (`step`, `w`)" in text) is is_late
    (row,) = (line for line in text.splitlines() if line.split()[:1] == ["step"])
    assert ("segment before" in row) is is_late
