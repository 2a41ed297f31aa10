"""Counterexamples with nothing in them that does not matter: shorter runs, and inputs that may be anything.

Rule: a run is shortened by leaving out ticks as long as the rest, replayed, still violates the property. Of its inputs
the solver is then asked which of them force the violation: a subset of their values with which no run that meets the
assumptions keeps the property at the last tick. The others are *free*. As the solver knows floats as reals, that is
tested: runs with random values of the free inputs are replayed, and where one meets the assumptions and violates
nothing, no input is called free.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError
from syncml.ir.constants import dtype, exact
from syncml.ir.equations.syntax import Node, Program, Property, Var
from syncml.ir.types import BOOL, FLOATS, Element, EnumType, Scalar, element, integer_range, shape
from syncml.lazy import numpy as np
from syncml.verify.finite.forcing import needed_where_finite
from syncml.verify.replay import Replay, counterexample, first_failure, is_scalar
from syncml.verify.system import System
from syncml.verify.verdicts import Counterexample

if TYPE_CHECKING:
    from random import Random

RUNS = 12
"""How many random runs are replayed where numbers are rounded."""

EXACT_RUNS = 3
"""And where the solver's word is enough."""

LARGEST = 400
"""How many values the solver is asked about at most."""

LARGEST_RUN = 30_000
"""How many definitions, counted at each instant, the solver is given at most."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A property of a flat program, its transition system, and the names of its inputs there.

    Where the system is ``explored``, all its states are known, and no solver is asked.
    """

    program: Program
    goal: Property
    name: str
    system: System
    inputs: Mapping[str, tuple[str, ...]]
    replay: Replay
    explored: bool = False

    @property
    def node(self) -> Node:
        """The only node."""
        return self.program.node(self.program.main)


def minimised(
    emit: Callable[[Counterexample], None], subject: Subject, found: Counterexample, seed: int, seconds: float
) -> None:
    """Emit a counterexample to the same property, no longer than ``found``, then it with its free inputs marked."""
    deadline = time.monotonic() + seconds
    shorter = _shortened(subject, found, deadline)
    emit(shorter)
    free = _free(subject, shorter, seed, deadline)
    streams = tuple(replace(s, free=free[s.name]) if s.name in free else s for s in shorter.streams)
    emit(replace(shorter, streams=streams))


def _shortened(subject: Subject, found: Counterexample, deadline: float) -> Counterexample:
    """Leave out stretches of ticks, long ones first."""
    size = found.ticks // 2
    while size:
        start = 0
        while start + size < found.ticks:
            if time.monotonic() > deadline:
                return found
            inputs = {n: (*v[:start], *v[start + size :]) for n, v in found.inputs.items()}
            other = _replayed(subject, inputs, found.ticks - size)
            if other is None:
                start += size
            else:
                found = other
        size //= 2
    return found


def _replayed(subject: Subject, inputs: Mapping[str, Sequence[Any]], ticks: int) -> Counterexample | None:
    try:
        outcome = counterexample(subject.program, subject.goal, inputs, ticks, subject.replay)
    except DiagnosticError:
        # Without some ticks, an input of a slower clock is absent where its clock is present.
        return None
    return None if isinstance(outcome, str) else outcome


def _free(subject: Subject, found: Counterexample, seed: int, deadline: float) -> dict[str, tuple[bool, ...]]:
    """For each input of the node whether its value at each tick is free; nothing where it is not known."""
    leaves = _leaves(subject, found)
    size = found.ticks * len(subject.system.definitions)
    asked = len(leaves) <= LARGEST and size <= LARGEST_RUN and time.monotonic() < deadline
    needed = _needed(subject, leaves, found.ticks, seed, deadline) if asked else None
    if needed is None:
        return {}
    held = {leaves[i][0] for i in needed}
    free = {v.name: tuple((v.name, t) not in held for t in range(found.ticks)) for v in subject.node.inputs}
    if not any(map(any, free.values())) or not _tested(subject, found, free, seed, deadline):
        return {}
    return free


Leaf: TypeAlias = tuple[tuple[str, int], str, Any]
"""An element of an input at a tick: the stream and the tick, its name in the system, its value."""


def _leaves(subject: Subject, found: Counterexample) -> list[Leaf]:
    known = {i.name for i in subject.system.inputs}
    leaves: list[Leaf] = []
    for var in subject.node.inputs:
        for tick, value in enumerate(found.inputs[var.name]):
            if value is None:
                continue
            flat = [value] if is_scalar(value) else np.asarray(value, dtype=object).reshape(-1).tolist()
            pairs = zip(subject.inputs[var.name], flat, strict=True)
            leaves += [((var.name, tick), n, _number(x, element(var.type))) for n, x in pairs if n in known]
    return leaves


def _number(value: Any, kind: Element) -> Any:
    if isinstance(kind, EnumType):
        return kind.constructors.index(value)
    if kind in FLOATS or kind is Scalar.REAL:
        return exact(value) if not isinstance(value, float) else Fraction(value)
    return value


def _needed(subject: Subject, leaves: Sequence[Leaf], ticks: int, seed: int, deadline: float) -> set[int] | None:
    """The positions of values that force the violation at the last tick; None if none do, or it is not known."""
    given = [(tick, name, value) for (_, tick), name, value in leaves]
    if subject.explored:
        return needed_where_finite(subject.system, subject.name, given, ticks)
    # Loaded where it is needed: it brings the solver.
    from syncml.verify.forcing import needed

    return needed(subject.system, subject.name, given, ticks, seed, deadline)


def _tested(
    subject: Subject, found: Counterexample, free: Mapping[str, Sequence[bool]], seed: int, deadline: float
) -> bool:
    """Whether random values of the free inputs violate the property whenever they meet the assumptions.

    At least one run must do so, unless no number is rounded: then the solver's word is enough.
    """
    # Loaded where it is needed.
    from random import Random

    source = Random(seed)
    agreed, wanted = 0, 0 if not any(element(v.type) in FLOATS for v in subject.node.clocks) else 1
    for number in range(RUNS if wanted else EXACT_RUNS):
        if time.monotonic() > deadline:
            break
        # Assumptions may allow little: some runs change most of the free inputs, others a few.
        share = (1.0, 0.3, 0.1)[number % 3]
        inputs = {
            v.name: [
                _any(v, source.choice([y for y in values if y is not None]), source)
                if may and x is not None and source.random() < share
                else x
                for x, may in zip(values, free[v.name], strict=True)
            ]
            for v, values in ((v, found.inputs[v.name]) for v in subject.node.inputs)
        }
        try:
            outcome = first_failure(subject.program, subject.goal, inputs, found.ticks, subject.replay)
        except DiagnosticError:
            # Another value of a condition asks for inputs that the run does not have.
            return False
        if isinstance(outcome, int):
            agreed += 1
        elif not outcome.startswith("assumption"):
            return False
    return agreed >= wanted


def _any(var: Var, value: Any, source: Random) -> Any:
    """A random value of the type of a stream: ``value`` itself, around it, or far from it."""
    if source.random() < 0.3:
        return value
    kind = element(var.type)
    if not shape(var.type):
        return _scalar(kind, value, source)
    flat = np.asarray(value, dtype=object).reshape(-1).tolist()
    result = np.empty(len(flat), dtype=object)
    result[:] = [_scalar(kind, x, source) for x in flat]
    return result.reshape(shape(var.type))


def _scalar(kind: Element, value: Any, source: Random) -> Any:
    if isinstance(kind, EnumType):
        return source.choice(kind.constructors)
    if kind is BOOL:
        return source.random() < 0.5
    if kind in FLOATS:
        scale = source.choice((0.01, 1.0, 10.0, 1000.0))
        return float(dtype(kind).type(float(value) + scale * source.uniform(-1.0, 1.0)))
    if kind is Scalar.REAL:
        return Fraction(value) + Fraction(source.randint(-1000, 1000), source.randint(1, 100))
    if kind is Scalar.INT:
        return int(value) + source.randint(-1000, 1000)
    low, high = integer_range(kind)
    near = source.randint(max(low, int(value) - 3), min(high, int(value) + 3))
    return source.choice((near, source.randint(low, high)))
