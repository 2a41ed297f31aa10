"""Parts that are taken of one array: what comes back for all of them is one array, not a sum of arrays of zeros.

Rule: where slices ``y_k = x[a_k : b_k]`` along one axis do not overlap, the sum of what comes back from them is the
concatenation of their adjoints, in the order of their places, with zeros in the gaps. So the gradient of a vector that
holds the parameters of all layers is written once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from syncml.ir.constants import zero
from syncml.ir.equations.syntax import Apply, Atom, Equation, Var
from syncml.ir.operators import Op
from syncml.ir.types import element, shape, tensor
from syncml.learn.here import Here


@dataclass(frozen=True, slots=True)
class Parts:
    """Slices of one array that do not overlap.

    Attributes:
        axis: Along which they are taken.
        places: The first element, the number of elements and the stream of each, in ascending order.
    """

    axis: int
    places: tuple[tuple[int, int, Var], ...]

    def __contains__(self, stream: object) -> bool:
        return any(var is stream for _, _, var in self.places)

    @property
    def first(self) -> Var:
        """The stream at which what comes back from all is added."""
        return self.places[0][2]


def parts_of(equations: Iterable[Equation], on_path: Mapping[Var, Var]) -> dict[Var, Parts]:
    """The arrays that two slices or more without overlap are taken of, all of them on the way."""
    found: dict[Var, list[tuple[int, int, int, Var]]] = {}
    for equation in equations:
        match equation.rhs:
            case Apply(op=Op.SLICE, arguments=(Var() as source, *_), attribute=(int(axis), int(start), int(count), 1)):
                if source in on_path and equation.target in on_path:
                    found.setdefault(source, []).append((start, count, axis, equation.target))
            case _:
                pass
    return {source: parts for source, slices in found.items() if (parts := _apart(slices)) is not None}


def _apart(slices: list[tuple[int, int, int, Var]]) -> Parts | None:
    """The slices in order, if they are along one axis and do not overlap."""
    ordered = sorted(slices, key=lambda part: part[0])
    axes = {axis for _, _, axis, _ in ordered}
    overlap = any(a[0] + a[1] > b[0] for a, b in itertools.pairwise(ordered))
    if len(ordered) < 2 or len(axes) > 1 or overlap:
        return None
    return Parts(axes.pop(), tuple((start, count, var) for start, count, _, var in ordered))


def joined(here: Here, source: Var, parts: Parts, adjoints: Mapping[Var, Var]) -> Atom:
    """What comes back for ``source`` from all of its parts."""
    extents, kind = shape(source.type), element(source.type)
    pieces: list[Atom] = []

    def fill(count: int) -> None:
        if count:
            gap = (*extents[: parts.axis], count, *extents[parts.axis + 1 :])
            pieces.append(zero(tensor(kind, gap)))

    at = 0
    for start, count, var in parts.places:
        fill(start - at)
        pieces.append(adjoints[var])
        at = start + count
    fill(extents[parts.axis] - at)
    return here.apply(Op.CONCAT, *pieces, attribute=(parts.axis,))
