"""Scalar types and literals in C.

Rule: a value of a machine type has the C type of the same width and range, and a literal denotes exactly the value
of the constant. Numbers in statements are printed as the shortest decimal that reads back exactly: it is what the
engineer wrote and what a reviewer compares with the requirement. Arrays are printed as hexadecimal floats: nobody
reads weights, and C99 (6.4.4.2) promises correct rounding for hexadecimal constants on every implementation, for
decimal ones only where Annex F holds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from syncml.export_c.ctree import Call, Cast, CExpr, Name, Number, Prefix
from syncml.ir.constants import Array, Const
from syncml.ir.types import BIT_WIDTH, SIGNED, UNSIGNED, Element, EnumType, Scalar, integer_range

_NAMES = {
    Scalar.BOOL: "bool",
    Scalar.I8: "int8_t", Scalar.I16: "int16_t", Scalar.I32: "int32_t", Scalar.I64: "int64_t",
    Scalar.U8: "uint8_t", Scalar.U16: "uint16_t", Scalar.U32: "uint32_t", Scalar.U64: "uint64_t",
    Scalar.F32: "float", Scalar.F64: "double",
}  # fmt: skip


def machine_scalar(element: Element) -> Scalar:
    """The machine type that represents ``element``; raises ValueError for mathematical numbers, which have none."""
    if isinstance(element, EnumType):
        return Scalar.I32
    if element not in _NAMES:
        raise ValueError(f"{element} has no representation in C")
    return element


def c_type(element: Element) -> str:
    """The C type of ``element``; an enumeration is an ``int32_t``."""
    return _NAMES[machine_scalar(element)]


def _decimal(value: np.floating[Any]) -> str:
    """The shortest decimal that reads back as ``value``, with a point or an exponent, for finite ``value >= 0``."""
    if value == 0 or 1e-4 <= float(value) < 1e9:
        text = np.format_float_positional(value, unique=True, trim="0")
    else:
        text = np.format_float_scientific(value, unique=True, trim="0", exp_digits=1)
    return text


def _float(value: np.floating[Any], single: bool) -> CExpr:
    if math.isnan(value):
        return Name("NAN") if single else Cast("double", Name("NAN"))
    if math.isinf(value):
        infinity: CExpr = Name("INFINITY") if single else Cast("double", Name("INFINITY"))
        return infinity if value > 0 else Prefix("-", infinity)
    number = Number(_decimal(abs(value)) + ("F" if single else ""))
    return Prefix("-", number) if np.signbit(value) else number


def _integer(value: int, scalar: Scalar) -> CExpr:
    width = BIT_WIDTH[scalar]
    if scalar in UNSIGNED:
        # Beyond small counts an unsigned number is a pattern of bits.
        text = f"0x{value:X}" if value >= 1 << 16 else str(value)
        return Call("UINT64_C", (Number(text),)) if width == 64 else Number(f"{text}U")
    if value == integer_range(scalar)[0]:
        # The magnitude of the least value does not fit its own type.
        return Name(f"INT{width}_MIN")
    number: CExpr = Number(str(abs(value)))
    if width == 64:
        number = Call("INT64_C", (number,))
    return Prefix("-", number) if value < 0 else number


def literal(const: Const) -> CExpr:
    """The scalar ``const`` as a C expression; a constructor of an enumeration is its index."""
    return number(const.machine(), machine_scalar(const.element))


def number(value: Any, scalar: Scalar) -> CExpr:
    """A machine value of type ``scalar`` as a C expression."""
    if scalar is Scalar.BOOL:
        return Name("true" if value else "false")
    if scalar in SIGNED | UNSIGNED:
        return _integer(int(value), scalar)
    return _float(np.float32(value) if scalar is Scalar.F32 else np.float64(value), scalar is Scalar.F32)


def constant(expr: CExpr) -> int | None:
    """The value of an integer or Boolean literal that `number` made, None for any other expression."""
    match expr:
        case Number(text) if "." not in text and not text.endswith("F"):
            return int(text.rstrip("U"), 0)
        case Call("INT64_C" | "UINT64_C", (Number(text),)):
            return int(text, 0)
        case Prefix("-", inner):
            value = constant(inner)
            return None if value is None else -value
        case Name("true" | "false"):
            return int(expr.text == "true")
        case Name(text) if text.startswith("INT") and text.endswith("_MIN"):
            return -(1 << (int(text[3:-4]) - 1))
        case _:
            return None


def _hexadecimal(value: float, suffix: str) -> str:
    if math.isnan(value):
        return "NAN" if suffix else "(double)NAN"
    if math.isinf(value):
        return ("-" if value < 0 else "") + ("INFINITY" if suffix else "(double)INFINITY")
    mantissa, exponent = value.hex().split("p")
    head, _, tail = mantissa.partition(".")
    tail = tail.rstrip("0")
    return f"{head}.{tail or '0'}p{exponent}{suffix}"


def array_values(array: Array) -> tuple[str, ...]:
    """The elements of ``array``, row-major, in C spelling."""
    scalar = machine_scalar(array.element)
    flat = array.numpy().reshape(-1).tolist()
    match scalar:
        case Scalar.BOOL:
            return tuple("true" if value else "false" for value in flat)
        case Scalar.F32:
            return tuple(_hexadecimal(value, "F") for value in flat)
        case Scalar.F64:
            return tuple(_hexadecimal(value, "") for value in flat)
        case _:
            return tuple(_flat_integer(value, scalar) for value in flat)


def _flat_integer(value: int, scalar: Scalar) -> str:
    if value == integer_range(scalar)[0] and scalar in SIGNED:
        return f"INT{BIT_WIDTH[scalar]}_MIN"
    suffix = "U" if scalar in UNSIGNED else ""
    if BIT_WIDTH[scalar] == 64:
        sign = "-" if value < 0 else ""
        return f"{sign}{'U' if suffix else ''}INT64_C({abs(value)})"
    return f"{value}{suffix}"
