"""Convolutions, pooling, normalisation, embedding and attention against their formulas in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from syncml import Stream, Vec, f32, i32, node
from syncml.diagnostics.model import DiagnosticError
from syncml.nodes import activations
from syncml.nodes.attention import Attention
from syncml.nodes.convolution import Conv1d, Conv2d, convolve, pads
from syncml.nodes.embedding import Embedding
from syncml.nodes.normalisation import BatchNorm, GroupNorm, LayerNorm, folded
from syncml.nodes.pooling import average_pool, global_average_pool, global_max_pool, max_pool
from tests.nodes.running import assert_engines_agree, out

Array = NDArray[Any]
TICKS = 3


def random(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed + sum(shape)).normal(size=shape).astype(np.float32)


def on(shape: Sequence[int], function: Callable[[Any], Any]) -> Any:
    """A node that reads the elements of an array as a vector and gives those of the function's value."""
    size = int(np.prod(shape))

    @node
    def main(x: Stream[Vec[size]]) -> Stream[Vec[Any]]:  # type: ignore[valid-type]
        y = function(x.reshape(*shape))
        return y.reshape(int(np.prod(y.shape)))

    return main


def applied(function: Callable[[Any], Any], x: Array) -> Array:
    """A layer at each of the arrays of ``x``."""
    return out(on(x.shape[1:], function), x=x.reshape(len(x), -1))


def convolution(x: Array, w: Array, b: Array | None, stride: Any, sides: Any, dilation: Any, groups: int) -> Array:
    """By the formula; channels first, in double precision."""
    x = np.pad(x.astype(np.float64), [(0, 0), *sides])
    kernel = w.shape[2:]
    extents = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(x.shape[1:], kernel, stride, dilation, strict=True)]
    y = np.zeros((len(w), *extents))
    for o, *place in product(range(len(w)), *map(range, extents)):
        group = o // (len(w) // groups)
        for c, *k in product(range(w.shape[1]), *map(range, kernel)):
            at = tuple(p * s + i * d for p, s, i, d in zip(place, stride, k, dilation, strict=True))
            y[(o, *place)] += w[(o, c, *k)] * x[(group * w.shape[1] + c, *at)]
    return y if b is None else y + b.reshape(-1, *(1,) * len(kernel))


@st.composite
def convolutions(draw: Any) -> dict[str, Any]:
    rank, groups = draw(st.integers(1, 2)), draw(st.sampled_from((1, 1, 2, 3)))
    inside, outside = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    kernel, stride, dilation = ([draw(st.integers(1, 3 if i == 0 else 2)) for _ in range(rank)] for i in range(3))
    padding = draw(st.sampled_from(("valid", "same", "causal", 1)))
    extents = [draw(st.integers((k - 1) * d + 1, 7)) for k, d in zip(kernel, dilation, strict=True)]
    return {
        "weight": random(groups * outside, inside, *kernel),
        "bias": random(groups * outside, seed=3) if draw(st.booleans()) else None,
        "stride": stride, "padding": padding, "dilation": dilation, "groups": groups,
        "x": random(TICKS, groups * inside, *extents), "channels_last": draw(st.booleans()),
    }  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(convolutions())
def test_convolutions_are_the_sums_of_the_formula(case: dict[str, Any]) -> None:
    x, last = case.pop("x"), case.pop("channels_last")
    form = [case[name] for name in ("stride", "dilation")]
    sides = pads(case["padding"], x.shape[2:], case["weight"].shape[2:], *form)
    expected = np.array(
        [convolution(row, case["weight"], case["bias"], form[0], sides, form[1], case["groups"]) for row in x]
    )
    if last:
        x, expected = np.moveaxis(x, 1, -1), np.moveaxis(expected, 1, -1)
    found = applied(lambda v: convolve(v, **case, channels_last=last), np.ascontiguousarray(x))
    assert found == pytest.approx(expected.reshape(TICKS, -1), abs=1e-5)


def test_a_sum_ascends_in_the_position_and_then_in_the_channel() -> None:
    """Values that cancel show the order: 1e8 of position 0 and -1e8 of position 1, beside a 1 of either."""
    weight = np.array([[[1e8, -1e8], [1.0, 1.0]]], dtype=np.float32)
    found = applied(lambda x: convolve(x, weight), np.ones((1, 2, 3), dtype=np.float32))
    assert found.tolist() == [[1.0, 1.0]]
    late = np.array([[[1.0, 1e8], [1.0, -1e8]]], dtype=np.float32)
    assert applied(lambda x: convolve(x, late), np.ones((1, 2, 3), dtype=np.float32)).tolist() == [[0.0, 0.0]]


def test_layers_of_both_ranks_keep_their_options() -> None:
    x = random(TICKS, 4, 9)
    weights = {"c.weight": random(6, 2, 3), "c.bias": random(6)}
    layer = Conv1d.of(weights, "c.", stride=2, padding="same", groups=2, activation=activations.relu)
    sides = ((1, 1),)
    expected = [convolution(row, weights["c.weight"], weights["c.bias"], (2,), sides, (1,), 2) for row in x]
    assert applied(layer, x) == pytest.approx(np.maximum(np.array(expected).reshape(TICKS, -1), 0), abs=1e-5)
    with pytest.raises(ValueError, match="4 axes, not 3"):
        Conv2d(weights["c.weight"])
    with pytest.raises(DiagnosticError, match="do not convolve"):
        applied(Conv2d(random(2, 3, 2, 2)), random(1, 2, 4, 4))
    with pytest.raises(DiagnosticError, match="'full' is none of"):
        applied(Conv1d(random(6, 4, 3), padding="full"), x)


@pytest.mark.parametrize("last", [False, True])
def test_pooling(last: bool) -> None:
    x = random(TICKS, 2, 5, 6)
    sides, size, stride = ((1, 1), (0, 1)), (3, 2), (2, 1)
    low = np.pad(x, [(0, 0), (0, 0), *sides], constant_values=-np.inf)
    views = np.lib.stride_tricks.sliding_window_view(low, size, axis=(2, 3))[:, :, ::2]
    zero = np.where(np.isinf(views), 0, views)
    given_x = np.ascontiguousarray(np.moveaxis(x, 1, -1)) if last else x

    def flat(y: Array) -> Array:
        return (np.moveaxis(y, 1, -1) if last else y).reshape(TICKS, -1)

    def pooled(pool: Any, **options: Any) -> Array:
        return applied(lambda v: pool(v, size, stride, sides, channels_last=last, **options), given_x)

    assert np.array_equal(pooled(max_pool), flat(views.max(axis=(-2, -1))))
    assert pooled(average_pool) == pytest.approx(flat(zero.mean(axis=(-2, -1))), abs=1e-6)
    counted = zero.sum(axis=(-2, -1)) / np.isfinite(views).sum(axis=(-2, -1))
    assert pooled(average_pool, count_padding=False) == pytest.approx(flat(counted), abs=1e-6)
    assert applied(lambda v: global_average_pool(v, channels_last=last), given_x) == pytest.approx(
        x.mean((2, 3)), abs=1e-6
    )
    assert np.array_equal(applied(lambda v: global_max_pool(v, channels_last=last), given_x), x.max((2, 3)))


def test_normalisations() -> None:
    x = random(TICKS, 4, 5)
    w, b, mean, variance = random(4), random(4, seed=1), random(4, seed=2), abs(random(4, seed=3))
    column = (slice(None), None)
    norm = BatchNorm(w, b, mean, variance)
    batch = (x - mean[column]) / np.sqrt(variance[column] + 1e-5) * w[column] + b[column]
    assert applied(norm, x) == pytest.approx(batch.reshape(TICKS, -1), abs=1e-5)
    layer = Conv1d(random(4, 4, 2), random(4, seed=9))
    one_by_one = applied(lambda v: norm(layer(v)), x)
    assert applied(folded(layer, norm), x) == pytest.approx(one_by_one, abs=1e-4)
    w, b = random(4, 5), random(4, 5, seed=1)
    centred = x - x.mean((1, 2), keepdims=True)
    expected = centred / np.sqrt((centred**2).mean((1, 2), keepdims=True) + 1e-5) * w + b
    assert applied(LayerNorm(w, b), x) == pytest.approx(expected.reshape(TICKS, -1), abs=1e-5)
    centred = x - x.mean(2, keepdims=True)
    rows = centred / np.sqrt((centred**2).mean(2, keepdims=True) + 1e-5)
    assert applied(LayerNorm(np.ones(5)), x) == pytest.approx(rows.reshape(TICKS, -1), abs=1e-5)
    w, b = random(4), random(4, seed=1)
    assert applied(GroupNorm(4, w, b), x) == pytest.approx((rows * w[column] + b[column]).reshape(TICKS, -1), abs=1e-5)


def exact_erf(x: Array) -> Array:
    from math import erf

    return np.array([erf(float(v)) for v in x.flat]).reshape(x.shape)


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x < 0, 0.01 * x, x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "softsign": lambda x: x / (1 + abs(x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_swish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "erf": exact_erf,
    "gelu": lambda x: x * (1 + exact_erf(x / np.sqrt(2))) / 2,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations(name: str) -> None:
    x = np.concatenate([np.linspace(-6, 6, 97), [-80, -20, 20, 80]])
    found = applied(getattr(activations, name), x.astype(np.float32)[None])
    with np.errstate(over="ignore"):
        expected = FUNCTIONS[name](x.astype(np.float32).astype(np.float64))
    assert found[0] == pytest.approx(expected, abs=2e-6, rel=2e-6)


def test_softmax_of_large_numbers_and_along_an_axis() -> None:
    x = random(TICKS, 3, 4) * 100
    powers = np.exp((x - x.max(1, keepdims=True)).astype(np.float64))
    shares = powers / powers.sum(1, keepdims=True)
    assert applied(lambda v: activations.softmax(v, axis=0), x) == pytest.approx(shares.reshape(TICKS, -1), abs=1e-5)
    logs = (x - x.max(2, keepdims=True)) - np.log(np.exp(x - x.max(2, keepdims=True)).sum(2, keepdims=True))
    assert applied(activations.log_softmax, x) == pytest.approx(logs.reshape(TICKS, -1), abs=1e-4)


def test_an_embedding_is_a_row() -> None:
    table = random(5, 3)

    @node
    def main(symbol: Stream[i32]) -> Stream[Vec[Any]]:
        return Embedding(table)(symbol)

    assert np.array_equal(out(main, symbol=[3, 0, 4]), table[[3, 0, 4]])


def attended(x: Array, layer: Attention) -> Array:
    """For each tick the attention of its input to the last ``window`` ones, all at once, in double precision."""
    features, rows = layer.weight_out.shape[0], []
    q, k, v = np.split(x.astype(np.float64) @ layer.weight_in.T + layer.bias_in, 3, axis=1)
    size = features // layer.heads
    for t in range(len(x)):
        past = slice(max(0, t - layer.window + 1), t + 1)
        heads = []
        for h in range(layer.heads):
            own = slice(h * size, (h + 1) * size)
            score = k[past, own] @ q[t, own] / np.sqrt(size)
            share = np.exp(score - score.max())
            heads.append(share @ v[past, own] / share.sum())
        rows.append(layer.weight_out @ np.concatenate(heads) + layer.bias_out)
    return np.array(rows)


def test_attention_to_a_window_of_the_past() -> None:
    layer = Attention(random(18, 6), random(18), random(6, 6), random(6), heads=2, window=4)
    x = random(11, 6)
    main = on((6,), layer)
    assert out(main, x=x) == pytest.approx(attended(x, layer), abs=1e-5)
    assert_engines_agree(main, x=np.resize(x, (40, 6)))


def test_engines_agree_on_a_network_of_all_layers() -> None:
    def network(x: Any) -> Any:
        y = Conv1d(random(4, 3, 3), random(4), padding="same", dilation=2, activation=activations.gelu)(x)
        y = GroupNorm(2, random(4), random(4))(y) + x[:1] * 0.5
        y = max_pool(y, (2,))
        y = Conv1d(random(4, 1, 3), random(4), groups=4, stride=2, activation=activations.hard_swish)(y)
        return activations.softmax(LayerNorm(random(4))(global_average_pool(y)))

    assert_engines_agree(on((3, 12), network), x=random(40, 36))


def test_residuals_and_concatenation_are_operators() -> None:
    from syncml import concat

    x = random(TICKS, 2, 3)
    found = applied(lambda v: concat(v + v * 2.0, v, axis=0), x)
    assert found == pytest.approx(np.concatenate([x * 3, x], axis=1).reshape(TICKS, -1), rel=1e-6)


def test_f32_is_the_type_of_weights() -> None:
    @node
    def main(x: Stream[f32]) -> Stream[f32]:
        return activations.selu(x)

    assert out(main, x=np.array([1.0], dtype=np.float32)).dtype == np.float32
