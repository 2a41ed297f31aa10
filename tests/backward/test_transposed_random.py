"""Random recurrences that are linear in what comes later, of numbers, vectors and matrices: traces against sweeps."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from syncml import Mat, Stream, Vec, concat, einsum, f64, node, post, segment, stack, tanh, vec, where, wire
from syncml.lang.load import program_of
from syncml.pipeline import check
from syncml.sim.interpreter import interpret

Step = tuple[str, int, int]
Numbers, Pair, Table = f64, Vec[L[2], f64], Mat[L[2], L[3], f64]
LENGTH, SEGMENTS = 4, 3


def built(steps: tuple[Step, ...], pools: list[list[Any]], given_: list[Any], c: Any) -> None:
    """Add to the pools of numbers, vectors and matrices, which look ahead, what each step makes of them."""
    s, v, m = pools
    _, pair, table = given_
    for name, first, second in steps:
        a, b, d = s[first % len(s)], v[first % len(v)], m[first % len(m)]
        e, f, g = s[second % len(s)], v[second % len(v)], m[second % len(m)]
        kind = (first + second) % 3
        pool, left, right = pools[kind], (a, b, d)[kind], (e, f, g)[kind]
        match name:
            case "add":
                pool.append(left + right)
            case "subtract":
                pool.append(-left - right)
            case "scale":
                pool.append(left * tanh(given_[kind]))
            case "divide":
                pool.append(left / (2.0 + given_[kind] * given_[kind]))
            case "choose":
                pool.append(where(c, left, given_[kind]))
            case "choose elements":
                m.append(where(table > 0.0, d, g * 0.5))
            case "widen":
                m.append(a * table + f.reshape(2, 1))
            case "rows":
                m.append(d * pair.reshape(2, 1))
            case "product":
                v.append(d @ table[0] * 0.5)
            case "other product":
                v.append((table @ table.T) @ b * 0.25)
            case "vector first":
                m.append(stack(b @ table, table[1]) * 0.5)
            case "inner":
                s.append(b @ pair)
            case "outer":
                m.append(einsum("i,j->ij", b, table[1]))
            case "contract":
                v.append(einsum("ij,kj,k->i", d, table, pair) * 0.25)
            case "total":
                s.append(d.sum() * 0.5)
            case "row sums":
                v.append(d.sum(axis=1) * 0.5)
            case "element":
                s.append(b[1] - d[1][2])
            case "column":
                v.append(d[:, second % 3])
            case "pack":
                v.append(vec(a, e))
            case "exchange":
                v.append(concat(b[1:], f[:1]))
            case "turn":
                m.append(d.reshape(3, 2).T)
            case _:
                m.append(concat(d[:, 1:], g[:, :1], axis=1))


NAMES = (
    "add", "subtract", "scale", "divide", "choose", "choose elements", "widen", "rows", "product", "other product",
    "vector first", "inner", "outer", "contract", "total", "row sums", "element", "column", "pack", "exchange",
    "turn", "join",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=8)


@node
def sums(
    schedule: str, steps: tuple[Step, ...], x: Stream[Numbers], y: Stream[Pair], z: Stream[Table], c: Stream[bool]
) -> tuple[Stream[Numbers], Stream[Pair], Stream[Table]]:
    with segment(every=LENGTH, schedule=schedule) as block:
        given_ = [x, y, z]
        wires: list[Any] = [wire(kind) for kind in (Numbers, Pair, Table)]
        pools = [[post(later, init=at_end)] for later, at_end in zip(wires, given_, strict=True)]
        built(steps, pools, given_, c)
        for later, pool, now in zip(wires, pools, given_, strict=True):
            later.define(0.5 * pool[-1] + now)
        totals = [block.total(pool[-1] * now) for pool, now in zip(pools, given_, strict=True)]
    return totals[0], totals[1], totals[2]


@given(STEPS, st.integers(0, 2**31))
@example([("widen", 0, 0), ("row sums", 1, 0)], 0)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_traces_are_sweeps(steps: list[Step], seed: int) -> None:
    random, ticks = np.random.default_rng(seed), LENGTH * SEGMENTS
    columns = {
        "x": random.uniform(-1.0, 1.0, ticks), "y": random.uniform(-1.0, 1.0, (ticks, 2)),
        "z": random.uniform(-1.0, 1.0, (ticks, 2, 3)), "c": random.random(ticks) < 0.5,
    }  # fmt: skip
    found = []
    for schedule in ("burst", "transposed"):
        checked = check(program_of(sums, schedule=schedule, steps=tuple(steps)))
        trace = interpret(checked.program, columns, ticks).trace
        found.append([trace.column(v.name) for v in checked.main.outputs])
    for left, right in zip(*found, strict=True):
        present = np.asarray(left.present)
        assert present.sum() == SEGMENTS
        wanted = np.asarray(left.values)[present]
        np.testing.assert_allclose(
            np.asarray(right.values)[present], wanted, rtol=1e-9, atol=1e-9 * (1.0 + np.abs(wanted).max())
        )
