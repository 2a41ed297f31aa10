"""A program that rests while it is not active.

Rule: with x the inputs and y the outputs of the program f, and ``active`` a further input,

    y = merge active (f(x when active)) ((0 fby y) when not active)

It is built of a program whose clocks are known: a rate is one of the base clock, which f is no longer on.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from syncml.ir.clocks import BASE, Clock, On
from syncml.ir.constants import zero
from syncml.ir.equations.syntax import Call, Equation, Fby, Merge, Node, Program, Rhs, Var, When
from syncml.ir.types import BOOL

ACTIVE = "episode.active"


def resting(program: Program) -> Program:
    """The program with the input ``active``; all of its inputs and outputs are on its base clock."""
    main = program.node(program.main)
    active = Var(ACTIVE, BOOL, main.span, user=True)
    on, off = On(BASE, active, True), On(BASE, active, False)
    equations: list[Equation] = []
    clocks: dict[Var, Clock] = {active: BASE}

    def var(like: Var, name: str, clock: Clock) -> Var:
        made = Var(name, like.type, like.span, user=True)
        clocks[made] = clock
        return made

    def equation(targets: tuple[Var, ...], rhs: Rhs, clock: Clock) -> None:
        equations.append(Equation(targets, rhs, main.span, clock))

    inputs = tuple(var(v, v.name, BASE) for v in main.inputs)
    outputs = tuple(var(v, v.name, BASE) for v in main.outputs)
    sampled = tuple(var(v, f"{v.name}.active", on) for v in inputs)
    fresh = tuple(var(v, f"{v.name}.fresh", on) for v in outputs)
    for target, source in zip(sampled, inputs, strict=True):
        equation((target,), When(source, active, True), on)
    equation(fresh, Call(main.name, sampled, main.name), on)
    for output, new in zip(outputs, fresh, strict=True):
        held, idle = var(output, f"{output.name}.held", BASE), var(output, f"{output.name}.idle", off)
        equation((held,), Fby(zero(output.type), output), BASE)
        equation((idle,), When(held, active, False), off)
        equation((output,), Merge(active, ((True, new), (False, idle))), BASE)
    whole = Node("resting", main.label, (*inputs, active), outputs, tuple(equations), (), main.span,
                 clocks=MappingProxyType(clocks))  # fmt: skip
    return replace(program, nodes=(*(replace(n, rate=None) for n in program.nodes), whole), main=whole.name)
