"""Segments become sweeps: clocked equations without `post` and `pack`.

Rule: the values that the sweeps of a segment read are written into buffers, one slot for each instant. At the last
instant the sweeps run one after the other over the buffers, each an iteration of one node without memory
(`ir.equations.sweep_body`), forwards or backwards; what is taken at the end of the segment is their result. The work of
a segment is thus done in its last instant, which is the schedule *burst*.

A stream ahead has no equation any more, because it has no value at its own instant. The outputs keep their values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from syncml.ir.clocks import word
from syncml.ir.constants import Array, Const, zero
from syncml.ir.equations.backward import Direction, Sweeps, backward_of, has_future
from syncml.ir.equations.checkpointed import Checkpointed, Kept, refuse_checkpoints
from syncml.ir.equations.conditions import Conditions, conditions_of
from syncml.ir.equations.exits import Exits, exits_of
from syncml.ir.equations.growth import Growth, fresh_name
from syncml.ir.equations.inline import normalise_clocks
from syncml.ir.equations.spread import Spread, refuse_spread
from syncml.ir.equations.sweep_body import Body, BodyBuilder, Shift
from syncml.ir.equations.syntax import (
    LATE,
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
    Wave,
    When,
    atoms,
)
from syncml.ir.equations.syntax import resets as resets_of
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, I32, element, shape, tensor
from syncml.lazy import numpy as np


def lower_segments(program: Program) -> Program:
    """``program``, which is causal, with sweeps in place of `post` and `pack`.

    Raises:
        DiagnosticError: K015, what a segment contains or its schedule is not supported.
    """
    if not any(map(has_future, program.nodes)):
        return program
    conditions = conditions_of(program)
    taken = {node.name for node in program.nodes}
    nodes: list[Node] = []
    for node in program.nodes:
        if has_future(node):
            lowering = _Lowering(node, conditions[node.name], taken)
            lowered = lowering.node()
            nodes += [*lowering.bodies, lowered]
        else:
            nodes.append(node)
    # What is taken at the end is a copy now, so that a clock may have another condition.
    result = replace(program, nodes=tuple(nodes))
    revealed = conditions_of(result)
    return replace(result, nodes=tuple(normalise_clocks(node, revealed[node.name]) for node in nodes))


class _Lowering:
    """The rewriting of one node."""

    def __init__(self, node: Node, conditions: Conditions, taken: set[str]) -> None:
        self._node = node
        self._conditions = conditions
        self._taken = taken
        self._definitions = {t: e for e in node.equations for t in e.targets}
        self._growth = Growth((v.name for v in node.clocks), node.span)
        self.bodies: list[Node] = []
        self.dropped: set[Var] = set()

    def node(self) -> Node:
        """The node without segments; `bodies` are the nodes that it calls."""
        node = self._node
        backward = backward_of(node)
        ahead = {v for sweeps in backward.sweeps for v in sweeps.number}
        result: dict[Var, Atom] = {}
        segments = dict.fromkeys(e.rhs.segment for e in node.equations if isinstance(e.rhs, Post | Pack))
        for segment in segments:
            sweeps = next((s for s in backward.sweeps if s.segment == segment), None)
            result |= _Segment(self, segment, sweeps, exits_of(node, segment, ahead)).results()
        equations: list[Equation] = []
        for equation in node.equations:
            if self.dropped.issuperset(equation.targets) and equation.targets:
                continue
            if len(equation.targets) == 1 and equation.target in result:
                equations.append(replace(equation, rhs=Apply(Op.COPY, (result[equation.target],))))
            elif not ahead.intersection(equation.targets):
                equations.append(equation)
        gone = ahead | self.dropped
        clocks = {v: c for v, c in node.clocks.items() if v not in gone} | self._growth.clocks
        return replace(node, equations=(*self._growth.equations, *equations), clocks=clocks)

    def name(self, stem: str) -> str:
        """A name for a node."""
        return fresh_name(stem, self._taken)

    @property
    def source(self) -> Node:
        """The node that is rewritten."""
        return self._node

    @property
    def growth(self) -> Growth:
        """What is added to it."""
        return self._growth

    @property
    def definitions(self) -> Mapping[Var, Equation]:
        """The equation of each stream."""
        return self._definitions

    @property
    def conditions(self) -> Conditions:
        """What its conditions read."""
        return self._conditions


class _Segment:
    """The buffers and sweeps of one segment."""

    def __init__(self, outer: _Lowering, segment: Segment, sweeps: Sweeps | None, exits: Exits) -> None:
        self._outer = outer
        self._segment = segment
        self._sweeps = sweeps
        self._exits = exits
        self._growth = outer.growth
        node = outer.source
        self._tick = node.clocks[segment.last]
        self._end = outer.conditions.on(self._tick, segment.last, True)
        definition = outer.definitions.get(segment.last)
        at_the_end = word((), (0,) * (segment.longest - 1) + (1,))
        self._exact = definition is not None and isinstance(definition.rhs, Wave) and definition.rhs.word == at_the_end
        self._position_var: Var | None = None
        self._arrays: dict[Var | Shift, Atom] = {}
        self._steady: dict[Var, Var | None] = {}

    def results(self) -> dict[Var, Atom]:
        """For each stream that is taken at the end, the stream on the clock of the end that it equals."""
        if self._segment.schedule in LATE:
            return self._spread()
        found: dict[Var, Atom] = {}
        ahead = frozenset[Var]() if self._sweeps is None else frozenset(self._sweeps.number)
        for equation in self._exits.packs:
            assert isinstance(equation.rhs, Pack)
            if equation.rhs.source not in ahead:
                found[equation.target] = self._every(equation.rhs.source)
        if self._sweeps is None:
            return found
        ends = tuple(dict.fromkeys(_source(e) for e in self._exits.ends))
        starts = tuple(dict.fromkeys(_source(e) for e in self._exits.packs if e.target in self._exits.firsts))
        if self._segment.schedule is Schedule.CHECKPOINTED:
            values = self._checkpointed(self._sweeps, ends, starts)
        else:
            values = self._run(self._sweeps, ends, starts)
        taken = dict(zip((*((v, False) for v in ends), *((v, True) for v in starts)), values, strict=True))
        for equation in self._exits.ends:
            found[equation.target] = taken[_source(equation), False]
        for equation in self._exits.packs:
            source = _source(equation)
            if equation.target in self._exits.firsts:
                found |= self._first(equation.target, taken[source, True])
            elif source in ahead:
                found[equation.target] = self._arrays[source]
        return found

    def _first(self, pack: Var, value: Var) -> dict[Var, Atom]:
        """What the readers of a pack become where its first value is all that they take."""
        self._outer.dropped.add(pack)
        return {reader.target: self._element(reader, value) for reader in self._exits.firsts[pack]}

    def _element(self, reader: Equation, first: Var) -> Atom:
        """What ``reader`` takes of the first value of a pack."""
        assert isinstance(reader.rhs, Apply)
        assert isinstance(reader.rhs.attribute, tuple)
        rest = reader.rhs.attribute[1:]
        return self._growth.apply("element", self._end, Op.INDEX, first, attribute=rest) if rest else first

    def _checkpointed(self, sweeps: Sweeps, ends: tuple[Var, ...], starts: tuple[Var, ...]) -> list[Var]:
        """The values at the ends and at the starts, from snapshots."""
        place = self._outer.definitions.get(self._segment.last, self._exits.all[0])
        refuse_checkpoints(sweeps, self._exits, place)
        kept = Kept(self._buffer, self._shared, self._position)
        found = Checkpointed(self._outer.source, self._growth, sweeps, self._end, kept, self._outer.name)
        body, values = found.run(ends, starts)
        self._outer.bodies.append(body)
        return values

    def _every(self, source: Atom) -> Atom:
        return self._buffer(source) if isinstance(source, Var) else self._repeated(source)

    def _spread(self) -> dict[Var, Atom]:
        """The same by another schedule."""
        node, sweeps, exits = self._outer.source, self._sweeps, [*self._exits.all]
        place = self._outer.definitions.get(self._segment.last, exits[0])
        refuse_spread(self._segment, sweeps, exits, self._exact, place)
        resets = tuple(dict.fromkeys(r for e in exits for r in resets_of(e.rhs)))
        spread = Spread(node, self._growth, self._segment, self._outer.conditions, resets, self._shared)
        sources = {e.target: e.rhs.source for e in exits if isinstance(e.rhs, Pack)}
        values: dict[Var, Var] = {}
        if sweeps is not None:
            kept = tuple(v for v in sweeps.streams(0) if v in sources.values())
            body, values = spread.swept(sweeps, kept, self._outer.name)
            self._outer.bodies.append(body)
        found: dict[Var, Atom] = {}
        for target, source in sources.items():
            if not isinstance(source, Var) or source not in values:
                found[target] = spread.packed(source)
            elif target in self._exits.firsts:
                found |= self._first(target, spread.first(values[source]))
            else:
                found[target] = spread.every(source, values[source])
        return found

    # Buffers.

    def _position(self) -> Var:
        """How many instants of the segment were before this one."""
        if self._position_var is None:
            growth, tick = self._growth, self._tick
            position = self._position_var = growth.fresh("slot", I32, tick)
            full = growth.apply("slot_full", tick, Op.GE, position, Const(self._segment.longest - 1, I32))
            onward = growth.apply("slot_after", tick, Op.ADD, position, Const(1, I32))
            # The choice keeps the sum in range; it is the reset that counts.
            after = growth.apply("slot_next", tick, Op.WHERE, full, Const(0, I32), onward)
            growth.equate(position, Fby(Const(0, I32), after, (self._segment.first,)))
        return self._position_var

    def _buffer(self, var: Var) -> Atom:
        """The values of a stream in the segment, on the clock of its end."""
        if var in self._arrays:
            return self._arrays[var]
        growth, tick, count = self._growth, self._tick, self._segment.longest
        type_ = tensor(element(var.type), (count, *shape(var.type)))
        buffer = growth.fresh(f"{var.name}_buffer", type_, tick, var.span)
        value = growth.everywhere(var, self._outer.source.clocks[var], tick)
        filled = growth.apply(f"{var.name}_filled", tick, Op.UPDATE, buffer, value, self._position())
        growth.equate(buffer, Fby(zero(type_), filled, () if self._exact else (self._segment.first,)))
        self._arrays[var] = growth.define(
            f"{var.name}_packed", type_, self._end, When(filled, self._segment.last, True)
        )
        return self._arrays[var]

    def _repeated(self, constant: Const) -> Atom:
        machine = constant.machine()
        values = np.broadcast_to(np.asarray(machine), (self._segment.longest, *shape(constant.type)))
        return Const(Array.of(values, constant.element), constant.element)

    def _array(self, key: Var | Shift) -> Atom:
        """What a sweep is given for each instant: a buffer, or what an earlier sweep kept."""
        if key in self._arrays:
            return self._arrays[key]
        if isinstance(key, Var):
            if self._exact and key in (self._segment.first, self._segment.last):
                flags = np.zeros(self._segment.longest, np.bool_)
                flags[0 if key is self._segment.first else -1] = True
                self._arrays[key] = Const(Array.of(flags, BOOL), BOOL, key.name)
            else:
                self._buffer(key)
            return self._arrays[key]
        array, count = self._array(key.source), self._segment.longest
        if count == 1:
            return array
        cut = count - 1 if key.direction is Direction.FORWARD else 1
        parts = [
            self._growth.apply("part", self._end, Op.SLICE, array, attribute=(0, start, stop - start, 1))
            for start, stop in ((cut, count), (0, cut))
        ]
        name = f"{key.source.name}_{key.direction.value}"
        self._arrays[key] = self._growth.apply(name, self._end, Op.CONCAT, *parts, attribute=(0,))
        return self._arrays[key]

    def _active(self) -> Var:
        """Which slots are in use at the end of a segment."""
        if self._active_var is None:
            at_end = When(self._position(), self._segment.last, True)
            last = self._growth.define("last_slot", I32, self._end, at_end)
            slots = Const(Array.of(np.arange(self._segment.longest), I32), I32, "slots")
            self._active_var = self._growth.apply("in_use", self._end, Op.LE, slots, last)
            self._arrays[self._active_var] = self._active_var
        return self._active_var

    _active_var: Var | None = None

    # What does not change in a segment.

    def _shared(self, var: Var) -> Var | None:
        """A stream on the clock of the end that equals ``var`` at every instant of the segment, if there is one."""
        pending = [var]
        while pending:
            top = pending[-1]
            if top in self._steady:
                pending.pop()
                continue
            needed = self._steady_needs(top)
            if needed is None:
                self._steady[top] = None
            elif waiting := [v for v in needed if v not in self._steady]:
                pending += waiting
            elif any(self._steady[v] is None for v in needed):
                self._steady[top] = None
            else:
                rhs = When(top, self._segment.last, True)
                self._steady[top] = self._growth.define(f"{top.name}_steady", top.type, self._end, rhs)
        return self._steady[var]

    def _steady_needs(self, var: Var) -> list[Var] | None:
        """The streams that have to be constant in a segment for ``var`` to be; None if it is not for another reason."""
        if var not in self._outer.definitions or self._outer.source.clocks[var] != self._tick:
            return None
        rhs = self._outer.definitions[var].rhs
        if isinstance(rhs, Apply):
            return [a for a in rhs.arguments if isinstance(a, Var)]
        if isinstance(rhs, Fby) and isinstance(rhs.following, Var) and self._carries(var, rhs.following):
            return []
        return None

    def _carries(self, var: Var, following: Var) -> bool:
        """Whether ``var`` takes a new value at the end of a segment only."""
        held = self._outer.definitions.get(following)
        if held is None or not isinstance(held.rhs, Merge) or held.rhs.condition is not self._segment.last:
            return False
        kept = next(atom for name, atom in held.rhs.branches if name is False)
        definition = self._outer.definitions.get(kept) if isinstance(kept, Var) else None
        return definition is not None and isinstance(definition.rhs, When) and definition.rhs.source is var

    # Sweeps.

    def _run(self, sweeps: Sweeps, ends: tuple[Var, ...], starts: tuple[Var, ...]) -> list[Var]:
        """Run the sweeps; the values at the ends and at the starts, in their order."""
        node = self._outer.source
        packs = [e for e in self._exits.packs if e.target not in self._exits.firsts]
        wanted: set[Atom] = {e.rhs.source for e in packs if isinstance(e.rhs, Pack)}
        for equation in node.equations:
            for target in equation.targets:
                number = sweeps.number.get(target)
                if number is not None:
                    wanted |= {a for a in atoms(equation.rhs) if sweeps.number.get(a, number) < number}  # type: ignore[arg-type]
        values: dict[tuple[Var, bool], Var] = {}
        for number in range(len(sweeps.directions)):
            mine = sweeps.streams(number)
            last, first = tuple(v for v in ends if v in mine), tuple(v for v in starts if v in mine)
            kept = tuple(v for v in mine if v in wanted)
            builder = BodyBuilder(node, sweeps, number, last, first, kept, None if self._exact else self._active())
            direction = sweeps.directions[number]
            body = builder.body(self._outer.name(f"{node.name}_{direction.value}"))
            self._outer.bodies.append(body.node)
            results = self._sweep(body, direction)
            values |= zip((*((v, False) for v in last), *((v, True) for v in first)), results, strict=True)
        return [*(values[v, False] for v in ends), *(values[v, True] for v in starts)]

    def _sweep(self, body: Body, direction: Direction) -> list[Var]:
        """An array of the steps of one sweep, one for each instant, what is carried chained from step to step."""
        growth, end, count = self._growth, self._end, self._segment.longest
        carried = len(body.starts)
        arguments: list[Atom] = [*body.starts]
        shared: set[int] = set()
        for key in body.given:
            steady = self._shared(key) if isinstance(key, Var) else None
            if steady is not None:
                shared.add(len(arguments))
            arguments.append(self._array(key) if steady is None else steady)
        rhs = Iterate(
            body.node.name,
            tuple(arguments),
            f"{body.node.name}_at",
            count,
            carried,
            frozenset(shared),
            reversed=direction is Direction.BACKWARD,
        )
        results = [growth.fresh(f"{v.name}_end", v.type, end, v.span) for v in body.node.outputs[:carried]]
        for var, each in zip(body.kept, body.node.outputs[carried:], strict=True):
            type_ = tensor(element(each.type), (count, *shape(each.type)))
            self._arrays[var] = every = growth.fresh(f"{var.name}_all", type_, end, each.span)
            results.append(every)
        growth.equations.append(Equation(tuple(results), rhs, growth.span, end))
        return [results[position] for _, position in body.finals]


def _source(equation: Equation) -> Var:
    """The stream ahead that is taken at the end of a segment."""
    assert isinstance(equation.rhs, When | Pack)
    assert isinstance(equation.rhs.source, Var)
    return equation.rhs.source
