"""A small builder of clocked nodes, so that the verifier is tested without the front end."""

from __future__ import annotations

from types import MappingProxyType

from syncml.diagnostics.model import Span
from syncml.ir.clocks import BASE, Clock, On, Word, every, word
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Call,
    Equation,
    Fby,
    Merge,
    Node,
    Program,
    Property,
    PropertyKind,
    Var,
    Wave,
    When,
)
from syncml.ir.operators import Op, result_type
from syncml.ir.types import BOOL, F32, I32, Element, Scalar, Type
from syncml.ir.typing_rules import Attribute

SPAN = Span("example.py", 1, 1, 1, 2)

Operand = Atom | int | float | bool


class Builder:
    """One node under construction; every stream gets the clock of what it reads."""

    def __init__(self, name: str = "main", *, abstract: bool = False) -> None:
        self.name = name
        self.abstract = abstract
        self.inputs: list[Var] = []
        self.outputs: list[Var] = []
        self.equations: list[Equation] = []
        self.properties: list[Property] = []
        self.clocks: dict[Var, Clock] = {}
        self.registers: dict[Var, tuple[Const | None, int]] = {}

    def var(self, name: str, type_: Type, clock: Clock, *, user: bool = True) -> Var:
        made = Var(name, type_, SPAN, user=user)
        self.clocks[made] = clock
        return made

    def fresh(self) -> str:
        return f"t{len(self.equations)}"

    def input(self, name: str, type_: Type, clock: Clock = BASE) -> Var:
        self.inputs.append(self.var(name, type_, clock))
        return self.inputs[-1]

    def define(self, name: str | None, type_: Type, clock: Clock, rhs: Apply | Fby | When | Merge | Wave) -> Var:
        target = self.var(name or self.fresh(), type_, clock, user=name is not None)
        self.equations.append(Equation((target,), rhs, SPAN, clock))
        return target

    def op(self, op: Op, *operands: Operand, to: Attribute = None, name: str | None = None) -> Var:
        known = [x for x in operands if isinstance(x, Var)]
        kind = self.kind(known[-1]) if known else None
        atoms = tuple(self.atom(x, kind) for x in operands)
        clock = self.clocks[known[0]] if known else BASE
        type_ = result_type(op, tuple(a.type for a in atoms), to)
        return self.define(name, type_, clock, Apply(op, atoms, to))

    @staticmethod
    def kind(var: Var) -> Element:
        from syncml.ir.types import element

        return element(var.type)

    def atom(self, operand: Operand, kind: Element | None) -> Atom:
        if isinstance(operand, Var | Const):
            return operand
        if isinstance(operand, bool):
            return Const(operand, BOOL)
        assert kind is not None
        return Const(operand, kind)

    def state(self, name: str, type_: Type, init: int | float | bool | str | Const | None, clock: Clock = BASE) -> Var:
        from syncml.ir.types import element

        target = self.var(name, type_, clock)
        const = init if isinstance(init, Const) or init is None else Const(init, element(type_))
        self.registers[target] = (const, len(self.equations))
        return target

    def next(self, register: Var, following: Operand) -> None:
        init, _ = self.registers.pop(register)
        rhs = Fby(init, self.atom(following, self.kind(register)))
        self.equations.append(Equation((register,), rhs, SPAN, self.clocks[register]))

    def when(self, source: Operand, condition: Var, constructor: bool | str = True, name: str | None = None) -> Var:
        atom = self.atom(source, None)
        words = {e.target: e.rhs.word for e in self.equations if isinstance(e.rhs, Wave)}
        parent = self.clocks[condition]
        clock = every(parent, words[condition]) if condition in words else On(parent, condition, constructor)
        return self.define(name, atom.type, clock, When(atom, condition, constructor))

    def merge(self, condition: Var, branches: dict[bool | str, Operand], name: str | None = None) -> Var:
        kind = next(self.kind(x) for x in branches.values() if isinstance(x, Var))
        pairs = tuple((c, self.atom(a, kind)) for c, a in branches.items())
        return self.define(name, pairs[0][1].type, self.clocks[condition], Merge(condition, pairs))

    def wave(self, prefix: str, period: str, clock: Clock = BASE, name: str | None = None) -> Var:
        made: Word = word(tuple(map(int, prefix)), tuple(map(int, period)))
        return self.define(name, BOOL, clock, Wave(made))

    def call(self, node: Node, *arguments: Atom, instance: str, clock: Clock = BASE) -> tuple[Var, ...]:
        targets = tuple(self.var(f"{instance}_{v.name}", v.type, clock) for v in node.outputs)
        self.equations.append(Equation(targets, Call(node.name, arguments, instance), SPAN, clock))
        return targets

    def output(self, *variables: Var) -> None:
        self.outputs += variables

    def claim(self, name: str, holds: Var, kind: PropertyKind = PropertyKind.ENSURE) -> None:
        self.properties.append(Property(kind, name, holds, SPAN))

    def assume(self, name: str, holds: Var) -> None:
        self.claim(name, holds, PropertyKind.ASSUME)

    def node(self) -> Node:
        assert not self.registers, f"registers without next: {self.registers}"
        return Node(
            self.name, self.name, tuple(self.inputs), tuple(self.outputs), tuple(self.equations),
            tuple(self.properties), SPAN, abstract=self.abstract, clocks=MappingProxyType(dict(self.clocks)),
        )  # fmt: skip

    def program(self, *callees: Node) -> Program:
        return Program((*callees, self.node()), self.name)


__all__ = ["BASE", "BOOL", "F32", "I32", "SPAN", "Builder", "Op", "PropertyKind", "Scalar"]
