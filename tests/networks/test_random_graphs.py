"""Random networks against the reference evaluator of the onnx package."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.networks.models import Array, agrees, array, op, write

OPSET = 18
POINTWISE = ("Relu", "Tanh", "Sigmoid", "Abs", "Neg", "Softplus", "Softsign", "Elu", "LeakyRelu", "HardSigmoid", "Erf",
             "Selu", "HardSwish", "Mish", "Identity", "Softmax", "LogSoftmax")  # fmt: skip
IMAGES = ("pointwise", "pointwise", "conv", "conv", "pool", "norm", "residual", "pad", "split", "reduce")


class Growth:
    """A network that grows at its end; ``shape`` is that of the tensor ``last``."""

    def __init__(self, draw: Any, shape: tuple[int, ...]) -> None:
        self.draw, self.shape, self.last = draw, shape, "x"
        self.nodes: list[Any] = []
        self.weights: dict[str, Array] = {}

    def weight(self, *shape: int) -> str:
        return self.constant(array(*shape, seed=len(self.weights)) * np.float32(0.5))

    def constant(self, values: Any) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = np.asarray(values)
        return name

    def add(self, kind: str, *more: str, shape: tuple[int, ...] | None = None, **attributes: Any) -> None:
        name = f"t{len(self.nodes)}"
        self.nodes.append(op(kind, [self.last, *more], [name], **attributes))
        self.last, self.shape = name, shape or self.shape

    def pick(self, *among: Any) -> Any:
        return self.draw(st.sampled_from(among))

    def conv(self) -> None:
        channels, extents = self.shape[1], self.shape[2:]
        groups = self.pick(*(g for g in (1, 2, channels) if channels % g == 0))
        outside = groups * self.pick(1, 2)
        kernel = [self.pick(*range(1, min(3, n) + 1)) for n in extents]
        strides = [self.pick(1, 2) for _ in extents]
        weight = self.weight(outside, channels // groups, *kernel)
        bias = (self.weight(outside),) if self.pick(True, False) else ()
        options: dict[str, Any] = {"group": groups, "strides": strides}
        if self.pick(True, False):
            options["auto_pad"] = self.pick("SAME_UPPER", "SAME_LOWER")
            sizes = [-(-n // s) for n, s in zip(extents, strides, strict=True)]
        else:
            options["pads"] = sides = [self.pick(0, 1) for _ in range(2 * len(extents))]
            wide = [n + a + b for n, a, b in zip(extents, sides[: len(extents)], sides[len(extents) :], strict=True)]
            options["dilations"] = [
                self.pick(1, 2) if 2 * (k - 1) < n else 1 for n, k in zip(wide, kernel, strict=True)
            ]
            form = zip(wide, kernel, strides, options["dilations"], strict=True)
            sizes = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in form]
        self.add("Conv", weight, *bias, shape=(self.shape[0], outside, *sizes), **options)

    def pool(self) -> None:
        kind, extents = self.pick("MaxPool", "AveragePool"), self.shape[2:]
        kernel = [self.pick(*range(1, min(3, n) + 1)) for n in extents]
        strides = [self.pick(1, 2) for _ in extents]
        sizes = [(n - k) // s + 1 for n, k, s in zip(extents, kernel, strides, strict=True)]
        self.add(kind, shape=(*self.shape[:2], *sizes), kernel_shape=kernel, strides=strides)

    def norm(self) -> None:
        channels = self.shape[1]
        kind = self.pick("BatchNormalization", "InstanceNormalization", "LayerNormalization")
        if kind == "LayerNormalization":
            self.add(kind, self.weight(self.shape[-1]), self.weight(self.shape[-1]), axis=-1, epsilon=0.01)
        elif kind == "BatchNormalization":
            variance = self.constant(abs(array(channels)) + np.float32(0.1))
            self.add(kind, *(self.weight(channels) for _ in range(3)), variance)
        else:
            self.add(kind, self.weight(channels), self.weight(channels), epsilon=0.01)

    def residual(self) -> None:
        before = self.last
        self.pointwise()
        self.add(self.pick("Add", "Mul", "Max", "Sub"), before)

    def pointwise(self) -> None:
        self.add(self.pick(*POINTWISE))

    def pad(self) -> None:
        sides = [self.pick(0, 1) for _ in range(2 * len(self.shape))]
        rank = len(self.shape)
        shape = tuple(n + sides[i] + sides[i + rank] for i, n in enumerate(self.shape))
        self.add("Pad", self.constant(np.array(sides)), shape=shape, mode=self.pick("constant", "edge"))

    def split(self) -> None:
        axis = self.pick(*range(1, len(self.shape)))
        count = self.shape[axis]
        if count < 2:
            return
        sizes = self.constant(np.array([1, count - 1]))
        self.nodes.append(op("Split", [self.last, sizes], [f"a{len(self.nodes)}", f"b{len(self.nodes)}"], axis=axis))
        first, second = self.nodes[-1].output
        self.last = second
        self.add("Concat", first, axis=axis)

    def reduce(self) -> None:
        kind = self.pick("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2")
        axis = self.pick(*range(2, len(self.shape)))
        shape = tuple(1 if i == axis else n for i, n in enumerate(self.shape))
        self.add(kind, self.constant(np.array([axis])), shape=shape)

    def head(self) -> None:
        """A dense layer, by one of the ways in which exporters write it."""
        count = int(np.prod(self.shape))
        if self.pick(True, False):
            self.add("Flatten", shape=(1, count), axis=0)
            self.add("Gemm", self.weight(3, count), self.weight(3), transB=1, shape=(1, 3))
        else:
            self.add("Transpose", perm=[0, *range(2, len(self.shape)), 1])
            self.add("Reshape", self.constant(np.array([1, -1])), shape=(1, count))
            self.add("MatMul", self.weight(count, 3), shape=(1, 3))
            self.add("Softmax", axis=-1)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_random_networks_agree_with_the_reference(data: Any) -> None:
    extents = data.draw(st.sampled_from([(7,), (5, 4), (1, 6)]))
    network = Growth(data.draw, (1, data.draw(st.sampled_from((1, 2, 4))), *extents))
    shape = network.shape
    for _ in range(data.draw(st.integers(1, 5))):
        getattr(network, data.draw(st.sampled_from(IMAGES)))()
    network.head()
    with tempfile.TemporaryDirectory() as folder:
        agrees(write(Path(folder), network.nodes, shape, network.weights, OPSET, out=network.last), shape, ticks=2)
