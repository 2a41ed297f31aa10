"""Embeddings: a row of a table for each symbol.

Rule: the value is the row whose number is the symbol. As for every index, one that is out of range takes the nearest
row, and that this cannot happen is an obligation of `verify`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from syncml.lang.functions import constant
from syncml.lang.stream import Stream
from syncml.nodes.activations import Values


@dataclass(frozen=True, eq=False)
class Embedding:
    """A table of vectors.

    Attributes:
        weight: (symbols, features), as in PyTorch.
        name: Names the table in generated code.
    """

    weight: NDArray[Any]
    name: str = "embedding"

    def __call__(self, symbol: Stream[int]) -> Values:
        """The vector of a symbol, on its clock."""
        return constant(self.weight, name=f"{self.name}_weight")[symbol]
