"""The reference interpreter: the meaning of clocked equations, and the oracle of every other engine.

Rule: at each tick, an equation whose clock is present defines its target by its right-hand side, one whose clock is
absent leaves it absent; equations fire when what they read is known, until all have fired (the least fixed point).
A reset puts the memory of an equation back before it is read.
Then every register whose clock was present takes its next value, and every word advances. Calls are inlined first.

Where a `post` asks for a later instant, the value is not known yet, and what needs it stays unknown. The instants since
everything was known are kept; when a segment ends, they are visited backwards and forwards until nothing more becomes
known: the least fixed point over streams from instants to values. What is still unknown after the last tick is absent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from typing import Any, assert_never

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, InternalFault, error
from syncml.ir.clocks import Clock, Periodic, steps
from syncml.ir.constants import Const, dtype, zero
from syncml.ir.equations.inline import inline
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Buffer,
    Call,
    Equation,
    Fby,
    Iterate,
    Merge,
    Node,
    Pack,
    Post,
    Program,
    Rhs,
    Var,
    Wave,
    When,
    resets,
)
from syncml.ir.types import EnumType, element, shape
from syncml.lazy import numpy as np
from syncml.sim.evaluate import evaluate
from syncml.sim.exact import ExactRun, exact_run
from syncml.sim.inputs import Raw, prepare
from syncml.sim.order import clock_of, likely_order
from syncml.sim.trace import Column, Trace


class _Absent:
    """The state of a stream at a tick at which its clock is absent."""

    def __repr__(self) -> str:
        return "absent"


_ABSENT = _Absent()


class _Unknown:
    """What a memory holds after a value that is not known yet."""

    def __repr__(self) -> str:
        return "unknown"


_UNKNOWN = _Unknown()


class _UnknownError(Exception):
    """A value that is not known yet at this tick."""


@dataclass(frozen=True, slots=True)
class Run:
    """What an interpretation yields: every stream that is kept at every tick, and the registers after the last one."""

    trace: Trace
    state: Mapping[str, Any]


def interpret(
    program: Program,
    inputs: Raw,
    ticks: int,
    state: Mapping[str, Any] | None = None,
    observe: Collection[str] | None = None,
) -> Run:
    """Run the main node of a clocked ``program`` for ``ticks`` base ticks.

    Args:
        program: Clocked equations that passed all checks.
        inputs: For each input one value a tick; None where absent.
        ticks: The number of base ticks.
        state: Registers to start from, by name (default: initial values; ``pre`` without one starts at zero).
        observe: The names of the streams to keep beside inputs and outputs (default: all of them).

    Raises:
        DiagnosticError: S001 to S003, the inputs do not fit.
    """
    node = inline(program).node(program.main)
    return Interpreter(node, state).run(inputs, ticks, observe)


def replay(program: Program, inputs: Mapping[str, Sequence[Any]], ticks: int) -> Trace | ExactRun:
    """The trace of a run, by which the verifier judges its counterexamples."""
    return exact_run(program, inputs, ticks) or interpret(program, inputs, ticks).trace


@dataclass(slots=True)
class _Memory:
    """What an instance remembers between two ticks.

    ``state`` are the registers, ``letters`` how far each word was read, ``ages`` how often each clock was present, and
    ``packed`` the values since the start of the segment, ``before`` those of the segment before.
    """

    state: dict[Var, Any]
    letters: dict[Var, Any]
    ages: dict[Clock, int]
    packed: dict[Var, tuple[Any, ...]]
    before: dict[Var, tuple[Any, ...]]

    def copy(self) -> _Memory:
        return _Memory(self.state.copy(), self.letters.copy(), self.ages.copy(), self.packed.copy(), self.before.copy())


@dataclass(slots=True)
class _Instant:
    """One tick: the memory before it, what is known of it, and what is not."""

    tick: int
    before: _Memory
    pending: list[Var | Equation]
    now: dict[Var, Any] = field(default_factory=dict[Var, Any])
    presence: dict[Clock, bool] = field(default_factory=dict[Clock, bool])


class Interpreter:
    """One instance of a flat node, with its state."""

    def __init__(self, node: Node, state: Mapping[str, Any] | None = None) -> None:
        self._node = node
        self._equations = likely_order(node)
        self._variables = (*node.inputs, *(t for e in node.equations for t in e.targets))
        self._registers = {e.target: e for e in node.equations if isinstance(e.rhs, Fby)}
        self._words = {e.target: e for e in node.equations if isinstance(e.rhs, Wave)}
        self._packs = {e.target: e.rhs for e in node.equations if isinstance(e.rhs, Pack)}
        self._lasts = tuple(dict.fromkeys(e.rhs.segment.last for e in node.equations if isinstance(e.rhs, Post)))
        initial = {var: _initial(e) for var, e in self._registers.items()}
        for var in self._registers if state else ():
            initial[var] = (state or {})[var.name]
        self._memory = _Memory(
            initial, dict.fromkeys(self._words, 0), {}, dict.fromkeys(self._packs, ()), dict.fromkeys(self._packs, ())
        )
        self._given: Mapping[Var, Column] = {}
        self._window: list[_Instant] = []
        self._at = 0
        self._now: dict[Var, Any] = {}
        self._presence: dict[Clock, bool] = {}

    def state(self) -> dict[str, Any]:
        """The registers, by the name of the stream that reads them; those that wait for the future are left out."""
        return {var.name: value for var, value in self._memory.state.items() if value is not _UNKNOWN}

    def run(self, inputs: Raw, ticks: int, observe: Collection[str] | None = None) -> Run:
        """Run for ``ticks`` ticks from the present state, and keep inputs, outputs and what is observed, or all."""
        self._given = prepare(self._node, inputs, ticks)
        ends = {*self._node.inputs, *self._node.outputs}
        kept = [v for v in self._variables if observe is None or v in ends or v.name in observe]
        columns = {v: Column.empty(v.name, v.type, ticks, unit=v.unit) for v in kept}
        for tick in range(ticks):
            before = self._memory.copy() if self._lasts else self._memory
            self._window.append(_Instant(tick, before, [*self._node.inputs, *self._equations]))
            self._visit(len(self._window) - 1)
            self._advance()
            if any(instant.pending for instant in self._window) and any(map(self._ends, self._lasts)):
                self._settle()
            if not any(instant.pending for instant in self._window) or tick == ticks - 1:
                for instant in self._window:
                    _record(instant, columns)
                self._window = []
        return Run(Trace(tuple(columns.values()), ticks, self._node.rate), self.state())

    def _ends(self, last: Var) -> bool:
        value = self._now.get(last, _ABSENT)
        return value is not _ABSENT and bool(value)

    def _settle(self) -> None:
        """Visit the instants of the window backwards and forwards until nothing more becomes known."""
        count = len(self._window)
        progress = True
        while progress and any(instant.pending for instant in self._window):
            progress = False
            for position in reversed(range(count - 1)):
                self._memory = self._window[position].before.copy()
                progress |= self._visit(position)
            # The way forwards comes last, because it remembers.
            self._memory = self._window[0].before.copy()
            for position in range(count):
                self._window[position].before = self._memory.copy()
                progress |= self._visit(position)
                self._advance()

    def _visit(self, position: int) -> bool:
        """Fire at one instant what can fire; whether anything did."""
        instant = self._window[position]
        self._at, self._now, self._presence = position, instant.now, instant.presence
        before = len(instant.pending)
        while instant.pending:
            waiting = [item for item in instant.pending if not self._fire(item, instant.tick)]
            if len(waiting) == len(instant.pending):
                break
            instant.pending = waiting
        if instant.pending and not self._lasts:
            raise InternalFault(f"{self._node.label} has an instantaneous cycle that the causality check accepted")
        return len(instant.pending) < before

    def _fire(self, item: Var | Equation, tick: int) -> bool:
        try:
            if isinstance(item, Var):
                present = self._present(self._node.clocks[item])
                self._now[item] = _input(self._given[item], tick) if present else _ABSENT
            else:
                self._reset(item.target, item.rhs)
                self._now[item.target] = self._value(item) if self._present(clock_of(item)) else _ABSENT
        except _UnknownError:
            return False
        return True

    def _reset(self, target: Var, rhs: Rhs) -> None:
        """Put the memory of an equation back before it is read, where a reset is present and true."""
        if not any(self._present(self._node.clocks[r]) and bool(self._read(r)) for r in resets(rhs)):
            return
        match rhs:
            case Fby():
                self._memory.state[target] = _initial(self._registers[target])
            case Wave():
                self._memory.letters[target] = 0
            case Pack():
                self._memory.before[target] = ()
            case _:
                raise InternalFault(f"{target.name} is reset and has no memory")

    def _read(self, atom: Atom) -> Any:
        if isinstance(atom, Const):
            return atom.machine()
        if atom not in self._now:
            raise _UnknownError
        value = self._now[atom]
        if value is _ABSENT:
            raise InternalFault(f"{atom.name} is read while it is absent")
        return value

    def _present(self, clock: Clock) -> bool:
        if clock not in self._presence:
            self._presence[clock] = self._holds(clock)
        return self._presence[clock]

    def _holds(self, clock: Clock) -> bool:
        for step in steps(clock):
            if isinstance(step, Periodic):
                here = bool(step.word.at(self._memory.ages.get(step.parent, 0)))
            else:
                here = self._selects(step.condition, step.constructor)
            if not here:
                return False
        return True

    def _selects(self, condition: Var, constructor: bool | str) -> bool:
        value = self._read(condition)
        if isinstance(condition.type, EnumType):
            return condition.type.constructors[int(value)] == constructor
        return bool(value) is constructor

    def _value(self, equation: Equation) -> Any:
        rhs = equation.rhs
        match rhs:
            case Apply():
                values = tuple(map(self._read, rhs.arguments))
                types = tuple(a.type for a in rhs.arguments)
                return evaluate(rhs.op, values, rhs.attribute, types, equation.target.type)
            case Fby():
                return _known(self._memory.state[equation.target])
            case When():
                return self._read(rhs.source)
            case Merge():
                chosen = next(atom for name, atom in rhs.branches if self._selects(rhs.condition, name))
                return self._read(chosen)
            case Wave():
                return np.bool_(rhs.word.at(_known(self._memory.letters[equation.target])))
            case Post():
                return self._later(rhs, clock_of(equation))
            case Pack():
                return self._collected(equation.target, rhs)
            case Call() | Iterate():
                raise InternalFault(f"a call of {rhs.node} was not inlined")
            case Buffer():
                raise InternalFault(f"the buffer {equation.target.name} is not lowered")
            case _:
                assert_never(rhs)

    def _later(self, rhs: Post, clock: Clock) -> Any:
        """The value at the next instant of the segment at which ``clock`` is present; the end's if there is none."""
        ends = bool(self._read(rhs.segment.last))
        for instant in self._window[self._at + 1 :]:
            if ends or clock not in instant.presence or rhs.segment.last not in instant.now:
                break
            if instant.presence[clock]:
                if isinstance(rhs.following, Const):
                    return rhs.following.machine()
                if rhs.following in instant.now:
                    return instant.now[rhs.following]
                break
            last = instant.now[rhs.segment.last]
            ends = last is not _ABSENT and bool(last)
        if ends:
            return self._read(rhs.init)
        raise _UnknownError

    def _collected(self, target: Var, rhs: Pack) -> Any:
        if rhs.is_late:
            values = list(map(_known, self._memory.before[target]))
        else:
            earlier = () if self._read(rhs.segment.first) else self._memory.packed[target]
            values = [*map(_known, earlier), self._read(rhs.source)]
        filled = np.zeros(shape(target.type), dtype(element(target.type)))
        if values:
            filled[: len(values)] = np.asarray(values, filled.dtype)
        return filled

    def _advance(self) -> None:
        memory = self._memory
        for var, equation in self._registers.items():
            assert isinstance(equation.rhs, Fby)
            try:
                self._reset(var, equation.rhs)
                if self._present(clock_of(equation)):
                    memory.state[var] = self._read(equation.rhs.following)
            except _UnknownError:
                memory.state[var] = _UNKNOWN
        for var, equation in self._words.items():
            try:
                self._reset(var, equation.rhs)
                memory.letters[var] = _known(memory.letters[var]) + self._present(clock_of(equation))
            except _UnknownError:
                memory.letters[var] = _UNKNOWN
        for var, rhs in self._packs.items():
            self._reset(var, rhs)
            if self._present(self._node.clocks[rhs.segment.last]):
                earlier = () if self._read(rhs.segment.first) else memory.packed[var]
                value = rhs.source.machine() if isinstance(rhs.source, Const) else self._now.get(rhs.source, _UNKNOWN)
                memory.packed[var] = (*earlier, value)
                if self._read(rhs.segment.last):
                    memory.before[var] = memory.packed[var]
        parents = {step for c in set(self._node.clocks.values()) for step in _word_clocks(c)}
        for clock in [clock for clock in parents if self._present(clock)]:
            memory.ages[clock] = memory.ages.get(clock, 0) + 1


def _known(value: Any) -> Any:
    """A remembered value, if it is known."""
    if value is _UNKNOWN:
        raise _UnknownError
    return value


def _initial(register: Equation) -> Any:
    """The first value of a register; zero where it has none."""
    rhs = register.rhs
    assert isinstance(rhs, Fby)
    return (rhs.init or zero(register.target.type)).machine()


def _record(instant: _Instant, columns: Mapping[Var, Column]) -> None:
    """Write what is known of an instant into its row."""
    for var, value in instant.now.items():
        if value is not _ABSENT and var in columns:
            columns[var].values[instant.tick] = value
            columns[var].present[instant.tick] = True


def _word_clocks(clock: Clock) -> list[Clock]:
    """The clocks whose instants a word in ``clock`` counts."""
    return [step.parent for step in steps(clock) if isinstance(step, Periodic)]


def _input(column: Column, tick: int) -> Any:
    if not column.present[tick]:
        message = f"input {column.name!r} has no value at tick {tick}, where its clock is present"
        raise DiagnosticError(error("S002", message, help="supply a value for each instant of its clock"))
    return column.values[tick]
