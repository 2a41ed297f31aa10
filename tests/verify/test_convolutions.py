"""Networks with convolutions as matrices: the same function, bounds that contain what is computed, and verdicts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from syncml import Stream, Vec, concat, node, tanh
from syncml.ir.types import F32
from syncml.lang.load import program_of
from syncml.nodes.activations import relu
from syncml.nodes.convolution import Conv1d, Conv2d
from syncml.nodes.neural import Dense
from syncml.pipeline import Checked, check
from syncml.sim.interpreter import interpret, replay
from syncml.verify import Proved, VerifyOptions, Violated, verify_network
from syncml.verify.networks.crown import bounds
from syncml.verify.networks.extract import network_at
from syncml.verify.networks.layers import Affine
from syncml.verify.networks.region import Region
from tests.verify.test_networks import extracted


def weights(*shape: int) -> np.ndarray[Any, Any]:
    return (np.random.default_rng(sum(shape)).normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def image(x: Any) -> Any:
    """Padding, strides, groups, a transposition before a dense layer."""
    y = Conv2d(weights(4, 2, 3, 3), weights(4), padding="same", stride=2, activation=relu)(x.reshape(2, 4, 4))
    y = Conv2d(weights(4, 1, 2, 2), weights(4), groups=4, activation=tanh)(y)
    y = Conv2d(weights(4, 2, 1, 1), groups=2, padding=((0, 1), (1, 0)))(y)
    return Dense(weights(2, 16), weights(2))(y.transpose(1, 2, 0).reshape(16))


def samples(x: Any) -> Any:
    """Channels last, dilated, with the first rows read backwards."""
    w = x.reshape(8, 2)
    y = Conv1d(weights(3, 2, 3), weights(3), dilation=2, channels_last=True, activation=relu)(w[::-1])
    return Dense(weights(1, 12), weights(1))(y.reshape(12))


def twice(x: Any) -> Any:
    """An element that one window reads twice is no single weight: a matrix of its own moves the elements."""
    pairs = x.reshape(1, 4)[:, 1:].windows(2, axis=1).reshape(1, 4)
    y = Conv1d(weights(2, 1, 3), weights(2), activation=relu)(pairs)
    return Dense(weights(1, 4), weights(1))(y.reshape(4))


NETWORKS: dict[str, tuple[Callable[[Any], Any], int]] = {
    "image": (image, 32),
    "samples": (samples, 16),
    "twice": (twice, 4),
}


def made(name: str) -> Checked:
    function, size = NETWORKS[name]

    @node
    def net(x: Stream[Vec[size]]) -> Stream[Vec[Any]]:  # type: ignore[valid-type]
        return function(x)

    return check(program_of(net))


@pytest.mark.parametrize("width", [0.0, 0.05, 2.0])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_convolution_is_a_matrix_and_its_bounds_hold(name: str, width: float) -> None:
    checked = made(name)
    network = extracted(checked)
    rng = np.random.default_rng(3)
    center = rng.normal(size=(1, network.inputs)).astype(np.float32).astype(np.float64)
    points = (center + width * rng.uniform(-0.99, 0.99, (60, network.inputs))).astype(np.float32)
    found = interpret(checked.program, {"x": points}, 60).trace.column(checked.main.outputs[0].name).values
    assert network(points.astype(np.float64)) == pytest.approx(found, abs=1e-5)
    low, high = bounds(network, Region.box(center - width, center + width)).outputs()
    assert (low <= found).all()
    assert (found <= high).all()
    if width == 0.0:
        assert (high - low < 1e-3).all()


def test_roundings_of_a_sum_in_another_order_are_counted() -> None:
    """The last column may be added first: it is rounded as often as any other."""
    weight, zero = np.ones((1, 4)), np.zeros(1)
    size = np.array([[0.0, 0.0, 0.0, 1.0]])
    alone = Affine(weight, zero).lost(size, F32)
    assert Affine(weight, zero, ordered=False).lost(size, F32) == pytest.approx(alone)
    size = np.array([[1e-6, 1e-6, 1e-6, 1.0]])
    assert (Affine(weight, zero, ordered=False).lost(size, F32) > 1.9 * Affine(weight, zero).lost(size, F32)).all()


@pytest.mark.parametrize(("limit", "kind"), [(100.0, Proved), (-100.0, Violated)])
def test_specifications_of_a_convolutional_network_are_decided(tmp_path: Path, limit: float, kind: type) -> None:
    checked = made("samples")
    text = [f"(declare-const X_{i} Real)(assert (and (>= X_{i} -0.5) (<= X_{i} 0.5)))" for i in range(16)]
    path = tmp_path / "p.vnnlib"
    path.write_text("\n".join([*text, "(declare-const Y_0 Real)", f"(assert (>= Y_0 {limit}))"]))
    report = verify_network(checked.flat, path, VerifyOptions(timeout=20.0), replay)
    assert isinstance(report.results[0].verdict, kind)


def test_padding_by_other_numbers_is_no_matrix() -> None:
    @node
    def net(x: Stream[Vec[4]]) -> Stream[Vec[Any]]:
        return Dense(weights(1, 6), weights(1))(concat(x, np.ones(2, dtype=np.float32)))

    flat = check(program_of(net)).flat
    found = network_at(flat.outputs[0], {t: e for e in flat.equations for t in e.targets})
    assert found is not None
    assert found.network.inputs == 6
