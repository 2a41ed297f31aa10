"""Layers of integers against NumPy, and the same bits in every engine."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import Mat, Stream, Vec, constant, f32, i8, i16, node
from syncml.nodes.fixed_point import Rounding
from syncml.nodes.quantised import (
    SOFTMAX,
    Affine,
    Linear,
    OverflowingError,
    Quantised,
    Softmax,
    Table,
    add,
    average,
    divide,
    join,
    multiply,
    quantise,
    real,
    relu,
    requantise,
)
from tests.nodes.running import assert_engines_agree, out, run

Array = np.ndarray[Any, Any]
A, B, Y = Affine(0.02, 3), Affine(0.05, -100), Affine(0.04, 7)
WIDE = Affine(1 / 4096, 0, 16)


def integers(*shape: int, bits: int = 8, seed: int = 0) -> Array:
    high = 1 << (bits - 1)
    return np.random.default_rng(seed).integers(-high, high, shape).astype(f"i{bits // 8}")


def reals(q: Array, affine: Affine) -> Array:
    return affine.scale * (q.astype(np.float64) - affine.zero_point)


def within_one(found: Array, wanted: Array, affine: Affine) -> None:
    """The integers stand for ``wanted`` up to less than one step, and mostly up to half of one."""
    exact = np.clip(wanted / affine.scale + affine.zero_point, affine.low, affine.high)
    assert abs(found - exact).max() < 1.0
    assert (abs(found - exact) <= 0.5 + 1e-4).mean() > 0.98


def layer(outputs: int, inputs: int, output: Affine, **options: Any) -> Linear:
    generator = np.random.default_rng(outputs)
    weight = generator.integers(-127, 127, (outputs, inputs), endpoint=True)
    bias = generator.integers(-3000, 3000, outputs)
    return Linear("oi,i->o", weight, generator.uniform(0.001, 0.01, outputs), bias, output, **options)


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("is_relu", [False, True])
def test_a_dense_layer(rounding: Rounding, is_relu: bool) -> None:
    dense = layer(6, 16, Y, relu=is_relu, rounding=rounding)

    @node
    def top(x: Stream[Vec[L[16], i8]]) -> Stream[Vec[Any, i8]]:
        return dense(Quantised(x, A)).values

    x = integers(200, 16)
    assert dense.bias is not None
    sums = (x.astype(np.int64) - A.zero_point) @ dense.weight.T + dense.bias
    wanted = sums * dense.scale * A.scale
    # 15 bits of a multiplier are less than the others have.
    found, exact = out(top, x=x), np.clip(np.maximum(wanted, 0) if is_relu else wanted, -10, 10)
    within_one(found, exact, Y) if rounding is not Rounding.REDUCED else None
    assert abs(reals(found, Y) - np.clip(exact, *reals(np.array([-128, 127]), Y))).max() < Y.scale
    assert abs(sums).max() <= dense.bound(A)


def test_a_convolution_is_a_contraction_of_windows() -> None:
    generator = np.random.default_rng(8)
    weight = generator.integers(-127, 127, (5, 3, 4))
    bias = generator.integers(-500, 500, 5)
    full = Linear("okc,tkc->to", weight, np.full(5, 0.004), bias, Y)
    own = Linear("kc,tkc->tc", weight[0], np.linspace(0.003, 0.009, 4), None, Y)

    @node
    def top(x: Stream[Mat[L[9], L[4], i8]]) -> tuple[Stream[Mat[Any, Any, i8]], Stream[Mat[Any, Any, i8]]]:
        windows = Quantised(x.windows(3), A)
        return full(windows).values, own(windows).values

    x = integers(60, 9, 4)
    centred = x.astype(np.int64) - A.zero_point
    windows = np.stack([centred[:, t : t + 3] for t in range(7)], axis=1)
    first, second = run(top, x=x).values()
    within_one(first, (np.einsum("okc,ntkc->nto", weight, windows) + bias) * 0.004 * A.scale, Y)
    within_one(second, np.einsum("kc,ntkc->ntc", weight[0], windows) * own.scale * A.scale, Y)


def test_sums_products_and_what_joins_them() -> None:
    @node
    def top(a: Stream[Vec[L[8], i8]], b: Stream[Vec[L[8], i8]]) -> tuple[Stream[Vec[Any, i8]], ...]:
        p, q = Quantised(a, A), Quantised(b, B)
        return (
            add(p, q, Y).values, add(p, q, Y, subtract=True).values, multiply(p, q, Y).values,
            join([p, q], Y).values, requantise(p, Y).values, relu(p).values,
        )  # fmt: skip

    top.function.__annotations__["return"] = tuple[(Stream[Vec[Any, i8]],) * 6]
    a, b = integers(100, 8), integers(100, 8, seed=1)
    plus, minus, product, joined, same, positive = run(top, a=a, b=b).values()
    left, right = reals(a, A), reals(b, B)
    within_one(plus, left + right, Y)
    within_one(minus, left - right, Y)
    within_one(product, left * right, Y)
    within_one(joined, np.concatenate([left, right], axis=1), Y)
    within_one(same, left, Y)
    assert np.array_equal(reals(positive, A), np.maximum(left, 0))


def test_a_quotient_is_rounded_once_and_by_0_is_0() -> None:
    output = Affine(0.2, -20)

    @node
    def top(a: Stream[Vec[L[8], i8]], b: Stream[Vec[L[8], i8]]) -> Stream[Vec[Any, i8]]:
        return divide(Quantised(a, A), Quantised(b, B), output).values

    a, b = integers(24, 8), integers(24, 8, seed=1)
    b[0, :4] = B.zero_point
    found = out(top, a=a, b=b)
    zero = reals(b, B) == 0
    assert (found[zero] == output.zero_point).all()
    least, most = reals(np.array([-128, 127]), output)
    quotient = np.clip(reals(a, A)[~zero] / reals(b, B)[~zero], least, most)
    assert abs(reals(found[~zero], output) - quotient).max() <= output.scale * 0.501
    assert_engines_agree(top, a=a, b=b)


def test_a_mean_has_its_ties_away_from_zero() -> None:
    @node
    def top(x: Stream[Mat[L[6], L[2], i8]]) -> Stream[Vec[Any, i8]]:
        return average(Quantised(x, A), 0).values

    x = integers(300, 6, 2)
    total = x.astype(np.int64).sum(1)
    assert np.array_equal(out(top, x=x), np.sign(total) * ((abs(total) + 3) // 6))


def test_a_table_of_8_bits_is_the_rounded_function() -> None:
    table = Table(np.tanh, A, Affine(1 / 128))

    @node
    def top(x: Stream[Vec[L[256], i8]]) -> Stream[Vec[Any, i8]]:
        return table(Quantised(x, A)).values

    q = np.arange(-128, 128).astype(np.int8)
    wanted = np.clip(np.floor(np.tanh(reals(q, A)) * 128 + 0.5), -128, 127)
    assert np.array_equal(out(top, x=q[None])[0], wanted)


def test_a_table_of_16_bits_has_lines_between_its_entries() -> None:
    table = Table(np.tanh, WIDE, Affine(1 / 32768, 0, 16))

    @node
    def top(x: Stream[i16]) -> Stream[i16]:
        return table(Quantised(x, WIDE)).values

    q = np.concatenate([np.arange(-(2**15), 2**15, 37), [2**15 - 1]]).astype(np.int16)
    assert abs(out(top, x=q) / 32768 - np.tanh(reals(q, WIDE))).max() < 2e-4


def test_shares_of_a_vector_add_up_to_1() -> None:
    @node
    def top(x: Stream[Vec[L[5], i8]]) -> Stream[Vec[Any, i8]]:
        return Softmax(Y)(Quantised(x, Y)).values

    x = integers(500, 5)
    powers = np.exp(reals(x, Y))
    wanted = powers / powers.sum(1, keepdims=True)
    found = out(top, x=x)
    within_one(found, wanted, SOFTMAX)
    assert abs(reals(found, SOFTMAX).sum(1) - 1).max() <= 3 / 256


@pytest.mark.parametrize("affine", [A, WIDE], ids=["8 bits", "16 bits"])
def test_a_real_number_becomes_the_nearest_integer(affine: Affine) -> None:
    kind: Any = affine.kind

    @node
    def top(x: Stream[f32]) -> tuple[Stream[kind], Stream[f32]]:
        q = quantise(x, affine)
        return q.values, real(q)

    x = np.random.default_rng(2).normal(scale=2, size=500).astype(np.float32)
    x[:4] = [np.nan, np.inf, -np.inf, 0.0]
    found, back = run(top, x=x).values()
    assert found[:4].tolist() == [affine.low, affine.high, affine.low, affine.zero_point]
    least, most = reals(np.array([affine.low, affine.high]), affine)
    assert abs(back[3:] - np.clip(x[3:], least, most)).max() <= affine.scale * 0.502


def test_a_sum_that_could_overflow_is_refused() -> None:
    dense = Linear("oi,i->o", np.full((1, 2), 127), np.array([0.1]), np.array([2**31 - 200]), Y)
    with pytest.raises(OverflowingError, match=f"can reach {2**31 - 200 + 254 * A.reach}"):
        dense(Quantised(constant(np.zeros(2, np.int64), type=i8), A))


def test_sums_of_16_bits_that_could_overflow_are_of_64() -> None:
    dense = Linear("oi,i->o", np.full((1, 600), 127), np.array([1e-5]), None, WIDE, rounding=Rounding.REDUCED)
    assert dense.bound(WIDE) > 2**31

    @node
    def top(x: Stream[Vec[L[600], i16]]) -> Stream[Vec[Any, i16]]:
        return dense(Quantised(x, WIDE)).values

    x = np.full((2, 600), -(2**15), np.int16)
    x[1] = 2**15 - 1
    wanted = 600 * 127 * reals(x[:, :1], WIDE) * 1e-5
    assert abs(reals(out(top, x=x), WIDE) - wanted).max() < 1e-3 * abs(wanted).max()


def test_layers_have_the_same_bits_in_every_engine() -> None:
    dense = layer(12, 16, B, relu=True)
    last = layer(4, 12, Y, rounding=Rounding.EXACT, name="last")
    table, wide = Table(np.tanh, B, Affine(1 / 128)), Table(np.tanh, WIDE, Affine(1 / 32768, 0, 16))

    @node
    def top(
        x: Stream[Vec[L[16], i8]], w: Stream[Vec[L[4], i16]], v: Stream[Vec[L[4], f32]]
    ) -> tuple[Stream[Vec[Any, i8]], Stream[Vec[Any, i8]], Stream[Vec[Any, i16]], Stream[Vec[Any, f32]]]:
        hidden = dense(Quantised(x, A))
        q = quantise(v, Y)
        total = add(multiply(q, last(hidden), Y), q, B)
        return table(hidden).values, Softmax(B)(total).values, wide(Quantised(w, WIDE)).values, real(total)

    v = np.random.default_rng(4).normal(size=(24, 4)).astype(np.float32)
    assert_engines_agree(top, x=integers(24, 16), w=integers(24, 4, bits=16), v=v)
