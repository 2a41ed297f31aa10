"""Networks of layers on windows: what is shared between instants, what is not and why, and that nothing changes."""

from __future__ import annotations

from typing import Any
from typing import Literal as L

import numpy as np
import pytest

from syncml import (
    Mat,
    Stream,
    Vec,
    arrow,
    concat,
    constant,
    einsum,
    every,
    f32,
    fold,
    i32,
    maximum,
    node,
    pre,
    sample,
    state,
    tanh,
    window,
)  # fmt: skip
from syncml.ir.equations.folding import Fold, Folded
from syncml.ir.equations.work import products_of
from syncml.lang.load import program_of
from syncml.nodes.activations import relu
from syncml.nodes.convolution import Conv1d
from syncml.nodes.neural import Dense
from syncml.nodes.pooling import average_pool, global_average_pool, max_pool
from syncml.pipeline import Checked, check, folded
from syncml.sim.interpreter import interpret
from syncml.sim.trace import first_difference
from tests.support.programs import inputs_for

generator = np.random.default_rng(0)


def weights(*extents: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return (generator.normal(size=extents) * 0.3).astype(np.float32)


def conv(name: str, outputs: int, inputs: int, size: int, **options: Any) -> Conv1d:
    weight = weights(outputs, inputs // options.get("groups", 1), size)
    return Conv1d(weight, weights(outputs), channels_last=True, name=name, **options)


def depthwise(name: str, channels: int, size: int) -> Conv1d:
    return conv(name, channels, channels, size, groups=channels)


def equal(checked: Checked, found: Folded, ticks: int) -> bool:
    values = inputs_for(checked.program, ticks, 3)
    names = tuple(v.name for v in checked.main.outputs)
    runs = [interpret(program, values, ticks).trace.only(names) for program in (checked.program, found.program)]
    return first_difference(*runs) is None


def kept(found: Folded) -> list[tuple[int, int, int]]:
    """The lines that keep something: extent, columns computed in an instant, columns kept."""
    return [(s.columns, s.computed, s.kept) for s in found.shared if s.kept]


def test_the_wake_word_network_needs_an_eighteenth() -> None:
    """The architecture of MLPerf Tiny's streaming wake word, in f32."""
    stages = [(depthwise(f"d{i}", c, k), conv(f"p{i}", 128, c, 1, activation=relu)) for i, (c, k) in
              enumerate([(40, 3), (128, 5), (128, 10)])]  # fmt: skip
    last, dense = depthwise("d3", 128, 15), conv("p3", 32, 128, 1, activation=relu)
    classify = Dense(weights(3, 32), weights(3))

    @node
    def network(x: Stream[Any]) -> Stream[Any]:
        for along, across in stages:
            x = across(along(x))
        return classify(dense(last(x)).reshape(32))

    @node
    def main(x: Stream[Vec[L[40]]]) -> Stream[Vec[L[3]]]:
        return network(window(x, 30))

    checked = check(program_of(main))
    found = folded(checked)
    assert (products_of(checked.program), products_of(found.program)) == (826_368, 46_040)
    assert kept(found) == [(30, 0, 2), (28, 1, 4), (24, 1, 9), (15, 1, 14)]
    assert sum(s.bytes for s in found.shared) == 4 * 3_536
    assert equal(checked, found, 4)


def test_padding_strides_and_pooling() -> None:
    """Columns that touch the padding are computed in each instant; a stride keeps all phases."""
    same = conv("same", 4, 3, 3, padding="same", activation=relu)
    deep, dilated = depthwise("deep", 4, 5), conv("dilated", 4, 4, 2, dilation=4)
    strided = conv("strided", 4, 4, 3, stride=2, activation=tanh)
    across = Conv1d(weights(5, 4, 3), weights(5), name="across")

    @node
    def main(x: Stream[Vec[L[3]]]) -> tuple[Stream[Vec[L[5]]], Stream[Any]]:
        h = max_pool(same(window(x, 40, init=1.0)), (2,), stride=1, channels_last=True)
        h = average_pool(deep(dilated(h)), (2,), stride=1, channels_last=True)
        h = across(strided(h).T)
        return global_average_pool(h), h[:, -1]

    checked = check(program_of(main))
    found = folded(checked)
    assert equal(checked, found, 45)
    assert products_of(found.program) * 10 < products_of(checked.program)
    assert (14, 2, 24) in kept(found)
    assert all(s.computed == 2 for s in found.shared if s.computed)
    assert [w.reason for w in found.whole] == ["is summed along time, from all values in their order"]


def test_hops_of_several_columns_and_a_register_of_the_user() -> None:
    """Two rows enter at a time; a stride of two fits them, so one column is computed, and none is kept twice."""
    pair = constant(weights(2, 2, 3), name="pair")

    @node
    def main(x: Stream[Mat[L[2], L[2]]]) -> Stream[Vec[L[3]]]:
        older = state(init=np.ones((10, 2)))
        w = concat(older, x)
        older.next = w[2:]
        h = tanh(pair_of(w))
        return pair_of(concat(h[:, :2], axis=0))[-1]

    def pair_of(x: Stream[Any]) -> Stream[Any]:
        return einsum("wkc,kco->wo", x.windows(2, stride=2 if x.shape[0] > 6 else 1), pair)

    checked = check(program_of(main))
    found = folded(checked)
    assert equal(checked, found, 12)
    assert (6, 1, 1) in kept(found)


def test_dilated_layers_keep_their_columns_in_rings() -> None:
    """Of the columns that a dilated layer spans it reads few: they stay where they are, and the newest goes round."""
    layers = [conv(f"d{d}", 8, 3 if d == 1 else 8, 2, dilation=d, activation=tanh) for d in (1, 2, 4, 8, 16)]

    @node
    def main(x: Stream[Vec[L[3]]]) -> Stream[Vec[L[8]]]:
        h = window(x, 32, init=0.5)
        for layer in layers:
            h = layer(h)
        return h[-1]

    checked = check(program_of(main))
    found = folded(checked)
    assert kept(found) == [(32, 0, 1), (31, 1, 2), (29, 1, 4), (25, 1, 8), (17, 1, 16)]
    rings = [v.type for n in found.program.nodes for e in n.equations for v in e.targets if v.name.endswith("_ring")]
    assert [str(t) for t in rings] == ["f32[8, 1, 8]", "f32[16, 1, 8]"]
    assert products_of(found.program) == 2 * 8 * (3 + 4 * 8)
    assert equal(checked, found, 70)


def test_the_oldest_columns_of_a_slow_window() -> None:
    """A window of a sampled stream moves at its instants."""

    @node
    def main(x: Stream[f32]) -> Stream[f32]:
        w = window(sample(x, every(3)), 8, init=2.0)
        h = tanh(w[1:] - w[:-1])
        return h.windows(3).max(axis=1).sum()

    checked = check(program_of(main))
    found = folded(checked, Fold.ALWAYS)
    assert kept(found)
    assert equal(checked, found, 30)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gain", "meets a stream that is no part of the window"),
        ("places", "has constants that differ along time"),
        ("total", "is reduced along time, from all values in their order"),
        ("dense", "joins time with another axis"),
        ("recurrent", "goes through the window from an initial value, which is a new one in each instant"),
        ("delayed", "takes the window as a whole"),
        ("backwards", "is turned round along time"),
    ],
)
def test_what_is_not_shared_is_told(name: str, reason: str) -> None:
    ramp = np.arange(8, dtype=np.float32).reshape(8, 1)

    @node
    def main(x: Stream[Vec[L[2]]], g: Stream[f32]) -> Stream[f32]:
        h = tanh(window(x, 8))
        readers: dict[str, Any] = {
            "gain": lambda: (h * g)[0, 0],
            "places": lambda: (h * ramp)[0, 0],
            "total": lambda: h.sum(axis=0)[0],
            "dense": lambda: (constant(weights(2, 16)) @ h.reshape(16))[0],
            "recurrent": lambda: fold(lambda a, r: tanh(a + r[0]), 0.0)(h),
            "delayed": lambda: pre(h, init=0.0)[0, 0],
            "backwards": lambda: h[::-1][0, 0],
        }
        return readers[name]()

    checked = check(program_of(main))
    found = folded(checked, Fold.ALWAYS)
    assert reason in [w.reason for w in found.whole]
    assert equal(checked, found, 10)


def test_a_window_without_a_network_stays() -> None:
    @node
    def main(x: Stream[f32], n: Stream[i32]) -> tuple[Stream[f32], Stream[f32]]:
        w = window(x, 9)
        return w.sum(), arrow(0.0, maximum(w[n], 0.0))

    checked = check(program_of(main))
    assert folded(checked).program is checked.program
    assert folded(checked, Fold.NEVER).program is checked.program
