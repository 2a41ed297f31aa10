"""Margins of Boolean streams: how far each is from being the other truth value, as equations of the program.

Rule: the margin of a Boolean stream is a stream of binary64 numbers on its clock, at least `TOUCH` where it is true and
at most -`TOUCH` where it is false, never between. With m for the margin of b and d for the difference of two sides:

    b = x <= y, x < y    where(b, max(TOUCH, d), min(-TOUCH, d)),  d = y - x;  >= and > with x - y
    b = x == y, x != y   the same with d = -|x - y| and d = |x - y|
    not p                -m(p)
    p and q, all(p)      min;                p or q, any(p)   max
    p xor q, p != q      max(min(m(p), -m(q)), min(-m(p), m(q)));    p == q   the negation
    where(c, p, q)       max(min(m(c), m(p)), min(-m(c), m(q)))
    v fby p, merge, when, copy, index     the same of the margins
    true, false          inf, -inf
    anything else        1 where it is true, -1 where it is false

By induction every sign is the truth value: a side that is NaN, or too large for a difference, is decided by the
comparison itself. So `once`, `historically`, `since` and `always` without a bound are the greatest and least margin so
far, and a form with a bound, which counts instants, has the instants that are left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from types import MappingProxyType

from syncml.ir.clocks import Clock
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Merge, Node, Rhs, Var, When
from syncml.ir.operators import Op, result_type
from syncml.ir.types import BOOL, F64, Type, element, shape, tensor
from syncml.ir.typing_rules import Attribute, OperatorTypeError

TOUCH = 2.0**-1022
"""The least margin, the least normal number."""

_ORDERS = frozenset({Op.LE, Op.LT, Op.GE, Op.GT})
_SAME = {Op.AND: Op.MIN, Op.OR: Op.MAX, Op.NOT: Op.NEG, Op.COPY: Op.COPY, Op.INDEX: Op.INDEX,
         Op.ALL: Op.LEAST, Op.ANY: Op.GREATEST}  # fmt: skip
"""Operators on truth values, and what they are on margins."""


def with_margins(node: Node, streams: Sequence[Var]) -> tuple[Node, tuple[Var, ...]]:
    """A flat node that computes the margins of Boolean streams, and the variable of each; they are no outputs yet."""
    margins = _Margins(node)
    found = tuple(margins.of_var(stream) for stream in streams)
    margins.define_all()
    clocks = dict(node.clocks) | {e.target: e.clock for e in margins.equations if e.clock is not None}
    equations = (*node.equations, *margins.equations)
    return replace(node, equations=equations, clocks=MappingProxyType(clocks)), found


class _Margins:
    """The equations of margins; those that are asked for are defined one after another."""

    def __init__(self, node: Node) -> None:
        self.equations: list[Equation] = []
        self._clocks = node.clocks
        self._defining = {e.targets[0]: e.rhs for e in node.equations if len(e.targets) == 1}
        self._known: dict[Var, Var] = {}
        self._pending: list[Var] = []
        self._named = 0

    def of_var(self, stream: Var) -> Var:
        """The margin of a stream, which `define_all` defines."""
        if stream not in self._known:
            self._known[stream] = self._var(tensor(F64, shape(stream.type)), stream)
            self._pending.append(stream)
        return self._known[stream]

    def define_all(self) -> None:
        """Define every margin that was asked for."""
        while self._pending:
            stream = self._pending.pop()
            rhs = self._rhs(stream, self._defining.get(stream))
            self._equate(self._known[stream], rhs, self._clocks[stream])

    def _of(self, atom: Atom) -> Atom:
        if isinstance(atom, Var):
            return self.of_var(atom)
        return _certain(atom)

    def _rhs(self, stream: Var, rhs: Rhs | None) -> Rhs:
        match rhs:
            case Apply(op, arguments, attribute) if all(_is_truth(a) for a in arguments):
                found = self._of_truths(stream, op, arguments, attribute)
            case Apply(op, (x, y)) if op in _ORDERS:
                found = self._guarded(stream, op, (y, x) if op in {Op.LE, Op.LT} else (x, y))
            case Apply(Op.EQ | Op.NE as op, (x, y)):
                found = self._guarded(stream, op, (x, y))
            case Fby(init, following, resets) if stream.type is BOOL and _is_truth(following):
                # What `pre` has at first is never seen, or false.
                found = Fby(Const(-inf, F64) if init is None else _certain(init), self._of(following), resets)
            case When(source, condition, constructor) if _is_truth(source):
                found = When(self._of(source), condition, constructor)
            case Merge(condition, branches) if all(_is_truth(atom) for _, atom in branches):
                found = Merge(condition, tuple((constructor, self._of(atom)) for constructor, atom in branches))
            case _:
                found = None
        return found or Apply(Op.WHERE, (stream, Const(1.0, F64), Const(-1.0, F64)))

    def _of_truths(self, stream: Var, op: Op, arguments: tuple[Atom, ...], attribute: Attribute) -> Rhs | None:
        if op in _SAME:
            return Apply(_SAME[op], tuple(map(self._of, arguments)), attribute)
        match op, arguments:
            case ((Op.XOR | Op.NE), (p, q)):
                return self._either(stream, self._of(p), self._opposite(stream, q), self._opposite(stream, p), q)
            case Op.EQ, (p, q):
                opposite = self._opposite(stream, p)
                return self._either(stream, self._of(p), self._of(q), opposite, q, negated=True)
            case Op.WHERE, (c, p, q):
                return self._either(stream, self._of(c), self._of(p), self._opposite(stream, c), q)
            case _:
                return None

    def _either(self, stream: Var, a: Atom, b: Atom, c: Atom, last: Atom, *, negated: bool = False) -> Rhs:
        """``max(min(a, b), min(c, d))`` with the margin of ``last``, or its opposite, for d."""
        d = self._opposite(stream, last) if negated else self._of(last)
        return Apply(Op.MAX, (self._part(stream, Op.MIN, a, b), self._part(stream, Op.MIN, c, d)))

    def _opposite(self, stream: Var, atom: Atom) -> Atom:
        margin = self._of(atom)
        if isinstance(margin, Const):
            return Const(-inf if margin.value == inf else inf, F64)
        return self._part(stream, Op.NEG, margin)

    def _guarded(self, stream: Var, op: Op, sides: tuple[Atom, Atom]) -> Rhs | None:
        """The difference of two sides with the sign that the comparison has; None where they have no difference."""
        try:
            for side in sides:
                result_type(Op.CAST, (side.type,), F64)
        except OperatorTypeError:
            return None
        numbers = [self._part(stream, Op.CAST, side, attribute=F64) for side in sides]
        apart: Atom = self._part(stream, Op.SUB, *numbers)
        if op not in _ORDERS:
            apart = self._part(stream, Op.ABS, apart)
        if op is Op.EQ:
            apart = self._part(stream, Op.NEG, apart)
        # The second operand of min and max is ignored where it is NaN.
        above = self._part(stream, Op.MAX, Const(TOUCH, F64), apart)
        below = self._part(stream, Op.MIN, Const(-TOUCH, F64), apart)
        return Apply(Op.WHERE, (stream, above, below))

    def _part(self, stream: Var, op: Op, *arguments: Atom, attribute: Attribute = None) -> Var:
        """A part of the margin of a stream, on its clock."""
        target = self._var(result_type(op, tuple(a.type for a in arguments), attribute), stream)
        self._equate(target, Apply(op, arguments, attribute), self._clocks[stream])
        return target

    def _var(self, type_: Type, stream: Var) -> Var:
        self._named += 1
        return Var(f"margin[{self._named}]", type_, stream.span)

    def _equate(self, target: Var, rhs: Rhs, clock: Clock) -> None:
        self.equations.append(Equation((target,), rhs, target.span, clock))


def _certain(truth: Const) -> Const:
    return Const(inf if truth.value is True else -inf, F64)


def _is_truth(atom: Atom) -> bool:
    """Whether an atom is a truth value, or a stream of arrays of them."""
    return atom.type is BOOL if isinstance(atom, Const) else element(atom.type) is BOOL
