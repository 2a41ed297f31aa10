"""The order of equations within one instant: what is read comes before its readers.

Registers and the present tick are read from state, so an equation waits only for the operands of its own instant, for
the conditions of merges and for resets with their clocks; other clocks do not matter, because every term is total.
"""

from __future__ import annotations

from collections.abc import Sequence

from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import conditions
from syncml.ir.equations.syntax import Equation, Fby, Var, Wave, When, atoms


def ordered(equations: Sequence[Equation]) -> tuple[Equation, ...]:
    """The equations sorted by instantaneous dependency; registers first, otherwise in the given order.

    Raises:
        InternalFault: an instantaneous cycle, which the causality check excludes.
    """
    definition = {t: e for e in equations for t in e.targets}
    result: list[Equation] = [e for e in equations if isinstance(e.rhs, Fby | Wave) and not e.rhs.resets]
    done = {id(e) for e in result}
    open_: set[int] = set()
    for root in equations:
        stack = [root]
        while stack:
            equation = stack[-1]
            if id(equation) in done:
                stack.pop()
                continue
            waiting = [definition[v] for v in _reads(equation) if v in definition and id(definition[v]) not in done]
            if not waiting:
                stack.pop()
                done.add(id(equation))
                open_.discard(id(equation))
                result.append(equation)
                continue
            if id(equation) in open_:
                raise InternalFault(f"an instantaneous cycle through {equation.targets[0].name}")
            open_.add(id(equation))
            stack.extend(reversed(waiting))
    return tuple(result)


def _reads(equation: Equation) -> list[Var]:
    rhs = equation.rhs
    if isinstance(rhs, Fby | Wave):
        # The clock of a reset is made of conditions of the clock of what it resets.
        return [*rhs.resets, *conditions(equation.clock)] if rhs.resets and equation.clock is not None else []
    if isinstance(rhs, When):
        # Sampling is the identity on terms; its condition matters to the clock only.
        return [rhs.source] if isinstance(rhs.source, Var) else []
    return [a for a in atoms(rhs) if isinstance(a, Var)]
