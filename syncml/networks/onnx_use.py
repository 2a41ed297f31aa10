"""One use of an operator in a network: its inputs, its attributes, and how it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.networks.onnx_graph import OnnxGraph, OnnxNode
from syncml.networks.tensors import Tensor, as_stream, is_array


@dataclass(frozen=True)
class Use:
    """An operator with its inputs, at least one of which is a stream; one that is left out is None."""

    node: OnnxNode
    inputs: Sequence[Tensor]
    graph: OnnxGraph

    def refuse(self, why: str) -> NoReturn:
        """Report that the operator is used in a way that has no equations: D005."""
        message = f"{self.graph.path.name}: {self.node.operator} (node {self.node.name}) {why}"
        raise DiagnosticError(error("D005", message, Span.point(str(self.graph.path))))

    def get(self, name: str, default: Any = None) -> Any:
        """The attribute ``name``."""
        return self.node.attributes.get(name, default)

    def given(self, position: int) -> Tensor:
        """The input at ``position``, or None if it is left out."""
        return self.inputs[position] if position < len(self.inputs) else None

    @property
    def x(self) -> Tensor:
        """The first input as a stream."""
        return self.stream(0)

    def stream(self, position: int) -> Tensor:
        """The input at ``position`` as a stream."""
        value = self.given(position)
        if value is None:
            self.refuse(f"has no input {position}")
        return as_stream(value)

    def array(self, position: int, what: str) -> NDArray[Any]:
        """The input at ``position``, which has to be constant; ``what`` names it in the message."""
        value = self.given(position)
        if not is_array(value):
            self.refuse(f"has {what} that is not constant")
        return value

    def parameter(self, name: str, position: int, default: Any = None) -> Any:
        """What newer opsets take as the constant input at ``position`` and older ones as an attribute: an array."""
        if self.given(position) is not None:
            return self.array(position, f"an input `{name}`")
        value = self.get(name, default)
        return None if value is None else np.asarray(value)

    def integers(self, name: str, position: int, default: Sequence[int] | None = None) -> list[int] | None:
        """Such a parameter that is a list of integers."""
        value = self.parameter(name, position, default)
        return None if value is None else [int(n) for n in value.reshape(-1)]

    def axis(self, rank: int, default: int) -> int:
        """The attribute `axis`, counted from the front."""
        return int(self.get("axis", default)) % rank


Rule: TypeAlias = Callable[[Use], "Tensor | tuple[Tensor, ...]"]
"""The result of an operator, or its results."""
Rules: TypeAlias = Mapping[str, Rule]
