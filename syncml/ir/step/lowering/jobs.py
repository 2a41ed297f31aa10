"""One job for each rate: what need not be done at the tick itself runs beside the step, until the rate is due again.

Rule: ``if c {S}``, with ``c`` decided by counters alone, is a rate. Of its statements those are a job that nothing
else waits for: what they write is read by each other, or by statements of the same rate that stand before them, and so
see the values of the last time. The step copies what a job reads from elsewhere into registers of the job, at the place
where the statement was, and says that the job is due. ``if c {S1; S2; S3}`` with S2 and S3 late becomes

    if c {S1; job.x := x; job.overrun := job.overrun + job.busy; job.busy := 1; job.due := true}
    job: S2[job.x/x]; S3; job.busy := 0

The trace is that of the program, wherever a job is interrupted by the step or by other jobs, if it ends before the step
in which it is due again: between the two, nobody else reads what it writes or writes what it reads. A job that has not
ended by then is counted (``overrun``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Label, error
from syncml.ir.constants import Const, zero
from syncml.ir.step.lowering.cyclic import COUNT, timetable
from syncml.ir.step.lowering.slots import place
from syncml.ir.step.lowering.tensors import nest
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Expr,
    If,
    Invoke,
    Job,
    Literal,
    LoopIndex,
    Machine,
    Origin,
    Place,
    Reset,
    Slot,
    StepProgram,
    Stmt,
    Storage,
)
from syncml.ir.step.traverse import (
    expressions,
    map_expr,
    map_stmt,
    read_in,
    statements,
    written_in,
)
from syncml.ir.types import BOOL, shape


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    """A statement that stays whole; ``rate`` is that of the test around it, ``block`` the place of that test."""

    stmt: Stmt
    rate: tuple[bool, ...] | None
    block: int
    reads: frozenset[Slot]
    writes: frozenset[Slot]
    instances: frozenset[str]


def jobs(program: StepProgram) -> StepProgram:
    """``program`` with a job for each rate that has anything to do that can wait.

    Raises:
        DiagnosticError: X005, no rate has; X004, the hyperperiod is too long.
    """
    *callees, main = program.machines
    guards = timetable(main)
    units = _units(main, guards)
    rates = list(dict.fromkeys(u.rate for u in units if u.rate is not None))
    late = {rate: _late(units, rate) for rate in rates}
    names = _names(rates, main)
    chosen = {rate: found for rate, found in late.items() if any(_works(unit) for unit in found)}
    if not chosen:
        raise _nothing(main, units, rates)
    body: list[Stmt] = []
    made: dict[tuple[bool, ...], _Made] = {r: _Made(names[r], main, found, units) for r, found in chosen.items()}
    for number, stmt in enumerate(main.body):
        rate = guards.get(number)
        if isinstance(stmt, If) and rate in made:
            body.append(replace(stmt, then=made[rate].block([u for u in units if u.block == number])))
        else:
            body.append(stmt)
    clear = [Assign(Place(each.due), _boolean(False)) for each in made.values()]
    state = (*main.state, *(slot for each in made.values() for slot in each.state))
    machine = replace(main, body=(*clear, *body), state=state)
    found = tuple(made[rate].job(machine, rate) for rate in made)
    return StepProgram((*callees, machine), program.main, found)


def _boolean(value: bool) -> Literal:
    return Literal(Const(value, BOOL))


def _count(value: int) -> Literal:
    return Literal(Const(value, COUNT))


def _units(machine: Machine, guards: Mapping[int, tuple[bool, ...]]) -> list[_Unit]:
    units: list[_Unit] = []
    for number, stmt in enumerate(machine.body):
        if isinstance(stmt, If) and number in guards:
            units.append(_unit(replace(stmt, then=(), otherwise=()), None, number))
            units += [_unit(inner, guards[number], number) for inner in stmt.then]
            units += [_unit(inner, None, number) for inner in stmt.otherwise]
        else:
            units.append(_unit(stmt, None, number))
    return units


def _unit(stmt: Stmt, rate: tuple[bool, ...] | None, block: int) -> _Unit:
    calls = {s.instance for s in statements((stmt,)) if isinstance(s, Invoke | Reset)}
    read = frozenset(slot for slot in read_in((stmt,)) if slot.storage is not Storage.CONSTANT)
    return _Unit(stmt, rate, block, read, frozenset(written_in((stmt,))), frozenset(calls))


def _works(unit: _Unit) -> bool:
    """Whether a statement computes anything, rather than copying."""
    return bool(unit.instances) or any(
        not isinstance(part, Place | Literal | LoopIndex) for part in expressions((unit.stmt,))
    )


class _Touching:
    """Who reads and writes each slot, and who runs each instance."""

    def __init__(self, units: Sequence[_Unit]) -> None:
        self.place = {unit: number for number, unit in enumerate(units)}
        self.readers: dict[Slot, list[_Unit]] = {}
        self.writers: dict[Slot, list[_Unit]] = {}
        self.runners: dict[str, list[_Unit]] = {}
        for unit in units:
            for slot in unit.reads:
                self.readers.setdefault(slot, []).append(unit)
            for slot in unit.writes:
                self.writers.setdefault(slot, []).append(unit)
            for name in unit.instances:
                self.runners.setdefault(name, []).append(unit)

    def with_results(self, unit: _Unit) -> list[_Unit]:
        """Those that share an instance with ``unit`` or write what it reads or writes."""
        found = [other for slot in unit.reads | unit.writes for other in self.writers.get(slot, ())]
        return found + [other for name in unit.instances for other in self.runners[name]]

    def awaited(self, unit: _Unit, found: set[_Unit]) -> bool:
        """Whether a statement outside of ``found`` waits for ``unit``, or touches what it writes."""
        if any(slot.storage is Storage.OUTPUT for slot in unit.writes):
            return True
        others = [other for slot in unit.writes for other in self.writers[slot]]
        others += [other for name in unit.instances for other in self.runners[name]]
        if any(other not in found for other in others):
            return True
        return any(
            other not in found and not (self._earlier(other, unit) and slot.storage is Storage.STATE)
            for slot in unit.writes
            for other in self.readers.get(slot, ())
        )

    def _earlier(self, one: _Unit, other: _Unit) -> bool:
        return one.rate == other.rate and self.place[one] < self.place[other]


def _late(units: Sequence[_Unit], rate: tuple[bool, ...]) -> frozenset[_Unit]:
    """The greatest set of statements of a rate for which nothing waits."""
    touching = _Touching(units)
    found = {unit for unit in units if unit.rate == rate}
    pending = [unit for unit in units if unit in found]
    while pending:
        while pending:
            unit = pending.pop()
            if unit in found and touching.awaited(unit, found):
                found.discard(unit)
                pending += touching.with_results(unit)
        torn = _torn(found, units)
        found -= torn
        pending += [other for unit in torn for other in touching.with_results(unit)]
    return frozenset(found)


def _torn(found: set[_Unit], units: Sequence[_Unit]) -> set[_Unit]:
    """Statements that read another value of a slot than an earlier one of the same job does; one copy is taken."""
    torn: set[_Unit] = set()
    taken: set[Slot] = set()
    changed: set[Slot] = set()
    for unit in units:
        if unit in found:
            if unit.reads & changed:
                torn.add(unit)
            taken |= unit.reads
        else:
            changed |= unit.writes & taken
    return torn


def _names(rates: Iterable[tuple[bool, ...]], machine: Machine) -> dict[tuple[bool, ...], str]:
    taken = {slot.name.partition(".")[0] for slot in machine.state} | {i.name for i in machine.instances}
    names: dict[tuple[bool, ...], str] = {}
    for rate in rates:
        period, first = len(rate), rate.index(True)
        step = next((n for n in range(1, period + 1) if rate == tuple(k % n == first for k in range(period))), 0)
        base = f"every_{step}" + (f"_from_{first}" if first else "") if step else f"pattern_{period}"
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        names[rate] = name
    return names


class _Made:
    """A job in the making: its registers, what is left of its rate in the step, and its body."""

    def __init__(self, name: str, machine: Machine, late: frozenset[_Unit], units: Sequence[_Unit]) -> None:
        self.name = name
        self._machine = machine
        self._late = [unit for unit in units if unit in late]
        written = {slot for unit in self._late for slot in unit.writes}
        self._copies: dict[Slot, Slot] = {}
        self._taken: dict[_Unit, list[Slot]] = {unit: [] for unit in self._late}
        names = {"due", "busy", "overrun"}
        for unit in self._late:
            for slot in sorted(unit.reads - written - self._copies.keys(), key=lambda s: (s.name, s.storage.value)):
                own = next(n for n in _spellings(slot.name) if n not in names)
                names.add(own)
                self._copies[slot] = Slot(f"{name}.{own}", slot.type, Storage.STATE, zero(slot.type), slot.origin)
                self._taken[unit].append(slot)
        self.due = Slot(f"{name}.due", BOOL, Storage.STATE, Const(False, BOOL))
        counts = (Slot(f"{name}.{count}", COUNT, Storage.STATE, Const(0, COUNT)) for count in ("busy", "overrun"))
        self._busy, self._overrun = counts
        self._last = max(unit.block for unit in self._late)

    @property
    def state(self) -> tuple[Slot, ...]:
        """The registers that the step and the job share."""
        return (*self._copies.values(), self.due, self._busy, self._overrun)

    def block(self, units: Sequence[_Unit]) -> tuple[Stmt, ...]:
        """What the step does where the test of the rate holds."""
        done: list[Stmt] = []
        for unit in units:
            if unit in self._taken:
                for slot in self._taken[unit]:
                    done += _copied(slot, self._copies[slot])
            elif unit.rate is not None:
                done.append(unit.stmt)
        if units and units[0].block == self._last:
            still = Binary(BinaryOp.ADD, Place(self._overrun), Place(self._busy))
            done += [
                Assign(Place(self._overrun), still),
                Assign(Place(self._busy), _count(1)),
                Assign(Place(self.due), _boolean(True)),
            ]
        return tuple(done)

    def job(self, machine: Machine, rate: tuple[bool, ...]) -> Job:
        """The job itself, on the state of ``machine``."""

        def change(expr: Expr) -> Expr | None:
            if isinstance(expr, Place) and expr.slot in self._copies:
                return Place(self._copies[expr.slot], tuple(map_expr(change, index) for index in expr.indices))
            return None

        body = tuple(map_stmt(change, unit.stmt) for unit in self._late)
        mentioned = read_in(body) | written_in(body)
        own = replace(
            machine,
            name=self.name,
            label="",
            inputs=(),
            outputs=(),
            locals=tuple(slot for slot in machine.locals if slot in mentioned),
            body=(*body, Assign(Place(self._busy), _count(0))),
        )
        return Job(own, rate)


def _spellings(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}_{number}" for number in count(2))


def _copied(source: Slot, target: Slot) -> list[Stmt]:
    return nest(shape(source.type), lambda i: [Assign(place(target, i), place(source, i), source.origin)])


def _nothing(machine: Machine, units: Sequence[_Unit], rates: Sequence[tuple[bool, ...]]) -> DiagnosticError:
    """The fault of a program in which all rates have to be done at once."""
    label = machine.label or machine.name
    if not rates:
        message = f"`{label}` has one rate, so there is nothing to share among tasks"
        return DiagnosticError(error("X005", message, machine.span, help="export with `--schedule single`"))
    needed = [_origin(unit.stmt) for unit in units if unit.rate is not None and _works(unit)]
    streams = {origin.stream: origin for origin in needed if origin is not None}
    places = [Label(o.span, f"`{o.stream}` is needed at the tick at which it is computed") for o in streams.values()]
    return DiagnosticError(
        error(
            "X005",
            f"no rate of `{label}` can run in a task of its own",
            machine.span,
            secondary=places,
            notes=("a slower task may end after the tick, so a faster one reads what it computed the time before",),
            help="write `hold(fby(0.0, y), init=...)` in the place of `hold(y, init=...)`",
        )
    )


def _origin(stmt: Stmt) -> Origin | None:
    return next((s.origin for s in statements((stmt,)) if isinstance(s, Assign | Invoke | Reset) and s.origin), None)
