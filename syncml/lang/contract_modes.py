"""Modes of a contract: what a node promises in each of several situations.

Rule: ``mode("m", require=r, ensure=e)`` is the promise ``r => e`` and the goal that r is true at some instant. The
modes of a node are exhaustive: that some mode is active at each instant is another promise. A mode without `require`
is active where no other is; it comes last, and makes them exhaustive by what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, TypeAlias, cast

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Label, Span
from syncml.ir.equations.syntax import PropertyKind
from syncml.ir.operators import Op
from syncml.lang.contracts import source_of, state_clause
from syncml.lang.operations import apply_at, value_of
from syncml.lang.source import Place, here, inner
from syncml.lang.stream import Stream, stream
from syncml.lang.temporal import Claim, implies_at, truth
from syncml.lang.trace import POISON, Trace, Value, fault, trace_at

Condition: TypeAlias = "Stream[bool] | bool"
Promise: TypeAlias = "Stream[bool] | bool | Claim"


@dataclass(slots=True)
class _Modes:
    """The modes of one contract so far; ``rest`` is where the one without a condition stands."""

    place: Place
    active: list[Value] = field(default_factory=list[Value])
    rest: Span | None = None


def mode(
    name: str,
    *,
    require: Condition | Sequence[Condition] | None = None,
    ensure: Promise | Sequence[Promise] | Mapping[str, Promise] = (),
    req: str = "",
) -> Stream[bool]:
    """State a mode of the contract, and return the stream that says whether it is active.

    Args:
        name: The name of the mode; its clauses are called ``name: ...``.
        require: What is true where the mode is active, all of it if there are several; if left out, that no other
            mode of the contract is.
        ensure: What the node promises where it is active, one stream or claim, several, or several by name.
        req: The identifier of the requirement, for each of its clauses.
    """
    place = here()
    trace = trace_at(place, "`mode`")
    modes = _modes_of(trace, place)
    if modes.rest is not None:
        return stream(fault("L024", f"the mode `{name}` comes after one that is active where no other is", place.span,
                            secondary=[Label(modes.rest, "this one has no `require`")],
                            help="write the mode without `require` last"))  # fmt: skip
    active = _active(trace, place, modes, require)
    if require is None:
        modes.rest = place.span
    modes.active.append(active)
    if active.atom is None:
        return stream(POISON)
    state_clause(trace, place, PropertyKind.MODE, stream(active), name, req)
    for text, promise in _promises(place, ensure):
        holds = stream(implies_at(inner(place), stream(active), promise, "mode"))
        state_clause(trace, place, PropertyKind.ENSURE, holds, f"{name}: {text}", req)
    return stream(active)


def _active(trace: Trace, place: Place, modes: _Modes, require: Condition | Sequence[Condition] | None) -> Value:
    if require is None:
        return apply_at(place, trace, Op.NOT, [_some(trace, inner(place), modes.active)], role="mode")
    given: Sequence[object] = cast("Sequence[object]", require) if isinstance(require, list | tuple) else [require]
    values = [truth(value_of(each, place), "mode", place) for each in given]
    if any(value.atom is None for value in values):
        return POISON
    return _folded(trace, place, Op.AND, values, empty=True)


def _some(trace: Trace, place: Place, active: Sequence[Value]) -> Value:
    return _folded(trace, place, Op.OR, active, empty=False)


def _folded(trace: Trace, place: Place, op: Op, values: Sequence[Value], *, empty: bool) -> Value:
    found = values[0] if values else value_of(empty, place)
    for value in values[1:]:
        found = apply_at(place, trace, op, [found, value], role="mode")
    return found


def _promises(place: Place, ensure: object) -> list[tuple[str, Any]]:
    match ensure:
        case Mapping():
            return [(str(name), each) for name, each in cast("Mapping[object, Any]", ensure).items()]
        case list() | tuple():
            several = cast("Sequence[Any]", ensure)
            return [(f"ensure {i}" if len(several) > 1 else "ensure", each) for i, each in enumerate(several, 1)]
        case _:
            return [(source_of(place, "ensure") or "ensure", ensure)]


def _modes_of(trace: Trace, place: Place) -> _Modes:
    """The modes of the contract that is being written; at its end their exhaustiveness is stated."""
    closers = trace.closers if trace.scope is None else trace.scope.closers
    for closer in closers:
        if isinstance(closer, _Exhaustive):
            return closer.modes
    closers.append(found := _Exhaustive(trace, _Modes(place)))
    return found.modes


class _Exhaustive:
    """States at the end of a contract that one of its modes is active."""

    def __init__(self, trace: Trace, modes: _Modes) -> None:
        self.modes = modes
        self._trace = trace

    def __call__(self) -> None:
        place, active = inner(self.modes.place), self.modes.active
        if self.modes.rest is None and all(value.atom is not None for value in active):
            some = stream(_some(self._trace, place, active))
            state_clause(self._trace, place, PropertyKind.ENSURE, some, "some mode applies", "")
