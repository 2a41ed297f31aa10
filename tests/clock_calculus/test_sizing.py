"""Buffers between clocks that depend on data: the size that is found against a simulated queue, and what is refused."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncml.clock_calculus import least_initial
from syncml.diagnostics import DiagnosticError
from syncml.ir.clocks import BASE, Word, word
from syncml.ir.equations.check import check_program
from syncml.ir.equations.syntax import Apply, Buffer, Fby, Program, PropertyKind, Var, Wave
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, F32
from syncml.pipeline import check
from syncml.sim.interpreter import interpret
from tests.support.ir import NodeBuilder, const

TICKS = 200


def delayed(b: NodeBuilder, var: Var, ticks: int) -> Var:
    for _ in range(ticks):
        var = b.fby(const(False, BOOL), var)
    return var


def queue(writes: np.ndarray, reads: np.ndarray) -> int:
    """The most values that wait; each reading has to find one."""
    waiting, most = 0, 0
    for comes, goes in zip(writes, reads, strict=True):
        waiting += int(comes)
        most = max(most, waiting)
        waiting -= int(goes)
        assert waiting >= 0
    return most


@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(st.integers(1, 3), st.booleans(), st.sampled_from(("any", "rising", "odd")), st.integers(0, 2**16))
def test_the_size_is_the_most_that_wait(lag: int, from_data: bool, shape: str, seed: int) -> None:
    """Values are written at events of some shape, and read some ticks after each."""
    b = NodeBuilder("sized")
    x = b.input("x", F32, BASE)
    event = b.op(Op.GT, x, const(0.0, F32)) if from_data else b.input("event", BOOL, BASE)
    if shape == "rising":
        event = b.op(Op.AND, event, b.op(Op.NOT, delayed(b, event, 1)))
    elif shape == "odd":
        turn = b.declare("turn", BOOL)
        b.define(turn, Fby(const(False, BOOL), b.op(Op.XOR, turn, event)))
        event = b.op(Op.AND, event, turn)
    reads = delayed(b, event, lag)
    y = b.define(b.declare("y", F32), Buffer(b.when(x, event), reads))
    out = b.merge(reads, (True, y), (False, const(-1.0, F32)), name="out")
    b.define(written := b.declare("written", BOOL), Apply(Op.COPY, (event,)))
    b.define(read := b.declare("read", BOOL), Apply(Op.COPY, (reads,)))
    checked = check(Program((b.node([out, written, read]),), "sized"))
    check_program(checked.program)
    (use,) = checked.buffers
    rng = np.random.default_rng(seed)
    values = {"x": rng.normal(size=TICKS).astype(np.float32)}
    if not from_data:
        values["event"] = rng.random(TICKS) < 0.6
    # Long stretches of one value find the extremes.
    values = {name: np.concatenate([v, np.repeat(v[:20], 10)]) for name, v in values.items()}
    ticks = len(values["x"])
    trace = interpret(checked.program, values, ticks).trace
    came, went = trace.column("written").values, trace.column("read").values
    assert use.slots == queue(came, went)
    waiting: deque[float] = deque()
    for tick in range(ticks):
        if came[tick]:
            waiting.append(float(values["x"][tick]))
        assert trace.column("out").values[tick] == (waiting.popleft() if went[tick] else -1.0)


@pytest.mark.parametrize(
    ("words", "spare"),
    [
        ((word((), (1, 0)), word((), (0, 1))), 0),
        ((word((), (1, 1, 0, 0)), word((), (1, 0))), 0),
        ((word((1,), (1, 0, 0)), word((0, 0), (1, 0, 0))), 0),
        ((word((), (1, 1, 1, 0, 0, 0)), word((0,), (1, 0, 1, 0, 1, 0))), 0),
        ((word((), (0, 1)), word((), (1, 0))), 1),
    ],
)
def test_a_buffer_in_a_block_that_is_reset_is_that_of_a_fresh_instance(words: tuple[Word, Word], spare: int) -> None:
    """The words of the block start again, so the size is proved; a call that is reset has it from the words."""
    first = tuple(const(-1.0 - i, F32) for i in range(least_initial(*words) + spare))

    def body(b: NodeBuilder, x: Var, resets: tuple[Var, ...]) -> Var:
        writes, reads = (b.define(b.fresh(BOOL), Wave(w, resets)) for w in words)
        source = b.when(x, writes)
        y = b.define(b.fresh(F32), Buffer(source, reads, True, first, resets=resets))
        return b.merge(reads, (True, y), (False, const(0.0, F32)))

    inner = NodeBuilder("inner")
    callee = inner.node([body(inner, inner.input("x", F32), ())])
    b = NodeBuilder("outer")
    x, restart = b.input("x", F32, BASE), b.input("restart", BOOL, BASE)
    (called,) = b.call(callee, x, resets=(restart,))
    in_block = b.op(Op.COPY, body(b, x, (restart,)), name="in_block")
    of_call = b.op(Op.COPY, called, name="of_call")
    checked = check(Program((callee, b.node([in_block, of_call])), "outer"))
    check_program(checked.program)
    rng = np.random.default_rng(spare)
    values = {"x": np.arange(TICKS, dtype=np.float32), "restart": rng.random(TICKS) < 0.2}
    trace = interpret(checked.program, values, TICKS).trace
    assert np.array_equal(trace.column("in_block").values, trace.column("of_call").values)


def contested(assumed: bool) -> Program:
    """Two inputs decide; an assumption may say that a value is read at once."""
    b = NodeBuilder("contested")
    x, c, d = b.input("x", F32, BASE), b.input("c", BOOL, BASE), b.input("d", BOOL, BASE)
    y = b.define(b.declare("y", F32), Buffer(b.when(x, c), d))
    if assumed:
        b.property(PropertyKind.ASSUME, "read at once", b.op(Op.EQ, c, d, name="same"))
    return Program((b.node([b.merge(d, (True, y), (False, const(0.0, F32)))]),), "contested")


def test_an_assumption_bounds_a_buffer() -> None:
    (use,) = check(contested(assumed=True)).buffers
    assert use.slots == 1


def test_without_it_a_run_is_shown() -> None:
    with pytest.raises(DiagnosticError) as raised:
        check(contested(assumed=False))
    (fault,) = raised.value.diagnostics
    assert fault.code == "C007"
    assert fault.notes[0] == "on this run, the reading finds no value at tick 0:"
    assert [note.split() for note in fault.notes[1:]] == [["tick", "0"], ["x", "0.0"], ["c", "false"], ["d", "true"]]
