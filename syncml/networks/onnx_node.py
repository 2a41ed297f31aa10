"""ONNX networks as nodes.

Rule: one run of the network is one instant. A free extent (a batch, a time axis) is 1; tensors keep the shapes that
ONNX gives them, and what depends on weights alone is computed when the file is read. A recurrent operator over a time
axis of 1 whose state is not an input of the network keeps its state from instant to instant; over a longer axis it
runs along the axis within one instant, from its initial state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.lang.functions import concat, maximum, sigmoid, tanh
from syncml.lang.node import node
from syncml.lang.stream import Stream
from syncml.lang.types import Vec
from syncml.networks.onnx_graph import OnnxGraph, OnnxNode, read_onnx
from syncml.networks.onnx_recurrent import recurrent
from syncml.networks.tensors import Tensor, as_stream, is_array


def load_onnx(path: str | Path) -> Network:
    """The network in an ONNX file; call it on a vector of its inputs.

    Raises:
        DiagnosticError: D001, D004, D005, D006, see `syncml.networks.onnx_graph.read_onnx`; D005 also where an operator
            is used in a way that is not supported.
    """
    return Network(read_onnx(path))


class Network:
    """A network; a call makes an instance, with state of its own if the network is recurrent."""

    def __init__(self, graph: OnnxGraph) -> None:
        self.graph = graph
        if len(graph.inputs) != 1:
            names = ", ".join(graph.inputs) or "none"
            message = f"{graph.path.name} has {len(graph.inputs)} inputs ({names}); one is supported"
            raise DiagnosticError(error("D005", message, Span.point(str(graph.path))))
        ((self._input, self._shape),) = graph.inputs.items()

    @property
    def inputs(self) -> int:
        """The number of scalars that the network reads."""
        return int(np.prod(self._shape))

    @node
    def network(self, x: Stream[Vec[Any]]) -> Stream[Vec[Any]]:
        """The first output of the network, as a vector."""
        values: dict[str, Tensor] = dict(self.graph.weights)
        values[self._input] = x.reshape(*self._shape)
        for operator in self.graph.nodes:
            results = _results(operator, [values[name] if name else None for name in operator.inputs], self.graph)
            values.update(zip(operator.outputs, results, strict=False))
        y = as_stream(values[self.graph.outputs[0]])
        return y.reshape(int(np.prod(y.shape)))

    def __call__(self, x: Stream[Vec[Any]]) -> Stream[Vec[Any]]:
        """An instance; ``x`` has the inputs in row-major order.

        Raises:
            DiagnosticError: D003, ``x`` has another size.
        """
        size = int(np.prod(x.shape))
        if size != self.inputs:
            message = f"{self.graph.path.name} reads {self.inputs} inputs {self._shape}, the stream has {size}"
            raise DiagnosticError(error("D003", message, Span.point(str(self.graph.path))))
        return self.network(x)


def _results(operator: OnnxNode, inputs: list[Tensor], graph: OnnxGraph) -> tuple[Tensor, ...]:
    def refuse(why: str) -> NoReturn:
        message = f"{graph.path.name}: {operator.operator} (node {operator.name}) {why}"
        raise DiagnosticError(error("D005", message, Span.point(str(graph.path))))

    get = operator.attributes.get
    match operator.operator:
        case "Identity":
            return (inputs[0],)
        case "Constant":
            if "value" not in operator.attributes:
                refuse("holds no tensor")
            return (get("value"),)
        case "Add" | "Sub" | "Mul":
            return (_arithmetic(operator.operator, inputs[0], inputs[1]),)
        case "Relu":
            return (_pointwise(lambda x: maximum(0.0, x), lambda x: np.maximum(x, 0), inputs[0]),)
        case "Tanh":
            return (tanh(as_stream(inputs[0])),)
        case "Sigmoid":
            return (sigmoid(as_stream(inputs[0])),)
        case "MatMul":
            return (product(inputs[0], inputs[1]),)
        case "Gemm":
            return (_gemm(operator.attributes, inputs),)
        case "Conv":
            return (_conv(operator.attributes, inputs, refuse),)
        case "RNN" | "GRU" | "LSTM":
            return recurrent(operator, inputs, refuse)
        case "Concat":
            return (_concat(inputs, get("axis", 0)),)
        case _:
            return (_rearranged(operator, inputs, refuse),)


def _pointwise(on_stream: Callable[[Any], Any], on_array: Callable[[Any], Any], x: Tensor) -> Tensor:
    return on_array(x) if is_array(x) else on_stream(x)


def _arithmetic(operator: str, a: Tensor, b: Tensor) -> Tensor:
    if not (is_array(a) and is_array(b)):
        a, b = as_stream(a), as_stream(b)
    return a + b if operator == "Add" else a - b if operator == "Sub" else a * b


def product(a: Tensor, b: Tensor) -> Tensor:
    """``a @ b``; a row vector times weights becomes a matrix times a vector, the form that vectorises."""
    if is_array(a) and is_array(b):
        return a @ b
    if is_array(b) and b.ndim == 2 and a.shape[:-1] in ((), (1,)):
        return (as_stream(b.T) @ a.reshape(b.shape[0])).reshape(*a.shape[:-1], b.shape[1])
    return as_stream(a) @ as_stream(b)


def _gemm(attributes: Mapping[str, Any], inputs: list[Tensor]) -> Tensor:
    a, b, *rest = inputs
    a = a.T if attributes.get("transA", 0) else a
    b = b.T if attributes.get("transB", 0) else b
    y = product(a, _scaled(b, attributes.get("alpha", 1.0)))
    if rest and rest[0] is not None:
        y = _arithmetic("Add", y, _scaled(rest[0], attributes.get("beta", 1.0)))
    return y


def _scaled(x: Tensor, factor: float) -> Tensor:
    return x if factor == 1.0 else x * np.float32(factor) if is_array(x) else x * factor


def _conv(attributes: Mapping[str, Any], inputs: list[Tensor], refuse: Callable[[str], NoReturn]) -> Tensor:
    """A convolution whose kernel covers the whole of its input once is a dense layer."""
    x, w, *rest = inputs
    if not is_array(w) or x.shape[1:] != w.shape[1:] or any(_ints(attributes.get("pads", ()))):
        refuse("has a kernel that does not cover its whole input once, without padding and groups")
    count = int(np.prod(_ints(w.shape[1:])))
    y = as_stream(w.reshape(w.shape[0], count)) @ as_stream(x.reshape(count))
    y = y + as_stream(rest[0]) if rest else y
    return y.reshape(1, w.shape[0], *(1 for _ in range(w.ndim - 2)))


def _concat(inputs: list[Tensor], axis: int) -> Tensor:
    axis = axis % inputs[0].ndim if is_array(inputs[0]) else axis % len(inputs[0].shape)
    if all(is_array(x) for x in inputs):
        return np.concatenate(inputs, axis=axis)
    return concat(*(as_stream(x) for x in inputs), axis=axis)


def _rearranged(operator: OnnxNode, inputs: list[Tensor], refuse: Callable[[str], NoReturn]) -> Tensor:
    """Operators that move elements: the same for streams and arrays."""
    x, get = inputs[0], operator.attributes.get
    shape: tuple[int, ...] = x.shape
    match operator.operator:
        case "Flatten":
            axis = get("axis", 1) % (len(shape) + 1)
            return x.reshape(int(np.prod(shape[:axis])), int(np.prod(shape[axis:])))
        case "Reshape":
            wanted = _known(inputs[1] if len(inputs) > 1 else get("shape"), refuse)
            keep = not get("allowzero", 0)
            extents = [shape[i] if n == 0 and keep else n for i, n in enumerate(wanted)]
            rest = int(np.prod(shape)) // max(1, int(np.prod([n for n in extents if n != -1])))
            return x.reshape(*(rest if n == -1 else n for n in extents))
        case "Squeeze" | "Unsqueeze":
            given = inputs[1] if len(inputs) > 1 else get("axes")
            if operator.operator == "Unsqueeze":
                axes = _known(given, refuse)
                rank = len(shape) + len(axes)
                kept = iter(shape)
                return x.reshape(*(1 if i in {a % rank for a in axes} else next(kept) for i in range(rank)))
            dropped = {i for i, n in enumerate(shape) if n == 1} if given is None else {
                a % len(shape) for a in _known(given, refuse)
            }  # fmt: skip
            return x.reshape(*([n for i, n in enumerate(shape) if i not in dropped] or [1]))
        case "Transpose":
            order = get("perm", list(reversed(range(len(shape)))))
            if is_array(x):
                return x.transpose(order)
            if list(order) == [1, 0]:
                return x.T
            permuted = [shape[i] for i in _ints(order)]
            if [n for n in permuted if n > 1] != [n for n in shape if n > 1]:
                refuse(f"permutes the axes of a tensor of shape {shape}")
            return x.reshape(*permuted)
        case _:
            return _slice(operator, inputs, refuse)


def _slice(operator: OnnxNode, inputs: list[Tensor], refuse: Callable[[str], NoReturn]) -> Tensor:
    x, get = inputs[0], operator.attributes.get
    if len(inputs) > 1:
        starts, ends, axes, steps = [*inputs[1:], *[None] * (5 - len(inputs))]
    else:
        starts, ends, axes, steps = get("starts"), get("ends"), get("axes"), None
    starts, ends = _known(starts, refuse), _known(ends, refuse)
    axes = list(range(len(starts))) if axes is None else _known(axes, refuse)
    if steps is not None and any(n != 1 for n in _known(steps, refuse)):
        refuse("takes steps other than 1")
    parts = [slice(None)] * len(x.shape)
    for start, end, axis in zip(starts, ends, axes, strict=True):
        parts[axis] = slice(*slice(start, end).indices(x.shape[axis])[:2])
    return x[tuple(parts)] if len(parts) > 1 else x[parts[0]]


def _ints(values: Any) -> list[int]:
    return [int(n) for n in values]


def _known(value: Tensor, refuse: Callable[[str], NoReturn]) -> list[int]:
    known: Tensor = np.array(value) if type(value) in (list, tuple) else value
    if not is_array(known):
        refuse("has a shape or an index that is not constant")
    return _ints(known.reshape(-1))
