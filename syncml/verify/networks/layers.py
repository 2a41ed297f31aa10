"""A feed-forward network as a list of layers.

    network ::= layer*        layer ::= y = W x + b | y = relu(x) | y = tanh(x) | y = sigmoid(x)

Weights are the machine numbers of the program, exactly. ``scalar`` is the type that the program computes in: products
are summed one after the other, then the bias is added, each operation rounded once.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.elementary import CERTIFICATES
from syncml.ir.operators import Op
from syncml.ir.types import Scalar
from syncml.verify.networks.rounding import LARGEST, TINY, UNIT, Floats, gamma, up


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """``weight @ x + bias``; (outputs, inputs) and (outputs,).

    ``ordered`` says that sums ascend in the inputs; otherwise they are in some fixed order.
    """

    weight: Floats
    bias: Floats
    ordered: bool = True

    def lost(self, size: Floats, scalar: Scalar) -> Floats:
        """How much rounding in ``scalar`` changes the results for inputs of at most ``size``, (boxes, inputs).

        A product is rounded once itself and in each sum from its own on, the one with the bias included: where sums
        ascend, in as many as there are inputs from its own on, else in at most as many as a result has terms. A
        product with zero, and the sum with it, are exact.
        """
        there = size > 0.0
        if self.ordered:
            later = np.cumsum(there[:, ::-1], axis=1)[:, ::-1]
        else:
            terms = np.count_nonzero(self.weight, axis=1).max(initial=0)
            later = np.minimum(there.sum(axis=1, keepdims=True), terms)
        part = (later + 2) * UNIT[scalar]
        share = up(part / (1.0 - part))
        weight = np.abs(self.weight)
        return up((share * size) @ weight.T + gamma(1, scalar) * np.abs(self.bias) + (size.shape[1] + 1) * TINY[scalar])


@dataclass(frozen=True, slots=True)
class Activation:
    """An elementwise function; `Op.MAX` stands for ``max(0, x)``."""

    op: Op


Layer: TypeAlias = Affine | Activation

ACTIVATIONS = (Op.MAX, Op.TANH, Op.SIGMOID)
"""The activations that have linear relaxations."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Layers from the input to the output."""

    layers: tuple[Layer, ...]
    scalar: Scalar
    inputs: int

    @property
    def outputs(self) -> int:
        """The number of outputs."""
        return self.width(len(self.layers))

    def width(self, layer: int) -> int:
        """The number of arguments of a layer."""
        earlier = reversed(self.layers[:layer])
        return next((x.weight.shape[0] for x in earlier if isinstance(x, Affine)), self.inputs)

    def __call__(self, x: Floats) -> Floats:
        """The outputs for rows of inputs, in binary64: near what the program computes, for searches only."""
        for layer in self.layers:
            match layer:
                case Affine():
                    x = x @ layer.weight.T + layer.bias
                case Activation():
                    x = function(layer.op, x)
        return x


def function(op: Op, x: Floats) -> Floats:
    """An activation in binary64, with an error of a few units in the last place."""
    if op is Op.MAX:
        return np.maximum(x, 0.0)
    return np.tanh(x) if op is Op.TANH else 0.5 + 0.5 * np.tanh(0.5 * x)


def error_of(network: Network, magnitudes: list[Floats]) -> Floats:
    """How far the outputs as computed in ``network.scalar`` can be from those in real arithmetic.

    Args:
        network: The network; its input is exact.
        magnitudes: For each layer the largest magnitude of each of its inputs in real arithmetic, (boxes, inputs).
            An error that leaves the range of the type is infinite.
    """
    scalar = network.scalar
    unit, tiny = UNIT[scalar], TINY[scalar]
    error: Floats = np.zeros((magnitudes[0].shape[0], network.inputs))
    for layer, size in zip(network.layers, magnitudes, strict=True):
        match layer:
            case Affine():
                weight = np.abs(layer.weight)
                computed = up((size + error) @ weight.T + np.abs(layer.bias))
                error = up(error @ weight.T + layer.lost(size + error, scalar))
                error = np.where(computed < 0.5 * LARGEST[scalar], error, np.inf)
            case Activation(Op.MAX):
                pass
            case Activation(op):
                # The slope of tanh is at most 1, of the sigmoid 1/4; a result is at most 1, its unit at most 2 u.
                slope = 1.0 if op is Op.TANH else 0.25
                largest = np.minimum(1.0, slope * (size + error)) if op is Op.TANH else 1.0
                error = up(slope * error + CERTIFICATES[op, scalar].error_ulp * (2.0 * unit * largest + tiny))
    return error
