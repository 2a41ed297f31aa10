"""Random clocked programs: the slope of each along a random direction, and both directions of its derivative."""

from __future__ import annotations

from enum import Enum
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from syncml import (
    Stream,
    automaton,
    buffer,
    cos,
    each,
    f64,
    fby,
    fold,
    hold,
    merge,
    node,
    pack,
    post,
    segment,
    sigmoid,
    sin,
    state,
    tanh,
    unpack,
    vec,
    when,
    where,
    wire,
    word,
)
from syncml.diagnostics.model import DiagnosticError
from syncml.lang.load import program_of
from syncml.lang.resets import reset_every
from syncml.learn import jvp, vjp
from syncml.pipeline import check
from syncml.sim.interpreter import replay

LENGTH = 5
Step = tuple[str, int, int]
UNREACHABLE = frozenset({"K011", "K015", "K016", "K017"})
"""What a program that mixes looking back and looking ahead may ask for in vain."""


def looped(x: Any, y: Any) -> Any:
    memory = state(init=0.3, type=f64)
    memory.next = tanh(0.7 * memory * y + x)
    return memory.next


def looped_back(x: Any, y: Any) -> Any:
    ahead = wire(f64)
    ahead.define(tanh(0.6 * post(ahead, init=y) + x))
    return ahead


def restarted(x: Any, r: Any) -> Any:
    with reset_every(r):
        return looped(x, x)


class Gear(Enum):
    LOW = 1
    HIGH = 2


@node
def bounded(x: Stream[f64]) -> Stream[f64]:
    y = state(init=0.2, type=f64)
    y.next = tanh(0.5 * y + x)
    return y.next


def in_modes(x: Any, y: Any, c: Any) -> Any:
    gear = automaton(Gear)
    out = gear.shared(f64, init=0.0)
    with gear(Gear.LOW):
        out.define(looped(x, y))
        gear.go(Gear.HIGH, when=c)
    with gear(Gear.HIGH):
        out.define(x * y)
        gear.go(Gear.LOW, when=~c)
    return out


def built(steps: tuple[Step, ...], x: Any, c: Any, r: Any) -> Any:
    """A program of a few steps, each applied to streams that are there: some on the base clock, some on ``c``."""
    base, slow = [x, 0.5 * x + 0.1], [when(x, c)]
    for name, first, second in steps:
        a, b = base[first % len(base)], base[second % len(base)]
        s, t = slow[first % len(slow)], slow[second % len(slow)]
        match name:
            case "add":
                base.append(0.5 * (a + b))
            case "multiply":
                base.append(a * b)
            case "tanh":
                base.append(tanh(a - b))
            case "sine":
                base.append(sin(a) * sigmoid(b))
            case "choose":
                base.append(where(c, a, cos(b)))
            case "delay":
                base.append(fby(0.2, a))
            case "look":
                base.append(post(a, init=b))
            case "loop":
                base.append(looped(a, b))
            case "loop back":
                base.append(looped_back(a, b))
            case "restart":
                base.append(restarted(a, r))
            case "array":
                rows = vec(a, b, a * b)
                base.append((rows * rows[::-1]).sum() + rows[1:].max())
            case "sample":
                slow.append(when(a, c) * s)
            case "slow delay":
                slow.append(fby(0.4, s) + t)
            case "slow loop":
                slow.append(restarted(s, r))
            case "slow look":
                slow.append(post(s, init=t))
            case "merge":
                base.append(merge(c, s, when(a, ~c)))
            case "modes":
                base.append(in_modes(a, b, c))
            case "inner":
                # A derivative by what another segment looks ahead for has no sweep.
                with segment(every=LENGTH):
                    base.append(looped(a, b) * bounded(b))
            case "packed":
                with segment(every=1):
                    base.append((pack(a) * pack(b)).sum())
            case "packed later":
                # The last of these segments is cut by the one around.
                with segment(every=2, schedule="alternating"):
                    g = wire(f64)
                    g.define(a + 0.5 * post(g, init=0.3))
                    late = pack(g) * pack(b)
                base.append(hold(late.sum(), init=0.3))
            case "buffer":
                filled, read = word("(110)"), word("(011)")
                base.append(hold(buffer(when(a, filled)) * when(b, read), init=0.1))
            case "each":
                base.append(fold(lambda total, part: sin(total) + part, 0.1)(each(bounded)(vec(a, b, a - b))))
            case _:
                base.append(hold(s, init=0.6) * a)
    return base[-1] + 0.5 * base[-2] + hold(slow[-1], init=0.0)


NAMES = (
    "add", "multiply", "tanh", "sine", "choose", "delay", "look", "loop", "loop back", "restart", "array", "sample",
    "slow delay", "slow loop", "slow look", "merge", "hold", "modes", "inner", "packed", "packed later",
    "buffer", "each",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 7), st.integers(0, 7)), min_size=2, max_size=7).map(
    tuple
)


@node
def subject(steps: tuple[Step, ...], x: Stream[f64], c: Stream[bool], r: Stream[bool]) -> Stream[f64]:
    result: Stream[f64] = built(steps, x, c, r)
    return result


@node
def everything(
    steps: tuple[Step, ...], x: Stream[f64], dx: Stream[f64], w: Stream[f64], c: Stream[bool], r: Stream[bool]
) -> tuple[Stream[f64], Stream[f64], Stream[f64]]:
    with segment(every=LENGTH):
        value, adjoint = vjp(subject, wrt="x")(w, steps, x, c, r)
        _, change = jvp(subject, wrt="x")(dx, steps, x, c, r)
        return unpack(pack(value)), unpack(pack(adjoint)), unpack(pack(change))


@given(STEPS, st.integers(0, 2**31))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_slopes_of_random_programs(steps: tuple[Step, ...], seed: int) -> None:
    random = np.random.default_rng(seed)
    x, dx, w = random.uniform(-1.0, 1.0, (3, LENGTH))
    columns: dict[str, Any] = {"w": w, "dx": dx, "c": random.random(LENGTH) < 0.6, "r": random.random(LENGTH) < 0.3}
    try:
        checked = check(program_of(everything, steps=steps))
    except DiagnosticError as wrong:
        assert {d.code for d in wrong.diagnostics} <= UNREACHABLE, wrong
        assume(False)
        return

    def run(point: Any) -> list[Any]:
        inputs = {name: np.tile(column, 2) for name, column in (columns | {"x": point}).items()}
        trace = replay(checked.program, inputs, 2 * LENGTH)
        return [np.asarray(trace.column(v.name).values)[LENGTH:] for v in checked.main.outputs]

    _, adjoint, change = run(x)
    assert np.isclose((change * w).sum(), (adjoint * dx).sum(), rtol=1e-9, atol=1e-12)
    # A kink between the two points shows as a slope that depends on the step.
    slopes = [(run(x + h * dx)[0] - run(x - h * dx)[0]) / (2 * h) for h in (1e-6, 5e-7)]
    smooth = np.isclose(slopes[0], slopes[1], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(change[smooth], slopes[0][smooth], rtol=1e-5, atol=1e-7)
