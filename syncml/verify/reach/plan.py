"""What has to be computed at a tick to follow a property: its cone, in order, with networks as single steps.

Rule: a stream is needed if a goal or an assumption depends on it, through data, clocks or resets. A chain of layers
that ends at a needed stream is one step, a network; the streams inside are needed only where something else reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.clocks import BASE, Clock, Periodic, conditions, steps
from syncml.ir.equations.syntax import Apply, Equation, Fby, Node, Property, PropertyKind, Var, Wave, atoms, resets
from syncml.ir.operators import Op
from syncml.verify.networks.extract import Found, network_at
from syncml.verify.networks.layers import Activation, Affine
from syncml.verify.order import ordered


@dataclass(frozen=True, slots=True)
class Plan:
    """A flat node, as far as some goals need it.

    Attributes:
        node: The node.
        goals: The clauses to follow.
        assumptions: The node's assumptions.
        order: The needed equations in an order in which they can be computed.
        assumed: Those that the assumptions need.
        networks: The networks, by the stream at which they end.
        registers: The equations with memory.
        inputs: The needed inputs.
    """

    node: Node
    goals: tuple[Property, ...]
    assumptions: tuple[Property, ...]
    order: tuple[Equation, ...]
    assumed: tuple[Equation, ...]
    networks: Mapping[Var, Found]
    registers: tuple[Equation, ...]
    inputs: tuple[Var, ...]
    definitions: Mapping[Var, Equation]

    @property
    def remembers(self) -> bool:
        """Whether a tick depends on those before, through memory, words or periodic clocks."""
        clocks = [s for e in self.order for s in steps(e.clock or BASE)]
        waves = any(isinstance(e.rhs, Wave) for e in self.order)
        return bool(self.registers) or waves or any(isinstance(c, Periodic) for c in clocks)


def plan(node: Node, goals: Sequence[Property]) -> Plan:
    """The plan for goals of a flat node."""
    definitions = {t: e for e in node.equations for t in e.targets}
    assumptions = tuple(p for p in node.properties if p.kind is PropertyKind.ASSUME)
    networks = networks_of(node, definitions)
    roots = [p.holds for p in (*goals, *assumptions)]
    needed = _needed(node, definitions, networks, roots)
    assumed = _needed(node, definitions, networks, [p.holds for p in assumptions], through_memory=False)
    order = ordered([_step(e, networks) for e in node.equations if needed & set(e.targets)])
    return Plan(
        node, tuple(goals), assumptions, order, tuple(e for e in order if assumed & set(e.targets)),
        {v: f for v, f in networks.items() if v in needed},
        tuple(e for e in order if isinstance(e.rhs, Fby)), tuple(v for v in node.inputs if v in needed), definitions,
    )  # fmt: skip


def networks_of(node: Node, definitions: Mapping[Var, Equation]) -> dict[Var, Found]:
    """The longest networks with a product and an activation, by their last stream."""
    found: dict[Var, Found] = {}
    inside: set[Var] = set()
    for equation in reversed(ordered(node.equations)):
        for var in equation.targets:
            if var in inside or (chain := network_at(var, definitions)) is None or not _is_deep(chain):
                continue
            found[var] = chain
            current = var
            while current is not chain.source:
                inside.add(current)
                rhs = definitions[current].rhs
                (current,) = (a for a in atoms(rhs) if isinstance(a, Var))
    return found


def _is_deep(found: Found) -> bool:
    layers = found.network.layers
    dense = any(isinstance(x, Affine) and np.count_nonzero(x.weight) > x.weight.shape[0] for x in layers)
    return dense and any(isinstance(x, Activation) for x in layers)


def _step(equation: Equation, networks: Mapping[Var, Found]) -> Equation:
    """The equation, or for the end of a network one that reads only what the network reads."""
    found = networks.get(equation.targets[0]) if equation.targets else None
    return equation if found is None else replace(equation, rhs=Apply(Op.COPY, (found.source,)))


def _needed(
    node: Node, definitions: Mapping[Var, Equation], networks: Mapping[Var, Found], roots: Sequence[Var],
    *, through_memory: bool = True,
) -> set[Var]:  # fmt: skip
    needed: set[Var] = set()
    pending = list(roots)
    while pending:
        var = pending.pop()
        if var in needed:
            continue
        needed.add(var)
        pending += _conditions(node.clocks.get(var))
        equation = definitions.get(var)
        if equation is None:
            continue
        if var in networks:
            pending.append(networks[var].source)
        elif through_memory or not isinstance(equation.rhs, Fby | Wave):
            pending += [a for a in atoms(equation.rhs) if isinstance(a, Var)]
            pending += [c for r in resets(equation.rhs) for c in _conditions(node.clocks.get(r))]
    return needed


def _conditions(clock: Clock | None) -> list[Var]:
    return [] if clock is None else conditions(clock)
