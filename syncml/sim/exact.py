"""Truth values and mathematical numbers as Python computes them: exactly, and without NumPy, which takes long to load.

Rule: an operator on scalars of ``bool``, ``int`` and ``real`` is the line that it has in the operator table, on `bool`,
`int` and `Fraction` of Python. A run of a flat node that has no other streams, no words and no future is the run of the
interpreter: its equations fire once at each tick, in an order in which each comes after what it reads. Where a node has
no such order, or an input does not fit, there is no run here, and the interpreter says what it makes of it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import trunc
from typing import Any, TypeAlias

from syncml.dataclass import dataclass
from syncml.ir.clocks import Clock, On, steps
from syncml.ir.constants import Const, zero
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Merge, Node, Program, Var, When
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, MATHEMATICAL, Scalar, Type
from syncml.sim.order import clock_of, likely_order

EXACT: frozenset[Type] = frozenset({BOOL, *MATHEMATICAL})
"""The types of scalars that Python computes with as they are."""

Function: TypeAlias = Callable[..., Any]


def _copy(x: Any) -> Any:
    return x


def _where(condition: bool, x: Any, y: Any) -> Any:
    return x if condition else y


def _floordiv(x: int, y: int) -> int:
    return x // y if y else 0


def _mod(x: int, y: int) -> int:
    return x % y if y else x


def _quotient(x: Fraction, y: Fraction) -> Fraction:
    return x / y if y else Fraction(0)


def _truth(x: Any) -> bool:
    return x != 0


def _and(x: bool, y: bool) -> bool:
    return x and y


def _or(x: bool, y: bool) -> bool:
    return x or y


_ANY: Mapping[Op, Function] = {Op.COPY: _copy, Op.EQ: operator.eq, Op.NE: operator.ne, Op.WHERE: _where}

_TRUTH: Mapping[Op, Function] = {
    Op.NOT: operator.not_,
    Op.AND: _and,
    Op.OR: _or,
    Op.XOR: operator.ne,
}

_NUMBERS: Mapping[Op, Function] = {
    Op.ADD: operator.add,
    Op.SUB: operator.sub,
    Op.MUL: operator.mul,
    Op.NEG: operator.neg,
    Op.ABS: operator.abs,
    Op.MIN: min,
    Op.MAX: max,
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
}

_INTEGERS: Mapping[Op, Function] = {Op.FLOORDIV: _floordiv, Op.MOD: _mod}

_REALS: Mapping[Op, Function] = {Op.DIV: _quotient}

_CASTS: Mapping[Type, Function] = {BOOL: _truth, Scalar.INT: trunc, Scalar.REAL: Fraction}


def exact_function(op: Op, types: Sequence[Type], result: Type) -> Function | None:
    """What ``op`` computes on scalars of exact types; None if one of them is no such scalar, or it is not defined."""
    if result not in EXACT or not EXACT.issuperset(types):
        return None
    kind = types[-1]
    if op is Op.CAST:
        return _CASTS[result]
    if op in _ANY:
        return _ANY[op]
    if kind is BOOL:
        return _TRUTH.get(op)
    return _NUMBERS.get(op) or (_INTEGERS if kind is Scalar.INT else _REALS).get(op)


class _Absent:
    """The state of a stream at a tick at which its clock is absent."""

    def __repr__(self) -> str:
        return "absent"


_ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class ExactStream:
    """One stream of an exact run: in each row, the value at the place of the stream."""

    rows: Sequence[Sequence[Any]]
    place: int

    def at(self, tick: int) -> Any:
        """The value at ``tick``; None where absent."""
        value = self.rows[tick][self.place]
        return None if value is _ABSENT else value


@dataclass(frozen=True, slots=True)
class ExactRun:
    """The streams of a run, tick by tick."""

    rows: Sequence[Sequence[Any]]
    places: Mapping[str, int]

    def column(self, name: str) -> ExactStream:
        """The stream called ``name``; KeyError if the run has none."""
        return ExactStream(self.rows, self.places[name])


Presence: TypeAlias = tuple[tuple[int, bool], ...]
"""The places of the conditions of a clock, outermost first, and what they have to be."""


@dataclass(frozen=True, slots=True)
class _Register:
    """A memory: its place, its first value, what it takes next, its resets, and its clock."""

    place: int
    first: Any
    following: int
    resets: tuple[tuple[int, Presence], ...]
    clock: Presence


@dataclass(frozen=True, slots=True)
class Plan:
    """A node as places of a row and what fills them in turn.

    Attributes:
        node: The node.
        places: The place of each stream by name.
        row: What a row begins with: the constants at their places.
        inputs: The place and clock of each input, in order.
        steps: The place of each equation's target, its function, the places of the operands, and its clock; a register
            has its number instead of a function.
        registers: The memory.
    """

    node: Node
    places: Mapping[str, int]
    row: Sequence[Any]
    inputs: Sequence[tuple[int, Presence]]
    steps: Sequence[tuple[int, Function | int, tuple[int, ...], Presence]]
    registers: Sequence[_Register]

    def run(self, inputs: Mapping[str, Sequence[Any]], ticks: int) -> ExactRun | None:
        """The run on inputs, one value a tick; None if the inputs are none of the node's."""
        given = [inputs.get(v.name, ()) for v in self.node.inputs]
        if len(inputs) != len(given) or any(len(values) < ticks for values in given):
            return None
        memory = [r.first for r in self.registers]
        rows: list[list[Any]] = []
        for tick in range(ticks):
            now = list(self.row)
            for values, var, (place, clock) in zip(given, self.node.inputs, self.inputs, strict=True):
                if _present(clock, now):
                    if type(values[tick]) is not _PYTHON[var.type]:
                        return None
                    now[place] = values[tick]
            for place, function, operands, clock in self.steps:
                if clock and not _present(clock, now):
                    continue
                if isinstance(function, int):
                    register = self.registers[function]
                    if _reset(register, now):
                        memory[function] = register.first
                    now[place] = memory[function]
                else:
                    now[place] = function(*[now[i] for i in operands])
            for i, register in enumerate(self.registers):
                if _present(register.clock, now):
                    memory[i] = now[register.following]
                elif _reset(register, now):
                    memory[i] = register.first
            rows.append(now)
        return ExactRun(rows, self.places)


_PYTHON: Mapping[Type, type] = {BOOL: bool, Scalar.INT: int, Scalar.REAL: Fraction}


def _present(clock: Presence, now: Sequence[Any]) -> bool:
    return all(now[place] is wanted for place, wanted in clock)


def _reset(register: _Register, now: Sequence[Any]) -> bool:
    return any(_present(clock, now) and now[place] for place, clock in register.resets)


class _UnplannedError(Exception):
    """The node has something that is not exact, or no order."""


_planned: list[tuple[Program, Plan | None]] = []
"""The last program and its plan: the runs of one counterexample are many."""


def exact_run(program: Program, inputs: Mapping[str, Sequence[Any]], ticks: int) -> ExactRun | None:
    """The run of a flat program on exact scalars; None if it is no such program, or the inputs do not fit."""
    if not _planned or _planned[0][0] is not program:
        _planned[:] = [(program, _plan(program.node(program.main)))]
    plan = _planned[0][1]
    return None if plan is None else plan.run(inputs, ticks)


def _plan(node: Node) -> Plan | None:
    try:
        return _Planner(node).plan()
    except _UnplannedError:
        return None


class _Planner:
    """Gives each stream and constant a place, in the order in which they are known."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._places: dict[Var, int] = {}
        self._row: list[Any] = []
        self._clocks: dict[Clock, Presence] = {}

    def plan(self) -> Plan:
        """The plan of the node.

        Raises:
            _UnplannedError: it has none.
        """
        node = self._node
        for var in node.inputs:
            # An input on the clock of a later stream is rare, and has no place here.
            self._presence(node.clocks[var])
            self._placed(var)
        inputs = [(self._places[v], self._presence(node.clocks[v])) for v in node.inputs]
        order = likely_order(node)
        registers = [e for e in order if isinstance(e.rhs, Fby)]
        numbers = {id(e): i for i, e in enumerate(registers)}
        filled = [self._step(e, numbers) for e in order]
        memory = [self._register(e) for e in registers]
        places = {v.name: place for v, place in self._places.items()}
        return Plan(node, places, self._row, inputs, filled, memory)

    def _placed(self, var: Var) -> int:
        if var.type not in EXACT:
            raise _UnplannedError
        self._row.append(_ABSENT)
        self._places[var] = len(self._row) - 1
        return self._places[var]

    def _place(self, atom: Atom) -> int:
        """Where an operand is found."""
        if isinstance(atom, Var):
            if atom not in self._places:
                raise _UnplannedError
            return self._places[atom]
        self._row.append(_constant(atom))
        return len(self._row) - 1

    def _presence(self, clock: Clock) -> Presence:
        if clock not in self._clocks:
            found: list[tuple[int, bool]] = []
            for step in steps(clock):
                if not isinstance(step, On) or not isinstance(step.constructor, bool):
                    raise _UnplannedError
                found.append((self._place(step.condition), step.constructor))
            self._clocks[clock] = tuple(found)
        return self._clocks[clock]

    def _step(self, equation: Equation, numbers: Mapping[int, int]) -> tuple[int, Any, tuple[int, ...], Presence]:
        rhs, clock = equation.rhs, self._presence(clock_of(equation))
        operands: tuple[int, ...]
        match rhs:
            case Apply():
                function = exact_function(rhs.op, [a.type for a in rhs.arguments], equation.target.type)
                operands = tuple(map(self._place, rhs.arguments))
            case When():
                function, operands = _ANY[Op.COPY], (self._place(rhs.source),)
            case Merge() if all(isinstance(name, bool) for name, _ in rhs.branches):
                branches = dict(rhs.branches)
                operands = tuple(map(self._place, (rhs.condition, branches[True], branches[False])))
                function = _ANY[Op.WHERE]
            case Fby():
                function, operands = numbers[id(equation)], ()
                if not all(r in self._places for r in rhs.resets):
                    raise _UnplannedError
            case _:
                raise _UnplannedError
        if function is None or len(equation.targets) != 1:
            raise _UnplannedError
        return self._placed(equation.target), function, operands, clock

    def _register(self, equation: Equation) -> _Register:
        rhs, place = equation.rhs, self._places[equation.target]
        assert isinstance(rhs, Fby)
        return _Register(
            place, _constant(rhs.init or zero(equation.target.type)), self._place(rhs.following),
            tuple((self._place(r), self._presence(self._node.clocks[r])) for r in rhs.resets),
            self._presence(clock_of(equation)),
        )  # fmt: skip


def _constant(const: Const) -> Any:
    if const.type not in EXACT:
        raise _UnplannedError
    return const.value if const.type is BOOL else const.machine()
