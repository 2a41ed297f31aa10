"""Time and space: what a program does in a segment, instant by instant, it may do at the end to the packed segment.

Each law is a pair of results of one program, which are equal bit for bit in every engine.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from syncml.export_c import compile_and_run
from syncml.pipeline import check_file, step_code
from syncml.sim.compiled import compile_program
from syncml.sim.inputs import prepare
from syncml.sim.interpreter import interpret
from syncml.sim.trace import Column, Trace, first_difference
from tests.support.engines import assert_same
from tests.support.programs import inputs_for

HEAD = """
from typing import Literal as L

import numpy as np

from syncml import *

W = np.array([[0.5, -0.1, 0.3], [0.2, 0.7, -0.4]], np.float32)


@node
def squash(x: Stream[f32]) -> Stream[f32]:
    return x / (1.0 + abs(x))


@node
def main(x: Stream[f32], row: Stream[Vec[L[2]]]) -> tuple[Stream[{type}], Stream[{type}]]:
    with segment(every=5) as seg:
"""
LAWS = {
    "a pointwise function is one of the array": ("f32", "unpack(pack(squash(x)))", "unpack(each(squash)(pack(x)))"),
    "a dense layer is a product of matrices": ("Vec[L[3]]", "unpack(pack(row @ W))", "unpack(pack(row) @ W)"),
    "a recurrence is a scan": (
        "f32",
        "unpack(pack(in_time(x)))",
        "unpack(scan(lambda s, v: 0.5 * s + v, 0.25)(pack(x)))",
    ),
    "its end is a fold": (
        "f32",
        "when(in_time(x), seg.last)",
        "fold(lambda s, v: 0.5 * s + v, 0.25)(pack(x))",
    ),
    "a recurrence through post is a scan from the right": (
        "f32",
        "unpack(pack(ahead(x)))",
        "unpack(scan(lambda s, v: 0.5 * s + v, 0.25, backwards=True)(pack(x)))",
    ),
    "a convolution of rows is a delay and a look ahead": (
        "Vec[L[2]]",
        "unpack(pack(0.25 * fby([0.0, 0.0], row) + 0.5 * row - post(row, init=[0.0, 0.0])))",
        "unpack(convolved(pack(row)))",
    ),
}
HELPERS = """

def in_time(x):
    s = state(init=0.25)
    s.next = 0.5 * s + x
    return s.next


def ahead(x):
    g = wire(f32)
    g.define(0.5 * post(g, init=0.25) + x)
    return g


def convolved(rows):
    none = constant([[0.0, 0.0]])
    return 0.25 * concat(none, rows[:4]) + 0.5 * rows - concat(rows[1:], none)
"""
TICKS = 23


@pytest.mark.parametrize("law", LAWS)
def test_a_law(law: str, tmp_path: Path) -> None:
    type_, time, space = LAWS[law]
    path = tmp_path / "law.py"
    path.write_text(
        HEAD.format(type=type_) + f"        result = {time}, {space}\n    return result\n" + HELPERS, "utf-8"
    )
    checked = check_file(str(path))
    values = inputs_for(checked.program, TICKS, 5)
    trace = interpret(checked.program, values, TICKS).trace
    left, right = (trace.column(v.name) for v in checked.main.outputs)
    same = Column(left.name, right.type, right.values, right.present)
    assert first_difference(Trace((left,), TICKS), Trace((same,), TICKS)) is None
    assert left.present.any()
    names = tuple(v.name for v in checked.main.outputs)
    expected = trace.only(names)
    assert first_difference(expected, compile_program(checked.program).run(values, TICKS).only(names)) is None
    given = {v.name: c.values for v, c in prepare(checked.main, values, TICKS).items()}
    for compiler in filter(shutil.which, ("gcc", "clang")):
        found = compile_and_run(step_code(checked, flat=False), given, TICKS, compiler, ("-O3",))
        assert_same(expected, found.outputs)
