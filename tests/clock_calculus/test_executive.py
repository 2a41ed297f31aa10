"""The cyclic executive against the words of the clocks, and phases against every choice of them."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from syncml.clock_calculus.executive import Executive
from syncml.clock_calculus.phases import Group, flattest
from syncml.ir.clocks import BASE, Clock, Word, every, word
from syncml.ir.equations.syntax import Program
from syncml.ir.operators import Op
from syncml.ir.rates import text_of
from syncml.ir.types import BOOL, F32, TensorType
from syncml.pipeline import check
from syncml.schedule import count
from tests.support.ir import NodeBuilder, const

WORDS = st.builds(
    lambda prefix, period: word(tuple(prefix), tuple(period)),
    st.lists(st.integers(0, 1), max_size=4),
    st.lists(st.integers(0, 1), min_size=1, max_size=5).filter(any),
)


@settings(max_examples=40)
@given(WORDS, WORDS)
def test_a_stream_costs_something_exactly_when_it_is_present(outer: Word, inner: Word) -> None:
    b = NodeBuilder("n")
    x = b.input("x", F32, BASE)
    y = b.op(Op.TANH, b.when(x, b.wave(outer)), name="y")
    z = b.op(Op.EXP, b.when(y, b.wave(inner)), name="z")
    checked = check(Program((b.node([y, z]),), "n"))
    counted = count(checked)
    assert counted.complete
    for tick, costs in enumerate(counted.ticks):
        for var in (y, z):
            clock = checked.main.clocks[var]
            present = not isinstance(clock, type(BASE)) and clock.word.at(tick) == 1
            assert clock == BASE or (costs.get(text_of(clock), 0) > 0) == present
    tail = counted.totals[counted.prefix :]
    assert len(tail) == counted.period


def test_where_data_decides_the_costlier_branch_counts() -> None:
    def program(data: bool) -> Executive:
        b = NodeBuilder("n")
        c, x = b.input("c", BOOL), b.input("x", TensorType(F32, (10,)))
        cheap = b.op(Op.ADD, b.when(x, c), const(1.0, F32))
        dear = b.op(Op.TANH, b.when(x, c, False))
        y = b.merge(c, (True, cheap), (False, dear)) if data else b.op(Op.TANH, x)
        return count(check(Program((b.node([y]),), "n")))

    both, dear = program(True), program(False)
    assert dear.peak <= both.peak <= dear.peak + 3


def strict(period: int, phase: int) -> Word:
    return word((0,) * phase, (1,) + (0,) * (period - 1))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from((2, 3, 4, 6)), st.integers(1, 9)), min_size=1, max_size=3, unique_by=lambda g: g[0]
    )
)
def test_no_choice_of_phases_has_a_lower_peak(drawn: list[tuple[int, int]]) -> None:
    length = 12
    groups = [Group(strict(n, 0), n, 0, ()) for n, _ in drawn]
    clocks: dict[str, Clock] = {str(n): every(BASE, strict(n, 0)) for n, _ in drawn}
    ticks = tuple({str(n): load for n, load in drawn if tick % n == 0} | {"base": 1} for tick in range(length))
    found = flattest(groups, clocks, Executive(ticks, 0, length, True))
    assert found is not None
    assert found.proved

    def peak(phases: tuple[int, ...]) -> int:
        total = np.ones(length, dtype=int)
        for (n, load), phase in zip(drawn, phases, strict=True):
            total[phase::n] += load
        return int(total.max())

    chosen = peak(tuple(found.chosen[g.word] for g in groups))
    assert chosen == min(peak(phases) for phases in product(*(range(n) for n, _ in drawn)))
