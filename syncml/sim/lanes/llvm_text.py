"""Expressions of step code as instructions of LLVM, on scalars or on one value for each lane.

Rule: each operation of step code is one instruction of its width without any fast-math flag, so each lane computes the
bits that a scalar program computes. An operand that is equal in all lanes is a scalar until it meets one that varies;
then it is spread over the lanes. Quotients of integers of at most 32 bits are quotients of 64-bit floats, cut off:
a quotient that is no integer is at least 1/y away from one, and a float off by at most 2**-21/y, so none is wrong;
processors divide vectors of floats, but integers one after another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import pack, unpack
from typing import assert_never

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import InternalFault
from syncml.ir.constants import Const
from syncml.ir.step.syntax import (
    COMPARISONS,
    Apply,
    Binary,
    BinaryOp,
    Bitcast,
    Convert,
    Expr,
    Function,
    Literal,
    LoopIndex,
    Place,
    Select,
    Slot,
    Unary,
    UnaryOp,
)
from syncml.ir.types import BIT_WIDTH, BOOL, F32, F64, FLOATS, SIGNED, Element, EnumType, element

_FLOAT = {BinaryOp.ADD: "fadd", BinaryOp.SUB: "fsub", BinaryOp.MUL: "fmul", BinaryOp.DIV: "fdiv"}
_INTEGER = {
    BinaryOp.ADD: "add",
    BinaryOp.SUB: "sub",
    BinaryOp.MUL: "mul",
    BinaryOp.AND: "and",
    BinaryOp.OR: "or",
    BinaryOp.XOR: "xor",
    BinaryOp.SHL: "shl",
}
_SIGNED = {BinaryOp.QUOT: "sdiv", BinaryOp.REM: "srem", BinaryOp.SHR: "ashr"}
_UNSIGNED = {BinaryOp.QUOT: "udiv", BinaryOp.REM: "urem", BinaryOp.SHR: "lshr"}
_ORDER = {BinaryOp.LT: "lt", BinaryOp.LE: "le", BinaryOp.GT: "gt", BinaryOp.GE: "ge"}
_DIVISIONS = frozenset({BinaryOp.QUOT, BinaryOp.REM})


@dataclass(frozen=True, slots=True)
class Operand:
    """A value of LLVM: a name or a literal, without its type."""

    text: str
    kind: Element
    varying: bool


class Lines:
    """Instructions in order; names in them are unique."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self._count = 0

    def fresh(self, stem: str) -> str:
        """A name that was not given before, without its sigil."""
        self._count += 1
        return f"{stem}{self._count}"

    def value(self, instruction: str) -> str:
        """Write an instruction; the name of its result."""
        name = f"%{self.fresh('v')}"
        self.text.append(f"  {name} = {instruction}")
        return name

    def do(self, instruction: str) -> None:
        """Write an instruction without a result."""
        self.text.append(f"  {instruction}")

    def label(self, name: str) -> None:
        """Begin a block."""
        self.text.append(f"{name}:")


def scalar_type(kind: Element) -> str:
    """The LLVM type of one value."""
    if kind is F32:
        return "float"
    if kind is F64:
        return "double"
    if kind is BOOL:
        return "i1"
    return f"i{width_of(kind)}"


def width_of(kind: Element) -> int:
    """The bits of an integer, a float, or what stands for an enumeration."""
    return 32 if isinstance(kind, EnumType) else BIT_WIDTH[kind]


def literal_text(value: Const) -> str:
    """A constant; floats by their bits."""
    machine = value.machine()
    if value.element is BOOL:
        return "true" if machine else "false"
    if value.element in FLOATS:
        if np.isnan(machine):
            return "0x7FF8000000000000"
        return f"0x{unpack('>Q', pack('>d', float(machine)))[0]:016X}"
    return str(int(machine))


class Expressions:
    """The instructions of expressions, written to ``lines``.

    Args:
        lines: Where instructions go.
        width: The lanes of a group.
        read: The value of a place.
        functions: The names of functions on scalars and on lanes.
    """

    def __init__(
        self,
        lines: Lines,
        width: int,
        read: Callable[[Place], Operand],
        functions: Callable[[Function, bool], str],
    ) -> None:
        self.lines = lines
        self.width = width
        self.counters: dict[LoopIndex, Operand] = {}
        self._read = read
        self._functions = functions

    def type_of(self, kind: Element, varying: bool) -> str:
        """The LLVM type of a value."""
        return f"<{self.width} x {scalar_type(kind)}>" if varying else scalar_type(kind)

    def typed(self, operand: Operand) -> str:
        """An operand with its type."""
        return f"{self.type_of(operand.kind, operand.varying)} {operand.text}"

    def spread(self, operand: Operand) -> Operand:
        """The operand as one value for each lane."""
        if operand.varying:
            return operand
        single = scalar_type(operand.kind)
        if not operand.text.startswith("%"):
            return Operand(f"<{', '.join([f'{single} {operand.text}'] * self.width)}>", operand.kind, True)
        wide = self.type_of(operand.kind, True)
        first = self.lines.value(f"insertelement {wide} poison, {single} {operand.text}, i64 0")
        return Operand(
            self.lines.value(f"shufflevector {wide} {first}, {wide} poison, <{self.width} x i32> zeroinitializer"),
            operand.kind,
            True,
        )

    def alike(self, *operands: Operand) -> tuple[Operand, ...]:
        """All of them on lanes if one is."""
        return tuple(map(self.spread, operands)) if any(o.varying for o in operands) else operands

    def choose(self, condition: Operand, then: Operand, otherwise: Operand) -> Operand:
        """``then`` where the condition is true."""
        if condition.varying:
            then, otherwise = self.spread(then), self.spread(otherwise)
        else:
            then, otherwise = self.alike(then, otherwise)
        text = f"select {self.typed(condition)}, {self.typed(then)}, {self.typed(otherwise)}"
        return Operand(self.lines.value(text), then.kind, then.varying)

    def both(self, left: Operand, right: Operand) -> Operand:
        """The conjunction, false where the left side is, whatever the right side is there."""
        return self.choose(*self.alike(left, right, Operand("false", BOOL, False)))

    def negated(self, condition: Operand) -> Operand:
        """The complement of a Boolean or of the bits of an integer."""
        ones = "true" if condition.kind is BOOL else "-1"
        return self._two("xor", condition, Operand(ones, condition.kind, False))

    def expr(self, expr: Expr) -> Operand:
        """Write the instructions of an expression; its value."""
        match expr:
            case Literal():
                return Operand(literal_text(expr.value), expr.type, False)
            case LoopIndex():
                return self.counters[expr]
            case Place():
                return self._read(expr)
            case Unary():
                return self._unary(expr.op, self.expr(expr.operand))
            case Binary():
                return self._binary(expr.op, self.expr(expr.left), self.expr(expr.right))
            case Select():
                return self.choose(self.expr(expr.condition), self.expr(expr.then), self.expr(expr.otherwise))
            case Convert():
                return self.converted(self.expr(expr.operand), expr.to)
            case Bitcast():
                return self._cast("bitcast", self.expr(expr.operand), expr.to)
            case Apply():
                return self._applied(expr.function, [self.expr(argument) for argument in expr.arguments])
            case _:
                assert_never(expr)

    def _two(self, instruction: str, left: Operand, right: Operand, result: Element | None = None) -> Operand:
        left, right = self.alike(left, right)
        text = f"{instruction} {self.typed(left)}, {right.text}"
        return Operand(self.lines.value(text), result or left.kind, left.varying)

    def _unary(self, op: UnaryOp, x: Operand) -> Operand:
        if op is UnaryOp.NOT:
            return self.negated(x)
        if x.kind in FLOATS:
            if op is UnaryOp.NEG:
                return Operand(self.lines.value(f"fneg {self.typed(x)}"), x.kind, x.varying)
            return self._intrinsic("fabs" if op is UnaryOp.ABS else "sqrt", x)
        zero = Operand("0", x.kind, False)
        negative = self._two("sub", zero, x)
        if op is UnaryOp.NEG:
            return negative
        if x.kind not in SIGNED:
            return x
        return self.choose(self._two("icmp slt", x, zero, BOOL), negative, x)

    def _intrinsic(self, name: str, x: Operand) -> Operand:
        suffix = "f32" if x.kind is F32 else "f64"
        full = f"llvm.{name}.{f'v{self.width}' if x.varying else ''}{suffix}"
        kind = self.type_of(x.kind, x.varying)
        return Operand(self.lines.value(f"call {kind} @{full}({kind} {x.text})"), x.kind, x.varying)

    def _binary(self, op: BinaryOp, left: Operand, right: Operand) -> Operand:
        kind = left.kind
        if op in COMPARISONS:
            return self._two(_comparison(op, kind), left, right, BOOL)
        if kind in FLOATS:
            return self._two(_FLOAT[op], left, right)
        if op in _INTEGER:
            return self._two(_INTEGER[op], left, right)
        if op in _DIVISIONS and (left.varying or right.varying) and width_of(kind) <= 32:
            return self._divided(op, left, right)
        return self._two((_SIGNED if kind in SIGNED else _UNSIGNED)[op], left, right)

    def _divided(self, op: BinaryOp, left: Operand, right: Operand) -> Operand:
        quotient = self._two("fdiv", self.converted(left, F64), self.converted(right, F64))
        whole = self.converted(quotient, left.kind)
        return whole if op is BinaryOp.QUOT else self._two("sub", left, self._two("mul", whole, right))

    def converted(self, x: Operand, to: Element) -> Operand:
        """A conversion between machine types: integers wrap, floats round once."""
        source_float, target_float = x.kind in FLOATS, to in FLOATS
        if source_float and target_float:
            if x.kind is to:
                return x
            return self._cast("fptrunc" if to is F32 else "fpext", x, to)
        signed = x.kind in SIGNED or isinstance(x.kind, EnumType)
        if source_float:
            return self._cast("fptosi" if to in SIGNED or isinstance(to, EnumType) else "fptoui", x, to)
        if target_float:
            return self._cast("sitofp" if signed else "uitofp", x, to)
        if x.kind is BOOL:
            return x if to is BOOL else self._cast("zext", x, to)
        before, after = width_of(x.kind), width_of(to)
        if before == after:
            return Operand(x.text, to, x.varying)
        return self._cast("trunc" if after < before else "sext" if signed else "zext", x, to)

    def _cast(self, instruction: str, x: Operand, to: Element) -> Operand:
        if instruction == "bitcast" and scalar_type(x.kind) == scalar_type(to):
            return Operand(x.text, to, x.varying)
        target = self.type_of(to, x.varying)
        return Operand(self.lines.value(f"{instruction} {self.typed(x)} to {target}"), to, x.varying)

    def _applied(self, function: Function, arguments: Sequence[Operand]) -> Operand:
        varying = any(a.varying for a in arguments)
        given = ", ".join(self.typed(a) for a in self.alike(*arguments))
        kind = function.result.type
        result = self.type_of(kind, varying)
        return Operand(self.lines.value(f"call {result} @{self._functions(function, varying)}({given})"), kind, varying)


def _comparison(op: BinaryOp, kind: Element) -> str:
    if kind in FLOATS:
        return f"fcmp {'oeq' if op is BinaryOp.EQ else 'une' if op is BinaryOp.NE else f'o{_ORDER[op]}'}"
    if op in (BinaryOp.EQ, BinaryOp.NE):
        return f"icmp {'eq' if op is BinaryOp.EQ else 'ne'}"
    return f"icmp {'s' if kind in SIGNED else 'u'}{_ORDER[op]}"


INLINED = 40
"""A function of fewer instructions is part of whoever calls it."""


def function_text(
    function: Function, name: str, width: int, varying: bool, names: Callable[[Function, bool], str]
) -> str:
    """The definition of a pure function on scalars or on lanes."""
    if function.tables:
        raise InternalFault(f"{function.name} has tables, which the lane printer does not print")
    known: dict[Slot, Operand] = {
        slot: Operand(f"%p{i}", element(slot.type), varying) for i, slot in enumerate(function.parameters)
    }
    lines = Lines()
    expressions = Expressions(lines, width, lambda place: known[place.slot], names)
    for assign in function.body:
        known[assign.target.slot] = expressions.expr(assign.value)
    result = expressions.expr(function.result)
    if varying:
        result = expressions.spread(result)
    parameters = ", ".join(expressions.typed(known[s]) for s in function.parameters)
    head = f"define internal {expressions.type_of(result.kind, varying)} @{name}({parameters})"
    inline = " alwaysinline" if len(lines.text) < INLINED else ""
    return "\n".join([f"{head}{inline} #0 {{", *lines.text, f"  ret {expressions.typed(result)}", "}"])


def intrinsics(width: int) -> list[str]:
    """Declarations of the functions of LLVM that expressions use."""
    found: list[str] = []
    for name in ("fabs", "sqrt"):
        for kind, suffix in (("float", "f32"), ("double", "f64")):
            wide = f"<{width} x {kind}>"
            found.append(f"declare {kind} @llvm.{name}.{suffix}({kind})")
            found.append(f"declare {wide} @llvm.{name}.v{width}{suffix}({wide})")
    return found
