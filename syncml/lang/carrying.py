"""States of the segments: constant within one, given anew at its end.

Rule: with ``given`` on the clock of ``last``,

    w = i fby merge(last, given, w when not last)

which the resets put back to ``i``: those around the segment for a state that is carried, none for what is learned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from syncml.diagnostics.model import Diagnostic, error
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Equation, Fby, Merge, Var, When
from syncml.ir.operators import Op
from syncml.lang.operations import atom_of
from syncml.lang.presence import Sampled
from syncml.lang.registers import Hole
from syncml.lang.source import Place, inner
from syncml.lang.trace import Trace, Value

if TYPE_CHECKING:
    from syncml.lang.segments import Scope


def carried(
    trace: Trace, place: Place, scope: Scope, target: Var, init: Const, resets: tuple[Var, ...]
) -> tuple[Hole, Value]:
    """A state of the segments: the place for its next value, and its value."""
    hidden = inner(place)

    def missing() -> Diagnostic:
        label = "its value in the next segment is never given"
        return error("L004", f"the state `{target.name}` has no `.next`", target.span, label,
                     help=f"add {target.name}.next = ...")  # fmt: skip

    given = Var(trace.names.fresh(f"{target.name}_next"), target.type, hidden.span)
    define: Callable[[Value], Apply] = lambda value: Apply(Op.COPY, (atom_of(value),))  # noqa: E731
    hole = Hole(trace, given, define, missing)
    hole.value = Value(given, at_ends(scope), trace)
    return hole, since(trace, hidden, scope, target, given, init, resets)


def at_ends(scope: Scope) -> Sampled:
    """The clock of the ends of the segments."""
    return Sampled(scope.presence, scope.ir.last, True, scope.word)


def since(
    trace: Trace, place: Place, scope: Scope, target: Var, given: Var, init: Const, resets: tuple[Var, ...]
) -> Value:
    """``target``, the value that ``given`` had at the end of the segment before."""
    last, parent = scope.ir.last, scope.presence
    kept = Var(trace.names.fresh(f"{target.name}_kept"), target.type, place.span)
    held = Var(trace.names.fresh(f"{target.name}_held"), target.type, place.span)
    trace.equations.append(Equation((kept,), When(target, last, False), place.span))
    trace.equations.append(Equation((held,), Merge(last, ((True, given), (False, kept))), place.span))
    trace.equations.append(Equation((target,), Fby(init, held, resets), target.span))
    return Value(target, parent, trace)


def delayed(place: Place, scope: Scope, value: Value, init: Const, trace: Trace) -> Value:
    """``value`` as many instants later as the lag of the segments, not cut where they start."""
    for _ in range(scope.ir.lag):
        later = Var(trace.names.fresh("late"), init.type, place.span)
        trace.equations.append(Equation((later,), Fby(init, atom_of(value), scope.outer), place.span))
        value = Value(later, value.presence, trace)
    return value
