"""What the inline helper functions compute, said again without C: wrapped integers, and bits read as another type.

Rule: the value is that of the mathematical operation, taken modulo two to the width; a quotient truncates, a shift to
the right keeps the sign. Nothing here shares code with `export_c.helpers`, which prints the C.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from syncml.ir.constants import dtype
from syncml.ir.types import BIT_WIDTH, SIGNED, Scalar, integer_range

_NAME = re.compile(r"(?:(?P<op>add|sub|mul|and|or|xor|shl|shr|neg|not|abs|quot|rem)_(?P<on>[iu]\d+)"
                   r"|bits_(?P<bits>\w\d+)_as_(?P<read>\w\d+)|(?P<narrow>i\d+)_to_(?P<wide>u\d+))\Z")  # fmt: skip
_UNARY = frozenset({"neg", "not", "abs"})
_SHIFTS = frozenset({"shl", "shr"})

Case = tuple[tuple[Any, ...], Any]
"""Arguments and the result."""


def helper_types(name: str) -> tuple[tuple[Scalar, ...], Scalar]:
    """The types of the parameters and of the result of a helper."""
    found = _matched(name)
    if found["op"]:
        kind = Scalar(found["on"])
        return ((kind,) if found["op"] in _UNARY else (kind, kind)), kind
    source, target = (found["bits"], found["read"]) if found["bits"] else (found["narrow"], found["wide"])
    return (Scalar(source),), Scalar(target)


def helper_cases(name: str) -> list[Case]:
    """Values at the limits and between, such that every decision of the helper has both outcomes."""
    found = _matched(name)
    (first, *_), target = helper_types(name)
    if found["bits"]:
        return [((value,), np.asarray(value, dtype(first)).view(dtype(target))[()]) for value in _patterns(first)]
    if found["narrow"]:
        return [((value,), int(value) % (1 << BIT_WIDTH[target])) for value in _integers(first)]
    if found["op"] in _UNARY:
        return [((value,), wrapped(_one(found["op"], value), first)) for value in _integers(first)]
    return list(_pairs(found["op"], first))


def _matched(name: str) -> dict[str, str]:
    match = _NAME.match(name)
    if match is None:
        raise ValueError(f"{name} is no helper that is known here")
    return match.groupdict()


def _integers(kind: Scalar) -> list[int]:
    low, high = integer_range(kind)
    some = {low, low + 1, high, high - 1, 0, 1, 2, 3, 5, 100, high // 3, high // 2 + 1}
    return sorted(some | ({-1, -2, -7, low // 2} if kind in SIGNED else set[int]()))


def _patterns(kind: Scalar) -> list[Any]:
    if kind in (Scalar.F32, Scalar.F64):
        return [dtype(kind).type(x) for x in (0.0, -0.0, 1.0, -1.5, 0.1, 1e-42, float("inf"), -float("inf"))]
    return [dtype(kind).type(x) for x in _integers(kind)]


def _pairs(op: str, kind: Scalar) -> Iterator[Case]:
    low, _ = integer_range(kind)
    counts = [0, 1, BIT_WIDTH[kind] // 2, BIT_WIDTH[kind] - 1]
    for a, b in product(_integers(kind), counts if op in _SHIFTS else _integers(kind)):
        undefined = op in ("quot", "rem") and (b == 0 or (a == low and b == -1))
        if not undefined:
            yield (a, b), wrapped(_two(op, a, b), kind)


def _one(op: str, a: int) -> int:
    return {"neg": -a, "not": ~a, "abs": abs(a)}[op]


def _two(op: str, a: int, b: int) -> int:
    match op:
        case "add":
            return a + b
        case "sub":
            return a - b
        case "mul":
            return a * b
        case "and":
            return a & b
        case "or":
            return a | b
        case "xor":
            return a ^ b
        case "shl":
            return a << b
        case "shr":
            return a >> b
        case "quot":
            return truncated(a, b)
        case _:
            return a - truncated(a, b) * b


def truncated(a: int, b: int) -> int:
    """The quotient of two integers without its fraction."""
    return abs(a) // abs(b) * (-1 if (a < 0) != (b < 0) else 1)


def wrapped(value: int, kind: Scalar) -> int:
    """``value`` modulo two to the width of ``kind``, in its range."""
    value %= 1 << BIT_WIDTH[kind]
    return value - (1 << BIT_WIDTH[kind]) if kind in SIGNED and value >> (BIT_WIDTH[kind] - 1) else value
