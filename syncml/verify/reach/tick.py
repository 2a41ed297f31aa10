"""One tick of a plan on sets of values: inputs and memory in, streams and memory out.

    now = init where a reset is true, else memory;   memory' = the operand where the clock is present, else now

Rule: every stream is computed for every box, and counts where its clock may be present. What is present is known as a
truth value for each box; words and periodic clocks have to advance alike in all boxes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.clocks import BASE, Base, Clock, On, Periodic, Word
from syncml.ir.constants import zero
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Merge, Var, Wave, When
from syncml.ir.operators import Op
from syncml.ir.types import FLOATS, EnumType, element
from syncml.verify.networks.crown import bounds
from syncml.verify.networks.region import Region
from syncml.verify.networks.rounding import Floats
from syncml.verify.reach.forms import Form, Mask, Symbols, everything, form, points
from syncml.verify.reach.operators import value_of
from syncml.verify.reach.plan import Plan
from syncml.verify.reach.values import (
    Ints,
    Truth,
    UnsupportedError,
    Value,
    compared,
    constant,
    definite,
    logical,
    selected,
    unknown,
)

_AT_A_TIME = 48
"""Boxes for which a network is bounded at a time: larger batches leave the processor's cache."""


@dataclass(slots=True)
class Memory:
    """The registers by the stream that reads them, how far words were read, and how often clocks were present."""

    registers: dict[Var, Value]
    letters: dict[Var, int] = field(default_factory=dict[Var, int])
    ages: dict[Clock, int] = field(default_factory=dict[Clock, int])

    @property
    def unknowns(self) -> int:
        """The number of unknowns that the registers share."""
        return max((x.generators.shape[2] for x in self.registers.values() if isinstance(x, Form)), default=0)

    def part(self, boxes: Mask) -> Memory:
        """Some of the boxes."""
        return Memory({v: x.part(boxes) for v, x in self.registers.items()}, dict(self.letters), dict(self.ages))


def initial(plan: Plan) -> Memory:
    """The memory before the first tick."""
    registers: dict[Var, Value] = {}
    for equation in plan.registers:
        assert isinstance(equation.rhs, Fby)
        registers[equation.target] = constant(equation.rhs.init or zero(equation.target.type))
    return Memory(registers)


class Tick:
    """The streams of one tick, computed in the order of the plan."""

    def __init__(
        self, plan: Plan, memory: Memory, inputs: Mapping[Var, Value], symbols: Symbols, *, floats: bool = True
    ) -> None:
        """``floats`` False leaves every float unknown: only what does not depend on floats is followed."""
        self._plan = plan
        self._memory = memory
        self._symbols = symbols
        self._floats = floats
        self._presence: dict[Clock, Truth] = {}
        self.streams: dict[Var, Value] = dict(inputs)

    def run(self, equations: tuple[Equation, ...]) -> None:
        """Compute the targets of equations."""
        for equation in equations:
            if equation.target in self.streams:
                continue
            remembers = isinstance(equation.rhs, Fby | Wave)
            if not remembers and not self.present(equation.clock or BASE).true.any():
                # Absent in every box: nothing reads it.
                self.streams[equation.target] = unknown(equation.target.type)
            else:
                self.streams[equation.target] = self._value(equation)

    def finished(self) -> Memory:
        """The memory after the tick."""
        registers: dict[Var, Value] = {}
        for equation in self._plan.registers:
            assert isinstance(equation.rhs, Fby)
            here = self.present(equation.clock or BASE)
            after, now = self._atom(equation.rhs.following), self.streams[equation.target]
            registers[equation.target] = selected(here.true, here.false, after, now)
        letters, ages = dict(self._memory.letters), dict(self._memory.ages)
        for equation in self._plan.order:
            if isinstance(equation.rhs, Wave) and self._surely(equation.clock or BASE):
                letters[equation.target] = _next(equation.rhs.word, letters.get(equation.target, 0))
        for clock in self._periodic():
            if self._surely(clock.parent):
                ages[clock] = _next(clock.word, ages.get(clock, 0))
        return Memory(registers, letters, ages)

    def present(self, clock: Clock) -> Truth:
        """Whether a clock is present."""
        path: list[Clock] = []
        current = clock
        while current not in self._presence and not isinstance(current, Base):
            path.append(current)
            current = current.parent
        self._presence.setdefault(BASE, definite(True))
        for each in reversed(path):
            assert not isinstance(each, Base)
            self._presence[each] = self._step(each)
        return self._presence[clock]

    def _step(self, clock: On | Periodic) -> Truth:
        above = self._presence[clock.parent]
        if isinstance(clock, Periodic):
            letter = bool(clock.word.at(self._memory.ages.get(clock, 0)))
            if letter:
                self._surely(clock.parent)
            return above if letter else definite(False)
        return logical(Op.AND, above, self._equals(clock.condition, clock.constructor))

    def _surely(self, clock: Clock) -> bool:
        here = self.present(clock)
        if not here.true.any():
            return False
        if here.false.any():
            raise UnsupportedError("a periodic clock on a clock that depends on what is not known")
        return True

    def _periodic(self) -> set[Periodic]:
        found: set[Periodic] = set()
        for equation in self._plan.order:
            current = equation.clock or BASE
            while not isinstance(current, Base):
                if isinstance(current, Periodic):
                    found.add(current)
                current = current.parent
        return found

    def _equals(self, condition: Var, constructor: bool | str) -> Truth:
        value = self.streams[condition]
        if isinstance(value, Truth):
            return value if constructor is True else Truth(value.false, value.true)
        kind = element(condition.type)
        assert isinstance(value, Ints)
        assert isinstance(kind, EnumType)
        number = kind.constructors.index(str(constructor))
        return compared(Op.EQ, (value.low - number).astype(np.float64), (value.high - number).astype(np.float64))

    def _atom(self, atom: Atom) -> Value:
        return self.streams[atom] if isinstance(atom, Var) else constant(atom)

    def _value(self, equation: Equation) -> Value:
        rhs, target = equation.rhs, equation.target
        if not self._floats and element(target.type) in FLOATS:
            return unknown(target.type)
        found = self._plan.networks.get(target)
        if found is not None:
            source = self.streams[found.source]
            assert isinstance(source, Form)
            return self._network(source, target)
        match rhs:
            case Apply():
                types = [a.type for a in rhs.arguments]
                return value_of(rhs, [self._atom(a) for a in rhs.arguments], types, target.type, self._symbols)
            case Fby():
                now = self._memory.registers[target]
                for reset in rhs.resets:
                    again = self._reset(reset)
                    first = constant(rhs.init or zero(target.type))
                    now = selected(again.true, again.false, first, now)
                return now
            case When():
                return self._atom(rhs.source)
            case Merge():
                return self._merged(rhs)
            case Wave():
                if any(self._reset(r).true.any() for r in rhs.resets):
                    raise UnsupportedError("a periodic word that is reset")
                return definite(bool(rhs.word.at(self._memory.letters.get(target, 0))))
            case _:
                raise UnsupportedError(f"{type(rhs).__name__.lower()} equations")

    def _reset(self, reset: Var) -> Truth:
        value = self.streams[reset]
        assert isinstance(value, Truth)
        return logical(Op.AND, value, self.present(self._plan.node.clocks.get(reset, BASE)))

    def _merged(self, rhs: Merge) -> Value:
        (_, atom), *rest = rhs.branches
        result = self._atom(atom)
        for constructor, other in rest:
            chosen = self._equals(rhs.condition, constructor)
            result = selected(chosen.true, chosen.false, self._atom(other), result)
        return result

    def _network(self, x: Form, target: Var) -> Value:
        """The network as a linear function of its inputs and an error for each output."""
        network = self._plan.networks[target].network
        if self._symbols.concrete:
            return points(network(x.center))
        if not np.isfinite(x.spread).all():
            return everything(network.outputs)
        parts = [
            bounds(network, Region(x.center[s], x.generators[s], x.radius[s])).linear()
            for s in (slice(i, i + _AT_A_TIME) for i in range(0, x.center.shape[0], _AT_A_TIME))
        ]
        slopes, constant_, error = (np.concatenate([p[i] for p in parts]) for i in range(3))
        return _through(x, slopes, constant_, error, self._symbols)


def _through(x: Form, slopes: Floats, offset: Floats, error: Floats, symbols: Symbols) -> Form:
    """``slopes @ x + offset`` up to ``error``, with an unknown for each output's error."""
    size = np.abs(slopes)
    lost = 2.0**-50 * (slopes.shape[2] + 4) * ((size @ x.magnitude[:, :, None])[:, :, 0] + np.abs(offset))
    center = (slopes @ x.center[:, :, None])[:, :, 0] + offset
    radius = (size @ x.radius[:, :, None])[:, :, 0] + lost
    outputs = center.shape[1]
    first = symbols.fresh(outputs)
    generators = np.zeros((*center.shape, symbols.count))
    generators[:, :, : x.generators.shape[2]] = slopes @ x.generators
    each = np.arange(outputs, dtype=np.intp)
    generators[:, each, first + each] = np.where(np.isfinite(error), error, 0.0)
    return form(center, generators, np.where(np.isfinite(error), radius, np.inf))


def _next(word: Word, position: int) -> int:
    """The position after one letter, in the first period."""
    after = position + 1
    return after if after < len(word.prefix) + len(word.period) else len(word.prefix)
