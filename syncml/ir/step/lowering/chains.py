"""Chains of equal instances become one array of instances.

Rule: where each of ``n`` calls of one node takes all the outputs of the call before it as its first arguments, nothing
else reads those, and the other arguments are the same for all or numbers,

    y1 = f(x,  s, c1) as a;  y2 = f(y1, s, c2) as b;  ..;  y = f(ym, s, cn) as z    all on one clock, with equal resets

are the accumulators of ``y = f^n(x; shared s, [c1, .., cn]) as a``; its elements keep the names ``a``, .. ``z``.

It is for callees that stay separate and have memory. Written out, the states of neighbours lie side by side in one
struct and are stored one after the other, and gcc (12, from -O2 on) joins such stores into vectors: it then computes
the values of a chain, which exist one by one, in vectors, and loads as vectors what the tick before stored as single
numbers, which stalls. In a loop it does not, and the code is shorter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from syncml.ir.clocks import Base, conditions
from syncml.ir.constants import Array, Const
from syncml.ir.equations.syntax import Atom, Call, Equation, Iterate, Node, Program, Var
from syncml.ir.step.lowering.observe import dependencies
from syncml.ir.step.lowering.translate import with_memory
from syncml.ir.types import TensorType, element

SHORTEST = 3
"""The least number of instances that are joined: a pair is as fast as it is, and easier to read."""


def roll_chains(program: Program) -> Program:
    """``program`` with its chains of equal instances as arrays; what is observed must be an output."""
    remembering = with_memory(program)
    nodes = {n.name: n for n in program.nodes if n.name in remembering and _can_repeat(n)}
    return replace(program, nodes=tuple(_rolled(n, nodes) for n in program.nodes))


def _can_repeat(node: Node) -> bool:
    """Whether a call can take all that another one gives as its first arguments, at the same instants."""
    interface = (*node.inputs, *node.outputs)
    chained = [v.type for v in node.inputs[: len(node.outputs)]]
    return (
        bool(node.outputs)
        and not node.external
        and chained == [v.type for v in node.outputs]
        and all(isinstance(node.clocks[v], Base) for v in interface)
    )


def _rolled(node: Node, nodes: Mapping[str, Node]) -> Node:
    chains = [c for c in _chains(node, nodes) if len(c) >= SHORTEST]
    if not chains:
        return node
    last = {id(chain[-1]): _array(chain) for chain in chains}
    gone = {id(e) for chain in chains for e in chain[:-1]}
    inside = {v for chain in chains for e in chain[:-1] for v in e.targets}
    return replace(
        node,
        equations=tuple(last.get(id(e), e) for e in node.equations if id(e) not in gone),
        clocks=MappingProxyType({v: c for v, c in node.clocks.items() if v not in inside}),
    )


def _chains(node: Node, nodes: Mapping[str, Node]) -> list[list[Equation]]:
    """The longest chains of calls, each from its first call to its last."""
    reads = Counter(v for e in node.equations for v in dependencies(e))
    reads.update(node.outputs)
    reads.update(p.holds for p in node.properties)
    reads.update(v for interface in (*node.inputs, *node.outputs) for v in conditions(node.clocks[interface]))
    made: dict[Var, Equation] = {}
    calls = [e for e in node.equations if isinstance(e.rhs, Call) and e.rhs.node in nodes]
    for equation in calls:
        made[equation.targets[0]] = equation
    following: dict[int, Equation] = {}
    preceded: set[int] = set()
    for equation in calls:
        assert isinstance(equation.rhs, Call)
        first = equation.rhs.arguments[0]
        before = made.get(first) if isinstance(first, Var) else None
        if before is not None and _continues(before, equation) and all(reads[t] == 1 for t in before.targets):
            following[id(before)] = equation
            preceded.add(id(equation))
    chains: list[list[Equation]] = []
    for equation in calls:
        if id(equation) not in preceded:
            chain = [equation]
            while (after := following.get(id(chain[-1]))) is not None:
                chain.append(after)
            chains.append(chain)
    return chains


def _continues(before: Equation, equation: Equation) -> bool:
    """Whether ``equation`` is the same call as ``before``, of what that one gives."""
    one, other = before.rhs, equation.rhs
    assert isinstance(one, Call) and isinstance(other, Call)
    carried = len(before.targets)
    return (
        (one.node, one.resets, one.spread, before.clock) == (other.node, other.resets, other.spread, equation.clock)
        and other.arguments[:carried] == before.targets
        and all(map(_agree, one.arguments[carried:], other.arguments[carried:]))
    )


def _agree(one: Atom, other: Atom) -> bool:
    return one == other or (_is_number(one) and _is_number(other))


def _is_number(atom: Atom) -> bool:
    return isinstance(atom, Const) and not isinstance(atom.type, TensorType)


def _array(chain: list[Equation]) -> Equation:
    """The equation of an array that stands for the calls of ``chain``."""
    first, last = chain[0].rhs, chain[-1]
    calls = [e.rhs for e in chain if isinstance(e.rhs, Call)]
    assert isinstance(first, Call)
    carried = len(last.targets)
    arguments: list[Atom] = list(first.arguments)
    shared = {p for p in range(carried, len(arguments)) if not _is_number(arguments[p])}
    for position in set(range(carried, len(arguments))) - shared:
        kind = element(arguments[position].type)
        column = [call.arguments[position] for call in calls]
        numbers = np.array([atom.machine() for atom in column if isinstance(atom, Const)])
        arguments[position] = Const(Array.of(numbers, kind), kind)
    names = tuple(call.instance for call in calls)
    rhs = Iterate(
        first.node,
        tuple(arguments),
        first.instance,
        len(chain),
        carried,
        frozenset(shared),
        resets=first.resets,
        names=names,
    )
    return replace(last, rhs=rhs)
