"""An ONNX file as a program: one node that is the network."""

from typing import Any

from syncml.lang.node import Node, node
from syncml.lang.stream import Stream
from syncml.lang.types import Vec
from syncml.networks.onnx_node import load_onnx


def network_of(path: str) -> Node[..., Any]:
    """The node ``network`` that is the network in a file: from the vector ``x`` to a vector.

    Raises:
        DiagnosticError: see `syncml.networks.onnx_node.load_onnx`.
    """
    loaded = load_onnx(path)

    def network(x: Stream[Any]) -> Stream[Vec[Any, Any]]:
        return loaded(x)

    # The annotation names a size that is known only here.
    vector: Any = Vec
    network.__annotations__["x"] = Stream[vector[loaded.inputs, loaded.kind]]
    return node(network)
