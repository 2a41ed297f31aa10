"""The cyclic executive as a program: one piece of straight code for each kind of tick, and a table that says which.

Rule: step code runs abstractly from the initial state, with the counters of words known and all data unknown. What a
counter decides at a tick is decided before the program runs: the branch is taken, the counter is gone. After the prefix
and one hyperperiod the counters have the values that they had, so the residual bodies repeat; equal ones are one case:

    switch (executive[slot]) {case at_0: ...; case at_1: ...}; slot := slot >= last ? first : slot + 1

The trace is that of the machine: each case is the body under facts that hold at its ticks. A counter that data resets,
or that only runs when data says so, is not known at all ticks, and stays as it is. Machines that are called stay too;
whoever wants their counters gone inlines them first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.ir.constants import Array, Const
from syncml.ir.step.known import Known, Value, evaluate, initial_value
from syncml.ir.step.lowering.tidy import drop_unused
from syncml.ir.step.pretty import print_statements
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Convert,
    Expr,
    For,
    If,
    Invoke,
    Literal,
    Machine,
    Place,
    Reset,
    Select,
    Slot,
    StepProgram,
    Stmt,
    Storage,
    Switch,
)
from syncml.ir.step.traverse import map_expr, written_in
from syncml.ir.types import I64, EnumType, Scalar, TensorType

MOST_TICKS = 20_000
"""The longest prefix and hyperperiod that become a table."""
MOST_CASES = 64
"""The most pieces of straight code; more would be a program that nobody reads."""

COUNT = Scalar.U32


def cyclic(program: StepProgram) -> StepProgram:
    """``program`` with the words of its main machine as a table.

    Raises:
        DiagnosticError: X004, the table or the code would be too large.
    """
    *callees, main = program.machines
    return StepProgram((*callees, _executive(main)), program.main)


def _executive(machine: Machine) -> Machine:
    run = _settled(machine, _counters(machine))
    if len(run.cases) > MOST_CASES:
        raise _too_large(machine, len(run.ticks), len(run.cases))
    counters = run.counters
    machine = replace(machine, state=tuple(slot for slot in machine.state if slot not in counters))
    if len(run.cases) == 1:
        return replace(machine, body=run.cases[0][1])
    kind = EnumType(_fresh("Tick", machine), tuple(f"at_{tick}" for tick, _ in run.cases))
    table = np.array(run.ticks, dtype=np.int32)
    executive = Slot(
        _fresh("executive", machine), TensorType(kind, table.shape), Storage.CONSTANT, Array.of(table, kind)
    )
    slot = Slot(_fresh("slot", machine), COUNT, Storage.STATE, Const(0, COUNT))
    now = Place(executive, (Convert(Place(slot), I64),))
    last = Binary(BinaryOp.GE, Place(slot), _number(len(run.ticks) - 1))
    after = Binary(BinaryOp.ADD, Place(slot), _number(1))
    body = (
        Switch(now, tuple((f"at_{tick}", case) for tick, case in run.cases)),
        Assign(Place(slot), Select(last, _number(run.prefix), after)),
    )
    return replace(
        machine,
        state=(*machine.state, slot),
        constants=(*machine.constants, executive),
        locals=machine.locals,
        body=body,
    )


def _counters(machine: Machine) -> frozenset[Slot]:
    return frozenset(
        slot
        for slot in machine.state
        # The counters of words are the registers that belong to no stream; all others hold data.
        if slot.type is COUNT and (slot.origin is None or not slot.origin.clock)
    )


def _settled(machine: Machine, counters: frozenset[Slot]) -> _Run:
    """The run with those of ``counters`` that data has no part in."""
    while (run := _run(machine, counters)).lost:
        counters -= run.lost
    return run


def timetable(machine: Machine) -> dict[int, tuple[bool, ...]]:
    """For each test in the body that only counters decide, by its position: at which ticks it holds.

    The ticks are those of the prefix and one hyperperiod; a test that holds at all of them or at none is left out.

    Raises:
        DiagnosticError: X004, the hyperperiod is too long.
    """
    run = _settled(machine, _counters(machine))
    found: dict[int, tuple[bool, ...]] = {}
    for number, stmt in enumerate(machine.body):
        if isinstance(stmt, If):
            values = [tests.get(number) for tests in run.tests]
            pattern = tuple(value is True for value in values)
            if None not in values and 0 < sum(pattern) < len(pattern):
                found[number] = pattern
    return found


def _number(value: int) -> Literal:
    return Literal(Const(value, COUNT))


def _fresh(name: str, machine: Machine) -> str:
    taken = {s.name for s in (*machine.inputs, *machine.outputs, *machine.state, *machine.constants, *machine.locals)}
    taken |= {instance.name for instance in machine.instances}
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique


@dataclass(frozen=True, slots=True)
class _Run:
    """One prefix and hyperperiod: the case of each tick, and each case with the first tick at which it runs.

    ``counters`` are those that are known at all ticks, ``tests`` for each tick the values of the tests in the body that
    are decided, by position. ``lost`` are counters that turned out to depend on data; where there are any, the rest
    means nothing.
    """

    ticks: tuple[int, ...]
    prefix: int
    cases: tuple[tuple[int, tuple[Stmt, ...]], ...]
    lost: frozenset[Slot]
    counters: frozenset[Slot] = frozenset()
    tests: tuple[Mapping[int, bool], ...] = ()


def _run(machine: Machine, counters: frozenset[Slot]) -> _Run:
    state: Known = {
        slot: value for slot in machine.state if slot in counters and (value := initial_value(slot)) is not None
    }
    if counters - state.keys():
        return _Run((), 0, (), counters - state.keys())
    order = sorted(counters, key=lambda slot: slot.name)
    seen: dict[tuple[Value, ...], int] = {}
    cases: dict[str, int] = {}
    bodies: list[tuple[int, tuple[Stmt, ...]]] = []
    ticks: list[int] = []
    tests: list[Mapping[int, bool]] = []
    while (now := tuple(state[slot] for slot in order)) not in seen:
        seen[now] = len(ticks)
        known = dict(state)
        residue, decided = _tick(machine, counters, known)
        tests.append(decided)
        body = drop_unused(replace(machine, body=residue)).body
        if lost := counters - known.keys():
            return _Run((), 0, (), lost)
        # Equality of literals does not tell -0.0 from 0.0; their text does.
        text = "\n".join(print_statements(body))
        if text not in cases:
            cases[text] = len(bodies)
            bodies.append((len(ticks), body))
        ticks.append(cases[text])
        state = {slot: known[slot] for slot in order}
        if len(ticks) > MOST_TICKS:
            raise _too_large(machine, len(ticks), len(bodies))
    return _Run(tuple(ticks), seen[now], tuple(bodies), frozenset(), counters, tuple(tests))


def _tick(machine: Machine, counters: frozenset[Slot], known: Known) -> tuple[tuple[Stmt, ...], Mapping[int, bool]]:
    """The residue of the body at one tick, and the values of the tests in it that are decided."""
    residue: list[Stmt] = []
    decided: dict[int, bool] = {}
    for number, stmt in enumerate(machine.body):
        if isinstance(stmt, If) and (value := evaluate(stmt.condition, known)) is not None:
            decided[number] = bool(value)
        residue += _Residue(counters).statement(stmt, known)
    return tuple(residue), decided


def _too_large(machine: Machine, ticks: int, cases: int) -> DiagnosticError:
    many = f"more than {MOST_TICKS} ticks" if ticks > MOST_TICKS else f"more than {MOST_CASES} kinds of ticks"
    return DiagnosticError(
        error(
            "X004",
            f"the cyclic executive of `{machine.label or machine.name}` has {many}",
            machine.span,
            notes=(f"{cases} pieces of straight code were found in the first {ticks} ticks",),
            help="choose rates that divide each other, or export with `--schedule single`",
        )
    )


@dataclass(frozen=True, slots=True)
class _Residue:
    """What is left of statements at one tick; ``counters`` are those that are to go."""

    counters: frozenset[Slot]

    def block(self, body: Iterable[Stmt], known: Known) -> list[Stmt]:
        """The residue of ``body`` and, in ``known``, what is known after it."""
        done: list[Stmt] = []
        for stmt in body:
            done += self.statement(stmt, known)
        return done

    def statement(self, stmt: Stmt, known: Known) -> list[Stmt]:
        """The residue of one statement."""
        match stmt:
            case Assign():
                return self._assign(stmt, known)
            case If():
                value = evaluate(stmt.condition, known)
                if value is not None:
                    return self.block(stmt.then if value else stmt.otherwise, known)
                then, otherwise = self._branches((stmt.then, stmt.otherwise), known)
                return [If(_known(stmt.condition, known), then, otherwise)]
            case Switch():
                value = evaluate(stmt.scrutinee, known)
                if value is not None:
                    return self.block(next((body for name, body in stmt.cases if name == value), ()), known)
                scrutinee = _known(stmt.scrutinee, known)
                *bodies, _ = self._branches((*(body for _, body in stmt.cases), ()), known)
                names = (name for name, _ in stmt.cases)
                return [Switch(scrutinee, tuple(zip(names, bodies, strict=True)))]
            case For():
                for slot in written_in(stmt.body):
                    known.pop(slot, None)
                inside = dict(known)
                body = tuple(self.block(stmt.body, inside))
                return [For(stmt.index, stmt.count, body, stmt.unroll)]
            case Invoke():
                index = None if stmt.index is None else _known(stmt.index, known)
                arguments = tuple(_known(argument, known) for argument in stmt.arguments)
                for slot in stmt.results:
                    known.pop(slot, None)
                return [replace(stmt, arguments=arguments, index=index)]
            case Reset():
                return [stmt]

    def _assign(self, stmt: Assign, known: Known) -> list[Stmt]:
        slot = stmt.target.slot
        value = evaluate(stmt.value, known)
        residue = replace(stmt, target=_target(stmt.target, known), value=_known(stmt.value, known))
        if stmt.target.indices or slot.storage not in (Storage.LOCAL, Storage.STATE):
            return [residue]
        if slot.storage is Storage.STATE and slot not in self.counters:
            return [residue]
        if value is None:
            known.pop(slot, None)
        else:
            known[slot] = value
        return [] if slot in self.counters else [residue]

    def _branches(self, bodies: Iterable[tuple[Stmt, ...]], known: Known) -> list[tuple[Stmt, ...]]:
        """The residue of each of ``bodies``, of which one runs; known is then what all of them agree on."""
        before = dict(known)
        done: list[tuple[Stmt, ...]] = []
        outcomes: list[Known] = []
        for body in bodies:
            after = dict(before)
            done.append(tuple(self.block(body, after)))
            outcomes.append(after)
        first, *others = outcomes
        known.clear()
        known.update({s: v for s, v in first.items() if all(s in o and o[s] == v for o in others)})
        return done


def _target(target: Place, known: Mapping[Slot, Value]) -> Place:
    return Place(target.slot, tuple(_known(index, known) for index in target.indices))


def _known(expr: Expr, known: Mapping[Slot, Value]) -> Expr:
    """``expr`` with the values of slots that are known, and of what follows from them."""

    def change(part: Expr) -> Expr | None:
        if isinstance(part, Literal) or (isinstance(part, Place) and isinstance(part.slot.type, TensorType)):
            return None
        value = evaluate(part, known)
        if value is None:
            if isinstance(part, Select) and (choice := evaluate(part.condition, known)) is not None:
                return _known(part.then if choice else part.otherwise, known)
            return None
        return Literal(Const(value, part.type))

    return map_expr(change, expr)
