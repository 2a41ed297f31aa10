"""ONNX networks in QDQ form as integer arithmetic.

A quantised graph of ONNX writes each tensor of integers by `QuantizeLinear`, and reads it by `DequantizeLinear` into
real numbers, on which its operators are written. Rule: what lies between the two becomes one layer of integers,

    Q(op(DQ(x), DQ(w)) + DQ(b))   is   saturate(zero_point + round((sum w * x + b') * scale_x * scale_w / scale_y))

with the rounding of `syncml.nodes.fixed_point` that is asked for. The sum is the same number, only its rounding
differs: `QuantizeLinear` rounds a float to nearest with ties to even, the reference kernels of TensorFlow Lite a
fixed-point product. A tensor that stays in real numbers is refused by the name of its operator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.lang.node import node
from syncml.lang.stream import Stream
from syncml.lang.types import Vec, f32
from syncml.networks.held import Held, Reals, Refusal, Weights, long_axes
from syncml.networks.onnx_graph import OnnxGraph, OnnxNode, refuse_unknown
from syncml.networks.quantised_layers import convolution, dense
from syncml.networks.tensors import is_array
from syncml.nodes.fixed_point import Rounding
from syncml.nodes.quantised import (
    Affine,
    Quantised,
    Softmax,
    Table,
    add,
    average,
    join,
    multiply,
    quantise,
    real,
    relu,
    requantise,
)

MOVES = frozenset({"Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators that only rearrange elements."""

OPERATORS = MOVES | {
    "Add", "AveragePool", "Concat", "Conv", "DequantizeLinear", "Gemm", "GlobalAveragePool", "MatMul", "MaxPool", "Mul",
    "QuantizeLinear", "ReduceMean", "Relu", "Sigmoid", "Softmax", "Sub", "Tanh",
}  # fmt: skip
"""The operators that have an integer form."""


def is_quantised(graph: OnnxGraph) -> bool:
    """Whether tensors of the network, and not its weights alone, are integers."""
    return any(n.operator == "QuantizeLinear" for n in graph.nodes)


@dataclass(frozen=True, eq=False)
class QuantisedNetwork:
    """A network of integers; a call makes an instance.

    Attributes:
        graph: The network.
        rounding: Of convolutions and of products of streams: `DOUBLE`, as in the reference kernels.
        dense: Of matrix products: `EXACT`, as in those of LiteRT.
    """

    graph: OnnxGraph
    rounding: Rounding = Rounding.DOUBLE
    dense: Rounding = Rounding.EXACT

    def __post_init__(self) -> None:
        refuse_unknown(self.graph, OPERATORS)

    @property
    def input(self) -> str:
        """The name of the only input.

        Raises:
            DiagnosticError: D005, there are more.
        """
        if len(self.graph.inputs) != 1:
            names = ", ".join(self.graph.inputs) or "none"
            message = f"{self.graph.path.name} has {len(self.graph.inputs)} inputs ({names}); one is supported"
            raise DiagnosticError(error("D005", message, Span.point(str(self.graph.path))))
        return next(iter(self.graph.inputs))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the input in ONNX."""
        return self.graph.inputs[self.input]

    @property
    def inputs(self) -> int:
        """The number of scalars that the network reads."""
        return prod(self.shape)

    @property
    def kind(self) -> Any:
        """The type of the elements of the input."""
        return f32 if (affine := self.affine) is None else affine.kind

    @property
    def affine(self) -> Affine | None:
        """What the integers of the input stand for; None if it is a tensor of real numbers."""
        moved = {self.input}
        for operator in self.graph.nodes:
            if operator.inputs[0] not in moved:
                continue
            if operator.operator == "DequantizeLinear":
                return _affine(operator, self.graph.weights, _refusal(operator, self.graph))
            if operator.operator in MOVES:
                moved.update(operator.outputs)
        return None

    @node
    def network(self, x: Stream[Any]) -> Stream[Vec[Any, Any]]:
        """The first output of the network, as a vector."""
        return _Reader(self).run(x)

    def __call__(self, x: Stream[Any]) -> Stream[Any]:
        """An instance; ``x`` has the inputs in row-major order, in any shape.

        Raises:
            DiagnosticError: D003, ``x`` has another size; D005, an operator has no integer form; D021, an accumulator
                could overflow.
        """
        if prod(x.shape) != self.inputs:
            message = f"{self.graph.path.name} reads {self.inputs} inputs {self.shape}, the stream has {prod(x.shape)}"
            raise DiagnosticError(error("D003", message, Span.point(str(self.graph.path))))
        return self.network(x)


def _refusal(operator: OnnxNode, graph: OnnxGraph) -> Refusal:
    def refuse(why: str) -> Any:
        message = f"{graph.path.name}: {operator.operator} (node {operator.name}) {why}"
        raise DiagnosticError(error("D005", message, Span.point(str(graph.path))))

    return refuse


def _affine(operator: OnnxNode, weights: Any, refuse: Refusal) -> Affine:
    """The quantisation of a tensor that `QuantizeLinear` writes or `DequantizeLinear` reads."""
    scale, *zero = (weights.get(name) for name in operator.inputs[1:])
    if scale is None or (zero and zero[0] is None):
        refuse("has a scale or a zero point that is not constant")
    if scale.size != 1:
        refuse("has a scale for each channel of a tensor that is no weight")
    point: Any = zero[0] if zero else np.zeros((), np.uint8)
    kind: np.dtype[Any] = point.dtype
    if kind.name not in ("int8", "uint8", "int16", "uint16"):
        refuse(f"has integers of {kind}")
    bits = kind.itemsize * 8
    # Unsigned integers are held less half of their range.
    offset = 1 << (bits - 1) if kind.kind == "u" else 0
    return Affine(float(scale.reshape(())), int(point.reshape(())) - offset, bits)


class _Reader:
    """One instance of a network, operator by operator."""

    def __init__(self, network: QuantisedNetwork) -> None:
        self._network = network
        self._graph = network.graph
        self._values: dict[str, Any] = dict(network.graph.weights)

    def run(self, x: Stream[Any]) -> Stream[Any]:
        """The first output for ``x``."""
        network, graph = self._network, self._graph
        affine = network.affine
        held = None if affine is None else Held.of(Quantised(x, affine), network.shape)
        self._values[network.input] = x if held is None else held
        for operator in graph.nodes:
            inputs = [self._values[name] if name else None for name in operator.inputs]
            self._values[operator.outputs[0]] = self._result(operator, inputs, _refusal(operator, graph))
        found = self._values[graph.outputs[0]]
        refuse = _refusal(graph.nodes[-1], graph)
        if isinstance(found, Reals):
            if found.held is None:
                refuse("gives a tensor that stays in real numbers; quantise it")
            values = real(found.held.rows())
        else:
            values = found.rows().values
        return values if len(values.shape) == 1 else values.reshape(prod(values.shape))

    def _result(self, operator: OnnxNode, inputs: list[Any], refuse: Refusal) -> Any:
        match operator.operator:
            case "QuantizeLinear":
                return self._written(operator, inputs[0], refuse)
            case "DequantizeLinear":
                return self._read(operator, inputs[0], refuse)
            case kind if kind in MOVES:
                return self._moved(operator, inputs, refuse)
            case _:
                return self._computed(operator, inputs, refuse)

    def _written(self, operator: OnnxNode, x: Any, refuse: Refusal) -> Held:
        affine = _affine(operator, self._graph.weights, refuse)
        if isinstance(x, Reals):
            return x.make(affine, x.relu)
        if x is self._values.get(self._network.input):
            return Held.of(quantise(x, affine), self._network.shape)
        return refuse("quantises a tensor that is no result of the network")

    def _read(self, operator: OnnxNode, x: Any, refuse: Refusal) -> Reals | Weights:
        if is_array(x):
            scale, *zero = (self._graph.weights.get(name) for name in operator.inputs[1:])
            if scale is None or any(z is None or z.any() for z in zero):
                refuse("reads weights whose zero point is not 0")
            if scale.size > 1 and scale.ndim != 1:
                refuse("has scales for blocks of weights")
            return Weights(x.astype(np.int64), scale.astype(np.float64), int(operator.attributes.get("axis", 1)))
        if not isinstance(x, Held):
            refuse("reads a tensor that is not quantised")
        if _affine(operator, self._graph.weights, refuse) != x.x.affine:
            refuse("reads integers by another scale or zero point than they were written by")
        return self._held(x)

    def _held(self, held: Held) -> Reals:
        def make(output: Affine, is_relu: bool) -> Held:
            x = requantise(relu(held.x) if is_relu else held.x, output)
            return Held(x, held.shape, held.axes)

        return Reals(make, held)

    def _moved(self, operator: OnnxNode, inputs: list[Any], refuse: Refusal) -> Any:
        x = inputs[0]
        if isinstance(x, Reals):
            if x.held is None:
                refuse("rearranges real numbers; quantise them first")
            return replace(self._held(self._moved(operator, [x.held, *inputs[1:]], refuse)), relu=x.relu)
        if not isinstance(x, Held):
            refuse("rearranges a tensor that is not quantised")
        get, shape = operator.attributes.get, x.shape
        match operator.operator:
            case "Transpose":
                return x.transposed(tuple(get("perm", reversed(range(len(shape))))))
            case "Flatten":
                axis = get("axis", 1) % (len(shape) + 1)
                return x.reshaped((prod(shape[:axis]), prod(shape[axis:])))
            case "Reshape":
                given = [int(n) for n in inputs[1].reshape(-1)]
                wanted = [shape[i] if n == 0 and not get("allowzero", 0) else n for i, n in enumerate(given)]
                rest = prod(shape) // max(1, prod(n for n in wanted if n != -1))
                return x.reshaped(tuple(rest if n == -1 else n for n in wanted))
            case "Identity":
                return x
            case _:
                return x.reshaped(_axes(operator, inputs, shape))

    def _computed(self, operator: OnnxNode, inputs: list[Any], refuse: Refusal) -> Reals:
        name = _identifier(operator.outputs[0])
        match operator.operator, inputs:
            case "Relu", [Reals() as x]:
                return replace(x, relu=True, biased=None)
            case "Conv", [Reals(held=Held() as x), Weights() as w, *bias]:
                given = bias[0] if bias else None
                return convolution(x, w, operator.attributes, given, self._network.rounding, name, refuse)
            case "MatMul", [Reals(held=Held() as x), Weights() as w]:
                return dense(x, w, False, None, self._network.dense, name, refuse)
            case "Gemm", [Reals(held=Held() as x), Weights() as w, *bias]:
                get = operator.attributes.get
                if get("transA", 0) or get("alpha", 1.0) != 1.0 or get("beta", 1.0) != 1.0:
                    refuse("is transposed on the left, or scaled")
                given = bias[0] if bias else None
                return dense(x, w, bool(get("transB", 0)), given, self._network.dense, name, refuse)
            case ("Add", [Reals(biased=biased), given] | [given, Reals(biased=biased)]) if (
                biased is not None and not isinstance(given, Reals)
            ):
                return biased(given)
            case ("Add" | "Sub" | "Mul") as kind, [Reals(held=Held() as a), Reals(held=Held() as b)]:
                return self._pointwise(kind, a, b, refuse)
            case ("Sigmoid" | "Tanh") as kind, [Reals(held=Held() as x)]:
                function = np.tanh if kind == "Tanh" else _sigmoid

                def make(output: Affine, _: bool) -> Held:
                    return Held(Table(function, x.x.affine, output, name)(x.x), x.shape, x.axes)

                return Reals(make)
            case "Softmax", [Reals(held=Held() as x)]:
                if len(x.x.shape) != 1 or x.x.affine.bits != 8 or x.x.shape[0] > 256:
                    refuse(f"on a tensor of shape {x.shape}; one of up to 256 elements of 8 bits is supported")

                def shares(output: Affine, _: bool) -> Held:
                    return Held(requantise(Softmax(x.x.affine, name)(x.x), output), x.shape, x.axes)

                return Reals(shares)
            case "Concat", parts:
                return self._joined(operator, parts, refuse)
            case "GlobalAveragePool" | "ReduceMean" | "AveragePool" | "MaxPool", [Reals(held=Held() as x), *_]:
                return self._pooled(operator, x, refuse)
            case _:
                return refuse("takes a tensor that is not quantised, or one that is constant where it should not be")

    def _pointwise(self, kind: str, a: Held, b: Held, refuse: Refusal) -> Reals:
        if a.shape != b.shape:
            refuse(f"combines tensors of shapes {a.shape} and {b.shape}")
        right = b.arranged(a.axes)

        def make(output: Affine, is_relu: bool) -> Held:
            if kind == "Mul":
                found = multiply(a.x, right, output)
                return Held(relu(found) if is_relu else found, a.shape, a.axes)
            return Held(add(a.x, right, output, kind == "Sub", is_relu), a.shape, a.axes)

        return Reals(make)

    def _joined(self, operator: OnnxNode, parts: list[object], refuse: Refusal) -> Reals:
        held = [p.held for p in parts if isinstance(p, Reals) and p.held is not None]
        if len(held) != len(parts):
            refuse("joins tensors that are not quantised")
        axis = int(operator.attributes["axis"]) % len(held[0].shape)
        axes = held[0].axes
        if axis not in axes or any(h.axes != axes for h in held):
            refuse("joins tensors along an axis of length 1, or with their axes in other orders")

        def make(output: Affine, is_relu: bool) -> Held:
            joined = join([h.x for h in held], output, axes.index(axis))
            shape = held[0].shape
            whole = (*shape[:axis], sum(h.shape[axis] for h in held), *shape[axis + 1 :])
            return Held(relu(joined) if is_relu else joined, whole, axes)

        return Reals(make)

    def _pooled(self, operator: OnnxNode, x: Held, refuse: Refusal) -> Reals:
        """Pooling over the whole of the spatial axes."""
        spatial = range(2, len(x.shape))
        get = operator.attributes.get
        kernel = [int(n) for n in get("kernel_shape", [x.shape[a] for a in spatial])]
        axes = sorted(int(n) % len(x.shape) for n in get("axes", spatial))
        if kernel != [x.shape[a] for a in spatial] or any(get("pads", ())) or axes != list(spatial):
            refuse("pools over a part of its input; pooling over the whole of it is supported")
        found = x.arranged((*spatial, 0, 1))
        count = prod(x.shape[a] for a in spatial)
        channels = found.shape[len([a for a in x.axes if a in spatial]) :]
        shape = (*x.shape[:2], *(1 for _ in spatial)) if get("keepdims", 1) else x.shape[:2]
        rows = found.moved(found.values.reshape(count, *channels))
        if operator.operator == "MaxPool":
            return self._held(Held.of(rows.moved(rows.values.max(axis=0)), shape))

        def make(output: Affine, is_relu: bool) -> Held:
            mean = average(rows, 0, output)
            return Held.of(relu(mean) if is_relu else mean, shape)

        return Reals(make)


def _axes(operator: OnnxNode, inputs: list[Any], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape after `Squeeze` or `Unsqueeze`; without axes, the first drops all of length 1."""
    given = inputs[1] if len(inputs) > 1 else operator.attributes.get("axes")
    if given is None:
        return tuple(shape[a] for a in long_axes(shape))
    axes = [int(n) for n in np.asarray(given).reshape(-1)]
    if operator.operator == "Squeeze":
        dropped = {a % len(shape) for a in axes}
        return tuple(n for i, n in enumerate(shape) if i not in dropped)
    rank = len(shape) + len(axes)
    kept = iter(shape)
    return tuple(1 if i in {a % rank for a in axes} else next(kept) for i in range(rank))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _identifier(name: str) -> str:
    """A name for weights in generated code."""
    last = name.split(";")[-1].removesuffix("_prequant").strip("/").split("/")
    text = "_".join(last[-2:]) if len(last) > 1 else last[0]
    return "".join(c if c.isalnum() else "_" for c in text).strip("_") or "layer"
