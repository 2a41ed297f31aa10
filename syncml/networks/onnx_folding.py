"""What depends on weights alone is computed once, when a network is read.

Rule: an operator all of whose inputs are constant is evaluated by the reference evaluator of the onnx package, and its
results are weights. So weights that a file keeps in another form (integers with a scale, halves, transposed) and the
shapes that it computes at run time cost nothing in a tick, and need no equations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.extras import optional
from syncml.networks.onnx_graph import OnnxGraph, OnnxNode

_RANDOM = frozenset({"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform"})


def folded(graph: OnnxGraph) -> OnnxGraph:
    """``graph`` without the operators whose inputs are constant; their results are weights.

    Raises:
        DiagnosticError: D005, such an operator has no meaning in the onnx package.
    """
    weights: dict[str, NDArray[Any]] = dict(graph.weights)
    rest: list[OnnxNode] = []
    for node in graph.nodes:
        if is_constant(node, weights):
            weights |= evaluated(node, {n: weights[n] for n in node.inputs if n}, graph)
        else:
            rest.append(node)
    return replace(graph, weights=weights, nodes=tuple(rest))


def is_constant(node: OnnxNode, weights: Mapping[str, Any]) -> bool:
    """Whether ``node`` depends on ``weights`` alone; one with a body is taken step by step in any case."""
    return (
        "body" not in node.attributes
        and node.operator not in _RANDOM
        and all(name in weights for name in node.inputs if name)
    )


def evaluated(node: OnnxNode, inputs: Mapping[str, NDArray[Any]], graph: OnnxGraph) -> dict[str, NDArray[Any]]:
    """The results of an operator on arrays, by name.

    Raises:
        DiagnosticError: D005, the onnx package has no meaning for it.
    """
    helper = optional("onnx.helper", f"reading {graph.path.name}", "onnx")
    reference = optional("onnx.reference", f"reading {graph.path.name}", "onnx")
    names = [name for name in node.outputs if name]
    if node.operator == "DequantizeLinear" and not node.attributes.get("block_size", 0):
        # The evaluator has it for the newest opsets only.
        return {names[0]: dequantised([inputs[n] for n in node.inputs if n], node.attributes.get("axis", 1))}
    try:
        made = helper.make_node(node.operator, list(node.inputs), list(node.outputs), **_attributes(node))
        free = [helper.make_empty_tensor_value_info(name) for name in inputs]
        results = [helper.make_empty_tensor_value_info(name) for name in names]
        model = helper.make_model(
            helper.make_graph([made], "constant", free, results),
            opset_imports=[helper.make_opsetid("", graph.opset), helper.make_opsetid("ai.onnx.ml", 2)],
        )
        found: Sequence[Any] = reference.ReferenceEvaluator(model).run(None, dict(inputs))
    except Exception as fault:  # the evaluator has no family of exceptions of its own
        message = f"{graph.path.name}: {node.operator} (node {node.name}) of constants cannot be computed: {fault}"
        raise DiagnosticError(error("D005", message, Span.point(str(graph.path)))) from fault
    return {name: np.asarray(value) for name, value in zip(names, found, strict=True)}


def dequantised(inputs: Sequence[NDArray[Any]], axis: int) -> NDArray[np.float32]:
    """``(x - zero_point) * scale``; a scale that is a vector is along ``axis``."""
    x, scale, *zero = inputs
    extents = [-1 if i == axis % max(x.ndim, 1) else 1 for i in range(x.ndim)] if scale.size > 1 else ()
    centred = x.astype(np.int32) - (zero[0].astype(np.int32).reshape(extents) if zero else 0)
    return centred.astype(np.float32) * scale.astype(np.float32).reshape(extents)


def _attributes(node: OnnxNode) -> dict[str, Any]:
    helper = optional("onnx.numpy_helper", "reading a network", "onnx")
    return {n: helper.from_array(v) if isinstance(v, np.ndarray) else v for n, v in node.attributes.items()}
