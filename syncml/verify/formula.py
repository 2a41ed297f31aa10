"""Equations as a person would write them: what the user did not name is spelt out where it is read.

Rule: a stream with a name stands for itself, one without for its definition, down to `LARGEST` operators; a register
without a name is ``pre(x)``, and an ellipsis where its own definition reads it again. Python's operators are written
between their operands, with parentheses around every operand that is not a name or a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from syncml.ir.constants import Array, Const
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Merge, Pack, Post, Var, Wave, When
from syncml.ir.operators import OPERATORS, Op
from syncml.ir.types import F32, EnumType
from syncml.lazy import numpy as np

LARGEST = 24
"""How many operators one formula spells out; what lies below is an ellipsis."""


class _Room:
    """What one formula may still spell out.

    Attributes:
        left: Operators.
        within: The registers whose definition is being written.
    """

    def __init__(self) -> None:
        self.left = LARGEST
        self.within: list[Var] = []


_MEANING = {Op.AND: "and", Op.OR: "or", Op.NOT: "not ", Op.XOR: "xor"}
"""Operators on truth values, as words."""

_BOOL = "bool"


class Formulas:
    """The formulas of a flat node."""

    def __init__(self, definitions: Mapping[Var, Equation]) -> None:
        self._definitions = definitions

    def named(self, var: Var) -> bool:
        """Whether ``var`` stands for itself in formulas."""
        return var.user or var not in self._definitions

    def of(self, var: Var) -> str:
        """The right side of the equation of ``var``; empty for an input."""
        equation = self._definitions.get(var)
        return "" if equation is None else self._right_side(equation, _Room())

    def name(self, var: Var) -> str:
        """How formulas call ``var``."""
        return var.name if self.named(var) else self.of(var)

    def _right_side(self, equation: Equation, room: _Room) -> str:
        room.left -= 1
        rhs = equation.rhs
        match rhs:
            case Apply(Op.COPY, (only,)):
                return self._atom(only, room)
            case Apply(Op.CAST, (only,)):
                return f"{rhs.attribute}({self._atom(only, room)})"
            case Apply():
                return self._apply(rhs, room)
            case Fby():
                room.within += equation.targets
                following = self._atom(rhs.following, room)
                room.within.pop()
                return f"pre({following})" if rhs.init is None else f"pre({following}, init={constant(rhs.init)})"
            case When():
                return f"sample({self._atom(rhs.source, room)})"
            case Merge():
                branches = ", ".join(f"{case}: {self._atom(a, room)}" for case, a in rhs.branches)
                return f"merge({self._atom(rhs.condition, room)}, {branches})"
            case Wave():
                return f"every tick of {rhs.word}"
            case Post() | Pack():
                return "a later value"
            case _:
                return "an instance"

    def _apply(self, rhs: Apply, room: _Room) -> str:
        symbol = OPERATORS[rhs.op].symbol
        if rhs.arguments and str(rhs.arguments[0].type) == _BOOL:
            symbol = _MEANING.get(rhs.op, symbol)
        parts = [self._atom(a, room) for a in rhs.arguments]
        if rhs.op in (Op.NOT, Op.NEG):
            return f"{symbol}{_grouped(parts[0])}"
        if len(parts) == 2 and (not symbol[0].isalpha() or rhs.op in _MEANING):
            return f"{_grouped(parts[0])} {symbol} {_grouped(parts[1])}"
        if rhs.op is Op.INDEX and isinstance(rhs.attribute, tuple):
            return f"{_grouped(parts[0])}[{', '.join(map(str, rhs.attribute))}]"
        return f"{symbol}({', '.join(parts)})"

    def _atom(self, atom: Atom, room: _Room) -> str:
        if isinstance(atom, Const):
            return constant(atom)
        if self.named(atom):
            return atom.name
        spelt = room.left > 0 and atom not in room.within
        return self._right_side(self._definitions[atom], room) if spelt else "…"


def constant(const: Const) -> str:
    """A constant in the user's words; a large array by its name."""
    value = const.value
    if isinstance(value, Array):
        items = value.numpy()
        return str(items.tolist()) if items.size <= 4 else const.name or f"an array of {items.size}"
    if isinstance(const.element, EnumType):
        return str(value)
    if isinstance(value, Fraction):
        return str(value)
    return str(np.float32(value)) if const.element is F32 and isinstance(value, float) else str(value)


def _grouped(text: str) -> str:
    simple = all(c.isalnum() or c in "_.…[]" for c in text) or _is_number(text) or _is_call(text)
    return text if simple else f"({text})"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_call(text: str) -> bool:
    """Whether the text is one call, ``f(...)``."""
    head, _, rest = text.partition("(")
    if not rest or not head.replace("_", "").replace(".", "").isalnum():
        return False
    depth = 1
    for position, c in enumerate(rest):
        depth += (c == "(") - (c == ")")
        if depth == 0:
            return position == len(rest) - 1
    return False
