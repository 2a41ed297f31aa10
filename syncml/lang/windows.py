"""The last values of a stream as one array.

    w = window(x, n, init=i)        w[k] at an instant is x at the instant n - 1 - k earlier, i[k + m] before the first

where m is the number of instants so far and i holds n - 1 values, the oldest first. As equations:

    r = (i[0], i[0], .., i[n-2]) fby w;   w = concat(r[1:], x)

The first row of the register is never read. The window is on the clock of the stream, and starts again with the memory
around it.
"""

from __future__ import annotations

from typing import Any, TypeVar, overload

import numpy as np

from syncml.ir.constants import Array, Const
from syncml.ir.equations.syntax import Apply, Fby
from syncml.ir.operators import Op
from syncml.ir.types import element, shape, tensor
from syncml.lang.operations import apply_at, atom_of, typed, value_of
from syncml.lang.records import Record, leafwise
from syncml.lang.rows import Rows
from syncml.lang.source import Place, here, inner
from syncml.lang.stream import Numbers, Stream, stream
from syncml.lang.trace import POISON, Value, fault, trace_at
from syncml.lang.types import Mat, Vec

E = TypeVar("E")
N = TypeVar("N", bound=int)
R = TypeVar("R", bound=Record)
X = TypeVar("X")


@overload
def window(x: R, n: int, init: Any = 0) -> Rows[R, Any]: ...
@overload
def window(x: Stream[Vec[N, E]], n: int, init: Numbers | E | float = 0) -> Stream[Mat[Any, N, E]]: ...  # type: ignore[overload-overlap]
@overload
def window(x: Stream[X], n: int, init: Numbers | X | float = 0) -> Stream[Vec[Any, X]]: ...
def window(x: Any, n: int, init: Any = 0) -> Any:
    """The last ``n`` values of ``x``, the oldest first, along a new first axis.

    Args:
        x: A stream on any clock, or a record of streams.
        n: How many values, the present one included; at least 1.
        init: What was before the first instant: one number for all, one array for each value, or the ``n - 1`` values
            along a first axis, the oldest first.
    """

    def of_leaf(leaf: object) -> Stream[Any]:
        return stream(_window(leaf, n, init))

    return leafwise(of_leaf, x) if isinstance(x, Record) else of_leaf(x)


def _window(x: object, n: int, init: object) -> Value:
    place = here()
    trace = trace_at(place, "`window`")
    source, hidden = value_of(x, place), inner(place)
    if source.atom is None:
        return POISON
    if n < 1:
        return fault("T002", f"a window of {n} values", place.span, help="it holds at least 1, the present one")
    if n == 1:
        return _row(place, source, "window")
    start = _start(place, source, n, init)
    if start is None:
        return POISON
    row = _row(hidden, source, "newest")
    target = trace.variable(tensor(element(source.type), (n, *shape(source.type))), place, "window")
    before = trace.define(Fby(start, target), target.type, hidden, "before", source.presence)
    kept = apply_at(hidden, trace, Op.SLICE, [before], (0, 1, n - 1, 1))
    joined = Apply(Op.CONCAT, (atom_of(kept), atom_of(row)), (0,))
    return trace.equate(target, joined, place.span, source.presence)


def _start(place: Place, source: Value, n: int, init: object) -> Const | None:
    """What the register holds at first; None, and a report, if that is not ``n - 1`` values of the stream."""
    given = value_of(init, place)
    if given.atom is None:
        return None
    extents = shape(source.type)
    if given.literal is None and not isinstance(given.atom, Const):
        fault("I001", "what a window holds before the first instant is a constant", place.span,
              secondary=given.label(), help="give a number or an array")  # fmt: skip
        return None
    rows = typed(given, element(source.type), place)
    if not isinstance(rows.atom, Const):
        return None
    values = rows.atom.machine()
    found, wanted = shape(rows.type), (n - 1, *extents)
    if found not in ((), extents, wanted):
        fault("T002", f"a window of {n} values of shape {extents} starts with an array of shape {found}", place.span,
              help=f"give one of shape {extents}, for each value, or of {wanted}, the oldest first")  # fmt: skip
        return None
    before = np.broadcast_to(values, wanted)
    kind = element(source.type)
    return Const(Array.of(np.concatenate((before[:1], before)), kind), kind)


def _row(place: Place, source: Value, role: str) -> Value:
    """The present value as an array of one."""
    trace, extents = trace_at(place, "`window`"), shape(source.type)
    if not extents:
        return apply_at(place, trace, Op.STACK, [source], role=role)
    return apply_at(place, trace, Op.RESHAPE, [source], (1, *extents), role=role)
