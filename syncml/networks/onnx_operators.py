"""The operators of ONNX that have equations in real numbers: one table, in parts by what the operators do.

Rule: a rule is applied to operators with at least one input that is a stream; what depends on weights alone is computed
by `syncml.networks.onnx_folding`. Networks of integers have a table of their own, see `load_onnx`.
"""

from syncml.networks.onnx_layers import LAYERS
from syncml.networks.onnx_pointwise import POINTWISE
from syncml.networks.onnx_recurrent import recurrent
from syncml.networks.onnx_shapes import SHAPES
from syncml.networks.onnx_use import Rules

OPERATORS: Rules = {**LAYERS, **POINTWISE, **SHAPES, "GRU": recurrent, "LSTM": recurrent, "RNN": recurrent}
"""For each operator its rule; `Constant` needs none, it is a weight."""
