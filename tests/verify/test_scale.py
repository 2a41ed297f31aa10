"""The analyses on large programs: they end, without recursion and in moderate time."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count, pairwise
from math import inf

import pytest

from syncml.clock_calculus import infer_clocks
from syncml.ir.equations.syntax import Node, Program
from syncml.sim.interpreter import replay
from syncml.verify import Unknown, VerifyOptions, verify
from syncml.verify.deadline import AT_A_TIME, TimeUpError, in_time
from syncml.verify.judge import UNASKED
from syncml.verify.order import ordered
from syncml.verify.sharing import shared
from syncml.verify.translate import translate
from tests.support.large import ANALYSES, calls, loop, rates
from tests.verify.build import I32, Builder, Op


@pytest.mark.parametrize("shape", [rates, loop, calls])
def test_five_thousand_equations(shape: Callable[[int], Program]) -> None:
    start = time.process_time()
    program = infer_clocks(shape(5000))
    for _, analysis in ANALYSES:
        analysis(program)
    # Near-linear analyses take about a second; a quadratic one takes minutes.
    assert time.process_time() - start < 20


def registers(count: int) -> Node:
    """A chain of registers that differ only at its end, which splits one class of them after the other."""
    b = Builder()
    chain = [b.state(f"r{i}", I32, 0) for i in range(count)]
    for before, after in pairwise(chain):
        b.next(after, b.op(Op.MIN, before, 7))
    b.next(chain[0], b.input("x", I32))
    b.claim("small", b.op(Op.LE, chain[-1], 7))
    return b.node()


def test_ten_thousand_equations_are_put_into_classes_in_seconds() -> None:
    node = registers(5000)
    start = time.process_time()
    classes = shared(node, ordered(node.equations))
    # Rounds over all equations, one for each register, take an hour.
    assert time.process_time() - start < 10
    assert len(set(classes.values())) == len(classes)
    twice = registers(40)
    again = shared(twice, ordered(twice.equations))
    assert [v.name for v in again] == [v.name for v in again.values()]


def test_the_time_limit_holds_while_a_large_program_is_translated() -> None:
    node = registers(5000)
    start = time.process_time()
    with pytest.raises(TimeUpError):
        translate(node, wrapping=False, bounded=True, deadline=time.monotonic() + 0.1)
    # The whole takes seconds.
    assert time.process_time() - start < 1.0
    report = verify(Program((node,), node.name), VerifyOptions(timeout=0.1), replay)
    assert [r.name for r in report.results if r.kind == "ensure"] == ["small"]
    for result in report.results:
        assert result.verdict == Unknown(UNASKED, 0, "give more time with --timeout")
    assert report.time_s < 10


def test_items_come_until_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count()
    taken: list[int] = []
    with monkeypatch.context() as patch, pytest.raises(TimeUpError):
        patch.setattr("syncml.verify.deadline.time.monotonic", lambda: next(clock))
        for item in in_time(range(10_000), 3):
            taken.append(item)
    assert taken == list(range(3 * AT_A_TIME))
    assert list(in_time(range(10_000), inf)) == list(range(10_000))
