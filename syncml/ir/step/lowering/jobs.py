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

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Label, error
from syncml.ir.constants import Const, zero
from syncml.ir.step.lowering.cyclic import COUNT, timetable
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Expr,
    For,
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


def _late(units: Sequence[_Unit], rate: tuple[bool, ...]) -> frozenset[_Unit]:
    """The greatest set of statements of a rate for which nothing waits."""
    found = {unit for unit in units if unit.rate == rate}
    while True:
        waits = {unit for unit in found if _awaited(unit, found, units)} | _torn(found, units)
        if not waits:
            return frozenset(found)
        found -= waits


def _awaited(unit: _Unit, found: set[_Unit], units: Sequence[_Unit]) -> bool:
    """Whether a statement outside of ``found`` waits for ``unit``, or touches what it writes."""
    if any(slot.storage is Storage.OUTPUT for slot in unit.writes):
        return True
    before = True
    for other in units:
        if other is unit:
            before = False
        if other in found:
            continue
        if other.writes & unit.writes or other.instances & unit.instances:
            return True
        seen = other.reads & unit.writes
        earlier = other.rate == unit.rate and before
        if seen and (not earlier or any(slot.storage is not Storage.STATE for slot in seen)):
            return True
    return False


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
        read = dict.fromkeys(slot for unit in self._late for slot in sorted(unit.reads, key=lambda s: s.name))
        self._first = {
            slot: next(unit for unit in self._late if slot in unit.reads) for slot in read if slot not in written
        }
        self._copies = {
            slot: Slot(f"{name}.{slot.name}", slot.type, Storage.STATE, zero(slot.type), slot.origin)
            for slot in self._first
        }
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
            if unit in self._late:
                done += [_copied(slot, self._copies[slot]) for slot, first in self._first.items() if first is unit]
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


def _copied(source: Slot, target: Slot) -> Stmt:
    counters = tuple(LoopIndex("ijklmn"[axis % 6]) for axis in range(len(shape(source.type))))
    copy: Stmt = Assign(Place(target, counters), Place(source, counters), source.origin)
    for counter, extent in reversed(list(zip(counters, shape(source.type), strict=True))):
        copy = For(counter, extent, (copy,))
    return copy


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
