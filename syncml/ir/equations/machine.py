"""Machine numbers in place of mathematical ones: ``int`` as ``i64``, ``real`` as ``f64``.

Rule: every stream and constant of type ``int`` or ``real`` gets the machine type, and nothing else changes but the
quotient of reals, which stays 0 where the divisor is 0:

    q = x / y : real    becomes    n = x / y;  z = y == 0;  q = where(z, 0, n) : f64

The result computes with wrapping integers and rounded floats what the program means by exact numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from syncml.ir.clocks import Clock
from syncml.ir.constants import Array, Const, exact
from syncml.ir.equations.rewrite import rewritten
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Node, Program, Var
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, F64, I64, MATHEMATICAL, Scalar, Type, element, integer_range, shape, tensor

_MACHINE: dict[Scalar, Scalar] = {Scalar.INT: I64, Scalar.REAL: F64}


def on_machine(program: Program) -> Program:
    """The clocked ``program`` with machine numbers; itself if it has no others."""
    streams = [v for n in program.nodes for v in (*n.inputs, *(t for e in n.equations for t in e.targets))]
    if not any(element(v.type) in MATHEMATICAL for v in streams):
        return program
    return replace(program, nodes=tuple(_Node(node).run() for node in program.nodes))


def _machine(type_: Type) -> Type:
    kind = element(type_)
    return tensor(_MACHINE[kind], shape(type_)) if isinstance(kind, Scalar) and kind in _MACHINE else type_


def _constant(const: Const) -> Const:
    value = const.value
    if isinstance(value, Array | str) or const.element not in MATHEMATICAL:
        return const
    if const.element is Scalar.REAL:
        return Const(float(exact(value)), F64, const.name)
    low, high = integer_range(I64)
    return Const((int(value) - low) % (high - low + 1) + low, I64, const.name)


class _Node:
    """One node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        streams = (*node.inputs, *(t for e in node.equations for t in e.targets))
        self._new = {v: replace(v, type=_machine(v.type)) for v in streams if _machine(v.type) != v.type}
        self._clocks = dict(node.clocks)
        self._count = 0

    def run(self) -> Node:
        """The node with machine numbers."""
        node = self._node
        equations = tuple(e for equation in node.equations for e in self._equation(equation))
        return replace(
            node,
            inputs=tuple(map(self._var, node.inputs)),
            outputs=tuple(map(self._var, node.outputs)),
            equations=equations,
            clocks=MappingProxyType({self._var(v): c for v, c in self._clocks.items()}),
        )

    def _var(self, var: Var) -> Var:
        return self._new.get(var, var)

    def _atom(self, atom: Atom) -> Atom:
        return self._var(atom) if isinstance(atom, Var) else _constant(atom)

    def _equation(self, equation: Equation) -> Iterator[Equation]:
        rhs = rewritten(equation.rhs, self._atom, self._var)
        targets = tuple(map(self._var, equation.targets))
        if isinstance(rhs, Fby) and rhs.init is not None:
            rhs = replace(rhs, init=_constant(rhs.init))
        if isinstance(rhs, Apply) and isinstance(rhs.attribute, Scalar):
            rhs = replace(rhs, attribute=_MACHINE.get(rhs.attribute, rhs.attribute))
        if isinstance(rhs, Apply) and rhs.op is Op.DIV and equation.targets[0] in self._new:
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
