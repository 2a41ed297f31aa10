"""ONNX files as plain graphs: operators with constant attributes, weights as NumPy arrays.

Rule: a graph that this module returns is complete and in order: every tensor is an input, a weight or the result of an
earlier operator, and every attribute is a Python value. Which operators have equations is for those to say who build
something from it; `refuse_unknown` reports all others at once, before anything is built.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.extras import optional

OLDEST_OPSET, NEWEST_OPSET = 7, 22


@dataclass(frozen=True, slots=True)
class OnnxNode:
    """One operator: tensors by name (``""`` for an optional input that is left out).

    What a body in its attributes reads of the graph around it stands at the end of its inputs.
    """

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OnnxBody:
    """A graph within an operator; ``captured`` are the tensors of the graph around it that it reads."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    weights: Mapping[str, NDArray[Any]]
    nodes: tuple[OnnxNode, ...]
    captured: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OnnxGraph:
    """A network: free inputs with their shapes (a free batch extent is 1), weights, operators in order.

    ``kinds`` are the types of the elements of the inputs, by the names of NumPy. ``states`` are the inputs that hold a
    state, as a file that syncml has written tells: the output that is its next value, and its first value.
    """

    path: Path
    inputs: Mapping[str, tuple[int, ...]]
    outputs: tuple[str, ...]
    weights: Mapping[str, NDArray[Any]]
    nodes: tuple[OnnxNode, ...]
    opset: int
    kinds: Mapping[str, str]
    states: Mapping[str, tuple[str, NDArray[Any]]] = field(default_factory=lambda: MappingProxyType({}))


def read_onnx(path: str | Path) -> OnnxGraph:
    """Read an ONNX file.

    Raises:
        DiagnosticError: D001 unreadable, D004 damaged or not a valid model, D005 its opset is not supported, D006 the
            package ``onnx`` is missing.
    """
    path = Path(path)
    onnx = optional("onnx", f"reading {path.name}", "onnx")
    try:
        data = path.read_bytes()
    except OSError as fault:
        message = f"cannot read {path}: {fault.strerror or fault}"
        raise DiagnosticError(error("D001", message, Span.point(str(path)))) from fault
    try:
        model = onnx.load_model_from_string(data)
        onnx.checker.check_model(model)
        graph = graph_of(model, path)
    except Exception as fault:  # protobuf, the checker and NumPy each have their own exceptions
        reason = (str(fault).strip() or type(fault).__name__).splitlines()[0]
        message = f"{path.name} is damaged, cut short, or no valid ONNX model: {reason}"
        raise DiagnosticError(error("D004", message, Span.point(str(path)), help="export the model again")) from fault
    if not OLDEST_OPSET <= graph.opset <= NEWEST_OPSET:
        message = f"{path.name} uses opset {graph.opset}; {OLDEST_OPSET} to {NEWEST_OPSET} are supported"
        raise DiagnosticError(error("D005", message, Span.point(str(path)), help="export with another opset version"))
    if not graph.nodes:
        raise DiagnosticError(error("D004", f"{path.name} holds no network", Span.point(str(path))))
    return graph


def graph_of(model: Any, path: Path) -> OnnxGraph:
    """The graph of a model that the onnx package has read from ``path``."""
    onnx = optional("onnx", f"reading {path.name}", "onnx")
    helper = optional("onnx.numpy_helper", f"reading {path.name}", "onnx")
    graph = model.graph
    weights = {w.name: np.array(helper.to_array(w)) for w in graph.initializer}
    free = [i for i in graph.input if i.name not in weights]
    kinds = {i.name: onnx.helper.tensor_dtype_to_np_dtype(i.type.tensor_type.elem_type).name for i in free}
    return OnnxGraph(
        path,
        {i.name: _shape(i) for i in free},
        tuple(o.name for o in graph.output),
        weights,
        tuple(_node(onnx, helper, n, i) for i, n in enumerate(graph.node)),
        max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=NEWEST_OPSET),
        kinds,
        _states(model, kinds),
    )


def _states(model: Any, kinds: Mapping[str, str]) -> dict[str, tuple[str, NDArray[Any]]]:
    """What the metadata of a file that syncml has written tell of states."""
    texts = [p.value for p in model.metadata_props if p.key == "syncml"]
    told: Mapping[str, Any] = json.loads(texts[0])["states"] if texts else {}
    return {name: (str(s["next"]), np.array(s["initial"], kinds[name])) for name, s in told.items()}


def refuse_unknown(graph: OnnxGraph, known: Iterable[str], constant: Container[str] = frozenset()) -> None:
    """Report every operator that is none of ``known``, but those whose results are ``constant``.

    Raises:
        DiagnosticError: D005, one for each node.
    """
    names = sorted(known)
    nodes = [n for node in graph.nodes for n in _within(node)]
    faults = [
        error(
            "D005",
            f"{graph.path.name}: operator {node.operator} (node {node.name}) is not supported",
            Span.point(str(graph.path)),
            help=f"supported operators: {', '.join(names)}",
        )
        for node in nodes
        if node.operator not in names and not all(name in constant for name in node.outputs)
    ]
    if faults:
        raise DiagnosticError(*faults)


def _within(node: OnnxNode) -> list[OnnxNode]:
    """The operators of the body of ``node``, or ``node`` itself, and itself behind them."""
    body = node.attributes.get("body")
    return [*(n for inner in body.nodes for n in _within(inner)), node] if isinstance(body, OnnxBody) else [node]


def _node(onnx: Any, helper: Any, node: Any, position: int) -> OnnxNode:
    attributes = {a.name: _attribute(onnx, helper, a) for a in node.attribute}
    name = node.name or f"number {position + 1}"
    body = attributes.get("body")
    captured = body.captured if isinstance(body, OnnxBody) else ()
    return OnnxNode(node.op_type, name, (*node.input, *captured), tuple(node.output), attributes)


def _body(onnx: Any, helper: Any, graph: Any) -> OnnxBody:
    weights = {w.name: np.array(helper.to_array(w)) for w in graph.initializer}
    nodes = tuple(_node(onnx, helper, n, i) for i, n in enumerate(graph.node))
    inputs, outputs = tuple(i.name for i in graph.input), tuple(o.name for o in graph.output)
    made = {*weights, *inputs, *(name for n in nodes for name in n.outputs)}
    read = [*(name for n in nodes for name in n.inputs if name), *outputs]
    return OnnxBody(inputs, outputs, weights, nodes, tuple(dict.fromkeys(n for n in read if n not in made)))


def _attribute(onnx: Any, helper: Any, attribute: Any) -> Any:
    value: Any = onnx.helper.get_attribute_value(attribute)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, onnx.GraphProto):
        return _body(onnx, helper, value)
    if isinstance(value, onnx.TensorProto):
        return np.array(helper.to_array(value))
    if attribute.type == onnx.AttributeProto.STRINGS:
        return [item.decode() for item in value]
    return value


def _shape(value: Any) -> tuple[int, ...]:
    """The shape of an input; an extent without a number is a batch or a time axis, of which a tick has one."""
    return tuple(d.dim_value or 1 for d in value.type.tensor_type.shape.dim)
