"""Forward differentiation of clocked equations: the change of each stream is a stream on the same clock.

Rule (``dx`` is the change of ``x``, 0 where nothing reaches it):

    y = op(a, b)             dy = D_a op da + D_b op db
    y = c fby x every r      dy = 0 fby dx every r
    y = x post i in s        dy = dx post di in s
    y = x when C(b)          dy = dx when C(b)
    y = merge b (C -> x) ..  dy = merge b (C -> dx) ..
    y = pack x in s          dy = pack dx in s
    (y, ..) = f(x, ..)       (dy, ..) = f_tangent(dx, .., x, ..), where f declares its derivative

It needs no future, and its adjoint identity with `adjoint` is a test of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from syncml.diagnostics.model import InternalFault
from syncml.ir.constants import zero
from syncml.ir.equations.growth import Growth
from syncml.ir.equations.syntax import Apply, Atom, Call, Equation, Fby, Merge, Node, Pack, Post, Rhs, Var, When
from syncml.ir.operators import Op
from syncml.ir.types import element, shape
from syncml.learn.activity import passages, reached
from syncml.learn.elementwise import CHOICES, FACTORS, factor
from syncml.learn.here import Here, number
from syncml.learn.rules import Rule, applied
from syncml.learn.structure import is_fractional


def tangent(node: Node, changes: Mapping[Var, Atom], rules: Mapping[str, Rule]) -> tuple[Node, tuple[Atom, ...]]:
    """The flat ``node`` with the change of each stream that a change of inputs reaches.

    Args:
        node: Clocked equations without buffers, and without calls but of ``rules``.
        changes: The changes of inputs, of their types and on their clocks.
        rules: The derivatives of the nodes that are called.

    Returns:
        The node with more equations, and the change of each of its outputs.
    """
    return _Tangent(node, changes, rules).run()


class _Tangent:
    def __init__(self, node: Node, changes: Mapping[Var, Atom], rules: Mapping[str, Rule]) -> None:
        self._node = node
        self._rules = rules
        self._make = Growth((v.name for v in (*node.inputs, *node.clocks)), node.span)
        self._changes: dict[Var, Atom] = dict(changes)
        for var in (t for e in node.equations for t in e.targets if t in reached(node, changes)):
            self._changes[var] = self._make.fresh(f"d_{var.name}", var.type, node.clocks[var], var.span)

    def run(self) -> tuple[Node, tuple[Atom, ...]]:
        for equation in self._node.equations:
            if not any(source in self._changes for source in passages(equation)):
                continue
            if isinstance(equation.rhs, Call):
                self._called(equation, equation.rhs)
            else:
                target = self._changes[equation.target]
                assert isinstance(target, Var)
                self._make.equate(target, self._rhs(equation))
        node = replace(
            self._node,
            equations=(*self._node.equations, *self._make.equations),
            clocks=MappingProxyType({**self._node.clocks, **self._make.clocks}),
        )
        return node, tuple(self._changes.get(var, zero(var.type)) for var in node.outputs)

    def _change(self, atom: Atom) -> Atom:
        return self._changes.get(atom, zero(atom.type)) if isinstance(atom, Var) else zero(atom.type)

    def _called(self, equation: Equation, call: Call) -> None:
        found = applied(self._make, equation, self._rules[call.node].tangent, self._change, forward=True)
        for target, change in zip(filter(is_fractional, equation.targets), found, strict=True):
            named = self._changes[target]
            assert isinstance(named, Var)
            self._make.equate(named, Apply(Op.COPY, (change,)))

    def _rhs(self, equation: Equation) -> Rhs:
        y, rhs = equation.target, equation.rhs
        match rhs:
            case Apply():
                here = Here(self._make, equation.span, self._node.clocks[y], f"d_{y.name}_part")
                return Apply(Op.COPY, (self._applied(here, equation, rhs),))
            case Fby():
                return Fby(zero(y.type), self._change(rhs.following), rhs.resets)
            case When():
                return When(self._change(rhs.source), rhs.condition, rhs.constructor)
            case Merge():
                return Merge(rhs.condition, tuple((c, self._change(atom)) for c, atom in rhs.branches))
            case Post():
                return Post(self._change(rhs.following), self._change(rhs.init), rhs.segment)
            case Pack():
                return Pack(self._change(rhs.source), rhs.segment, rhs.resets)
            case _:
                raise InternalFault(f"{y.name} has no change")

    def _applied(self, here: Here, equation: Equation, rhs: Apply) -> Atom:
        y = equation.target
        extents = shape(y.type)
        changing = [k for k, a in enumerate(rhs.arguments) if isinstance(a, Var) and a in self._changes]
        changing = [k for k in changing if rhs.arguments[k] in passages(equation)]
        if rhs.op in FACTORS:
            terms = [
                here.spread(here.product(factor(here, rhs, y, k), self._change(rhs.arguments[k])), extents)
                for k in changing
            ]
            return here.total(terms)
        if rhs.op in CHOICES:
            return self._choice(here, rhs)
        match rhs.op:
            case Op.MATMUL | Op.EINSUM:
                return here.total(
                    [here.apply(rhs.op, *self._with(rhs.arguments, k), attribute=rhs.attribute) for k in changing]
                )
            case Op.STACK | Op.CONCAT:
                return here.apply(rhs.op, *map(self._change, rhs.arguments), attribute=rhs.attribute)
            case Op.UPDATE:
                source, value, *places = rhs.arguments
                return here.apply(rhs.op, self._change(source), self._change(value), *places)
            case Op.LEAST | Op.GREATEST:
                return _extreme(here, rhs, y, self._change(rhs.arguments[0]))
            case _:
                # What moves or sums the elements of one array moves or sums their changes.
                return here.apply(rhs.op, self._change(rhs.arguments[0]), *rhs.arguments[1:], attribute=rhs.attribute)

    def _with(self, arguments: Sequence[Atom], place: int) -> list[Atom]:
        """The factors of a product with the change of one of them in its place."""
        return [self._change(a) if k == place else a for k, a in enumerate(arguments)]

    def _choice(self, here: Here, rhs: Apply) -> Atom:
        *_, first, second = rhs.arguments
        if rhs.op is Op.WHERE:
            return here.apply(Op.WHERE, rhs.arguments[0], self._change(first), self._change(second))
        takes_second = here.apply(Op.LT if rhs.op is Op.MIN else Op.GT, second, first)
        return here.apply(Op.WHERE, takes_second, self._change(second), self._change(first))


def _extreme(here: Here, rhs: Apply, y: Var, change: Atom) -> Atom:
    """The mean of the changes of the extreme elements."""
    (source,) = rhs.arguments
    assert isinstance(rhs.attribute, tuple)
    axis, extents, kind = int(rhs.attribute[0]), shape(source.type), element(source.type)
    equal = here.apply(Op.EQ, source, here.reshaped(y, (*extents[:axis], 1, *extents[axis + 1 :])))
    marks = here.apply(Op.WHERE, equal, number(1.0, kind), number(0.0, kind))
    total = here.apply(Op.SUM, here.apply(Op.MUL, marks, change), attribute=(axis,))
    return here.apply(Op.DIV, total, here.apply(Op.SUM, marks, attribute=(axis,)))
