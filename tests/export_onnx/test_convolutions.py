"""Convolutions in exported files: the operator Conv where it says the same, in the runtimes and read back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml import Stream, Vec, einsum, node
from syncml.networks.onnx_node import load_onnx
from syncml.nodes.convolution import Conv1d, Conv2d
from tests.export_onnx.running import agrees, checked_of, drawn, exported, interpreted, onnx

RNG = np.random.default_rng(8)


def weights(*shape: int) -> Any:
    return (RNG.normal(size=shape) * 0.4).astype(np.float32)


WINDOWED, INNER = weights(2, 3), weights(2, 2, 3)
CASES: dict[str, tuple[tuple[int, ...], Any, int]] = {
    "strided": ((3, 11), Conv1d(weights(4, 3, 3), weights(4), stride=2), 1),
    "dilated, channels last": ((11, 3), Conv1d(weights(4, 3, 3), dilation=2, channels_last=True), 1),
    "padded": ((3, 7), Conv1d(weights(4, 3, 3), weights(4), padding="same"), 1),
    "of one channel": ((1, 9), Conv1d(weights(2, 1, 4), weights(2)), 1),
    "of images": ((2, 6, 5), Conv2d(weights(3, 2, 3, 2), weights(3), stride=(1, 2), dilation=(2, 1)), 1),
    "of images, channels last": ((6, 5, 2), Conv2d(weights(3, 2, 2, 3), stride=2, channels_last=True), 1),
    "along one axis of images": ((2, 4, 6), Conv2d(weights(3, 2, 1, 3), weights(3)), 1),
    "in groups": ((4, 9), Conv1d(weights(4, 2, 3), weights(4), groups=2), 0),
    "depthwise": ((3, 9), Conv1d(weights(3, 1, 3), groups=3), 0),
    "of windows in windows": (
        (9, 3), lambda x: einsum("ojc,xjkc->xo", INNER, x.windows(3, axis=0).windows(2, axis=1)), 0,
    ),
    "of windows of windows": (
        (9, 3), lambda x: einsum("ok,xjkc->xo", WINDOWED, x.windows(3, axis=0).windows(2, axis=0)), 0,
    ),
}  # fmt: skip


def top_of(layer: Any, shape: tuple[int, ...]) -> Any:
    size = int(np.prod(shape))

    @node
    def top(x: Stream[Vec[size]]) -> Stream[Any]:  # type: ignore[valid-type]
        y = layer(x.reshape(*shape))
        return y.reshape(int(np.prod(y.shape)))

    return top


@pytest.mark.parametrize("name", CASES)
def test_a_convolution_leaves_as_one(name: str, tmp_path: Path) -> None:
    shape, layer, count = CASES[name]
    top = top_of(layer, shape)
    agrees(top, "reference", ticks=3)
    checked = checked_of(top)
    path = tmp_path / "m.onnx"
    path.write_bytes(exported(checked))
    assert Counter(n.op_type for n in onnx.load(path).graph.node)["Conv"] == count
    network = load_onnx(path)

    @node
    def again(x: Stream[Vec[network.inputs]]) -> Stream[Any]:
        return network(x)

    inputs = drawn(checked, 3, 1)
    ((wanted,), (found,)) = (tuple(interpreted(c, inputs).values()) for c in (checked, checked_of(again)))
    assert found.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("name", [name for name, (_, _, count) in CASES.items() if count])
def test_onnxruntime_agrees(name: str) -> None:
    shape, layer, _ = CASES[name]
    agrees(top_of(layer, shape), "onnxruntime", ticks=3)
