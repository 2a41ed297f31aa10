"""Replay: a solver's model becomes a run of the interpreter, which alone decides whether it is a violation.

Rule: the inputs of the model are rounded to the types of their streams and fed to the program under machine
semantics. The run refutes a property iff the property is false at some instant of it, and every assumption is true up
to that instant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

from syncml.ir.constants import dtype, zero
from syncml.ir.equations.syntax import Node, Program, Property, PropertyKind, Var
from syncml.ir.types import BIT_WIDTH, BOOL, FLOATS, SIGNED, Element, EnumType, Scalar, element, shape
from syncml.lazy import numpy as np
from syncml.verify.verdicts import Counterexample, Stream


class ReplayedStream(Protocol):
    """One stream of a replayed run."""

    def at(self, tick: int) -> Any:
        """The value at a tick; None where absent."""
        ...


class Replayed(Protocol):
    """A replayed run: a trace of all streams by name."""

    def column(self, name: str) -> ReplayedStream:
        """The stream called ``name``."""
        ...


Replay: TypeAlias = Callable[[Program, Mapping[str, Sequence[Any]], int], Replayed]
"""Runs the main node of a program on inputs (one value a tick) for a number of ticks under machine semantics."""


def remembering(replay: Replay) -> Replay:
    """The same, but the last run is kept: what a violation shows is asked for again when it is explained."""
    return _Remembering(replay)


class _Remembering:
    """A replay that keeps its last run, but not where it travels to another process."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._last: list[tuple[Program, Mapping[str, Sequence[Any]], int, Replayed]] = []

    def __call__(self, program: Program, inputs: Mapping[str, Sequence[Any]], ticks: int) -> Replayed:
        if self._last:
            known, given, length, run = self._last[0]
            if known is program and length == ticks and _same(given, inputs):
                return run
        run = self._replay(program, inputs, ticks)
        self._last = [(program, inputs, ticks, run)]
        return run

    def __reduce__(self) -> tuple[Callable[[Replay], Replay], tuple[Replay]]:
        return remembering, (self._replay,)


def _same(some: Mapping[str, Sequence[Any]], others: Mapping[str, Sequence[Any]]) -> bool:
    return some.keys() == others.keys() and all(
        len(values) == len(others[name]) and all(map(_equal, values, others[name])) for name, values in some.items()
    )


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other) if is_scalar(one) and is_scalar(other) else np.array_equal(one, other)


Trace: TypeAlias = Sequence[Mapping[str, str]]
"""The inputs of a model at each instant, by the names of the transition system."""


def replayed(
    program: Program, goal: Property, trace: Trace, names: Mapping[str, tuple[str, ...]], replay: Replay
) -> Counterexample | str:
    """Replay a model; the counterexample, or why it is none.

    Args:
        program: One flat main node, with the checks.
        goal: The property that the model violates.
        trace: The model.
        names: For each input stream the names of its elements in the model.
        replay: The interpreter.
    """
    node = program.node(program.main)
    inputs = {v.name: [_value(v, names[v.name], instant) for instant in trace] for v in node.inputs}
    return counterexample(program, goal, inputs, len(trace), replay)


def counterexample(
    program: Program, goal: Property, inputs: Mapping[str, Sequence[Any]], ticks: int, replay: Replay
) -> Counterexample | str:
    """Replay a run with given inputs, one value a tick; the counterexample, or why it is none."""
    runs: list[Replayed] = []

    def kept(p: Program, i: Mapping[str, Sequence[Any]], ticks: int) -> Replayed:
        runs.append(replay(p, i, ticks))
        return runs[-1]

    tick = first_failure(program, goal, inputs, ticks, kept)
    node = program.node(program.main)
    return tick if isinstance(tick, str) else Counterexample(tick, _streams(node, goal, runs[-1], tick + 1))


def first_failure(
    program: Program, goal: Property, inputs: Mapping[str, Sequence[Any]], ticks: int, replay: Replay
) -> int | str:
    """The first tick at which a clause of a flat main node is false on a run, or why there is none."""
    run = replay(program, inputs, ticks)
    holds = run.column(goal.holds.name)
    assumptions = [p for p in program.node(program.main).properties if p.kind is PropertyKind.ASSUME]
    for tick in range(ticks):
        for assumption in assumptions:
            if _is_false(run.column(assumption.holds.name).at(tick)):
                return f"assumption {qualified(assumption)!r} fails at tick {tick} once numbers are rounded"
        if _is_false(holds.at(tick)):
            return tick
    return "the property holds on the run once numbers are rounded"


def qualified(clause: Property) -> str:
    """The name of a clause with the path of its instance."""
    return f"{clause.instance}.{clause.name}" if clause.instance else clause.name


def _is_false(value: Any) -> bool:
    return value is not None and not (value if is_scalar(value) else bool(np.all(value)))


def _value(var: Var, names: Sequence[str], instant: Mapping[str, str]) -> Any:
    kind = element(var.type)
    items = [_scalar(instant.get(name), kind) for name in names]
    if not shape(var.type):
        return items[0]
    result = np.empty(len(items), dtype=np.object_)
    result[:] = items
    return result.reshape(shape(var.type))


def _scalar(text: str | None, kind: Element) -> Any:
    """The value of a stream's element from a model; the zero of its type where the model does not mention it."""
    if text is None:
        default = zero(kind).value
        return default if not isinstance(default, Fraction) else Fraction(0)
    if kind is BOOL:
        return text == "True"
    if isinstance(kind, EnumType):
        return kind.constructors[int(text)]
    if kind in FLOATS:
        return _nearest(Fraction(text), kind)
    if kind is Scalar.REAL:
        return Fraction(text)
    number = int(text)
    # A bit vector is read as an unsigned number.
    if kind in SIGNED and number >> (BIT_WIDTH[kind] - 1) > 0:
        number -= 1 << BIT_WIDTH[kind]
    return number


def _nearest(number: Fraction, kind: Scalar) -> float:
    """The finite float nearest to a number: inputs are finite."""
    most = Fraction(float(np.finfo(dtype(kind)).max))
    return float(dtype(kind).type(float(max(-most, min(number, most)))))


def _streams(node: Node, goal: Property, run: Replayed, ticks: int) -> tuple[Stream, ...]:
    """What a reader of the counterexample wants to see: inputs, outputs, named streams and the property."""
    wanted = [*node.inputs, *(t for e in node.equations for t in e.targets if t.user), *node.outputs, goal.holds]
    given = frozenset(node.inputs)
    streams: list[Stream] = []
    for v in dict.fromkeys(wanted):
        column = run.column(v.name)
        values = tuple(shown(column.at(t), element(v.type)) for t in range(ticks))
        streams.append(Stream(v.name, str(v.type), v.unit, values, input=v in given, user=v.user))
    return tuple(streams)


def shown(value: Any, kind: Element) -> Any:
    """`plain`, with the constructors of an array of an enumeration by name too."""
    if isinstance(kind, EnumType) and not is_scalar(value) and isinstance(value, np.ndarray):
        return np.array(kind.constructors, dtype=np.object_)[value.astype(np.int64)].tolist()
    return plain(value)


def is_scalar(value: Any) -> bool:
    """Whether a value of a trace is one of Python's own, so that nobody need ask NumPy."""
    return value is None or type(value) in (bool, int, float, str, Fraction)


def plain(value: Any) -> Any:
    """A value of a trace as plain Python: truth values, numbers, names, and lists of them."""
    if is_scalar(value):
        return value
    # The same method turns arrays into nested lists and NumPy scalars into numbers.
    bare: Any = value
    return bare.tolist() if isinstance(value, np.ndarray | np.generic) else bare
