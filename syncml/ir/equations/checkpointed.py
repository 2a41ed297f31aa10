"""Sweeps over snapshots: the memory of a segment is computed again instead of kept.

Rule: what a backward sweep reads of the way forwards is a function of the memories that are cut at the start of the
segment, and of other streams. The others are kept, one slot for each instant, as by the schedule *burst*; of the
memories there are snapshots at a few instants. At the end of the segment one iteration after the other either goes a
step forwards from what was restored or computed last, or visits the instant that is next from the end (`revolve`):

    at p < j     memories := step(memories at p);  p := p + 1;  a snapshot at p, if it is one's turn
    at p = j     visit instant j;  j := j - 1;  memories, p := the latest snapshot at or before j

No iteration keeps more than that, so the code and the memory do not grow with the number of steps. Each operation is
that of the way forwards on the same values, so the results have the same bits as from a tape.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.clocks import Clock, On, steps
from syncml.ir.constants import Array, Const, zero
from syncml.ir.equations.backward import Direction, Sweeps, has_future, needs_of
from syncml.ir.equations.checkpoint_steps import ONE, ZERO, Action
from syncml.ir.equations.exits import Exits
from syncml.ir.equations.growth import Growth
from syncml.ir.equations.revolve import first_snapshots, forward_steps
from syncml.ir.equations.sweep_body import BodyBuilder, Shift
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Equation,
    Fby,
    Iterate,
    Merge,
    Node,
    Pack,
    Post,
    Program,
    Schedule,
    Segment,
    Var,
    When,
)
from syncml.ir.operators import Op
from syncml.ir.types import I32, element, shape, tensor
from syncml.lazy import numpy as np


def taped(program: Program) -> Program:
    """``program`` with a tape in place of snapshots: the same values, by fewer steps; what a proof is about."""

    def schedule(segment: Segment) -> Segment:
        return replace(segment, schedule=Schedule.BURST, slots=0)

    def on_tape(equation: Equation) -> Equation:
        rhs = equation.rhs
        if isinstance(rhs, Post | Pack) and rhs.segment.schedule is Schedule.CHECKPOINTED:
            return replace(equation, rhs=replace(rhs, segment=schedule(rhs.segment)))
        return equation

    nodes = (replace(n, equations=tuple(map(on_tape, n.equations))) if has_future(n) else n for n in program.nodes)
    return replace(program, nodes=tuple(nodes))


def refuse_checkpoints(sweeps: Sweeps, exits: Exits, place: Equation) -> None:
    """Check that a segment, whose last instants ``place`` defines, can be run from snapshots.

    Raises:
        DiagnosticError: K015, and what stands against it.
    """
    whole = next((e for e in exits.packs if e.target not in exits.firsts and _source(e) in sweeps.number), None)
    help_ = "use the schedule 'burst'; or add from the end to the start: `seg.total(x)`"
    if whole is not None:
        what = f"all values of `{_name(_source(whole))}` in a segment are kept"
        place = whole
    elif sweeps.directions != (Direction.BACKWARD,):
        what = "it has other sweeps than one backwards: " + ", ".join(d.value for d in sweeps.directions)
    else:
        return
    message = f"the schedule 'checkpointed' does not fit this segment: {what}"
    raise DiagnosticError(error("K015", message, place.span, help=help_))


def _name(atom: Atom) -> str:
    return atom.name if isinstance(atom, Var) else "a constant"


def _source(equation: Equation) -> Atom:
    assert isinstance(equation.rhs, Pack)
    return equation.rhs.source


@dataclass(frozen=True, slots=True)
class Recomputed:
    """The streams that are computed again: those that ``memories`` need from step to step, and what is read beside."""

    memories: tuple[Var, ...]
    advanced: tuple[Var, ...]
    visited: tuple[Var, ...]


def recomputed(node: Node, segment: Segment, ahead: Collection[Var], wanted: Iterable[Var]) -> Recomputed:
    """What of ``wanted``, which sweeps read, is computed again from memories that are cut, and all that it needs."""
    definitions = {t: e for e in node.equations for t in e.targets if t not in ahead}
    tick = node.clocks[segment.last]

    def is_cut(equation: Equation) -> bool:
        rhs = equation.rhs
        return isinstance(rhs, Fby) and segment.first in rhs.resets and node.clocks[equation.target] == tick

    def is_pointwise(equation: Equation) -> bool:
        if not isinstance(equation.rhs, Apply | When | Merge):
            return False
        clock = node.clocks[equation.target]
        beyond = steps(clock)[len(steps(tick)) :]
        return steps(clock)[: len(steps(tick))] == steps(tick) and all(isinstance(step, On) for step in beyond)

    candidates = {t: e for t, e in definitions.items() if is_cut(e) or is_pointwise(e)}
    readers: dict[Var, list[Var]] = {}
    for target, equation in candidates.items():
        for needed, _ in needs_of(equation):
            readers.setdefault(needed, []).append(target)
    following = {t: e for t, e in candidates.items() if is_cut(e)}
    remembering = _closure(following, lambda v: readers.get(v, []))

    def needs(var: Var) -> list[Var]:
        return [u for u, _ in needs_of(candidates[var]) if u in remembering]

    again = _closure([v for v in wanted if v in remembering], needs)
    memories = tuple(t for t in following if t in again)
    advanced = _closure(memories, needs)
    order = [t for t in candidates if t in again]
    return Recomputed(memories, tuple(v for v in order if v in advanced), tuple(v for v in order if v not in advanced))


def _closure(start: Iterable[Var], onward: Callable[[Var], Iterable[Var]]) -> set[Var]:
    found = set(start)
    pending = list(found)
    while pending:
        for var in onward(pending.pop()):
            if var not in found:
                found.add(var)
                pending.append(var)
    return found


def joined(sweeps: Sweeps, number: int, before: Iterable[Var]) -> Sweeps:
    """Sweep ``number`` alone, with streams of the way forwards that it computes at each instant first."""
    streams = [*before, *(sweeps.streams(number) if number >= 0 else ())]
    direction = sweeps.directions[number] if number >= 0 else Direction.FORWARD
    return Sweeps(sweeps.segment, (direction,), dict.fromkeys(streams, 0), dict.fromkeys(streams, 0), ((),))


@dataclass(frozen=True, slots=True)
class Kept:
    """What the caller keeps: the array of a stream in the segment, or the stream itself where it does not change."""

    array: Callable[[Var], Atom]
    shared: Callable[[Var], Var | None]
    position: Callable[[], Var]


class Checkpointed:
    """The iterations of one segment with one backward sweep."""

    def __init__(
        self, node: Node, growth: Growth, sweeps: Sweeps, end: Clock, kept: Kept, name: Callable[[str], str]
    ) -> None:
        self._node = node
        self._growth = growth
        self._sweeps = sweeps
        self._segment = sweeps.segment
        self._end = end
        self._kept = kept
        self._name = name
        length = self._segment.longest
        self._slots = min(self._segment.slots, length)
        self._positions = first_snapshots(length, self._slots)

    def run(self, ends: tuple[Var, ...], starts: tuple[Var, ...]) -> tuple[Node, list[Var]]:
        """The node of an iteration; the values that are taken at the ends and at the starts, in their order."""
        first = BodyBuilder(self._node, self._sweeps, 0, ends, starts, (), None).body("visited")
        assert not any(isinstance(key, Shift) for key in first.given)
        again = recomputed(
            self._node, self._segment, self._sweeps.number, [v for v in first.given if isinstance(v, Var)]
        )
        visits = joined(self._sweeps, 0, again.visited)
        visit = BodyBuilder(self._node, visits, 0, ends, starts, (), None).body("visit")
        handed = tuple(v for v in visit.given if v in again.advanced)
        onward = joined(self._sweeps, -1, again.advanced)
        step = BodyBuilder(self._node, onward, 0, (), (), handed, None).body("step")
        action = Action(self._node, self._segment, len(self._positions), visit, step, self._given)
        name = self._name(f"{self._node.name}_checkpointed")
        body = action.node(name)
        growth, end = self._growth, self._end
        last = growth.define("last_slot", I32, end, When(self._kept.position(), self._segment.last, True))
        arguments: list[Atom] = [growth.define(f"{m.name}_end", m.type, end, When(m, self._segment.last, True))
                                 for m in again.memories]  # fmt: skip
        if self._positions:
            arguments += [self._snapshots(m) for m in again.memories]
            positions = self._constant(self._positions)
            passed = growth.apply("passed", end, Op.LE, positions, last)
            arguments += [positions, self._count("snapshots", end, passed)]
        arguments += [last, last, last, *visit.starts]
        carried = len(arguments)
        arguments += [*action.shared, last]
        iterations = forward_steps(self._segment.longest, self._slots) + 1
        rhs = Iterate(
            name, tuple(arguments), f"{name}_at", iterations, carried, frozenset(range(carried, len(arguments)))
        )
        targets = [growth.fresh(f"{v.name}_end", v.type, end, v.span) for v in body.outputs]
        growth.equations.append(Equation(tuple(targets), rhs, growth.span, end))
        results = targets[len(targets) - len(visit.starts) :]
        return body, [results[position] for _, position in visit.finals]

    def _given(self, var: Var) -> tuple[Atom, bool]:
        """What an iteration reads of a stream, and whether it is an array of its values."""
        shared = self._kept.shared(var)
        return (self._kept.array(var), True) if shared is None else (shared, False)

    def _constant(self, values: Collection[int]) -> Const:
        return Const(Array.of(np.asarray(values), I32), I32)

    def _count(self, name: str, clock: Clock, flags: Var) -> Var:
        """How many of ``flags`` are true."""
        extent = shape(flags.type)
        one, nothing = (Const(Array.of(np.full(extent, v), I32), I32) for v in (1, 0))
        each = self._growth.apply(f"{name}_each", clock, Op.WHERE, flags, one, nothing)
        return self._growth.apply(name, clock, Op.SUM, each, attribute=(0,))

    def _snapshots(self, memory: Var) -> Atom:
        """The values of a memory at the positions of the first snapshots, on the clock of the end."""
        growth, tick = self._growth, self._node.clocks[self._segment.last]
        position, positions = self._kept.position(), self._constant(self._positions)
        type_ = tensor(element(memory.type), (len(self._positions), *shape(memory.type)))
        buffer = growth.fresh(f"{memory.name}_snapshots", type_, tick, memory.span)
        reached = growth.apply("reached", tick, Op.LE, positions, position)
        before = growth.apply("row", tick, Op.SUB, self._count("rows", tick, reached), ONE)
        row = growth.apply("row", tick, Op.MAX, before, ZERO)
        here = growth.apply("taken", tick, Op.EQ, growth.apply("turn", tick, Op.AT, positions, row), position)
        updated = growth.apply(f"{memory.name}_update", tick, Op.UPDATE, buffer, memory, row)
        filled = growth.apply(f"{memory.name}_filled", tick, Op.WHERE, here, updated, buffer)
        growth.equate(buffer, Fby(zero(type_), filled))
        return growth.define(f"{memory.name}_taken", type_, self._end, When(filled, self._segment.last, True))


__all__ = ["Checkpointed", "Kept", "Recomputed", "recomputed", "refuse_checkpoints", "taped"]
