"""A node that looks ahead in the segment of its caller means what its body means in the place of the call."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from syncml.pipeline import check_file
from syncml.sim.compiled import compile_program
from syncml.sim.interpreter import interpret
from syncml.sim.trace import first_difference

HEAD = """
from syncml import Stream, f32, node, pack, post, segment, state, unpack, when, wire


@node
def discounted(r: Stream[f32], gamma: Stream[f32]) -> Stream[f32]:
    g = wire(f32)
    g.define(r + gamma * post(g, init=0.0))
    return g


@node
def advantage(r: Stream[f32], v: Stream[f32]) -> Stream[f32]:
    seen = state(init=0.0)
    seen.next = seen + v
    return discounted(r + 0.5 * post(v, init=0.0) - v, 0.25) + seen


@node
def main(r: Stream[f32], v: Stream[f32], end: Stream[bool]) -> tuple[Stream[f32], Stream[f32], Stream[bool]]:
    with segment({cut}) as episode:
"""
CALLED = """
        a = advantage(r, v)
        b = discounted(r, 0.75) * a
"""
IN_PLACE = """
        seen = state(init=0.0)
        seen.next = seen + v
        g, h = wire(f32), wire(f32)
        g.define(r + 0.5 * post(v, init=0.0) - v + 0.25 * post(g, init=0.0))
        h.define(r + 0.75 * post(h, init=0.0))
        a = g + seen
        b = h * a
"""
END = """
        late, total = unpack(pack(a)), when(b, episode.last)
    return late, total, episode.last
"""
TICKS = 30


@pytest.mark.parametrize("cut", ["every=4", "every=end, longest=5"])
def test_a_call_is_its_body(tmp_path: Path, cut: str) -> None:
    rng = np.random.default_rng(5)
    values = {
        "r": rng.normal(size=TICKS).astype(np.float32),
        "v": rng.normal(size=TICKS).astype(np.float32),
        "end": rng.random(TICKS) < 0.3,
    }
    traces = []
    for name, body in (("called", CALLED), ("in_place", IN_PLACE)):
        path = tmp_path / f"{name}.py"
        path.write_text(HEAD.format(cut=cut) + body + END, "utf-8")
        program = check_file(str(path)).program
        traces.append(interpret(program, values, TICKS).trace.only(("late", "total")))
        traces.append(compile_program(program).run(values, TICKS).only(("late", "total")))
    assert all(first_difference(traces[0], other) is None for other in traces[1:])
    assert traces[0].column("total").present.sum() > 3
