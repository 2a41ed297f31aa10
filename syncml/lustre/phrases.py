"""Types, constants and operations as text that Kind 2 reads.

Rule: an operation is written so that it has the value of the operator table where Lustre leaves it open or defines it
otherwise: a quotient is 0 where the divisor is, division rounds down, a conversion of a real truncates. None is what
Lustre has no form for: floats, tensors, elementary functions, bits.
"""

from __future__ import annotations

from fractions import Fraction

from syncml.ir.constants import Array, Const, exact
from syncml.ir.equations.syntax import Apply, Atom
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, MACHINE_INTEGERS, UNSIGNED, Scalar, Type

_TYPES = {
    Scalar.BOOL: "bool", Scalar.INT: "int", Scalar.REAL: "real",
    Scalar.I8: "int8", Scalar.I16: "int16", Scalar.I32: "int32", Scalar.I64: "int64",
    Scalar.U8: "uint8", Scalar.U16: "uint16", Scalar.U32: "uint32", Scalar.U64: "uint64",
}  # fmt: skip
_INFIX = {
    Op.ADD: "+", Op.SUB: "-", Op.MUL: "*", Op.EQ: "=", Op.NE: "<>", Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">=",
}  # fmt: skip
_LOGIC = {Op.AND: "and", Op.OR: "or", Op.XOR: "xor"}


def type_name(type_: Type) -> str | None:
    """A scalar type."""
    return _TYPES.get(type_) if isinstance(type_, Scalar) else None


def constant(const: Const) -> str:
    """A scalar constant that is no constructor."""
    value = const.value
    if isinstance(value, Array | str):
        return "0"
    if const.element is BOOL:
        return "true" if value else "false"
    number = exact(value)
    if const.element is Scalar.REAL:
        return _real(number)
    text = str(int(number)) if number >= 0 else f"(-{-int(number)})"
    kind = const.element
    return f"({_TYPES[kind]} {text})" if isinstance(kind, Scalar) and kind in MACHINE_INTEGERS else text


def _real(number: Fraction) -> str:
    """Exactly: as a decimal where there is one, else as a quotient."""
    digits, rest = 0, number.denominator
    for factor in (2, 5):
        count = 0
        while rest % factor == 0:
            rest //= factor
            count += 1
        digits = max(digits, count)
    if rest != 1:
        text = f"({abs(number.numerator)}.0 / {number.denominator}.0)"
    else:
        digits = max(digits, 1)
        whole = str(abs(number.numerator) * 10**digits // number.denominator).rjust(digits + 1, "0")
        text = f"{whole[:-digits]}.{whole[-digits:]}"
    return text if number >= 0 else f"(-{text})"


def operation(rhs: Apply, parts: tuple[str, ...], result: Type) -> str | None:
    """An operator applied to operands that are names and constants."""
    kind = rhs.arguments[0].type
    match rhs.op:
        case Op.COPY:
            return parts[0]
        case op if op in _INFIX:
            return f"{parts[0]} {_INFIX[op]} {parts[1]}"
        case op if op in _LOGIC:
            return f"{parts[0]} {_LOGIC[op]} {parts[1]}" if kind is BOOL else None
        case Op.NOT:
            return f"not {parts[0]}" if kind is BOOL else None
        case Op.NEG:
            return f"-{parts[0]}"
        case Op.ABS:
            return f"if {parts[0]} < {_zero(kind)} then -{parts[0]} else {parts[0]}"
        case Op.MIN:
            return f"if {parts[1]} < {parts[0]} then {parts[1]} else {parts[0]}"
        case Op.MAX:
            return f"if {parts[1]} > {parts[0]} then {parts[1]} else {parts[0]}"
        case Op.WHERE:
            return f"if {parts[0]} then {parts[1]} else {parts[2]}"
        case Op.DIV:
            return (
                _guarded(rhs.arguments[1], parts[1], f"{parts[0]} / {parts[1]}", "0.0") if kind is Scalar.REAL else None
            )
        case Op.FLOORDIV | Op.MOD:
            return _division(rhs, parts, kind)
        case Op.CAST:
            return _cast(parts[0], kind, result)
        case _:
            return None


def _zero(kind: Type) -> str:
    return "0.0" if kind is Scalar.REAL else constant(Const(0, kind)) if isinstance(kind, Scalar) else "0"


def _guarded(divisor: Atom, text: str, quotient: str, otherwise: str) -> str:
    """``quotient`` where the divisor is not 0."""
    if isinstance(divisor, Const):
        return quotient if divisor.value else otherwise
    return f"if {text} = {_zero(divisor.type)} then {otherwise} else {quotient}"


def _division(rhs: Apply, parts: tuple[str, str] | tuple[str, ...], kind: Type) -> str | None:
    """Division that rounds down, of Kind 2's, whose remainder is never negative."""
    x, y = parts
    divisor = rhs.arguments[1]
    rest = rhs.op is Op.MOD
    plain = f"{x} mod {y}" if rest else f"{x} div {y}"
    otherwise = x if rest else _zero(kind)
    if kind in UNSIGNED:
        return _guarded(divisor, y, plain, otherwise)
    if kind is not Scalar.INT:
        return None
    if isinstance(divisor, Const) and not isinstance(divisor.value, Array | str) and divisor.value >= 0:
        return _guarded(divisor, y, plain, otherwise)
    lower = f"({x} mod {y}) + {y}" if rest else f"({x} div {y}) - 1"
    return _guarded(divisor, y, f"(if {y} < 0 and ({x} mod {y}) <> 0 then {lower} else {plain})", otherwise)


def _cast(x: str, kind: Type, result: Type) -> str | None:
    name = type_name(result)
    if name is None or type_name(kind) is None:
        return None
    if result is BOOL:
        return f"{x} <> {_zero(kind)}" if kind is not BOOL else x
    if kind is BOOL:
        one = "1.0" if result is Scalar.REAL else constant(Const(1, result)) if isinstance(result, Scalar) else "1"
        return f"if {x} then {one} else {_zero(result)}"
    if kind is Scalar.REAL and result is Scalar.INT:
        return f"if {x} < 0.0 then -(int (-{x})) else int {x}"
    if kind is Scalar.REAL and result is not Scalar.REAL:
        return None
    if result is Scalar.REAL and kind in MACHINE_INTEGERS:
        return f"real (int {x})"
    return x if kind == result else f"{name} {x}"
