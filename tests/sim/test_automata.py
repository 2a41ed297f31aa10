"""An automaton equals the same machine unfolded by hand: registers, choices, merges and resets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from syncml.pipeline import check_file
from syncml.sim.interpreter import interpret
from tests.support.programs import inputs_for

TICKS = 200

HEAD = """
import enum
from syncml import *

class Mode(enum.Enum):
    A = 0
    B = 1
    C = 2

@node
def count(x: Stream[i32]) -> Stream[i32]:
    n = state(init=0)
    n.next = n + x
    return n

@node
def main(p: Stream[bool], q: Stream[bool], r: Stream[bool], x: Stream[i32]) -> tuple[Stream[Mode], Stream[i32]]:
"""

AUTOMATON = """
    mode = automaton(Mode, initial=Mode.B)
    y = mode.shared(i32, init=3)
    mode.unless(Mode.C, when=r & (last(y) > 5), source=Mode.A)
    mode.unless(Mode.A, when=r & q, resume=True)
    with mode(Mode.A):
        a = count(x)
        y.define(a + pre(x, init=9))
        mode.go(Mode.B, when=p)
        mode.go(Mode.C, when=q, resume=True)
    with mode(Mode.B):
        mode.go(Mode.A, when=p & q)
        mode.go(Mode.B, when=q)
    with mode(Mode.C):
        c = count(x)
        beat = where(every(2), 10, 20)
        y.define(c + beat - last(y))
        mode.go(Mode.A, when=(c > 4) | p)
    return mode.state, y
"""

UNFOLDED = """
    y = wire(i32)
    before = state(init=Mode.B)
    restarts = state(init=False)
    y_last = fby(3, y)
    from_a = (before == Mode.A) & r & (y_last > 5)
    back = ~from_a & (before != Mode.A) & r & q
    mode = where(from_a, Mode.C, where(back, Mode.A, before))
    restart = from_a | (~back & restarts)

    def at(s, m):
        return when(s, mode, m)

    with reset_every(at(restart, Mode.A)):
        xa = at(x, Mode.A)
        ya = count(xa) + pre(xa, init=9)
    with reset_every(at(restart, Mode.C)):
        c = count(at(x, Mode.C))
        yc = c + where(every(2), 10, 20) - at(y_last, Mode.C)
    leave = (c > 4) | at(p, Mode.C)
    y.define(merge(mode, {Mode.A: ya, Mode.B: at(y_last, Mode.B), Mode.C: yc}))
    pa, qa = at(p, Mode.A), at(q, Mode.A)
    pb, qb = at(p, Mode.B), at(q, Mode.B)
    before.next = merge(mode, {
        Mode.A: where(pa, Mode.B, where(qa, Mode.C, Mode.A)),
        Mode.B: where(pb & qb, Mode.A, Mode.B),
        Mode.C: where(leave, Mode.A, Mode.C),
    })
    restarts.next = merge(mode, {Mode.A: pa, Mode.B: qb, Mode.C: leave})
    return mode, y
"""

BROKEN = UNFOLDED.replace("Mode.A: pa,", "Mode.A: pa | qa,")
"""A transition that should resume, and starts its mode afresh."""


def outputs(text: str, folder: Path, seed: int) -> list[list[int]]:
    path = folder / "machine.py"
    path.write_text(HEAD + text)
    checked = check_file(str(path))
    values = inputs_for(checked.program, TICKS, seed)
    values["x"] = [abs(int(v)) % 4 for v in values["x"]]
    trace = interpret(checked.program, values, TICKS).trace
    return [np.asarray(trace.column(v.name).values).tolist() for v in checked.main.outputs]


@pytest.mark.parametrize("seed", range(4))
def test_an_automaton_equals_its_unfolding(seed: int, tmp_path: Path) -> None:
    found = outputs(AUTOMATON, tmp_path, seed)
    assert found == outputs(UNFOLDED, tmp_path, seed)
    assert set(found[0]) == {0, 1, 2}


def test_the_comparison_tells_resume_from_reset(tmp_path: Path) -> None:
    assert any(outputs(AUTOMATON, tmp_path, seed) != outputs(BROKEN, tmp_path, seed) for seed in range(4))
