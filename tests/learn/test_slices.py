"""Parts of one array: their gradient is side by side, whatever their order, gaps and overlaps."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Stream, Vec, f64, node
from syncml.ir.equations.syntax import Apply
from syncml.ir.operators import Op
from syncml.lang.load import program_of
from syncml.learn import grad
from syncml.pipeline import check
from tests.nodes.running import run

X = np.random.default_rng(8).normal(size=(1, 9))


@node
def ordered(x: Stream[Vec[L[9], f64]]) -> Stream[f64]:
    last = x[7:9]
    return (x[4:6] * x[0:2]).sum() + (last * last).sum()


@node
def overlapping(x: Stream[Vec[L[9], f64]]) -> Stream[f64]:
    return (x[4:6] * x[0:2]).sum() + (x[1:9] * x[1:9]).sum()


@node
def stepping(x: Stream[Vec[L[9], f64]]) -> Stream[f64]:
    return (x[0:9:2] * x[0:9:2]).sum() + (x[0:3] * x[3:6]).sum()


@node
def columns(x: Stream[Mat[L[3], L[3], f64]]) -> Stream[f64]:
    left, right = x[:, 0:1], x[:, 2:3]
    return (left * left * right).sum()


@node
def slope_of(f: object, x: Stream[Vec[L[9], f64]]) -> Stream[Vec[L[9], f64]]:
    return grad(f)(x)  # type: ignore[arg-type]


@node
def slope_of_columns(x: Stream[Mat[L[3], L[3], f64]]) -> Stream[Mat[L[3], L[3], f64]]:
    return grad(columns)(x)


def slope(f: Any) -> Any:
    @node
    def main(x: Stream[Vec[L[9], f64]]) -> Stream[Vec[L[9], f64]]:
        return slope_of(f, x)

    return main


def by_hand(f: str, x: Any) -> Any:
    d = np.zeros(9)
    d[4:6] += x[0:2]
    d[0:2] += x[4:6]
    if f == "ordered":
        d[7:9] += 2 * x[7:9]
    elif f == "overlapping":
        d[1:9] += 2 * x[1:9]
    else:
        d = np.zeros(9)
        d[0:9:2] += 2 * x[0:9:2]
        d[0:3] += x[3:6]
        d[3:6] += x[0:3]
    return d


@pytest.mark.parametrize("f", [ordered, overlapping, stepping])
def test_the_gradient_of_parts_is_by_hand(f: Any) -> None:
    (found,) = run(slope(f), x=X).values()
    np.testing.assert_allclose(found[0], by_hand(f.label, X[0]), rtol=1e-14)


def test_parts_of_a_matrix_are_apart_along_their_axis() -> None:
    (found,) = run(slope_of_columns, x=X.reshape(1, 3, 3)).values()
    x = X.reshape(3, 3)
    expected = np.column_stack([2 * x[:, 0] * x[:, 2], np.zeros(3), x[:, 0] ** 2])
    np.testing.assert_allclose(found[0], expected, rtol=1e-14)


def test_parts_that_are_apart_need_one_concatenation() -> None:
    nodes = check(program_of(slope(ordered))).program.nodes
    derived = next(made for made in nodes if "grad" in made.name)
    made = [e for e in derived.equations if isinstance(e.rhs, Apply) and e.rhs.op is Op.CONCAT]
    assert len(made) == 1
    # The places 0:2, gap 2:4, 4:6, gap 6:7, 7:9.
    assert len(made[0].rhs.arguments) == 5  # type: ignore[union-attr]
