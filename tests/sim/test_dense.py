"""Products and sums of arrays in compiled simulation: any tile of their loops gives the bits of the interpreter."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Stream, Vec, einsum, f64, i32, merge, node, state, tanh, when, zeros
from syncml.lang.load import program_of
from syncml.pipeline import check
from tests.sim.test_compiled import agree

TICKS = 6


@node
def forms(
    a: Stream[Mat[L[7], L[20]]], b: Stream[Mat[L[20], L[19]]], c: Stream[Mat[L[7], L[19]]], on: Stream[bool]
) -> tuple[
    Stream[Mat[L[7], L[19]]],
    Stream[Mat[L[20], L[19]]],
    Stream[Mat[L[7], L[20]]],
    Stream[Mat[L[19], L[7]]],
    Stream[Vec[L[7]]],
    Stream[Vec[L[19]]],
    Stream[Vec[L[20]]],
    Stream[Vec[L[20]]],
    Stream[Mat[L[7], L[19]]],
    Stream[Mat[L[20], L[20]]],
]:
    """Each way in which an operand of a product can lie, with tiles that leave a rest; sums; a product in a branch."""
    product = a @ b
    left, right, outer = a.T @ c, c @ b.T, einsum("ki,jk->ij", b, a)
    by_row, by_column = product.sum(axis=1), product.sum(axis=0)
    chosen = merge(on, when(a, on) @ when(b, on), when(c, ~on))
    weights = state(init=zeros(7, 19))
    weights.next = weights + 0.125 * tanh(product + c) + chosen
    return product, left, right, outer, by_row, by_column, b @ by_column, by_row @ a, weights, right.T @ left.T[:7]


@node
def wide(
    a: Stream[Mat[L[6], L[9], f64]], b: Stream[Mat[L[9], L[130], f64]]
) -> tuple[Stream[Mat[L[6], L[130], f64]], Stream[Vec[L[6], f64]]]:
    """More results than a tile has, in doubles."""
    return a @ b, (b.T @ a.T).sum(axis=0)


@node
def whole(
    a: Stream[Mat[L[5], L[18], i32]], b: Stream[Mat[L[18], L[33], i32]], x: Stream[Vec[L[18], i32]]
) -> tuple[Stream[Mat[L[5], L[33], i32]], Stream[Vec[L[5], i32]], Stream[Vec[L[33], i32]]]:
    """Integers, which wrap."""
    return a @ b, a @ x, x @ b


@pytest.mark.parametrize("program", [forms, wide, whole], ids=lambda program: program.__name__)
def test_products_and_sums(program: Any) -> None:
    checked = check(program_of(program))
    generator = np.random.default_rng(3)
    values: dict[str, Any] = {}
    for var in checked.main.inputs:
        extents = (TICKS, *getattr(var.type, "shape", ()))
        match str(getattr(var.type, "element", var.type)):
            case "bool":
                values[var.name] = np.arange(TICKS) % 3 > 0
            case "i32":
                values[var.name] = generator.integers(-(2**31), 2**31, extents).astype(np.int32)
            case kind:
                values[var.name] = generator.normal(size=extents).astype(kind.replace("f", "float"))
    agree(checked.program, values, TICKS)
