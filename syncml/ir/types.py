"""Types of streams: scalars, enumerations, and tensors of them.

Rule: a type is closed and static; two types are the same iff they are equal as values. Records never
reach the intermediate languages: the front end splits them into their leaves, named ``record.field``
(ADR 2), so every engine sees only the types of this module.
"""

from __future__ import annotations

from enum import Enum
from math import prod
from typing import TypeAlias

from syncml.dataclass import dataclass


class Scalar(Enum):
    """A scalar type; the value is its name in the language and in every report."""

    BOOL = "bool"
    I8 = "i8"
    I16 = "i16"
    I32 = "i32"
    I64 = "i64"
    U8 = "u8"
    U16 = "u16"
    U32 = "u32"
    U64 = "u64"
    F32 = "f32"
    F64 = "f64"
    INT = "int"
    """Mathematical integers, for specifications."""
    REAL = "real"
    """Mathematical reals, for specifications."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enumeration. At run time a value is the index of its constructor, stored as ``i32``."""

    name: str
    constructors: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


Element: TypeAlias = Scalar | EnumType
"""What a stream or a tensor is made of."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """A tensor of static ``shape`` (at least one axis, every extent at least 1), row-major."""

    element: Element
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.element}[{', '.join(map(str, self.shape))}]"


Type: TypeAlias = Element | TensorType

BOOL = Scalar.BOOL
I32 = Scalar.I32
I64 = Scalar.I64
F32 = Scalar.F32
F64 = Scalar.F64

SIGNED = frozenset({Scalar.I8, Scalar.I16, Scalar.I32, Scalar.I64})
UNSIGNED = frozenset({Scalar.U8, Scalar.U16, Scalar.U32, Scalar.U64})
MACHINE_INTEGERS = SIGNED | UNSIGNED
FLOATS = frozenset({Scalar.F32, Scalar.F64})
INTEGERS = MACHINE_INTEGERS | {Scalar.INT}
FRACTIONAL = FLOATS | {Scalar.REAL}
NUMERIC = INTEGERS | FRACTIONAL
MATHEMATICAL = frozenset({Scalar.INT, Scalar.REAL})

BIT_WIDTH = {
    Scalar.I8: 8, Scalar.I16: 16, Scalar.I32: 32, Scalar.I64: 64,
    Scalar.U8: 8, Scalar.U16: 16, Scalar.U32: 32, Scalar.U64: 64,
    Scalar.F32: 32, Scalar.F64: 64,
}  # fmt: skip


def element_bytes(kind: Element) -> int:
    """The bytes of a value of a machine type: a Boolean takes one, an enumeration is an ``i32``."""
    return BIT_WIDTH.get(kind, 8) // 8 if isinstance(kind, Scalar) else 4


def element(type_: Type) -> Element:
    """The element type of a tensor, or the scalar itself."""
    return type_.element if isinstance(type_, TensorType) else type_


def shape(type_: Type) -> tuple[int, ...]:
    """The shape of a tensor; ``()`` for a scalar."""
    return type_.shape if isinstance(type_, TensorType) else ()


def size(type_: Type) -> int:
    """The number of scalars in one value."""
    return prod(shape(type_))


def tensor(element_: Element, shape_: tuple[int, ...]) -> Type:
    """``element_`` itself for an empty shape, else a tensor."""
    return TensorType(element_, shape_) if shape_ else element_


def integer_range(scalar: Scalar) -> tuple[int, int]:
    """The least and the largest value of a machine integer type."""
    width = BIT_WIDTH[scalar]
    return (-(1 << (width - 1)), (1 << (width - 1)) - 1) if scalar in SIGNED else (0, (1 << width) - 1)
