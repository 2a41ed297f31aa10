"""The reference interpreter: the meaning of clocked equations, and the oracle of every other engine.

Rule: at each tick, an equation whose clock is present defines its target by its right-hand side, one whose clock is
absent leaves it absent; equations fire when what they read is known, until all have fired (the least fixed point).
A reset puts the memory of an equation back before it is read.
Then every register whose clock was present takes its next value, and every word advances. Calls are inlined first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np

from syncml.diagnostics.model import DiagnosticError, InternalFault, error
from syncml.ir.clocks import Clock, Periodic, conditions, steps
from syncml.ir.constants import Const, zero
from syncml.ir.equations.inline import inline
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Buffer,
    Call,
    Equation,
    Fby,
    Merge,
    Node,
    Program,
    Rhs,
    Var,
    Wave,
    When,
    atoms,
    resets,
)
from syncml.ir.types import EnumType
from syncml.sim.evaluate import evaluate
from syncml.sim.inputs import Raw, prepare
from syncml.sim.trace import Column, Trace


class _Absent:
    """The state of a stream at a tick at which its clock is absent."""

    def __repr__(self) -> str:
        return "absent"


_ABSENT = _Absent()


class _UnknownError(Exception):
    """A value that is not known yet at this tick."""


@dataclass(frozen=True, slots=True)
class Run:
    """What an interpretation yields: every stream at every tick, and the registers after the last one."""

    trace: Trace
    state: Mapping[str, Any]


def interpret(program: Program, inputs: Raw, ticks: int, state: Mapping[str, Any] | None = None) -> Run:
    """Run the main node of a clocked ``program`` for ``ticks`` base ticks.

    Args:
        program: Clocked equations that passed all checks.
        inputs: For each input one value a tick; None where absent.
        ticks: The number of base ticks.
        state: Registers to start from, by name (default: initial values; ``pre`` without one starts at zero).

    Raises:
        DiagnosticError: S001 to S003, the inputs do not fit.
    """
    node = inline(program).node(program.main)
    return Interpreter(node, state).run(inputs, ticks)


class Interpreter:
    """One instance of a flat node, with its state."""

    def __init__(self, node: Node, state: Mapping[str, Any] | None = None) -> None:
        self._node = node
        self._equations = _likely_order(node)
        self._variables = (*node.inputs, *(t for e in node.equations for t in e.targets))
        self._registers = {e.target: e.rhs for e in node.equations if isinstance(e.rhs, Fby)}
        self._phases = {e.target: e.rhs for e in node.equations if isinstance(e.rhs, Wave)}
        self._letter: dict[Var, int] = dict.fromkeys(self._phases, 0)
        self._state: dict[Var, Any] = {
            var: (rhs.init or zero(var.type)).machine() for var, rhs in self._registers.items()
        }
        self._ages: dict[Clock, int] = {}
        for var in self._registers if state else ():
            self._state[var] = (state or {})[var.name]
        self._now: dict[Var, Any] = {}
        self._presence: dict[Clock, bool] = {}

    def state(self) -> dict[str, Any]:
        """The registers, by the name of the stream that reads them."""
        return {var.name: value for var, value in self._state.items()}

    def run(self, inputs: Raw, ticks: int) -> Run:
        """Run for ``ticks`` ticks from the present state."""
        given = prepare(self._node, inputs, ticks)
        columns = {v: Column.empty(v.name, v.type, ticks, unit=v.unit) for v in self._variables}
        for tick in range(ticks):
            for var, value in self.tick({var: (given[var], tick) for var in given}).items():
                if value is not _ABSENT:
                    columns[var].values[tick] = value
                    columns[var].present[tick] = True
        return Run(Trace(tuple(columns.values()), ticks, self._node.rate), self.state())

    def tick(self, inputs: Mapping[Var, tuple[Column, int]]) -> Mapping[Var, Any]:
        """One base tick: the value of every variable."""
        self._now, self._presence = {}, {}
        pending: list[Var | Equation] = [*self._node.inputs, *self._equations]
        while pending:
            waiting = [item for item in pending if not self._fire(item, inputs)]
            if len(waiting) == len(pending):
                raise InternalFault(f"{self._node.label} has an instantaneous cycle that the causality check accepted")
            pending = waiting
        self._advance()
        return self._now

    def _fire(self, item: Var | Equation, inputs: Mapping[Var, tuple[Column, int]]) -> bool:
        try:
            if isinstance(item, Var):
                column, tick = inputs[item]
                self._now[item] = _input(column, tick) if self._present(self._node.clocks[item]) else _ABSENT
            else:
                self._reset(item.target, item.rhs)
                self._now[item.target] = self._value(item) if self._present(_clock(item)) else _ABSENT
        except _UnknownError:
            return False
        return True

    def _reset(self, target: Var, rhs: Rhs) -> None:
        """Put the memory of an equation back before it is read, where a reset is present and true."""
        if not any(self._present(self._node.clocks[r]) and bool(self._read(r)) for r in resets(rhs)):
            return
        match rhs:
            case Fby():
                self._state[target] = (rhs.init or zero(target.type)).machine()
            case Wave():
                self._letter[target] = 0
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
                here = bool(step.word.at(self._ages.get(step.parent, 0)))
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
                return self._state[equation.target]
            case When():
                return self._read(rhs.source)
            case Merge():
                chosen = next(atom for name, atom in rhs.branches if self._selects(rhs.condition, name))
                return self._read(chosen)
            case Wave():
                return np.bool_(rhs.word.at(self._letter[equation.target]))
            case Call():
                raise InternalFault(f"a call of {rhs.node} was not inlined")
            case Buffer():
                raise InternalFault(f"the buffer {equation.target.name} is not lowered")
            case _:
                assert_never(rhs)

    def _advance(self) -> None:
        for var, rhs in self._registers.items():
            if self._now[var] is not _ABSENT:
                self._state[var] = self._read(rhs.following)
        for var in self._phases:
            if self._now[var] is not _ABSENT:
                self._letter[var] += 1
        parents = {step for c in set(self._node.clocks.values()) for step in _word_clocks(c)}
        for clock in [clock for clock in parents if self._present(clock)]:
            self._ages[clock] = self._ages.get(clock, 0) + 1


def _word_clocks(clock: Clock) -> list[Clock]:
    """The clocks whose instants a word in ``clock`` counts."""
    return [step.parent for step in steps(clock) if isinstance(step, Periodic)]


def _clock(equation: Equation) -> Clock:
    if equation.clock is None:
        raise InternalFault(f"{equation.target.name} is interpreted before its clock is known")
    return equation.clock


def _input(column: Column, tick: int) -> Any:
    if not column.present[tick]:
        message = f"input {column.name!r} has no value at tick {tick}, where its clock is present"
        raise DiagnosticError(error("S002", message, help="supply a value for each instant of its clock"))
    return column.values[tick]


def _likely_order(node: Node) -> tuple[Equation, ...]:
    """Equations after what they read where that is possible; only speed depends on it."""
    definition = {t: e for e in node.equations for t in e.targets}
    order: dict[int, Equation] = {}
    visiting: set[int] = set()
    for root in node.equations:
        stack = [root]
        while stack:
            equation = stack[-1]
            key = id(equation)
            if key in order or key in visiting:
                stack.pop()
                order.setdefault(key, equation)
                continue
            visiting.add(key)
            reads = resets(equation.rhs) if isinstance(equation.rhs, Fby) else atoms(equation.rhs)
            guards = [v for v in conditions(_clock(equation)) if v in definition]
            needed = [definition[a] for a in reads if isinstance(a, Var) and a in definition]
            needed += [definition[v] for v in guards]
            stack += [e for e in needed if id(e) not in order and id(e) not in visiting]
    return tuple(order.values())
