"""Operators that only move elements, on ranges.

Rule: each element of the result has the range, and the rounding error, of the elements of the arguments that it may be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from syncml.diagnostics.model import InternalFault
from syncml.ir.operators import Op
from syncml.ir.typing_rules import Attribute, windows
from syncml.verify.floats.domain import Range, hull, join, zip_map

np: Any = numpy
"""Arrays are typed by the streams that they belong to, not by Python."""


def moved(op: Op, x: Sequence[Range], attribute: Attribute) -> Range | None:
    """The ranges of the elements of ``op``, if it is one that only moves elements; else None."""
    match op:
        case Op.COPY:
            return x[0]
        case Op.STACK:
            return zip_map(x, np.stack)
        case Op.CONCAT:
            return zip_map(x, lambda parts: np.concatenate(parts, axis=plain_integers(attribute)[0]))
        case Op.INDEX:
            return x[0].map(lambda a: a[plain_integers(attribute)])
        case Op.SLICE:
            axis, start, count, step = plain_integers(attribute)
            return x[0].map(lambda a: np.take(a, [start + i * step for i in range(count)], axis=axis))
        case Op.RESHAPE:
            return x[0].map(lambda a: np.reshape(a, plain_integers(attribute)))
        case Op.TRANSPOSE:
            return x[0].map(lambda a: np.transpose(a, plain_integers(attribute)))
        case Op.UNFOLD:
            axis, *form = plain_integers(attribute)
            return x[0].map(lambda a: np.take(a, windows(a.shape[axis], *form), axis=axis))
        case Op.AT:
            return hull(x[0])
        case Op.WINDOW:
            (count,) = plain_integers(attribute)
            every = range(len(x[0].low) - count + 1)
            return hull(zip_map([x[0].map(lambda a, i=i: a[i : i + count]) for i in every], np.stack))
        case Op.UPDATE:
            new = x[1].map(lambda a: np.broadcast_to(a, x[0].low.shape))
            return join(x[0], new)
        case _:
            return None


def plain_integers(attribute: Attribute) -> tuple[int, ...]:
    """An attribute that is a tuple of integers."""
    if not isinstance(attribute, tuple):
        raise InternalFault(f"an operator with indices has the attribute {attribute!r}")
    return attribute
