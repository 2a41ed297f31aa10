"""A stream stands for a type: of a wire, and of what `cast` converts to."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np

from syncml import Mat, Stream, Vec, cast, f32, f64, i32, node, state, wire, zeros
from syncml.ir.types import F32, Scalar, tensor
from syncml.lang.load import program_of
from syncml.pipeline import check
from tests.nodes.running import run


@node
def sums(x: Stream[Mat[L[2], L[3], f64]], n: Stream[i32]) -> tuple[Stream[Mat[L[2], L[3], f64]], Stream[f64]]:
    total: Any = wire(x)
    kept: Any = state(init=zeros(2, 3), type=f64)
    kept.next = total
    total.define(kept + x)
    return total, cast(n, x) / 4.0


@node
def halves(x: Stream[Vec[L[2], f64]], like: Stream[f32]) -> Stream[Vec[L[2]]]:
    return cast(x, like)


def test_a_wire_has_the_type_of_a_stream_and_cast_that_of_its_elements() -> None:
    x = np.arange(18.0).reshape(3, 2, 3)
    total, share = run(sums, x=x, n=np.array([1, 2, 3], np.int32)).values()
    np.testing.assert_array_equal(total, np.cumsum(x, axis=0))
    np.testing.assert_array_equal(share, [0.25, 0.5, 0.75])
    types = [var.type for var in check(program_of(sums)).main.outputs]
    assert types == [tensor(Scalar.F64, (2, 3)), Scalar.F64]
    assert [var.type for var in check(program_of(halves)).main.outputs] == [tensor(F32, (2,))]
