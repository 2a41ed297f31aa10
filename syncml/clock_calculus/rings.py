"""Buffers become registers and rings: clocked equations without `Buffer`.

Let x :: ck on p1 be read at ck on p2, where ck is the last clock that both share, and n the size of the buffer.

    n = 0     y = x                                          the clocks are equal and nothing is stored at first
    n = 1     m = init fby m';  m' = merge p1 x (m when not p1);  y = m when p2
    n > 1     m is an array of n values; the j-th value is written to and read from place j mod n, where two registers
              count round, one on ck on p1 and one on ck on p2

A value that is read in the instant in which it is written passes by m, at the instants at which the clocks say so;
where they never do, the buffer breaks a loop. Where the clocks depend on data, ``y`` reads m' in place of m, a register
counts the values in the buffer, and two clauses of the contract say that there is room for each value and a value for
each reading. A buffer that is reset, with all its registers, is one of these: between two words a reset is data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType

from syncml.clock_calculus.crossing import BufferUse, crossing
from syncml.clock_calculus.words import buffer_between, passing
from syncml.dataclass import dataclass
from syncml.diagnostics import InternalFault
from syncml.ir.clocks import ALWAYS, Clock, On, Periodic, Word, complement, contains, every, steps
from syncml.ir.constants import Array, Const, dtype, zero
from syncml.ir.equations.conditions import Conditions, conditions_of
from syncml.ir.equations.inline import normalise_clocks
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Buffer,
    Equation,
    Fby,
    Merge,
    Node,
    Program,
    Property,
    PropertyKind,
    Rhs,
    Var,
    Wave,
    When,
)
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, I32, Element, EnumType, Scalar, Type, element, shape, tensor
from syncml.lazy import numpy as np


def clauses(buffer: Var, bounds: Sequence[int]) -> tuple[str, dict[str, int]]:
    """The names of the clauses about a buffer that has no size: that it holds a value, and those of its bounds."""
    return f"{buffer.name} holds a value", {f"{buffer.name} holds at most {bound}": bound for bound in bounds}


def lower_buffers(program: Program, bounds: Sequence[int] = ()) -> tuple[Program, tuple[BufferUse, ...]]:
    """Put registers and rings in the place of every buffer of a clocked program, in which each buffer fits.

    With ``bounds``, a buffer that has no size yet becomes an input, for its values may be anything, and the node gets
    a clause that each reading finds a value, and one for each bound that no more values are in it (see `clauses`).
    """
    conditions = conditions_of(program)
    found: list[BufferUse] = []
    nodes: dict[str, Node] = {}
    for node in program.nodes:
        nodes[node.name] = node
        if any(isinstance(e.rhs, Buffer) for e in node.equations):
            lowering = _Lowering(node, conditions[node.name], bounds)
            nodes[node.name] = lowering.result()
            found += lowering.found
    if not found:
        return program, ()
    lowered = replace(program, nodes=tuple(nodes.values()))
    # A buffer that is a condition may have become another name of a register.
    conditions = conditions_of(lowered)
    changed = {use.node.name for use in found}
    nodes |= {name: normalise_clocks(nodes[name], conditions[name]) for name in changed}
    return replace(program, nodes=tuple(nodes.values())), tuple(found)


_Test = tuple[Var, bool | str]
"""A condition and the constructor that it must equal."""


@dataclass(frozen=True, slots=True)
class _Gate:
    """The instants of a clock, seen from the common one; ``test`` is None where they are all of them."""

    test: _Test | None
    clock: Clock
    enter: Callable[[Atom], Atom]
    """Takes a stream from the clock to ``common on test``."""
    leave: Callable[[Var], Rhs]
    """Takes a stream from ``common on test`` to the clock."""


class _Lowering:
    """The rewriting of one node."""

    def __init__(self, node: Node, conditions: Conditions, bounds: Sequence[int] = ()) -> None:
        self._bounds = bounds
        self._inputs = list(node.inputs)
        self.found: list[BufferUse] = []
        self._node = node
        self._conditions = conditions
        self._names = {v.name for v in node.clocks}
        self._clocks = dict(node.clocks)
        self._equations: list[Equation] = []
        self._properties: list[Property] = list(node.properties)
        self._now = node.equations[0]
        self._waves: dict[Var, Word] = {}
        self._resets: tuple[Var, ...] = ()

    def result(self) -> Node:
        """The node without buffers."""
        for equation in self._node.equations:
            if isinstance(equation.rhs, Buffer):
                self._now = equation
                self._buffer(equation, equation.rhs)
            else:
                self._equations.append(equation)
        return replace(
            self._node,
            inputs=tuple(self._inputs),
            equations=tuple(self._equations),
            properties=tuple(self._properties),
            clocks=MappingProxyType(self._clocks),
        )

    def _buffer(self, equation: Equation, rhs: Buffer) -> None:
        if equation.clock is None:
            raise InternalFault("a buffer is lowered before its clock is known")
        reader = equation.clock
        # A constant is on every clock, so there is nothing to wait for.
        writer = self._clocks[rhs.source] if isinstance(rhs.source, Var) else reader
        met = crossing(writer, reader, is_reset=bool(rhs.resets))
        self._resets = tuple(self._on_common(r, met.common) for r in rhs.resets)
        if met.words is None:
            if rhs.size is None and not self._bounds:
                raise InternalFault(f"the buffer {equation.target.name} has no size")
            slots, wait, at_once = rhs.size or 0, None, None
        else:
            fit = buffer_between(*met.words, len(rhs.init))
            at_once = passing(*met.words, len(rhs.init))
            slots, wait = fit.bypassed if at_once is not None else fit.size, fit.delay
        self.found.append(
            BufferUse(self._node, equation.target, writer, reader, slots, len(rhs.init), wait, met.common)
        )
        if met.words is None and rhs.size is None:
            self._inputs.append(equation.target)
            self._ask(self._gate(writer, met.common, "write"), self._gate(reader, met.common, "read"), met.common, rhs)
            return
        if not slots:
            self._define_target(Apply(Op.COPY, (rhs.source,)))
            return
        write, read = self._gate(writer, met.common, "write"), self._gate(reader, met.common, "read")
        if met.words is None:
            self._count(write, read, met.common, slots, len(rhs.init))
        incoming = write.enter(rhs.source)
        if slots == 1:
            outgoing = self._register(write, read, met.common, incoming, rhs, reads_first=at_once is not None)
        else:
            outgoing = self._ring(write, read, met.common, incoming, rhs, slots, reads_first=at_once is not None)
        if at_once is None or not sum(at_once[1].prefix + at_once[1].period):
            self._define_target(read.leave(outgoing))
        else:
            self._define_target(self._passing(write, read, incoming, outgoing, *at_once))

    def _passing(self, write: _Gate, read: _Gate, incoming: Atom, outgoing: Var, written: Word, found: Word) -> Rhs:
        """``incoming`` where a value passes at once, ``outgoing`` at the other readings."""
        passes = self._define("passes", BOOL, Wave(found), read.clock)
        direct = every(read.clock, found)
        if written != ALWAYS:
            goes = self._define("goes", BOOL, Wave(written), write.clock)
            incoming = self._define("direct", incoming.type, When(incoming, goes, True), direct)
        stored = self._define(
            "stored", outgoing.type, When(outgoing, passes, False), every(read.clock, complement(found))
        )
        return Merge(passes, ((True, incoming), (False, stored)))

    # One value.

    def _register(
        self, write: _Gate, read: _Gate, common: Clock, incoming: Atom, rhs: Buffer, *, reads_first: bool
    ) -> Var:
        type_ = rhs.source.type
        memory, after = self._fresh("kept", type_, common), self._fresh("latest", type_, common)
        self._equate(memory, Fby(rhs.init[0] if rhs.init else zero(type_), after, self._resets))
        self._equate(after, self._chosen(write, incoming, memory))
        return self._sampled(read, memory if reads_first else after)

    # Several values.

    def _ring(
        self, write: _Gate, read: _Gate, common: Clock, incoming: Atom, rhs: Buffer, slots: int, *, reads_first: bool
    ) -> Var:
        kind, extents = element(rhs.source.type), shape(rhs.source.type)
        type_ = tensor(kind, (slots, *extents))
        ring, after = self._fresh("ring", type_, common), self._fresh("filled", type_, common)
        self._equate(ring, Fby(_contents(rhs.init, slots, kind, extents), after, self._resets))
        place = self._counter("write", write.clock, slots, len(rhs.init) % slots)
        inside = ring if write.test is None else self._define("before", type_, When(ring, *write.test), write.clock)
        written = self._define("written", type_, Apply(Op.UPDATE, (inside, incoming, place)), write.clock)
        self._equate(after, self._chosen(write, written, ring))
        place = self._counter("read", read.clock, slots, 0)
        source = self._sampled(read, ring if reads_first else after)
        return self._define("value", rhs.source.type, Apply(Op.AT, (source, place)), read.clock)

    def _counter(self, role: str, clock: Clock, slots: int, start: int) -> Var:
        """A register that counts the instants of ``clock`` round the places of a ring."""
        count, after = self._fresh(f"{role}_place", I32, clock), self._fresh(f"{role}_next", I32, clock)
        last = self._define(f"{role}_last", BOOL, Apply(Op.GE, (count, Const(slots - 1, I32))), clock)
        more = self._define(f"{role}_more", I32, Apply(Op.ADD, (count, Const(1, I32))), clock)
        self._equate(count, Fby(Const(start, I32), after, self._resets))
        self._equate(after, Apply(Op.WHERE, (last, Const(0, I32), more)))
        return count

    # Clocks that depend on data.

    def _count(self, write: _Gate, read: _Gate, common: Clock, slots: int, start: int) -> None:
        """Count the values in the buffer, and state that each has room and that each reading finds one."""
        count, after = self._fresh("count", I32, common), self._fresh("left", I32, common)
        writes, reads = self._flag(write, common), self._flag(read, common)
        more = self._define("more", I32, Apply(Op.ADD, (count, Const(1, I32))), common)
        full = self._define("waiting", I32, Apply(Op.WHERE, (writes, more, count)), common)
        fewer = self._define("fewer", I32, Apply(Op.SUB, (full, Const(1, I32))), common)
        rest = self._define("rest", I32, Apply(Op.WHERE, (reads, fewer, full)), common)
        above = self._define("above", I32, Apply(Op.MAX, (rest, Const(0, I32))), common)
        self._equate(count, Fby(Const(start, I32), after, self._resets))
        # Once a clause has failed the count means nothing any more; it stays within its range.
        self._equate(after, Apply(Op.MIN, (above, Const(slots, I32))))
        room = self._define("room", BOOL, Apply(Op.LE, (full, Const(slots, I32))), common)
        some = self._define("some", BOOL, Apply(Op.GE, (full, Const(1, I32))), common)
        idle = self._define("idle", BOOL, Apply(Op.NOT, (reads,)), common)
        found = self._define("found", BOOL, Apply(Op.OR, (idle, some)), common)
        name = self._now.target.name
        for clause, holds in ((f"room in the buffer {name}", room), (f"a value in the buffer {name}", found)):
            self._properties.append(Property(PropertyKind.ENSURE, clause, holds, self._now.span))

    def _ask(self, write: _Gate, read: _Gate, common: Clock, rhs: Buffer) -> None:
        """Count the values in a buffer without bound, and state what is to be known of it."""
        kind = Scalar.INT
        count, after = self._fresh("count", kind, common), self._fresh("left", kind, common)
        writes, reads = self._flag(write, common), self._flag(read, common)
        zero_, one = Const(0, kind), Const(1, kind)
        came = self._define("came", kind, Apply(Op.WHERE, (writes, one, zero_)), common)
        full = self._define("waiting", kind, Apply(Op.ADD, (count, came)), common)
        went = self._define("went", kind, Apply(Op.WHERE, (reads, one, zero_)), common)
        self._equate(count, Fby(Const(len(rhs.init), kind), after, self._resets))
        self._equate(after, Apply(Op.SUB, (full, went)))
        holds, bounds = clauses(self._now.target, self._bounds)
        some = self._define("some", BOOL, Apply(Op.GE, (full, went)), common)
        self._properties.append(Property(PropertyKind.ENSURE, holds, some, self._now.span))
        for clause, bound in bounds.items():
            room = self._define("room", BOOL, Apply(Op.LE, (full, Const(bound, kind))), common)
            self._properties.append(Property(PropertyKind.ENSURE, clause, room, self._now.span))

    def _flag(self, gate: _Gate, common: Clock) -> Atom:
        """A Boolean on ``common`` that is true at the instants of a gate."""
        if gate.test is None:
            return Const(True, BOOL)
        condition, constructor = gate.test
        if constructor is True:
            return condition
        if constructor is False:
            return self._define("present", BOOL, Apply(Op.NOT, (condition,)), common)
        wanted = Const(constructor, element(condition.type))
        return self._define("present", BOOL, Apply(Op.EQ, (condition, wanted)), common)

    # Between clocks.

    def _on_common(self, reset: Var, common: Clock) -> Var:
        """A reset at the instants of the common clock, or of one that contains it."""
        path = steps(self._clocks[reset])[len(steps(common)) :]
        if contains(self._clocks[reset], common):
            return reset
        raised = self._raised(reset, [self._test(step, "restarts") for step in path], path, "restart")
        assert isinstance(raised, Var)
        return raised

    def _gate(self, clock: Clock, common: Clock, role: str) -> _Gate:
        path = steps(clock)[len(steps(common)) :]
        if not path:
            return _Gate(None, common, lambda x: x, lambda y: Apply(Op.COPY, (y,)))
        tests = [self._test(step, role) for step in path]
        if len(tests) == 1:
            return _Gate(tests[0], clock, lambda x: x, lambda y: Apply(Op.COPY, (y,)))
        # One Boolean of the common clock stands for several conditions inside each other.
        flag = self._raised(Const(True, BOOL), tests, path, f"{role}s")
        assert isinstance(flag, Var)
        inner = On(common, flag, True)

        def enter(x: Atom) -> Atom:
            outside = self._raised(x, tests, path, "raised")
            return self._define("entering", x.type, When(outside, flag, True), inner)

        def leave(y: Var) -> Rhs:
            filler = self._others(flag, True, lambda _: zero(y.type))
            outside: Var = self._define("leaving", y.type, Merge(flag, ((True, y), *filler)), common)
            for test, step in zip(tests[:-1], path[:-1], strict=True):
                outside = self._define("leaving", y.type, When(outside, *test), step)
            return When(outside, *tests[-1])

        return _Gate((flag, True), inner, enter, leave)

    def _test(self, step: On | Periodic, role: str) -> _Test:
        """The condition of the last step of a clock, as a stream."""
        if isinstance(step, On):
            return step.condition, step.constructor
        wave = self._define(f"{role}s", BOOL, Wave(step.word), step.parent)
        self._waves[wave] = step.word
        return wave, True

    def _raised(self, x: Atom, tests: list[_Test], path: list[On | Periodic], role: str) -> Atom:
        """``x`` from the clock at the end of ``path`` to the one above its start, zero where it is absent."""
        for (condition, constructor), step in zip(reversed(tests), reversed(path), strict=True):
            filler = self._others(condition, constructor, lambda _, x=x: zero(x.type))
            x = self._define(role, x.type, Merge(condition, ((constructor, x), *filler)), step.parent)
        return x

    def _chosen(self, gate: _Gate, new: Atom, old: Var) -> Rhs:
        """``new`` at the instants of a gate, ``old`` at the others."""
        if gate.test is None:
            return Apply(Op.COPY, (new,))
        condition, constructor = gate.test

        def kept(other: bool | str) -> Var:
            parent = self._clocks[condition]
            return self._define("before", old.type, When(old, condition, other), self._on(parent, condition, other))

        return Merge(condition, ((constructor, new), *self._others(condition, constructor, kept)))

    def _others(
        self, condition: Var, constructor: bool | str, value: Callable[[bool | str], Atom]
    ) -> list[tuple[bool | str, Atom]]:
        names = condition.type.constructors if isinstance(condition.type, EnumType) else (True, False)
        return [(name, value(name)) for name in names if name != constructor]

    def _sampled(self, gate: _Gate, source: Var) -> Var:
        if gate.test is None:
            return source
        return self._define("sampled", source.type, When(source, *gate.test), gate.clock)

    # Equations.

    def _on(self, parent: Clock, condition: Var, constructor: bool | str) -> Clock:
        if condition in self._waves:
            word = self._waves[condition]
            return every(parent, word if constructor else complement(word))
        return self._conditions.on(parent, condition, constructor)

    def _define_target(self, rhs: Rhs) -> None:
        self._equations.append(replace(self._now, rhs=rhs))

    def _define(self, role: str, type_: Type, rhs: Rhs, clock: Clock) -> Var:
        var = self._fresh(role, type_, clock)
        self._equate(var, rhs)
        return var

    def _equate(self, var: Var, rhs: Rhs) -> None:
        self._equations.append(Equation((var,), rhs, self._now.span, self._clocks[var]))

    def _fresh(self, role: str, type_: Type, clock: Clock) -> Var:
        stem = name = f"{self._now.target.name}_{role}"
        count = 1
        while name in self._names:
            count += 1
            name = f"{stem}_{count}"
        self._names.add(name)
        var = Var(name, type_, self._now.span)
        self._clocks[var] = clock
        return var


def _contents(init: tuple[Const, ...], slots: int, kind: Element, extents: tuple[int, ...]) -> Const:
    """The array of a ring at first."""
    values = np.zeros((slots, *extents), dtype=dtype(kind))
    for position, constant in enumerate(init):
        values[position] = constant.machine()
    return Const(Array.of(values, kind), kind)
