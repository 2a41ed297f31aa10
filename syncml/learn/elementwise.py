"""Derivatives of operators that act on each element: for ``y = f(a, b)`` the factor of each argument's change.

    dy = f_a da + f_b db

Where an operator chooses (``min``, ``max``, ``where``, ``abs`` at 0), what it chose counts: `chosen` has the choice
itself in place of a factor, so that an infinite slope on the other side does not come in as ``inf * 0``. At a kink the
derivative is that of the branch that gives the value: ``min(x, y)`` is ``y if y < x else x``, so for equal arguments
all of it goes to ``x``; of ``abs`` it is 0 at 0, of ``sqrt`` at 0 infinite, as the limit is.
"""

from __future__ import annotations

from syncml.diagnostics.model import InternalFault
from syncml.ir.equations.syntax import Apply, Atom
from syncml.ir.operators import Op
from syncml.ir.types import element
from syncml.learn.here import Here, number

FACTORS = frozenset({
    Op.COPY, Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.NEG, Op.ABS, Op.SQRT, Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID, Op.SIN,
    Op.COS, Op.ATAN2, Op.POW,
})  # fmt: skip
"""The operators with a factor."""

CHOICES = frozenset({Op.MIN, Op.MAX, Op.WHERE})
"""The operators that choose between two arguments."""

WITHOUT = frozenset({
    Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE, Op.NOT, Op.AND, Op.OR, Op.XOR, Op.SHL, Op.SHR, Op.FLOORDIV, Op.MOD,
    Op.ALL, Op.ANY,
})  # fmt: skip
"""The operators whose values are no fractions, or whose arguments are none: nothing changes a little."""


def factor(make: Here, rhs: Apply, y: Atom, position: int) -> Atom:
    """The derivative of ``y = op(a, ..)`` by the argument at ``position``, for an operator of `FACTORS`.

    ``y`` itself is read where that saves work (``exp``, ``tanh``, ``sigmoid``, ``sqrt``).
    """
    kind = element(y.type)
    one, minus = number(1.0, kind), number(-1.0, kind)
    a = rhs.arguments[0]
    b = rhs.arguments[-1]
    match rhs.op:
        case Op.COPY | Op.ADD:
            return one
        case Op.NEG:
            return minus
        case Op.SUB:
            return minus if position else one
        case Op.MUL:
            return a if position else b
        case Op.DIV:
            inverse = make.apply(Op.DIV, one, b)
            return make.apply(Op.MUL, make.apply(Op.NEG, y), inverse) if position else inverse
        case Op.ABS:
            zero = number(0.0, kind)
            below = make.apply(Op.WHERE, make.apply(Op.LT, a, zero), minus, zero)
            return make.apply(Op.WHERE, make.apply(Op.GT, a, zero), one, below)
        case Op.SQRT:
            return make.apply(Op.DIV, number(0.5, kind), y)
        case Op.EXP:
            return y
        case Op.LOG:
            return make.apply(Op.DIV, one, a)
        case Op.TANH:
            return make.apply(Op.SUB, one, make.apply(Op.MUL, y, y))
        case Op.SIGMOID:
            return make.apply(Op.MUL, y, make.apply(Op.SUB, one, y))
        case Op.SIN:
            return make.apply(Op.COS, a)
        case Op.COS:
            return make.apply(Op.NEG, make.apply(Op.SIN, a))
        case Op.ATAN2:
            squares = make.apply(Op.ADD, make.apply(Op.MUL, a, a), make.apply(Op.MUL, b, b))
            return make.apply(Op.DIV, make.apply(Op.NEG, a) if position else b, squares)
        case Op.POW:
            return _power(make, a, b, y, position)
        case _:
            raise InternalFault(f"{rhs.op.value} has no factor")


def _power(make: Here, base: Atom, exponent: Atom, y: Atom, position: int) -> Atom:
    """``b x^(b-1)`` and ``x^b log x``, which is 0 at 0 and for negative bases, where the power of reals ends."""
    kind = element(y.type)
    one, zero = number(1.0, kind), number(0.0, kind)
    if not position:
        return make.apply(Op.MUL, exponent, make.apply(Op.POW, base, make.apply(Op.SUB, exponent, one)))
    positive = make.apply(Op.GT, base, zero)
    return make.apply(
        Op.WHERE, positive, make.apply(Op.MUL, y, make.apply(Op.LOG, make.apply(Op.WHERE, positive, base, one))), zero
    )


def chosen(make: Here, rhs: Apply, position: int, change: Atom) -> Atom:
    """``change`` where an operator of `CHOICES` chose the argument at ``position``, else 0."""
    nothing = number(0.0, element(change.type))
    match rhs.op:
        case Op.WHERE:
            condition, first = rhs.arguments[0], position == 1
        case Op.MIN | Op.MAX:
            order = Op.LT if rhs.op is Op.MIN else Op.GT
            condition, first = make.apply(order, rhs.arguments[1], rhs.arguments[0]), position == 1
        case _:
            raise InternalFault(f"{rhs.op.value} chooses nothing")
    return make.apply(Op.WHERE, condition, *((change, nothing) if first else (nothing, change)))
