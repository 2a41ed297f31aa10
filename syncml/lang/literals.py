"""Python values as constant streams.

Rule: a literal has no type of its own; it takes the element type of the streams it meets, if its value fits. A number
with a fractional part fits floating-point types only, an integer any type that can hold it, a Boolean only ``bool``, a
member of an enumeration only that enumeration. On its own a number is f32 or i32, or of a wider type if only that
holds it. The same holds for arrays.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from fractions import Fraction
from math import isfinite
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.ir.constants import Array, Const, dtype
from syncml.ir.types import (
    BOOL,
    F32,
    F64,
    FLOATS,
    FRACTIONAL,
    I32,
    I64,
    INTEGERS,
    MACHINE_INTEGERS,
    MATHEMATICAL,
    NUMERIC,
    Element,
    EnumType,
    Scalar,
    integer_range,
)
from syncml.lang.types import enum_type

_OVERFLOW = {F32: 2**128 - 2**103, F64: 2**1024 - 2**970}
"""From here on, rounding to the type gives infinity."""

Number: TypeAlias = bool | int | float | Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A Python value on its way to a constant; ``element`` is what it is on its own."""

    value: Number | str | NDArray[Any]
    element: Element
    name: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value."""
        return cast("tuple[int, ...]", self.value.shape) if isinstance(self.value, np.ndarray) else ()

    def __str__(self) -> str:
        return f"an array of shape {self.shape}" if isinstance(self.value, np.ndarray) else f"`{self.value}`"


class LiteralFault(Exception):
    """A value does not fit; ``code`` is the diagnostic's."""

    def __init__(self, code: str, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.help = help_


def literal(value: object, name: str = "") -> Literal | None:
    """``value`` as a literal; None if it is nothing that a stream can carry.

    Raises:
        LiteralFault: an array has no elements or is ragged.
    """
    match value:
        case bool() | np.bool_():
            return Literal(bool(value), BOOL, name)
        case enum.Enum():
            return Literal(value.name, enum_type(type(value)), name)
        case np.floating() if not isinstance(value, float):
            # The shortest decimal in its own precision, which is what a literal means.
            return Literal(float(str(cast("Any", value))), F32, name)
        case float():
            return Literal(float(value), _float_type(abs(value)), name)
        case int() | np.integer():
            number = int(cast("int", value))
            return Literal(number, _integer_type(number, number), name)
        case Fraction():
            return Literal(value, Scalar.REAL, name)
        case np.ndarray():
            array = cast("NDArray[Any]", value)
            return _members(array, name) if array.dtype == object else _array(array, name)
        case list():
            return _list(cast("Sequence[object]", value), name)
        case _:
            return None


def _list(values: Sequence[object], name: str) -> Literal | None:
    try:
        array = np.array(values, dtype=object if _starts_with_a_member(values) else None)
    except ValueError as fault:
        raise LiteralFault("T002", "the rows of the list have different lengths", "give all rows one length") from fault
    return _members(array, name) if array.dtype == object else _array(array, name)


def _starts_with_a_member(values: object) -> bool:
    while isinstance(values, list) and values:
        values = cast("list[object]", values)[0]
    return isinstance(values, enum.Enum)


def _members(array: NDArray[Any], name: str) -> Literal | None:
    """An array of the members of one enumeration, by their positions; None for any other objects."""
    members: list[object] = array.reshape(-1).tolist()
    kinds = {type(member) for member in members}
    if len(kinds) != 1 or not isinstance(members[0], enum.Enum):
        return None
    kind = enum_type(type(members[0]))
    positions = [kind.constructors.index(cast("enum.Enum", member).name) for member in members]
    return Literal(np.array(positions, dtype(kind)).reshape(array.shape), kind, name)


def _array(array: NDArray[Any], name: str) -> Literal | None:
    if array.ndim == 0:
        return literal(array.item(), name)
    if array.size == 0:
        raise LiteralFault("T002", f"an array of shape {array.shape} has no elements")
    match array.dtype.kind:
        case "b":
            return Literal(array, BOOL, name)
        case "i" | "u":
            return Literal(array, _integer_type(int(array.min()), int(array.max())), name)
        case "f":
            return Literal(array, _float_type(float(np.abs(array).max())), name)
        case _:
            return None


def _float_type(greatest: float) -> Element:
    """The type of numbers up to ``greatest`` on their own: f32, or f64 where only that holds them."""
    return F64 if isfinite(greatest) and greatest >= _OVERFLOW[F32] else F32


def _integer_type(least: int, greatest: int) -> Element:
    """The type of an integer on its own: i32 if that holds it, else i64, else the mathematical integers."""
    for scalar in (I32, I64):
        low, high = integer_range(scalar)
        if low <= least and greatest <= high:
            return scalar
    return Scalar.INT


def constant_of(given: Literal, element: Element, shape: tuple[int, ...] | None = None) -> Const:
    """The constant of type ``element`` that ``given`` denotes; with ``shape`` it is filled or broadcast to it.

    Raises:
        LiteralFault: the value does not fit.
    """
    _check_kind(given, element)
    value = given.value
    if isinstance(value, np.ndarray):
        return _constant_array(given, value, element, shape)
    scalar = _scalar(value, element)
    if not shape:
        return Const(scalar, element, given.name)
    machine = Const(scalar, element).machine()
    return Const(Array.of(np.full(shape, machine, dtype(element)), element), element, given.name)


def _check_kind(given: Literal, element: Element) -> None:
    own = given.element
    numeric = own in NUMERIC and element in NUMERIC
    if own != element and not numeric:
        raise LiteralFault("T001", f"{given} is {own}, where {element} is expected", _conversion(own, element))
    if numeric and own in FRACTIONAL and element in INTEGERS:
        raise LiteralFault("T003", f"{given} is not an integer and does not fit {element}", _rounding(given, element))


def _conversion(own: Element, element: Element) -> str:
    if isinstance(element, EnumType):
        return f"write {element}.{element.constructors[0]}"
    if element is BOOL:
        return "write True or False, or compare with something"
    return f"write a number of type {element}" if own is BOOL or isinstance(own, EnumType) else ""


def _rounding(given: Literal, element: Element) -> str:
    if isinstance(given.value, float) and given.value.is_integer():
        return f"write {int(given.value)}"
    return "write an integer, or convert the other side: cast(x, f32)"


def _scalar(value: Number | str, element: Element) -> Number | str:
    if isinstance(value, str) or element is BOOL:
        return value
    if element in MACHINE_INTEGERS:
        least, greatest = integer_range(element)
        if not least <= value <= greatest:
            raise LiteralFault(
                "T003", f"`{value}` does not fit {element}, which holds {least} to {greatest}", _wider(int(value))
            )
        return value
    if isinstance(value, float) and not isfinite(value):
        raise LiteralFault("T003", f"`{value}` is not a finite number", "write a large number that means what you want")
    if element in FLOATS:
        if abs(value) >= _OVERFLOW[element]:
            raise LiteralFault("T003", f"`{value}` does not fit {element}", "use f64, or a smaller number")
        return float(value)
    return value


def _wider(value: int) -> str:
    for scalar in (Scalar.U8, Scalar.I16, Scalar.U16, Scalar.I32, Scalar.U32, Scalar.I64, Scalar.U64):
        least, greatest = integer_range(scalar)
        if least <= value <= greatest:
            return f"use {scalar}, which holds it"
    return "use integer in a specification"


def _constant_array(given: Literal, values: NDArray[Any], element: Element, shape: tuple[int, ...] | None) -> Const:
    if element in MACHINE_INTEGERS:
        least, greatest = integer_range(element)
        if values.min() < least or values.max() > greatest:
            raise LiteralFault("T003", f"{given} has values that do not fit {element}, {least} to {greatest}")
    if values.dtype.kind == "f":
        with np.errstate(over="ignore"):
            converted = values.astype(dtype(element))
        if not bool(np.isfinite(converted).all()):
            raise LiteralFault("T003", f"{given} has values that are not finite numbers of type {element}")
    elif element in MATHEMATICAL:
        raise LiteralFault("T001", f"{given} cannot be of type {element}", "use scalars in a specification")
    if shape is not None and shape != values.shape:
        try:
            values = np.broadcast_to(values, shape)
        except ValueError as fault:
            raise LiteralFault("T002", f"{given} does not broadcast to {shape}") from fault
    return Const(Array.of(values, element), element, given.name)
