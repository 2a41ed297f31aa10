"""Write clocked equations by hand, in a few words.

b = NodeBuilder("counter")
n = b.declare("n", I32)
b.define(n, Fby(const(0, I32), b.op(Op.ADD, n, const(1, I32))))
program = Program((b.node([n]),), "counter")
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np

from syncml.diagnostics.model import Span
from syncml.ir.clocks import Clock, Word
from syncml.ir.constants import Array, Const
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Call,
    Equation,
    Fby,
    Iterate,
    Merge,
    Node,
    Property,
    PropertyKind,
    Rhs,
    Var,
    Wave,
    When,
)
from syncml.ir.operators import Op, result_type
from syncml.ir.types import BOOL, Element, Type, element, shape, tensor
from syncml.ir.typing_rules import Attribute


def const(value: Any, element: Element) -> Const:
    """A constant; a list or array makes a tensor."""
    if isinstance(value, list | np.ndarray):
        return Const(Array.of(np.array(value), element), element)
    return Const(value, element)


class NodeBuilder:
    """Collects the equations of one node; each has a line of its own in the file ``<name>.py``."""

    def __init__(self, name: str, rate: Fraction | None = None) -> None:
        self.name = name
        self.rate = rate
        self.inputs: list[Var] = []
        self.equations: list[Equation] = []
        self.properties: list[Property] = []
        self.declared: dict[Var, Clock] = {}
        self._line = 0
        self._names = 0

    def span(self) -> Span:
        """A new line."""
        self._line += 1
        return Span(f"{self.name}.py", self._line, 1, self._line, 10)

    def input(self, name: str, type_: Type, clock: Clock | None = None) -> Var:
        """An input; ``clock`` declares its clock."""
        var = self.declare(name, type_)
        self.inputs.append(var)
        if clock is not None:
            self.declared[var] = clock
        return var

    def declare(self, name: str, type_: Type, user: bool = True) -> Var:
        """A variable to be defined later."""
        return Var(name, type_, self.span(), user)

    def fresh(self, type_: Type) -> Var:
        """A variable that the user did not name."""
        self._names += 1
        return self.declare(f"t{self._names}", type_, user=False)

    def define(self, target: Var, rhs: Rhs) -> Var:
        """``target = rhs``."""
        self.equations.append(Equation((target,), rhs, self.span()))
        return target

    def op(self, op: Op, *arguments: Atom, attribute: Attribute = None, name: str = "") -> Var:
        """An application of an operator."""
        type_ = result_type(op, tuple(a.type for a in arguments), attribute)
        target = self.declare(name, type_) if name else self.fresh(type_)
        return self.define(target, Apply(op, arguments, attribute))

    def fby(self, init: Const | None, following: Atom, name: str = "") -> Var:
        """A delay."""
        target = self.declare(name, following.type) if name else self.fresh(following.type)
        return self.define(target, Fby(init, following))

    def when(self, source: Atom, condition: Var, constructor: bool | str = True, name: str = "") -> Var:
        """A sampled stream."""
        target = self.declare(name, source.type) if name else self.fresh(source.type)
        return self.define(target, When(source, condition, constructor))

    def merge(self, condition: Var, *branches: tuple[bool | str, Atom], name: str = "") -> Var:
        """Complementary streams put together."""
        type_ = branches[0][1].type
        target = self.declare(name, type_) if name else self.fresh(type_)
        return self.define(target, Merge(condition, branches))

    def wave(self, word: Word, name: str = "") -> Var:
        """A Boolean that reads a word."""
        return self.define(self.declare(name, BOOL) if name else self.fresh(BOOL), Wave(word))

    def call(self, callee: Node, *arguments: Atom, instance: str = "", resets: tuple[Var, ...] = ()) -> tuple[Var, ...]:
        """An instance of another node."""
        path = instance or f"{callee.name}_{len(self.equations)}"
        targets = tuple(self.declare(f"{path}_{v.name}", v.type, user=False) for v in callee.outputs)
        self.equations.append(Equation(targets, Call(callee.name, arguments, path, resets), self.span()))
        return targets

    def iterate(
        self,
        callee: Node,
        *arguments: Atom,
        extent: int,
        carried: int = 0,
        shared: frozenset[int] = frozenset(),
        backwards: bool = False,
        resets: tuple[Var, ...] = (),
    ) -> tuple[Var, ...]:
        """An array of instances of another node."""
        path = f"{callee.name}_{len(self.equations)}"
        types = [
            v.type if i < carried else tensor(element(v.type), (extent, *shape(v.type)))
            for i, v in enumerate(callee.outputs)
        ]
        targets = tuple(
            self.declare(f"{path}_{v.name}", type_, user=False) for v, type_ in zip(callee.outputs, types, strict=True)
        )
        rhs = Iterate(callee.name, arguments, path, extent, carried, shared, backwards, resets)
        self.equations.append(Equation(targets, rhs, self.span()))
        return targets

    def property(self, kind: PropertyKind, name: str, holds: Var) -> None:
        """A clause of the contract."""
        self.properties.append(Property(kind, name, holds, self.span()))

    def node(self, outputs: Sequence[Var], abstract: bool = False) -> Node:
        """The node, not yet clocked."""
        return Node(
            self.name,
            self.name,
            tuple(self.inputs),
            tuple(outputs),
            tuple(self.equations),
            tuple(self.properties),
            Span(f"{self.name}.py", 1, 1, 1, 10),
            self.rate,
            abstract,
            MappingProxyType(dict(self.declared)),
        )
