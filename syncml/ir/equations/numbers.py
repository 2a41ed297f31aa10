"""A program with numbers of other types: of machines in place of exact ones, or the other way round.

Rule of `on_machine`: every stream and constant of type ``int`` becomes ``i64``, of type ``real`` ``f64``, and nothing
else changes but the quotient of reals, which stays 0 where the divisor is 0:

    q = x / y : real    becomes    n = x / y;  z = y == 0;  q = where(z, 0, n) : f64

Rule of `idealised`: every machine integer becomes ``int`` and every float ``real``; a literal is the decimal it was
written as. The one computes with wrapping integers and rounded floats what the other means by exact numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from syncml.ir.clocks import Clock
from syncml.ir.constants import Array, Const, exact
from syncml.ir.equations.rewrite import rewritten
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Node, Program, Var
from syncml.ir.operators import Op
from syncml.ir.types import (
    BOOL,
    F64,
    FLOATS,
    I64,
    MACHINE_INTEGERS,
    Scalar,
    Type,
    element,
    integer_range,
    shape,
    tensor,
)

_MACHINE: dict[Scalar, Scalar] = {Scalar.INT: I64, Scalar.REAL: F64}
_IDEAL: dict[Scalar, Scalar] = dict.fromkeys(MACHINE_INTEGERS, Scalar.INT) | dict.fromkeys(FLOATS, Scalar.REAL)


def on_machine(program: Program) -> Program:
    """The clocked ``program`` with machine numbers; itself if it has no others."""
    return _changed(program, _MACHINE)


def idealised(program: Program) -> Program:
    """The clocked ``program`` with exact numbers. It must have no tensors of constants."""
    return _changed(program, _IDEAL)


def _changed(program: Program, types: Mapping[Scalar, Scalar]) -> Program:
    streams = [v for n in program.nodes for v in (*n.inputs, *(t for e in n.equations for t in e.targets))]
    if not any(element(v.type) in types for v in streams):
        return program
    return replace(program, nodes=tuple(_Node(node, types).run() for node in program.nodes))


def _constant(const: Const, types: Mapping[Scalar, Scalar]) -> Const:
    value, kind = const.value, const.element
    if isinstance(value, Array | str) or not isinstance(kind, Scalar) or kind not in types:
        return const
    match types[kind]:
        case Scalar.REAL:
            return Const(exact(value), Scalar.REAL, const.name)
        case Scalar.INT:
            return Const(int(value), Scalar.INT, const.name)
        case Scalar.F64:
            return Const(float(exact(value)), F64, const.name)
        case machine:
            low, high = integer_range(machine)
            return Const((int(value) - low) % (high - low + 1) + low, machine, const.name)


class _Node:
    """One node."""

    def __init__(self, node: Node, types: Mapping[Scalar, Scalar]) -> None:
        self._node = node
        self._types = types
        streams = (*node.inputs, *(t for e in node.equations for t in e.targets))
        self._new = {v: replace(v, type=self._type(v.type)) for v in streams if self._type(v.type) != v.type}
        self._clocks = dict(node.clocks)
        self._count = 0

    def run(self) -> Node:
        """The node with the other numbers."""
        node = self._node
        equations = tuple(e for equation in node.equations for e in self._equation(equation))
        return replace(
            node,
            inputs=tuple(map(self._var, node.inputs)),
            outputs=tuple(map(self._var, node.outputs)),
            equations=equations,
            clocks=MappingProxyType({self._var(v): c for v, c in self._clocks.items()}),
        )

    def _type(self, type_: Type) -> Type:
        kind = element(type_)
        return tensor(self._types[kind], shape(type_)) if isinstance(kind, Scalar) and kind in self._types else type_

    def _var(self, var: Var) -> Var:
        return self._new.get(var, var)

    def _atom(self, atom: Atom) -> Atom:
        return self._var(atom) if isinstance(atom, Var) else _constant(atom, self._types)

    def _equation(self, equation: Equation) -> Iterator[Equation]:
        rhs = rewritten(equation.rhs, self._atom, self._var)
        targets = tuple(map(self._var, equation.targets))
        if isinstance(rhs, Fby) and rhs.init is not None:
            rhs = replace(rhs, init=_constant(rhs.init, self._types))
        if isinstance(rhs, Apply) and isinstance(rhs.attribute, Scalar):
            rhs = replace(rhs, attribute=self._types.get(rhs.attribute, rhs.attribute))
        if (
            isinstance(rhs, Apply)
            and rhs.op is Op.DIV
            and element(targets[0].type) is F64
            and targets != equation.targets
        ):
            (target,) = targets
            clock = self._node.clocks[equation.target]
            quotient = self._local(target, target.type, clock)
            is_zero = self._local(target, tensor(BOOL, shape(target.type)), clock)
            nothing = Const(0.0, F64)
            yield replace(equation, targets=(quotient,), rhs=rhs)
            yield replace(equation, targets=(is_zero,), rhs=Apply(Op.EQ, (rhs.arguments[1], nothing)))
            rhs = Apply(Op.WHERE, (is_zero, nothing, quotient))
        yield replace(equation, targets=targets, rhs=rhs)

    def _local(self, target: Var, type_: Type, clock: Clock) -> Var:
        self._count += 1
        var = Var(f"{target.name}.quotient{self._count}", type_, target.span)
        self._clocks[var] = clock
        return var
