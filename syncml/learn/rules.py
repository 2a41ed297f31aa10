"""The derivative of a node as two nodes: what stands for an instance that a derivative does not look into.

Rule: of ``(y, ..) = f(x, ..)`` on one clock, with a node of changes and one of adjoints,

    (dy, ..) = f_tangent(dx, .., x, ..)          (x', ..) += f_adjoint(y', .., x, ..)

the changes and adjoints of the streams that are fractional numbers, 0 where there is none.
"""

from __future__ import annotations

from collections.abc import Callable

from syncml.dataclass import dataclass
from syncml.diagnostics.model import InternalFault
from syncml.ir.equations.growth import Growth
from syncml.ir.equations.syntax import Atom, Call, Equation, Var
from syncml.learn.structure import is_fractional


@dataclass(frozen=True, slots=True)
class Rule:
    """The names of the two nodes."""

    tangent: str
    adjoint: str


def applied(make: Growth, equation: Equation, name: str, given: Callable[[Atom], Atom], forward: bool) -> list[Var]:
    """The results of the node called ``name`` beside the instance that ``equation`` is.

    Args:
        make: What the equation is added to.
        equation: The instance.
        name: The node of changes, or of adjoints.
        given: The change of a stream, or its adjoint.
        forward: Whether changes go forwards: they are those of the arguments, and the results those of the targets.
    """
    call, clock = equation.rhs, equation.clock
    if not isinstance(call, Call) or clock is None:
        raise InternalFault(f"{equation.targets[0].name} is no instance on a clock")
    sources = [a for a in call.arguments if is_fractional(a)]
    targets = [t for t in equation.targets if is_fractional(t)]
    changing, changed = (sources, targets) if forward else (targets, sources)
    results = [
        make.fresh(f"{call.instance}.d_{of.name if isinstance(of, Var) else 'constant'}", of.type, clock, equation.span)
        for of in changed
    ]
    instance = f"{call.instance}_{'tangent' if forward else 'adjoint'}"
    rhs = Call(name, (*map(given, changing), *call.arguments), instance, call.resets)
    make.equations.append(Equation(tuple(results), rhs, equation.span, clock))
    return results
