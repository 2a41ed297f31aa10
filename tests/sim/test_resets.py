"""A reset instance equals a fresh one: each run between two resets is a run of its own."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml.pipeline import Checked, check_file
from syncml.sim.inputs import Raw
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Trace

TICKS = 60

MEMORY = """
from syncml import *

@node
def inner(x: Stream[f32]) -> Stream[f32]:
    total = state(init=1.0)
    total.next = total + x
    return total

@node
def f(x: Stream[f32], c: Stream[bool]) -> Stream[f32]:
    third = sample(x, every(3, phase=1))
    half = sample(third, every(2))
    sampled = when(x, c)
    edge = arrow(sampled, sampled - pre(sampled))
    both = merge(c, edge, pre(inner(when(x, ~c)), init=5.0))
    return both + hold(third, init=0.0) * 2.0 + hold(hold(half, init=4.0), init=3.0) + inner(x)

@node
def main(x: Stream[f32], c: Stream[bool], r: Stream[bool]) -> Stream[f32]:
    return f.reset_every(r)(x, c)

@node
def blocks(x: Stream[f32], c: Stream[bool], r: Stream[bool]) -> Stream[f32]:
    with reset_every(r):
        y = f(x, c)
    return y

@node
def nested(x: Stream[f32], c: Stream[bool], r: Stream[bool]) -> Stream[f32]:
    return main(x, c, r)
"""


def values() -> dict[str, list[Any]]:
    generator = np.random.default_rng(7)
    return {
        "x": [float(v) for v in generator.normal(size=TICKS).astype(np.float32)],
        "c": [bool(v) for v in generator.random(TICKS) < 0.5],
        "r": [bool(v) for v in generator.random(TICKS) < 0.12],
    }


def output(checked: Checked, inputs: Raw, ticks: int) -> np.ndarray:
    trace: Trace = interpret(checked.program, inputs, ticks).trace
    return trace.column(checked.main.outputs[0].name).values


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "resets.py"
    path.write_text(MEMORY)
    return path


@pytest.mark.parametrize("name", ["main", "blocks", "nested"])
def test_between_two_resets_an_instance_runs_like_a_fresh_one(program: Path, name: str) -> None:
    inputs = values()
    found = output(check_file(f"{program}:{name}"), inputs, TICKS)
    fresh = check_file(f"{program}:f")
    starts = [0, *(t for t in range(1, TICKS) if inputs["r"][t]), TICKS]
    assert len(starts) > 5
    for start, end in pairwise(starts):
        part = {name: inputs[name][start:end] for name in ("x", "c")}
        assert np.array_equal(found[start:end], output(fresh, part, end - start)), (start, end)


def test_a_reset_counts_where_what_it_resets_is_absent(tmp_path: Path) -> None:
    """The reset comes at an instant at which the counter does not run."""
    path = tmp_path / "absent.py"
    path.write_text("""
from syncml import *

@node
def main(go: Stream[bool], r: Stream[bool]) -> Stream[i32]:
    with reset_every(r):
        n = state(init=0)
    n.next = n + when(constant(1, i32), go)
    return hold(n, init=-1)
""")
    checked = check_file(str(path))
    go = [True, True, True, False, True, True]
    r = [False, False, False, True, False, False]
    assert list(output(checked, {"go": go, "r": r}, 6)) == [0, 1, 2, 2, 0, 1]
