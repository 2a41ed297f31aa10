"""Clauses for programs that have none: what a run suggests, true or nearly so.

Bounds, exclusions and relations that hold on a short run make a mix of what is proved, what is violated later, and what
needs a lemma; a fault in a verifier shows where it proves one of them that a longer run breaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from syncml.ir.clocks import Clock
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Equation, Node, Property, PropertyKind, Var
from syncml.ir.operators import Op, result_type
from syncml.ir.types import BOOL, MACHINE_INTEGERS, Element, EnumType, Scalar, element, integer_range, shape
from syncml.sim.trace import Column, Trace

CLAUSES = 8


class Claims:
    """Adds clauses to a flat clocked node."""

    def __init__(self, node: Node, generator: np.random.Generator) -> None:
        self._node = node
        self._generator = generator
        self._equations: list[Equation] = []
        self._clocks: dict[Var, Clock] = dict(node.clocks)
        self._properties: list[Property] = []

    def from_run(self, trace: Trace) -> Node:
        """The node with clauses that hold on ``trace``, and assumptions on the ranges of some inputs."""
        shown = {c.name: c for c in trace.columns}
        scalars = [
            v for v in self._node.clocks if not shape(v.type) and v.name in shown and shown[v.name].present.any()
        ]
        found = [c for v in scalars for c in self._about(v, shown[v.name])]
        found += [c for x, y in self._pairs(scalars) for c in self._relating(x, y, shown[x.name], shown[y.name])]
        self._generator.shuffle(found)
        for holds, text in found[:CLAUSES]:
            self._claim(PropertyKind.ENSURE, holds(), text)
        return self.node()

    def bounded_inputs(self) -> dict[str, tuple[int, int]]:
        """Assume ranges of some of the inputs; the ranges by name."""
        chosen: dict[str, tuple[int, int]] = {}
        for var in self._node.inputs:
            kind = element(var.type)
            if shape(var.type) or kind not in MACHINE_INTEGERS or self._generator.random() < 0.5:
                continue
            least, greatest = integer_range(_scalar(kind))
            low = max(least, int(self._generator.choice([-100, -5, 0, 1])))
            high = min(greatest, low + int(self._generator.choice([0, 3, 50, 300])))
            chosen[var.name] = (low, high)
            self._claim(PropertyKind.ASSUME, self._op(Op.GE, var, Const(low, kind)), f"{var.name} >= {low}")
            self._claim(PropertyKind.ASSUME, self._op(Op.LE, var, Const(high, kind)), f"{var.name} <= {high}")
        return chosen

    def node(self) -> Node:
        """The node with what was added."""
        return replace(
            self._node,
            equations=(*self._node.equations, *self._equations),
            properties=(*self._node.properties, *self._properties),
            clocks=MappingProxyType(self._clocks),
        )

    def _claim(self, kind: PropertyKind, holds: Var, text: str) -> None:
        self._properties.append(Property(kind, f"{len(self._properties)}: {text}", holds, self._node.span))

    def _op(self, op: Op, *arguments: Atom) -> Var:
        target = Var(
            f"claim!{len(self._equations)}", result_type(op, tuple(a.type for a in arguments)), self._node.span
        )
        clock = next(self._clocks[a] for a in arguments if isinstance(a, Var))
        self._clocks[target] = clock
        self._equations.append(Equation((target,), Apply(op, arguments), self._node.span, clock))
        return target

    def _about(self, var: Var, column: Column) -> Iterator[tuple[Any, str]]:
        kind, values = element(var.type), column.values[column.present]
        if kind is BOOL:
            for value in (True, False):
                if not (values == value).any():
                    never = Op.NOT if value else Op.COPY
                    yield lambda op=never: self._op(op, var), f"{var.name} is never {value}"
        elif isinstance(kind, EnumType):
            for i, name in enumerate(kind.constructors):
                if not (values == i).any():
                    yield lambda name=name: self._op(Op.NE, var, Const(name, kind)), f"{var.name} != {name}"
        elif kind in MACHINE_INTEGERS:
            low, high = int(values.min()), int(values.max())
            least, greatest = integer_range(_scalar(kind))
            if low > least:
                yield lambda: self._op(Op.GE, var, Const(low, kind)), f"{var.name} >= {low}"
            if high < greatest:
                yield lambda: self._op(Op.LE, var, Const(high, kind)), f"{var.name} <= {high}"
            for number in (low - 1, high + 1, 0, 1, 7):
                if least <= number <= greatest and not (values == number).any():
                    yield lambda n=number: self._op(Op.NE, var, Const(n, kind)), f"{var.name} != {number}"

    def _pairs(self, scalars: list[Var]) -> Iterator[tuple[Var, Var]]:
        for _ in range(30 if scalars else 0):
            x, y = (scalars[i] for i in self._generator.integers(len(scalars), size=2))
            if x is not y and self._clocks[x] == self._clocks[y]:
                yield x, y

    def _relating(self, x: Var, y: Var, a: Column, b: Column) -> Iterator[tuple[Any, str]]:
        left, right = a.values[a.present], b.values[b.present]
        if len(left) != len(right) or len(left) < 2:
            return
        if x.type == y.type and x.type in MACHINE_INTEGERS and (left <= right).all():
            yield lambda: self._op(Op.LE, x, y), f"{x.name} <= {y.name}"
        if x.type == y.type and (left == right).all():
            yield lambda: self._op(Op.EQ, x, y), f"{x.name} == {y.name}"
        if x.type is BOOL and y.type in MACHINE_INTEGERS and left.any():
            most = int(right[left].max())
            if most < int(right.max()):
                kind = element(y.type)
                yield (
                    lambda: self._op(Op.OR, self._op(Op.NOT, x), self._op(Op.LE, y, Const(most, kind))),
                    f"{x.name} => {y.name} <= {most}",
                )


def _scalar(kind: Element) -> Scalar:
    assert isinstance(kind, Scalar)
    return kind
