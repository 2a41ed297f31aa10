"""ONNX networks as nodes.

Rule: one run of the network is one instant. A free extent (a batch, a time axis) is 1; tensors keep the shapes that
ONNX gives them, and what depends on weights alone is computed when the file is read. A recurrent operator over a time
axis of 1 whose state is not an input of the network keeps its state from instant to instant; over a longer axis it
runs along the axis within one instant, from its initial state.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.lang.functions import constant
from syncml.lang.node import node
from syncml.lang.registers import state as register
from syncml.lang.stream import Stream
from syncml.lang.types import Vec, f32, i8, i16, i32, i64, u8, u16, u32, u64
from syncml.networks.onnx_folding import folded, is_constant
from syncml.networks.onnx_graph import OnnxGraph, read_onnx, refuse_unknown
from syncml.networks.onnx_operators import OPERATORS, results
from syncml.networks.onnx_quantised import QuantisedNetwork, is_quantised
from syncml.networks.tensors import Tensor, as_stream

_KINDS: dict[str, Any] = {
    "bool": bool, "int8": i8, "int16": i16, "int32": i32, "int64": i64,
    "uint8": u8, "uint16": u16, "uint32": u32, "uint64": u64,
}  # fmt: skip


def load_onnx(path: str | Path, state: Mapping[str, str] | None = None) -> Network | QuantisedNetwork:
    """The network in an ONNX file; call it on a vector of its inputs. A quantised one is of integers.

    Args:
        path: The file.
        state: For inputs that hold a state, the output that is their next value, by name; they are 0 at first. A file
            that syncml has written tells this itself, and the first values.

    Raises:
        DiagnosticError: D001, D004, D005, D006, see `syncml.networks.onnx_graph.read_onnx`; D005 also where an operator
            has no equations, or is used in a way that has none, and where the network has no such state.
    """
    graph = read_onnx(path)
    return QuantisedNetwork(graph) if is_quantised(graph) and not state else Network(graph, state or {})


class Network:
    """A network in real numbers; a call makes an instance, with state of its own if the network is recurrent."""

    def __init__(self, graph: OnnxGraph, state: Mapping[str, str] = MappingProxyType({})) -> None:
        refuse_unknown(graph, OPERATORS, _constants(graph))
        state = {name: following for name, (following, _) in graph.states.items()} | dict(state)
        self.graph, self._state = folded(graph), state
        unknown = [n for n in state if n not in graph.inputs] + [n for n in state.values() if n not in graph.outputs]
        free = {name: shape for name, shape in graph.inputs.items() if name not in state}
        if unknown or len(free) != 1:
            inputs, outputs = ", ".join(graph.inputs) or "none", ", ".join(graph.outputs)
            why = f"no {unknown[0]!r}" if unknown else f"{len(free)} inputs that are no state, and one is supported"
            message = f"{graph.path.name} has {why}; its inputs are {inputs}, its outputs {outputs}"
            help_ = "say which inputs are states: load_onnx(FILE, state={INPUT: OUTPUT})"
            raise DiagnosticError(error("D005", message, Span.point(str(graph.path)), help=help_))
        ((self._input, self._shape),) = free.items()

    @property
    def kind(self) -> Any:
        """The type of the elements of the input: that of ONNX, `f32` for every type of real numbers."""
        return _KINDS.get(self.graph.kinds[self._input], f32)

    @property
    def inputs(self) -> int:
        """The number of scalars that the network reads."""
        return int(np.prod(self._shape))

    @node
    def network(self, x: Stream[Vec[Any, Any]]) -> Stream[Any]:
        """The first output of the network, as a vector."""
        values: dict[str, Tensor] = dict(self.graph.weights)
        values[self._input] = x.reshape(*self._shape)
        memory = {name: register(init=constant(_first(self.graph, name))) for name in self._state}
        values |= memory
        for operator in self.graph.nodes:
            values |= results(operator, values, self.graph)
        for name, held in memory.items():
            held.next = as_stream(values[self._state[name]]).reshape(*self.graph.inputs[name])
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


def _first(graph: OnnxGraph, name: str) -> Any:
    """The first value of a state, for the batch of 1."""
    extents = graph.inputs[name]
    return graph.states[name][1].reshape(extents) if name in graph.states else np.zeros(extents, dtype=np.float32)


def _constants(graph: OnnxGraph) -> set[str]:
    """The tensors that depend on weights alone."""
    found = set(graph.weights)
    for operator in graph.nodes:
        if is_constant(operator, dict.fromkeys(found)):
            found.update(operator.outputs)
    return found
