"""What must be computed: the outputs, and the streams that somebody observes.

Rule: an equation stays iff an output depends on it, through any number of delays and through the conditions of clocks.
Observed streams of the main node become outputs after its own outputs, so that every back end writes them out.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import conditions
from syncml.ir.equations.syntax import Call, Equation, Fby, Iterate, Node, Program, Var, atoms


class Observe(Enum):
    """Which streams of the main node a back end shows beside the outputs."""

    OUTPUTS = "outputs"
    """None: streams that no output needs are not computed."""
    NAMED = "named"
    """What the user named, and the clauses of contracts."""
    ALL = "all"
    """Every variable; registers too."""


Observed: TypeAlias = Observe | frozenset[str]
"""A rule, or the names of streams."""


def restrict(program: Program, observe: Observed) -> Program:
    """``program`` without the equations that neither its outputs nor the observed streams need."""
    nodes: dict[str, Node] = {}
    for node in program.nodes:
        wanted = node if node.name != program.main else _with_outputs(node, observe)
        nodes[node.name] = _pruned(wanted)
    needed = {program.main}
    for name in reversed(nodes):
        if name in needed:
            needed |= {e.rhs.node for e in nodes[name].equations if isinstance(e.rhs, Call | Iterate)}
    return Program(tuple(n for name, n in nodes.items() if name in needed), program.main)


def observed(node: Node, observe: Observed) -> tuple[Var, ...]:
    """The streams that are shown beside the inputs and outputs, in the order of their equations.

    Raises:
        InternalFault: a name is no variable of the node; users' names are checked where they are read.
    """
    known = set(node.inputs) | set(node.outputs)
    candidates = [t for e in node.equations for t in e.targets if t not in known]
    if isinstance(observe, frozenset):
        missing = observe - {v.name for v in (*known, *candidates)}
        if missing:
            raise InternalFault(f"{node.label} has no stream {min(missing)!r} to observe")
        return tuple(v for v in candidates if v.name in observe)
    match observe:
        case Observe.OUTPUTS:
            return ()
        case Observe.NAMED:
            clauses = {p.holds for p in node.properties}
            return tuple(v for v in candidates if v.user or v in clauses)
        case Observe.ALL:
            return tuple(candidates)


def _with_outputs(node: Node, observe: Observed) -> Node:
    return replace(node, outputs=(*node.outputs, *observed(node, observe)))


def _pruned(node: Node) -> Node:
    definition = {t: e for e in node.equations for t in e.targets}
    live: set[int] = set()
    stack: list[Var] = [*node.outputs]
    for var in (*node.inputs, *node.outputs):
        stack += conditions(node.clocks[var]) if var in node.clocks else []
    seen: set[Var] = set()
    while stack:
        var = stack.pop()
        if var in seen:
            continue
        seen.add(var)
        equation = definition.get(var)
        if equation is not None and id(equation) not in live:
            live.add(id(equation))
            stack += [*equation.targets, *dependencies(equation)]
    kept = seen | set(node.inputs)
    return replace(
        node,
        equations=tuple(e for e in node.equations if id(e) in live),
        properties=tuple(p for p in node.properties if p.holds in kept),
        clocks=MappingProxyType({v: c for v, c in node.clocks.items() if v in kept}),
    )


def dependencies(equation: Equation) -> list[Var]:
    """Every variable that ``equation`` reads, across delays too, and the conditions of its clock."""
    rhs = equation.rhs
    read = [a for a in atoms(rhs) if isinstance(a, Var)]
    if isinstance(rhs, Fby) and isinstance(rhs.following, Var) and rhs.following not in read:
        read.append(rhs.following)
    return read + (conditions(equation.clock) if equation.clock is not None else [])
