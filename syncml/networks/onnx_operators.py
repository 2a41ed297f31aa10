"""The operators of ONNX that have equations in real numbers: one table, in parts by what the operators do.

Rule: a rule is applied to operators with at least one input that is a stream; what depends on weights alone is computed
by `syncml.networks.onnx_folding`. Networks of integers have a table of their own, see `load_onnx`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from syncml.networks.onnx_folding import evaluated, is_constant
from syncml.networks.onnx_graph import OnnxGraph, OnnxNode
from syncml.networks.onnx_layers import LAYERS
from syncml.networks.onnx_pointwise import POINTWISE
from syncml.networks.onnx_recurrent import recurrent
from syncml.networks.onnx_scan import scan
from syncml.networks.onnx_shapes import SHAPES
from syncml.networks.onnx_use import Rules, Use
from syncml.networks.tensors import Tensor, is_array


def results(operator: OnnxNode, values: Mapping[str, Tensor], graph: OnnxGraph) -> Mapping[str, Tensor]:
    """The results of an operator by name, from the values so far.

    Raises:
        DiagnosticError: D005, it is used in a way that has no equations.
    """
    arrays: dict[str, Any] = {n: values[n] for n in operator.inputs if n and is_array(values[n])}
    if is_constant(operator, arrays):
        # A shape became known while the network was built.
        return evaluated(operator, arrays, graph)
    use = Use(operator, [values[name] if name else None for name in operator.inputs], graph)
    found: Any = OPERATORS[operator.operator](use)
    if not isinstance(found, tuple):
        return {operator.outputs[0]: found}
    return dict(zip(operator.outputs, cast("tuple[Tensor, ...]", found), strict=False))


OPERATORS: Rules = {
    **LAYERS,
    **POINTWISE,
    **SHAPES,
    "GRU": recurrent,
    "LSTM": recurrent,
    "RNN": recurrent,
    "Scan": scan(results),
}
"""For each operator its rule; `Constant` needs none, it is a weight."""
