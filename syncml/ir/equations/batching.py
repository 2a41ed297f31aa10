"""Batching in space: a node without memory, applied to each element of an array, becomes operations on arrays.

Rule: for ``(y, ..) = f(x, .., w, ..) for each of n``, where no stream of ``f`` has a past, an accumulator or a clock of
its own, each stream s of ``f`` that depends on an element becomes an array S of all n with a new first axis:

    S[i] = s of element i                   s = op(a, ..)   becomes   S = op'(A, ..)

``op'`` is ``op`` along the other axes: elementwise operators broadcast, a product of a matrix and a vector is one of
matrices, axes move by one. Each element of the result is computed by the same operations in the same order as in its
instance, so nothing changes but that a weight that is read for one element is there for the others. With `pack` and
`unpack` around it, that is a network that runs on all values of a segment at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from syncml.ir.clocks import BASE
from syncml.ir.constants import Array, Const
from syncml.ir.equations.inline import inline
from syncml.ir.equations.syntax import Apply, Atom, Equation, Iterate, Node, Program, Var
from syncml.ir.operators import Op, result_type
from syncml.ir.step.lowering.elements import ELEMENTWISE, plain_attribute
from syncml.ir.types import Type, element, shape, tensor
from syncml.ir.typing_rules import Attribute
from syncml.lazy import numpy as np


def batch(program: Program, chosen: Callable[[Node, Iterate], bool]) -> Program:
    """The clocked ``program`` with those arrays of instances as operations on arrays that are chosen and can be."""
    nodes: dict[str, Node] = {}
    for node in program.nodes:
        nodes[node.name] = _batched(node, nodes, chosen)
    return replace(program, nodes=tuple(nodes.values()))


def _batched(node: Node, nodes: Mapping[str, Node], chosen: Callable[[Node, Iterate], bool]) -> Node:
    equations: list[Equation] = []
    clocks = dict(node.clocks)
    for equation in node.equations:
        rhs = equation.rhs
        body = _body(nodes, rhs) if isinstance(rhs, Iterate) and chosen(node, rhs) else None
        made = None if body is None or not isinstance(rhs, Iterate) else _Batch(body, equation, rhs).run()
        if made is None:
            equations.append(equation)
            continue
        equations += made
        clocks.update((t, e.clock) for e in made for t in e.targets if e.clock is not None)
    if len(equations) == len(node.equations):
        return node
    return replace(node, equations=tuple(equations), clocks=MappingProxyType(clocks))


def _body(nodes: Mapping[str, Node], rhs: Iterate) -> Node | None:
    """The node of the instances with its calls inlined, if it only operates on the values of an instant."""
    if rhs.carried or nodes[rhs.node].external:
        return None
    body = inline(Program(tuple(nodes.values()), rhs.node)).node(rhs.node)
    plain = all(isinstance(e.rhs, Apply) and e.clock == BASE for e in body.equations)
    return body if plain and not body.properties else None


class _UnfitError(Exception):
    """An operation has no form on arrays of all elements."""


class _Batch:
    """One array of instances."""

    def __init__(self, body: Node, equation: Equation, rhs: Iterate) -> None:
        self._body = body
        self._equation = equation
        self._rhs = rhs
        self._atoms: dict[Var, Atom] = dict(zip(body.inputs, rhs.arguments, strict=True))
        self._all = {v for i, v in enumerate(body.inputs) if rhs.is_indexed(i)}
        self._made: list[Equation] = []
        self._names = {v.name for v in (*body.inputs, *(e.target for e in body.equations))}

    def run(self) -> list[Equation] | None:
        """The equations in place of the instances; None if an operation has no such form."""
        try:
            for equation in self._body.equations:
                self._operate(equation)
            for target, formal in zip(self._equation.targets, self._body.outputs, strict=True):
                value = self._as_all(formal, target.type)
                self._add(target, Apply(Op.COPY, (value,)))
        except _UnfitError:
            return None
        return self._made

    def _add(self, target: Var, rhs: Apply) -> Var:
        self._made.append(Equation((target,), rhs, self._equation.span, self._equation.clock))
        return target

    def _define(self, op: Op, *arguments: Atom, attribute: Attribute = None, like: Var | None = None) -> Var:
        type_ = result_type(op, tuple(a.type for a in arguments), attribute)
        name = self._fresh() if like is None else like.name
        span = self._equation.span if like is None else like.span
        target = Var(f"{self._rhs.instance}.{name}", type_, span, like is not None and like.user)
        return self._add(target, Apply(op, arguments, attribute))

    def _fresh(self) -> str:
        number = 1
        while f"part{number}" in self._names:
            number += 1
        self._names.add(f"part{number}")
        return f"part{number}"

    def _is_all(self, atom: Atom) -> bool:
        return isinstance(atom, Var) and atom in self._all

    def _of(self, atom: Atom) -> Atom:
        return self._atoms[atom] if isinstance(atom, Var) else atom

    def _as_all(self, atom: Atom, type_: Type) -> Atom:
        """``atom`` for all elements; a constant is repeated."""
        if self._is_all(atom):
            return self._of(atom)
        value = self._of(atom)
        if not isinstance(value, Const):
            raise _UnfitError
        repeated = np.broadcast_to(np.asarray(value.machine()), shape(type_))
        return Const(Array.of(repeated, element(type_)), element(type_), value.name)

    def _operate(self, equation: Equation) -> None:
        rhs, target = equation.rhs, equation.target
        assert isinstance(rhs, Apply)
        if not any(map(self._is_all, rhs.arguments)):
            # The same for all elements.
            arguments = tuple(map(self._of, rhs.arguments))
            self._atoms[target] = self._define(rhs.op, *arguments, attribute=rhs.attribute, like=target)
            return
        self._all.add(target)
        self._atoms[target] = self._on_all(rhs, target)

    def _on_all(self, rhs: Apply, target: Var) -> Var:
        """The operation on all elements at once."""
        count, op, attribute = self._rhs.extent, rhs.op, rhs.attribute
        if op in ELEMENTWISE:
            rank = len(shape(target.type))
            return self._define(op, *(self._aligned(a, rank) for a in rhs.arguments), attribute=attribute, like=target)
        match op:
            case Op.MATMUL | Op.EINSUM:
                form = _product(rhs) if op is Op.MATMUL else str(attribute)
                operands, _, result = form.partition("->")
                fresh = next(c for c in "nmzyxwvutsrqponmlkjihgfedcbaNMZYXW" if c not in form)
                letters = [
                    fresh + xs if self._is_all(a) else xs
                    for xs, a in zip(operands.split(","), rhs.arguments, strict=True)
                ]
                joined = f"{','.join(letters)}->{fresh}{result}"
                return self._define(Op.EINSUM, *map(self._of, rhs.arguments), attribute=joined, like=target)
            case Op.SLICE | Op.UNFOLD | Op.SUM | Op.LEAST | Op.GREATEST | Op.ALL | Op.ANY:
                axis, *others = plain_attribute(attribute)
                return self._define(op, self._of(rhs.arguments[0]), attribute=(axis + 1, *others), like=target)
            case Op.RESHAPE:
                moved = (count, *plain_attribute(attribute))
                return self._define(op, self._of(rhs.arguments[0]), attribute=moved, like=target)
            case Op.TRANSPOSE:
                moved = (0, *(axis + 1 for axis in plain_attribute(attribute)))
                return self._define(op, self._of(rhs.arguments[0]), attribute=moved, like=target)
            case Op.CONCAT:
                (axis,) = plain_attribute(attribute)
                parts = [self._as_all(a, tensor(element(a.type), (count, *shape(a.type)))) for a in rhs.arguments]
                return self._define(op, *parts, attribute=(axis + 1,), like=target)
            case Op.STACK:
                parts = [self._as_all(a, tensor(element(a.type), (count, *shape(a.type)))) for a in rhs.arguments]
                first = self._define(op, *parts)
                axes = (1, 0, *range(2, len(shape(first.type))))
                return self._define(Op.TRANSPOSE, first, attribute=axes, like=target)
            case Op.INDEX:
                part = self._of(rhs.arguments[0])
                for axis, position in enumerate(plain_attribute(attribute), 1):
                    part = self._define(Op.SLICE, part, attribute=(axis, position, 1, 1))
                return self._define(Op.RESHAPE, part, attribute=(count, *shape(target.type)), like=target)
            case _:
                raise _UnfitError

    def _aligned(self, atom: Atom, rank: int) -> Atom:
        """An operand whose axes after the first are aligned at the last as those of an element are."""
        own = shape(atom.type)
        if not self._is_all(atom) or len(own) == rank:
            return self._of(atom)
        spread = (self._rhs.extent, *(1,) * (rank - len(own)), *own)
        return self._define(Op.RESHAPE, self._of(atom), attribute=spread)


def _product(rhs: Apply) -> str:
    """A product of vectors and matrices as a contraction, which sums in the same order."""
    left, right = (len(shape(a.type)) for a in rhs.arguments)
    return f"{'ij'[2 - left :]},{'jk'[:right]}->{'i' if left == 2 else ''}{'k' if right == 2 else ''}"
