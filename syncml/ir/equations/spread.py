"""Sweeps spread over the next segment: one step at each instant, one segment later.

Rule: in segment m the values of segment m-1 are visited from the last to the first, at position i the one at N-1-i,
while those of segment m are written. What is packed is complete at the end of segment m and is, by the meaning of a
schedule that is not *burst*, what `pack` gives there.

    double buffer    2N slots; the halves change places at each border
    alternating      N slots; at position i the value that was read leaves its slot to the one that is written:
                     slot i in one segment, N-1-i in the next, and so on in turn

Either needs segments of equal length, one sweep, backwards, and nothing but packs at the end. What does not change in
a segment, as parameters do not, is kept once: what it was in the segment before.
"""

from __future__ import annotations

from collections.abc import Callable

from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.constants import Const, zero
from syncml.ir.equations.backward import Direction, Sweeps
from syncml.ir.equations.conditions import Conditions
from syncml.ir.equations.growth import Growth
from syncml.ir.equations.sweep_body import BodyBuilder, Shift
from syncml.ir.equations.syntax import Atom, Call, Equation, Fby, Merge, Node, Pack, Schedule, Segment, Var, When
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, I32, Type, element, shape, tensor


def refuse_spread(segment: Segment, sweeps: Sweeps | None, exits: list[Equation], exact: bool, place: Equation) -> None:
    """Check that ``segment``, whose last instants ``place`` defines, can have its schedule.

    Raises:
        DiagnosticError: K015, and what stands against it.
    """
    taken = next((e for e in exits if not isinstance(e.rhs, Pack)), None)
    reason = ""
    if not exact:
        reason = "its segments are not of one length"
    elif taken is not None:
        place, reason = taken, "a value is taken at the end itself, where it is not known yet"
    elif sweeps is not None and sweeps.directions != (Direction.BACKWARD,):
        order = ", ".join(d.value for d in sweeps.directions)
        reason = f"it has other sweeps than one backwards: {order}"
    if reason:
        raise DiagnosticError(
            error(
                "K015",
                f"the schedule {segment.schedule.value!r} does not fit this segment: {reason}",
                place.span,
                help="use the schedule 'burst'"
                + ("; or take it with `pack`, or a sum by `seg.total(x)`" if taken is not None else ""),
            )
        )


def alternating_slot(position: int, turned: bool, longest: int) -> int:
    """Where the value at ``position`` of a segment is kept; ``turned`` in every second segment."""
    return longest - 1 - position if turned else position


class Spread:
    """The buffers and steps of one segment.

    ``steady`` gives, for a stream that does not change in a segment, what equals it on the clock of the end.
    """

    def __init__(
        self,
        node: Node,
        growth: Growth,
        segment: Segment,
        conditions: Conditions,
        resets: tuple[Var, ...],
        steady: Callable[[Var], Var | None],
    ) -> None:
        self._steady = steady
        self._resets = resets
        self._node = node
        self._growth = growth
        self._segment = segment
        self._last = Const(segment.longest - 1, I32)
        self._tick = node.clocks[segment.last]
        self._end, self._between = (conditions.on(self._tick, segment.last, at_end) for at_end in (True, False))
        self._stored: dict[Var, tuple[Var, Var]] = {}
        self._kept: dict[Var, Var] = {}
        self._arrays: dict[Var, Atom] = {}
        tick = self._tick
        position = self._position = growth.fresh("slot", I32, tick)
        full = growth.apply("slot_full", tick, Op.GE, position, self._last)
        onward = growth.apply("slot_after", tick, Op.ADD, position, Const(1, I32))
        after = growth.apply("slot_next", tick, Op.WHERE, full, Const(0, I32), onward)
        growth.equate(position, Fby(Const(0, I32), after, (segment.first,)))
        self._mirrored = growth.apply("slot_mirrored", tick, Op.SUB, self._last, position)
        turned = self._turned = growth.fresh("turned", BOOL, tick)
        growth.equate(turned, Fby(Const(False, BOOL), growth.apply("turns", tick, Op.XOR, turned, segment.last)))
        started = self._started = growth.fresh("started", BOOL, tick)
        starts = growth.apply("starts", tick, Op.OR, started, segment.last)
        growth.equate(started, Fby(Const(False, BOOL), starts, resets))

    def packed(self, source: Atom) -> Atom:
        """The values of a stream that is not ahead, one segment later."""
        type_ = self._array_type(source)
        now = self._written(source, self._position, self._segment.longest, "packed")
        at_the_end = self._growth.define("packed_now", type_, self._end, When(now, self._segment.last, True))
        return self._growth.define("packed_before", type_, self._end, Fby(zero(type_), at_the_end, self._resets))

    def every(self, var: Var, value: Var) -> Atom:
        """All values that ``var`` had in the segment before, of which the sweep finds one ``value`` in each instant."""
        if var not in self._arrays:
            array = self._written(value, self._mirrored, self._segment.longest, var.name)
            rhs = When(array, self._segment.last, True)
            self._arrays[var] = self._growth.define(f"{var.name}_all", array.type, self._end, rhs)
        return self._arrays[var]

    def first(self, value: Var) -> Var:
        """The value at the first instant of the segment before, which the sweep finds at the last one of this."""
        return self._growth.define(f"{value.name}_first", value.type, self._end, When(value, self._segment.last, True))

    def swept(self, sweeps: Sweeps, kept: tuple[Var, ...], name: Callable[[str], str]) -> tuple[Node, dict[Var, Var]]:
        """The body of the sweep, and the value that it finds of each stream of ``kept``, 0 before there is one."""
        growth, tick = self._growth, self._tick
        body = BodyBuilder(self._node, sweeps, 0, (), (), kept, None).body(name(f"{self._node.name}_backward"))
        arguments: list[Atom] = []
        memories: list[Var] = []
        for position, start in enumerate(body.starts):
            memories.append(growth.fresh(body.node.inputs[position].name, start.type, tick))
        arguments += memories
        arguments += [self._given(key) for key in body.given]
        targets = [growth.fresh(v.name, v.type, tick) for v in body.node.outputs]
        call = Call(body.node.name, tuple(arguments), f"{body.node.name}_at")
        growth.equations.append(Equation(tuple(targets), call, growth.span, tick))
        for memory, start, target in zip(memories, body.starts, targets, strict=False):
            growth.equate(memory, Fby(start, target, (self._segment.first,)))
        results = {
            var: growth.apply(f"{var.name}_valid", tick, Op.WHERE, self._started, target, zero(var.type))
            for var, target in zip(kept, targets[len(memories) :], strict=True)
        }
        return body.node, results

    def _given(self, key: Var | Shift) -> Var:
        """A stream as it was in the segment before, at the position that is visited now or next to it."""
        if isinstance(key, Var):
            # Where the visit begins is the last instant of the segment before, and where it ends the first.
            if key is self._segment.first:
                return self._segment.last
            if key is self._segment.last:
                return self._segment.first
            value = self._steady(key)
            return self._read(key, self._mirrored) if value is None else self._held(key, value)
        step = 1 if key.direction is Direction.BACKWARD else -1
        beside = self._growth.apply("beside", self._tick, Op.ADD, self._mirrored, Const(step, I32))
        return self._read(key.source, beside)

    def _held(self, var: Var, value: Var) -> Var:
        """What ``var`` was in the segment before, where ``value`` equals it at the end."""
        if var not in self._kept:
            growth, tick, last = self._growth, self._tick, self._segment.last
            held = self._kept[var] = growth.fresh(f"{var.name}_before", var.type, tick, var.span)
            kept = growth.define(f"{var.name}_kept", var.type, self._between, When(held, last, False))
            either = growth.define(f"{var.name}_held", var.type, tick, Merge(last, ((True, value), (False, kept))))
            growth.equate(held, Fby(zero(var.type), either))
        return self._kept[var]

    def _read(self, var: Var, position: Var) -> Var:
        """The value of ``var`` at a position of the segment before."""
        growth, tick = self._growth, self._tick
        if self._segment.schedule is Schedule.ALTERNATING:
            buffer, _ = self._store(var)
            mirrored = growth.apply("mirrored", tick, Op.SUB, self._last, position)
            slot = growth.apply("place", tick, Op.WHERE, self._turned, position, mirrored)
        else:
            buffer, _ = self._store(var)
            half = Const(self._segment.longest, I32)
            other = growth.apply("other", tick, Op.ADD, position, half)
            slot = growth.apply("place", tick, Op.WHERE, self._turned, position, other)
        return growth.apply(f"{var.name}_before", tick, Op.AT, buffer, slot)

    def _store(self, var: Var) -> tuple[Var, Var]:
        """The buffer of ``var``, and the buffer with the value of this instant."""
        if var not in self._stored:
            growth, tick, count = self._growth, self._tick, self._segment.longest
            if self._segment.schedule is Schedule.ALTERNATING:
                slot = growth.apply("place", tick, Op.WHERE, self._turned, self._mirrored, self._position)
            else:
                other = growth.apply("other", tick, Op.ADD, self._position, Const(count, I32))
                slot = growth.apply("place", tick, Op.WHERE, self._turned, other, self._position)
                count *= 2
            buffer = growth.fresh(f"{var.name}_buffer", tensor(element(var.type), (count, *shape(var.type))), tick)
            self._stored[var] = buffer, self._filled(buffer, var, slot)
        return self._stored[var]

    def _written(self, value: Atom, slot: Var, count: int, name: str) -> Var:
        """An array in which each instant writes ``value`` into its slot, this instant's value included."""
        type_ = tensor(element(value.type), (count, *shape(value.type)))
        return self._filled(self._growth.fresh(f"{name}_buffer", type_, self._tick), value, slot)

    def _filled(self, buffer: Var, value: Atom, slot: Var) -> Var:
        filled = self._growth.apply(f"{buffer.name}_filled", self._tick, Op.UPDATE, buffer, value, slot)
        self._growth.equate(buffer, Fby(zero(buffer.type), filled))
        return filled

    def _array_type(self, atom: Atom) -> Type:
        return tensor(element(atom.type), (self._segment.longest, *shape(atom.type)))
