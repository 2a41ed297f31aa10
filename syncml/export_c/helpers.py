"""Small functions for operations that C leaves open, printed into the file that uses them.

Rule: step code's machine integers wrap, C's signed ones do not, and C promotes narrow ones. So each operation that
C could evaluate differently stands in one inline function that computes in unsigned arithmetic, where C99 (6.2.5)
defines wrapping. Two properties are left to the implementation by C99 and relied upon, as every two's complement
compiler documents: conversion to a signed type keeps the low bits (6.3.1.3), and ``>>`` of a negative number is
arithmetic (6.5.7). Bits are read as another type through ``memcpy``, the only way that C99 fully defines.
"""

from __future__ import annotations

from collections.abc import Iterable

from syncml.export_c.ctree import Text
from syncml.export_c.scalars import c_type
from syncml.ir.types import BIT_WIDTH, MACHINE_INTEGERS, SIGNED, Scalar

_BINARY = {"add": "+", "sub": "-", "mul": "*", "and": "&", "or": "|", "xor": "^", "shl": "<<"}


EXTENSIONS = tuple(
    (source, target)
    for target in (Scalar.U32, Scalar.U64)
    for source in (Scalar.I8, Scalar.I16, Scalar.I32)
    if BIT_WIDTH[source] < BIT_WIDTH[target]
)
"""Conversions that gcc's -Wsign-conversion sees through when they are written as casts."""


def _inline(result: str, name: str, parameters: str, *body: str) -> Text:
    return Text((f"static inline {result} {name}({parameters})", "{", *(f"    {line}" for line in body), "}"))


def _helper(operation: str, scalar: Scalar) -> Text:
    ctype = c_type(scalar)
    wide = "uint64_t" if BIT_WIDTH[scalar] == 64 else "uint32_t"
    name = f"{operation}_{scalar}"
    zero = "0U" if wide == "uint32_t" else "UINT64_C(0)"
    match operation:
        case "neg":
            return _inline(
                ctype, name, f"{ctype} a", f"const {wide} bits = {zero} - ({wide})a;", f"return ({ctype})bits;"
            )
        case "not":
            return _inline(ctype, name, f"{ctype} a", f"const {wide} bits = ~({wide})a;", f"return ({ctype})bits;")
        case "abs":
            return _inline(
                ctype,
                name,
                f"{ctype} a",
                f"const {wide} bits = (a < 0) ? ({zero} - ({wide})a) : ({wide})a;",
                f"return ({ctype})bits;",
            )
        case "shr":
            return _inline(ctype, name, f"{ctype} a, {ctype} count", f"return ({ctype})(a >> count);")
        case "quot" | "rem":
            symbol = "/" if operation == "quot" else "%"
            return _inline(ctype, name, f"{ctype} a, {ctype} b", f"return ({ctype})(a {symbol} b);")
        case _:
            symbol = _BINARY[operation]
            right = "count" if operation == "shl" else "b"
            return _inline(
                ctype,
                name,
                f"{ctype} a, {ctype} {right}",
                f"const {wide} bits = ({wide})a {symbol} ({wide}){right};",
                f"return ({ctype})bits;",
            )


def _bitcast(source: Scalar, target: Scalar) -> Text:
    return _inline(
        c_type(target),
        f"bits_{source}_as_{target}",
        f"{c_type(source)} value",
        f"{c_type(target)} bits;",
        "(void)memcpy(&bits, &value, sizeof(bits));",
        "return bits;",
    )


def _extension(source: Scalar, target: Scalar) -> Text:
    """Conversion of a signed integer to a wider unsigned one: the sign fills the new bits."""
    return _inline(
        c_type(target), f"{source}_to_{target}", f"{c_type(source)} value", f"return ({c_type(target)})value;"
    )


def _catalogue() -> dict[str, Text]:
    """Every helper by name, in the order in which a file lists them."""
    catalogue: dict[str, Text] = {}
    for scalar in sorted(MACHINE_INTEGERS, key=lambda s: (BIT_WIDTH[s], s.value)):
        operations = ["add", "sub", "mul", "neg", "and", "or", "xor", "not", "shl", "shr"]
        if scalar in SIGNED:
            operations.append("abs")
        if BIT_WIDTH[scalar] < 32:
            operations += ["quot", "rem"]
        for operation in operations:
            catalogue[f"{operation}_{scalar}"] = _helper(operation, scalar)
    for source, target in EXTENSIONS:
        catalogue[f"{source}_to_{target}"] = _extension(source, target)
    for width, real in ((32, Scalar.F32), (64, Scalar.F64)):
        for integer in (Scalar(f"i{width}"), Scalar(f"u{width}")):
            for source, target in ((real, integer), (integer, real)):
                catalogue[f"bits_{source}_as_{target}"] = _bitcast(source, target)
    return catalogue


HELPERS = _catalogue()
"""Every helper function by name."""


def definitions(called: Iterable[str]) -> list[Text]:
    """The definitions of the helpers among the function names ``called``, in a fixed order."""
    wanted = frozenset(called)
    return [text for name, text in HELPERS.items() if name in wanted]
