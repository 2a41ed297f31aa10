"""The order in which the equations of a flat node fire most quickly."""

from __future__ import annotations

from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import Clock, conditions
from syncml.ir.equations.syntax import Equation, Fby, Node, Post, Var, atoms, resets


def likely_order(node: Node) -> tuple[Equation, ...]:
    """Equations after what they read where that is possible; only speed depends on it."""
    definition = {t: e for e in node.equations for t in e.targets}
    order: dict[int, Equation] = {}
    visiting: set[int] = set()
    for root in node.equations:
        stack = [root]
        while stack:
            equation = stack[-1]
            key = id(equation)
            if key in order or key in visiting:
                stack.pop()
                order.setdefault(key, equation)
                continue
            visiting.add(key)
            reads = resets(equation.rhs) if isinstance(equation.rhs, Fby | Post) else atoms(equation.rhs)
            guards = [v for v in conditions(clock_of(equation)) if v in definition]
            needed = [definition[a] for a in reads if isinstance(a, Var) and a in definition]
            needed += [definition[v] for v in guards]
            stack += [e for e in needed if id(e) not in order and id(e) not in visiting]
    return tuple(order.values())


def clock_of(equation: Equation) -> Clock:
    """The clock of an equation that passed the clock calculus."""
    if equation.clock is None:
        raise InternalFault(f"{equation.target.name} is interpreted before its clock is known")
    return equation.clock
