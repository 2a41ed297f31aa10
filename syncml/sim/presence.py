"""At which ticks the streams of a compiled run are present.

Rule: this follows from clocks and from the values of their conditions, which are recorded too; it is computed after a
run, for all ticks at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.clocks import Clock, On, Periodic, steps
from syncml.ir.equations.syntax import Node, Var
from syncml.ir.types import MATHEMATICAL, EnumType, Scalar, element

Values = NDArray[Any]


def with_conditions(node: Node, shown: tuple[Var, ...]) -> list[Var]:
    """The streams, and the conditions that say when they are present."""
    found: dict[Var, None] = {}
    stack = list(reversed(shown))
    while stack:
        var = stack.pop()
        if var not in found:
            found.setdefault(var)
            stack += [step.condition for step in steps(node.clocks[var]) if isinstance(step, On)]
    return list(found)


def mathematical(values: Values, var: Var) -> Values:
    """Streams of ``int`` and ``real`` as the Python numbers that other engines show."""
    kind = element(var.type)
    if isinstance(kind, EnumType) or kind not in MATHEMATICAL:
        return values
    exact = np.empty(values.shape, dtype=np.object_)
    flat = exact.reshape(-1)
    for i, x in enumerate(values.reshape(-1)):
        flat[i] = int(x) if kind is Scalar.INT else Fraction(float(x)) if np.isfinite(x) else float(x)
    return exact


def absent_input(name: str, tick: int) -> DiagnosticError:
    """S002: an input has no value at a tick at which it is read."""
    message = f"input {name!r} has no value at tick {tick}, where its clock is present"
    return DiagnosticError(error("S002", message, help="supply a value for each instant of its clock"))


def counted(node: Node) -> tuple[Clock, ...]:
    """The clocks whose instants a word counts, in the order of the streams."""
    found = (s.parent for clock in node.clocks.values() for s in steps(clock) if isinstance(s, Periodic))
    return tuple(dict.fromkeys(found))


class Presence:
    """At which ticks of a run each clock is present, from the instants it counted before."""

    def __init__(self, node: Node, ages: Mapping[Clock, int], values: Callable[[Var], Values], ticks: int) -> None:
        self._values = values
        self._before = ages
        self._ticks = ticks
        self._known: dict[Clock, NDArray[np.bool_]] = {}
        self._node = node

    def of(self, clock: Clock) -> NDArray[np.bool_]:
        """For each tick whether ``clock`` is present."""
        present = np.ones(self._ticks, dtype=np.bool_)
        for step in steps(clock):
            if step not in self._known:
                self._known[step] = present & self._selected(step, present)
            present = self._known[step]
        return present

    def _selected(self, step: On | Periodic, parent: NDArray[np.bool_]) -> NDArray[np.bool_]:
        if isinstance(step, Periodic):
            letters = step.word
            index = np.cumsum(parent) - 1 + self._before.get(step.parent, 0)
            start, period = len(letters.prefix), len(letters.period)
            place = np.where(index < start, index, start + (index - start) % period)
            return np.array(letters.prefix + letters.period, dtype=np.bool_)[np.maximum(place, 0)]
        kind = step.condition.type
        values = self._values(step.condition)
        if isinstance(kind, EnumType):
            return values == kind.constructors.index(str(step.constructor))
        return values == step.constructor

    def ages(self) -> dict[Clock, int]:
        """How many instants each clock that a word counts has had by now."""
        visible = {s.parent for s in self._known if isinstance(s, Periodic)}
        return {c: self._before.get(c, 0) + int(self.of(c).sum()) for c in counted(self._node) if c in visible}
