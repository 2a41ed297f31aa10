"""Derivatives through memory, look-ahead, clocks, resets, modes and segments, against central differences."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from syncml import (
    Stream,
    automaton,
    buffer,
    constant,
    each,
    f64,
    fby,
    fold,
    hold,
    merge,
    node,
    pack,
    post,
    pre,
    segment,
    state,
    tanh,
    unpack,
    vec,
    when,
    where,
    wire,
    word,
)
from syncml.lang.load import program_of
from syncml.learn import jvp, vjp
from syncml.pipeline import check
from syncml.sim.interpreter import replay

Array = NDArray[Any]
LENGTH = 6
RNG = np.random.default_rng(5)
X = RNG.uniform(-1.0, 1.0, LENGTH)
CONDITION = np.array([True, False, True, True, False, False])
RESTART = np.array([False, False, False, True, False, False])


class Gear(Enum):
    LOW = 1
    HIGH = 2


@node
def filtered(x: Stream[f64]) -> Stream[f64]:
    y = state(init=0.25, type=f64)
    y.next = 0.5 * y + x * x
    return y.next


def recurrence(x: Any, c: Any, r: Any) -> Any:
    y = state(init=0.5, type=f64)
    y.next = tanh(0.7 * y + x)
    return y.next * y.next


def delays(x: Any, c: Any, r: Any) -> Any:
    return fby(1.0, x) * pre(x * x, init=0.5) * x


def restarted(x: Any, c: Any, r: Any) -> Any:
    return filtered.reset_every(r)(x) * x


def sampled(x: Any, c: Any, r: Any) -> Any:
    inside = when(x * x, c)
    return merge(c, inside * pre(inside, init=1.0), when(x, ~c))


def restarted_while_absent(x: Any, c: Any, r: Any) -> Any:
    slow = filtered.reset_every(r)(when(x, c))
    return hold(slow, init=2.0) * x


def held(x: Any, c: Any, r: Any) -> Any:
    return hold(when(x * x, c), init=0.5) * x


def chosen(x: Any, c: Any, r: Any) -> Any:
    return where(c, filtered(x), x * x)


def in_modes(x: Any, c: Any, r: Any) -> Any:
    gear = automaton(Gear)
    out = gear.shared(f64, init=0.0)
    with gear(Gear.LOW):
        out.define(filtered(x))
        gear.go(Gear.HIGH, when=c)
    with gear(Gear.HIGH):
        out.define(3.0 * x * x)
        gear.go(Gear.LOW, when=~c)
    return out * x


def ahead(x: Any, c: Any, r: Any) -> Any:
    g = wire(f64)
    g.define(x * x + 0.9 * post(g, init=0.5))
    return g * x


def ends_with_its_own(x: Any, c: Any, r: Any) -> Any:
    return post(x * x, init=x) * x


def ahead_on_a_slow_clock(x: Any, c: Any, r: Any) -> Any:
    slow = when(x, c)
    return merge(c, slow * post(slow * slow, init=slow), when(x, ~c))


def both_ways(x: Any, c: Any, r: Any) -> Any:
    forward = recurrence(x, c, r)
    backward = wire(f64)
    backward.define(tanh(0.5 * post(backward, init=0.0) + forward))
    return forward * backward


def packed(x: Any, c: Any, r: Any) -> Any:
    with segment(every=3) as inner:
        whole = pack(x * x)
        weights = constant([1.0, 2.0, 3.0], type=f64)
        return merge(inner.last, (whole * weights).sum() * when(x, inner.last), when(x, ~inner.last))


@node
def later(x: Stream[f64]) -> Stream[f64]:
    """What is packed a segment later, with a look ahead in the segment itself."""
    with segment(every=2, schedule="alternating") as inner:
        g = wire(f64)
        g.define(x + 0.5 * post(g, init=0.25))
        before, now = pack(g), pack(x * x)
        at_the_end = when(x, inner.last)
    return hold(before[0] * now[1] + before[1] * at_the_end, init=0.5) * x


def packed_a_segment_later(x: Any, c: Any, r: Any) -> Any:
    return later(x)


def packed_later_and_restarted(x: Any, c: Any, r: Any) -> Any:
    return later.reset_every(r)(x)


def unpacked_later(x: Any, c: Any, r: Any) -> Any:
    with segment(every=2, schedule="double buffer"):
        return unpack(tanh(pack(x)), init=0.5) * x


def buffered(x: Any, c: Any, r: Any) -> Any:
    first = word("(100)")
    return hold(buffer(when(x * x, first), init=[0.5, 0.25]) * when(x, word("(010)")), init=0.0) * x


def in_a_ring(x: Any, c: Any, r: Any) -> Any:
    filling, reading = word("(111000)"), word("(000111)")
    return merge(reading, buffer(when(x * x, filling)) * when(x, reading), when(0.5 * x, ~reading))


def in_a_ring_by_data(x: Any, c: Any, r: Any) -> Any:
    return merge(c, buffer(when(x * x, c), at=c, init=[0.5, 2.0], size=3) * when(x, c), when(x, ~c))


def cut(x: Any, c: Any, r: Any) -> Any:
    with segment(every=2):
        y = filtered(x)
    return y * x


def elements(x: Any, c: Any, r: Any) -> Any:
    rows = vec(x, 2.0 * x, x * x)
    return fold(lambda total, part: tanh(total) + part, 0.0)(each(filtered)(rows)) * x


@node
def later_by_hand(x: Stream[f64]) -> Stream[f64]:
    """The schedule of `later` said by a delay on the clock of the ends."""
    with segment(every=2) as inner:
        g = wire(f64)
        g.define(x + 0.5 * post(g, init=0.25))
        packed = pack(g), pack(x * x)
        at_the_end = when(x, inner.last)
    before, now = (fby([0.0, 0.0], each_) for each_ in packed)
    return hold(before[0] * now[1] + before[1] * at_the_end, init=0.5) * x


def by_hand(x: Any, c: Any, r: Any) -> Any:
    return later_by_hand.reset_every(r)(x)


CASES: dict[str, Callable[[Any, Any, Any], Any]] = {
    f.__name__: f
    for f in (
        recurrence, delays, restarted, sampled, restarted_while_absent, held, chosen, in_modes, ahead,
        ends_with_its_own, ahead_on_a_slow_clock, both_ways, packed, cut, elements, packed_a_segment_later,
        packed_later_and_restarted, unpacked_later, by_hand, buffered, in_a_ring, in_a_ring_by_data,
    )
}  # fmt: skip


@node
def objective(case: Callable[..., Any], x: Stream[f64], c: Stream[bool], r: Stream[bool]) -> Stream[f64]:
    result: Stream[f64] = CASES[case](x, c, r) if isinstance(case, str) else case(x, c, r)
    return result


@node
def adjoints(
    case: str, x: Stream[f64], c: Stream[bool], r: Stream[bool], w: Stream[f64]
) -> tuple[Stream[f64], Stream[f64]]:
    with segment(every=LENGTH):
        value, d = vjp(objective, wrt="x")(w, case, x, c, r)
        return unpack(pack(value)), unpack(pack(d))


@node
def values(case: str, x: Stream[f64], c: Stream[bool], r: Stream[bool]) -> Stream[f64]:
    with segment(every=LENGTH):
        return unpack(pack(objective(case, x, c, r)))


@node
def changes(case: str, x: Stream[f64], c: Stream[bool], r: Stream[bool], dx: Stream[f64]) -> Stream[f64]:
    with segment(every=LENGTH):
        _, d = jvp(objective, wrt="x")(dx, case, x, c, r)
        return unpack(pack(d))


def run(of: Any, case: str, **inputs: Array) -> list[Array]:
    """The results of the first segment, which come in the second."""
    program = check(program_of(of, case=case)).program
    columns = {"c": CONDITION, "r": RESTART} | inputs
    trace = replay(program, {name: np.tile(column, 2) for name, column in columns.items()}, 2 * LENGTH)
    return [np.asarray(trace.column(v.name).values)[LENGTH:] for v in program.node(program.main).outputs]


@pytest.mark.parametrize("case", CASES)
def test_adjoints_are_slopes(case: str) -> None:
    weights = RNG.uniform(0.5, 1.5, LENGTH)
    value, found = run(adjoints, case, x=X, w=weights)
    np.testing.assert_array_equal(value, run(values, case, x=X)[0])
    expected = np.zeros(LENGTH)
    for tick in range(LENGTH):
        step = 1e-6 * np.eye(LENGTH)[tick]
        apart = run(values, case, x=X + step)[0] - run(values, case, x=X - step)[0]
        expected[tick] = (weights * apart).sum() / 2e-6
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def test_packed_a_segment_later_is_delayed_on_the_clock_of_the_ends() -> None:
    """Results and adjoints, bit for bit."""
    weights = RNG.uniform(0.5, 1.5, LENGTH)
    late = run(adjoints, "packed_later_and_restarted", x=X, w=weights)
    for found, expected in zip(late, run(adjoints, "by_hand", x=X, w=weights), strict=True):
        assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("case", CASES)
def test_both_directions_agree(case: str) -> None:
    weights, along = RNG.uniform(0.5, 1.5, LENGTH), RNG.normal(size=LENGTH)
    adjoint = run(adjoints, case, x=X, w=weights)[1]
    change = run(changes, case, x=X, dx=along)[0]
    assert (change * weights).sum() == pytest.approx((adjoint * along).sum(), rel=1e-12, abs=1e-12)
