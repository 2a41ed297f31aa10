"""One instant of a sweep as a node without memory.

Rule: the node computes the streams of one sweep at one instant of a segment. Inputs and outputs are, first, what is
carried from instant to instant: the memory of each delay, cut where a reset is true and at the start; the value of
each look ahead, cut at the end; the value at the border of each stream that is taken at the end only. Then, what is
given for each instant and for all of them; and what is kept of each instant.

    x = c fby f           x = c if a reset is true else m;                    m' = f
    x = f post i          x = m if something follows and not last else i;     m' = f, something follows
    x taken at the end    m' = x if last else m                               the result is the last m'

On a slower clock than the segment's, m' is m where the stream is absent. Where the sweep has gone beyond the end of a
short segment, every m' is m.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, InternalFault, Span, error
from syncml.ir.clocks import BASE, Clock, On, steps
from syncml.ir.constants import Const, zero
from syncml.ir.equations.backward import Direction, Sweeps
from syncml.ir.equations.growth import Growth
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Call,
    Equation,
    Fby,
    Iterate,
    Merge,
    Node,
    Pack,
    Post,
    Rhs,
    Var,
    Wave,
    When,
)
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, EnumType


@dataclass(frozen=True, slots=True)
class Shift:
    """A stream as it was at the instant before or after."""

    source: Var
    direction: Direction


@dataclass(frozen=True, slots=True)
class Body:
    """The node of a sweep, and what its inputs and outputs stand for.

    ``starts`` are what the carried inputs start with and ``finals`` the streams that the carried outputs after them
    are the result for. ``given`` are streams of the calling node, or of it at a neighbouring instant; ``kept`` are the
    streams of which every instant is wanted.
    """

    node: Node
    starts: tuple[Const, ...]
    finals: tuple[tuple[Var, int], ...]
    given: tuple[Var | Shift, ...]
    kept: tuple[Var, ...]


def _renames(definition: Equation | None) -> bool:
    """Whether a stream copies or negates another, so that a clock may have the other for its condition."""
    if definition is None:
        return False
    match definition.rhs:
        case Apply(Op.COPY | Op.NOT, (Var(),)):
            return True
        case _:
            return False


def _is_pointwise(definition: Equation) -> bool:
    """Whether a stream is computed from others of its instant."""
    return isinstance(definition.rhs, Apply | When | Merge)


def unsweepable(span: Span, what: str, help_: str) -> DiagnosticError:
    """K015: a stream ahead that no sweep can compute."""
    return DiagnosticError(error("K015", f"{what} cannot be computed from the future of a segment", span, help=help_))


class BodyBuilder:
    """The body of sweep ``number``."""

    def __init__(
        self,
        node: Node,
        sweeps: Sweeps,
        number: int,
        ends: tuple[Var, ...],
        starts: tuple[Var, ...],
        kept: tuple[Var, ...],
        active: Var | None,
    ) -> None:
        self._node = node
        self._sweeps = sweeps
        self._direction = sweeps.directions[number]
        self._mine = sweeps.streams(number)
        self._definitions = {t: e for e in node.equations for t in e.targets}
        self._tick = node.clocks[sweeps.segment.last]
        self._body = Growth((), node.span)
        self._clocks: dict[Clock, Clock] = {self._tick: BASE}
        self._streams: dict[Var, Var] = {}
        self._given: dict[Var | Shift, Var] = {}
        self._carried: list[tuple[Var, Const, Atom]] = []
        self._finals: list[tuple[Var, int]] = []
        self._ends, self._starts, self._kept = ends, starts, kept
        self._active: Var | None = None
        if active is not None:
            self._active = self._given[active] = self._body.fresh("in_use", BOOL, BASE)

    def body(self, name: str) -> Body:
        """Build it."""
        for var in self._mine:
            self._streams[var] = self._copy(var, self._clock(self._node.clocks[var], self._definitions[var].span))
        memories = [self._memory(self._definitions[var]) for var in self._mine]
        for complete in memories:
            complete()
        for taken, border in ((self._ends, self._sweeps.segment.last), (self._starts, self._sweeps.segment.first)):
            for var in taken:
                self._finals.append((var, len(self._carried)))
                memory = self._body.fresh(f"{var.name}_taken", var.type, BASE, var.span)
                here = self._read(border)
                after = self._body.apply(f"{var.name}_taken_next", BASE, Op.WHERE, here, self._read(var), memory)
                self._carried.append((memory, zero(var.type), after))
        outputs = [self._guarded(memory, after) for memory, _, after in self._carried]
        outputs += [self._every_instant(var) for var in self._kept]
        inputs = [memory for memory, _, _ in self._carried] + list(self._given.values())
        node = replace(
            self._node,
            name=name,
            label=name,
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            equations=tuple(self._body.equations),
            properties=(),
            rate=None,
            abstract=False,
            clocks=self._body.clocks,
            documentation="",
            parameters=(),
        )
        starts = tuple(start for _, start, _ in self._carried)
        return Body(node, starts, tuple(self._finals), tuple(self._given), self._kept)

    # Names and clocks.

    def _copy(self, var: Var, clock: Clock) -> Var:
        """A stream of the node in the body; there it is nobody's name, because its values are not of one instant."""
        return self._body.fresh(var.name, var.type, clock, var.span)

    def _clock(self, clock: Clock, span: Span) -> Clock:
        """A clock of the node, seen from the clock of the segment."""
        if clock in self._clocks:
            return self._clocks[clock]
        path = steps(clock)
        base = 0 if self._tick == BASE else (path.index(self._tick) + 1 if self._tick in path else -1)
        result: Clock = BASE
        for step in path[base:] if base >= 0 else []:
            if not isinstance(step, On):
                raise unsweepable(span, "a stream with a periodic clock", "use the clock of the segment here")
            result = On(result, self._stream(step.condition), step.constructor)
        if base < 0:
            raise unsweepable(span, "a stream that is not on the clock of the segment", "sample it within the segment")
        self._clocks[clock] = result
        return result

    def _input(self, key: Var | Shift) -> Var:
        if key not in self._given:
            var = key if isinstance(key, Var) else key.source
            suffix = "" if isinstance(key, Var) else f"_{key.direction.value}"
            self._given[key] = self._body.fresh(f"{var.name}{suffix}", var.type, BASE, var.span)
        return self._given[key]

    def _stream(self, var: Var) -> Var:
        """A stream of the node in the body."""
        if var in self._streams:
            return self._streams[var]
        clock = self._node.clocks[var]
        definition = self._definitions.get(var)
        if clock == self._tick and not (var not in self._sweeps.number and _renames(definition)):
            found = self._input(var)
        elif definition is not None and var not in self._sweeps.number and _is_pointwise(definition):
            found = self._copy(var, self._clock(clock, definition.span))
            self._streams[var] = found
            self._body.equate(found, self._pointwise(definition), definition.span)
        else:
            # Of another sweep, or remembered: on a slower clock than that of the segment it is kept with gaps.
            found = self._sample(self._input(var), self._clock(clock, var.span))
        self._streams[var] = found
        return found

    def _read(self, atom: Atom) -> Atom:
        return self._stream(atom) if isinstance(atom, Var) else atom

    # From clock to clock.

    def _sample(self, var: Var, clock: Clock) -> Var:
        """``var``, on the clock of the segment, at the instants of ``clock``."""
        result = var
        for step in steps(clock):
            assert isinstance(step, On)
            rhs = When(result, step.condition, step.constructor)
            result = self._body.define(f"{var.name}_when", var.type, step, rhs)
        return result

    def _everywhere(self, value: Atom, clock: Clock, otherwise: Atom) -> Atom:
        """``value``, on ``clock``, where that is present, and ``otherwise`` where it is not."""
        result = value
        for step in reversed(steps(clock)):
            assert isinstance(step, On)
            kind = step.condition.type
            names = kind.constructors if isinstance(kind, EnumType) else (True, False)
            branches: list[tuple[bool | str, Atom]] = []
            for name in names:
                other = otherwise
                if name != step.constructor and isinstance(otherwise, Var):
                    above = self._sample(otherwise, step.parent)
                    rhs = When(above, step.condition, name)
                    other = self._body.define("other", otherwise.type, On(step.parent, step.condition, name), rhs)
                branches.append((name, result if name == step.constructor else other))
            result = self._body.define("everywhere", value.type, step.parent, Merge(step.condition, tuple(branches)))
        return result

    # Equations.

    def _memory(self, equation: Equation) -> Callable[[], None]:
        """Define a stream; what it remembers is given by the result, when all streams are defined."""
        var, rhs = equation.target, equation.rhs
        match rhs:
            case Fby():
                return self._delay(var, rhs, equation.span)
            case Post():
                return self._look_ahead(var, rhs, equation.span)
            case Call() | Iterate() | Wave() | Pack():
                what = "a word" if isinstance(rhs, Wave) else "what another segment or instance gives"
                raise unsweepable(equation.span, what, "compute it outside of the segment, or at its end")
            case _:
                self._body.equate(self._streams[var], self._pointwise(equation), equation.span)
                return lambda: None

    def _pointwise(self, equation: Equation) -> Rhs:
        rhs = equation.rhs
        match rhs:
            case Apply():
                return replace(rhs, arguments=tuple(map(self._read, rhs.arguments)))
            case When():
                return When(self._read(rhs.source), self._stream(rhs.condition), rhs.constructor)
            case Merge():
                branches = tuple((name, self._read(atom)) for name, atom in rhs.branches)
                return Merge(self._stream(rhs.condition), branches)
            case _:
                raise InternalFault(f"{equation.target.name} is not pointwise")

    def _delay(self, var: Var, rhs: Fby, span: Span) -> Callable[[], None]:
        target = self._streams[var]
        clock = self._body.clocks[target]
        init = rhs.init or zero(var.type)
        starts: Atom | None = None
        for reset in rhs.resets:
            at = self._everywhere(self._read(reset), self._clock(self._node.clocks[reset], span), Const(False, BOOL))
            starts = at if starts is None else self._body.apply("start", BASE, Op.OR, starts, at)
        if self._direction is Direction.BACKWARD:
            memory = self._neighbour(rhs.following, clock, Direction.FORWARD, span)
        else:
            memory = self._body.fresh(f"{var.name}_memory", var.type, BASE, var.span)
        now: Atom = memory
        if starts is not None:
            now = self._body.define(f"{var.name}_now", var.type, BASE, Apply(Op.WHERE, (starts, init, memory)))
        assert isinstance(now, Var)
        self._finish(target, now, clock, span)
        if self._direction is Direction.BACKWARD:
            return lambda: None
        assert isinstance(memory, Var)

        def complete() -> None:
            after = self._everywhere(self._read(rhs.following), clock, now)
            self._carried.append((memory, init, after))

        return complete

    def _look_ahead(self, var: Var, rhs: Post, span: Span) -> Callable[[], None]:
        target = self._streams[var]
        clock = self._body.clocks[target]
        last = self._read(rhs.segment.last)
        if self._direction is Direction.FORWARD:
            memory = self._neighbour(rhs.following, clock, Direction.BACKWARD, span)
            arguments = (last, self._read(rhs.init), memory)
            self._body.equate(target, Apply(Op.WHERE, arguments), span)
            return lambda: None
        memory = self._body.fresh(f"{var.name}_memory", var.type, BASE, var.span)
        if clock == BASE:

            def complete() -> None:
                self._body.equate(target, Apply(Op.WHERE, (last, self._read(rhs.init), memory)), span)
                self._carried.append((memory, zero(var.type), self._read(rhs.following)))

            return complete
        follows = self._body.fresh(f"{var.name}_follows", BOOL, BASE)
        inside = self._body.apply("inside", BASE, Op.NOT, last)
        ahead = self._body.apply("ahead", BASE, Op.AND, follows, inside)

        def complete_slow() -> None:
            arguments = (self._sample(ahead, clock), self._sample(memory, clock), self._read(rhs.init))
            self._body.equate(target, Apply(Op.WHERE, arguments), span)
            self._carried.append((memory, zero(var.type), self._everywhere(self._read(rhs.following), clock, memory)))
            self._carried.append((follows, Const(False, BOOL), self._everywhere(Const(True, BOOL), clock, ahead)))

        return complete_slow

    def _neighbour(self, following: Atom, clock: Clock, direction: Direction, span: Span) -> Atom:
        """A stream that an earlier sweep gives, at the instant before (forward) or after (backward)."""
        if not isinstance(following, Var):
            return following
        if clock != BASE or self._node.clocks[following] != self._tick:
            raise unsweepable(span, "a neighbouring value on a slower clock", "use the clock of the segment here")
        return self._input(Shift(following, direction))

    def _finish(self, target: Var, now: Var, clock: Clock, span: Span) -> None:
        value: Var = now
        path = steps(clock)
        for step in path[:-1]:
            assert isinstance(step, On)
            value = self._body.define("now", now.type, step, When(value, step.condition, step.constructor))
        if not path:
            self._body.equate(target, Apply(Op.COPY, (now,)), span)
        else:
            step = path[-1]
            assert isinstance(step, On)
            self._body.equate(target, When(value, step.condition, step.constructor), span)

    # Outputs.

    def _guarded(self, memory: Var, after: Atom) -> Var:
        """What is carried on: nothing new beyond the end."""
        return self._output(f"{memory.name}_next", memory.span, after, memory)

    def _every_instant(self, var: Var) -> Var:
        """A stream at each instant; zero where it is absent and beyond the end."""
        nothing = zero(var.type)
        value = self._everywhere(self._stream(var), self._body.clocks[self._stream(var)], nothing)
        return self._output(f"{var.name}_each", var.span, value, nothing)

    def _output(self, name: str, span: Span, value: Atom, beyond: Atom) -> Var:
        rhs = Apply(Op.COPY, (value,)) if self._active is None else Apply(Op.WHERE, (self._active, value, beyond))
        return self._body.equate(self._body.fresh(name, value.type, BASE, span), rhs)
