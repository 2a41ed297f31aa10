"""Constants: a value together with its type.

Rule: a floating-point literal means its shortest decimal under *ideal* semantics and that decimal rounded
to the type under *machine* semantics: ``0.01`` is 1/100 in a proof over the reals and the nearest binary32
number in code. Arrays (weights) mean exactly the numbers they hold in both.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from syncml.dataclass import dataclass
from syncml.ir.types import FLOATS, Element, EnumType, Scalar, TensorType, Type, tensor
from syncml.lazy import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DTYPES = {
    Scalar.BOOL: "?",
    Scalar.I8: "i1", Scalar.I16: "i2", Scalar.I32: "i4", Scalar.I64: "i8",
    Scalar.U8: "u1", Scalar.U16: "u2", Scalar.U32: "u4", Scalar.U64: "u8",
    Scalar.F32: "f4", Scalar.F64: "f8",
}  # fmt: skip
"""How NumPy writes the types."""


def dtype(element_: Element) -> np.dtype[Any]:
    """The NumPy type that holds ``element_``; mathematical numbers are held as Python objects."""
    if isinstance(element_, EnumType):
        return np.dtype(np.int32)
    return np.dtype(_DTYPES.get(element_, "O"))


@dataclass(frozen=True, slots=True)
class Array:
    """An immutable tensor of machine numbers, compared by content."""

    element: Element
    shape: tuple[int, ...]
    data: bytes

    @staticmethod
    def of(values: NDArray[Any], element_: Element) -> Array:
        """Copy ``values``, converted to ``element_``, in row-major order."""
        converted = np.ascontiguousarray(values, dtype=dtype(element_))
        return Array(element_, converted.shape, converted.tobytes())

    def numpy(self) -> NDArray[Any]:
        """The values as a read-only NumPy array."""
        return np.frombuffer(self.data, dtype=dtype(self.element)).reshape(self.shape)


ScalarValue: TypeAlias = bool | int | float | Fraction | str
"""A Boolean, an integer, a float, an exact rational (``real`` only), or a constructor's name."""


@dataclass(frozen=True, slots=True)
class Const:
    """A constant stream. ``name`` is the user's name for a weight array, for readable code."""

    value: ScalarValue | Array
    element: Element
    name: str = ""

    @property
    def type(self) -> Type:
        """The type of the constant."""
        return tensor(self.element, self.value.shape) if isinstance(self.value, Array) else self.element

    def machine(self) -> Any:
        """The value that a machine computes with: a NumPy scalar or array; exact for ``int``/``real``."""
        if isinstance(self.value, Array):
            return self.value.numpy()
        if isinstance(self.element, EnumType):
            return np.int32(self.element.constructors.index(str(self.value)))
        if self.element is Scalar.INT:
            return int(self.value)
        if self.element is Scalar.REAL:
            return exact(self.value)
        return dtype(self.element).type(self.value)


def exact(value: ScalarValue) -> Fraction:
    """The exact number that a numeric literal denotes under ideal semantics."""
    if isinstance(value, float):
        return Fraction(repr(value))
    if isinstance(value, str):
        raise TypeError("an enumeration constructor is not a number")
    return Fraction(value)


def zero(type_: Type) -> Const:
    """The all-zero value of ``type_`` (false, 0, or the first constructor)."""
    if isinstance(type_, TensorType):
        return Const(Array.of(np.zeros(type_.shape), type_.element), type_.element)
    if isinstance(type_, EnumType):
        return Const(type_.constructors[0], type_)
    if type_ is Scalar.BOOL:
        return Const(False, type_)
    return Const(0.0 if type_ in FLOATS else 0, type_)
