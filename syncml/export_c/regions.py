"""Which region of memory the state and each constant array lie in.

    heat = accesses in one tick / bytes

Rule: the hottest object comes first, of equally hot ones the smaller; each goes into the first region, in the order in
which they are given, that has room for it. So the first region should be the fastest. Objects lie at multiples of eight
bytes. The state is one instance, with the scratch that lies in it; the stack is where the linker puts it.

A constant array is marked with a macro that is empty unless the build defines it, as a section attribute or whatever
the compiler has for it; the state is the caller's, who marks it in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.export_c.interface import data_names
from syncml.export_c.memory import Room
from syncml.export_c.naming import identifier
from syncml.export_c.plan import Plan, slot_bytes
from syncml.export_c.report.layout import state_extents
from syncml.ir.step.syntax import For, Invoke, Machine, Place, Slot, Stmt
from syncml.ir.step.traverse import blocks, own_expressions, walk, writes

ALIGNMENT = 8
STATE = "state"
"""The name of the state among the objects."""


@dataclass(frozen=True, slots=True)
class Thing:
    """An object that is placed: its name in C, its bytes, and how often a tick reads or writes an element of it."""

    name: str
    bytes: int
    accesses: int

    @property
    def room(self) -> int:
        """The bytes that it takes with what aligns the next one."""
        return -(-self.bytes // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True, slots=True)
class Placed:
    """A region with what lies in it, in order."""

    room: Room
    things: tuple[Thing, ...]

    @property
    def used(self) -> int:
        """The bytes that are taken."""
        return sum(thing.room for thing in self.things)


def macro(prefix: str, region: str) -> str:
    """The macro that marks what lies in a region."""
    return f"{prefix.upper()}_REGION_{identifier(region, member=True).upper()}"


def place(plan: Plan, rooms: tuple[Room, ...]) -> tuple[Placed, ...]:
    """What lies where.

    Raises:
        DiagnosticError: X006, there is not room for everything.
    """
    things = things_of(plan)
    placed, left = _fill(things, rooms)
    if not left:
        return placed
    return _refuse(plan, things, rooms, left)


def things_of(plan: Plan) -> tuple[Thing, ...]:
    """The state and the constant arrays, the hottest first."""
    count = _accesses(plan)
    states = {slot for own in plan.machines for slot in (*own.members, *own.scratch)}
    state = state_extents(plan)[plan.main.machine.name].size
    found = [Thing(STATE, state, sum(count[slot] for slot in states))]
    found += [Thing(plan.constants[slot], slot_bytes(slot), count[slot]) for slot in data_names(plan)]
    return tuple(sorted(found, key=lambda t: (-t.accesses / t.bytes, t.bytes, t.name)))


def _fill(things: tuple[Thing, ...], rooms: tuple[Room, ...]) -> tuple[tuple[Placed, ...], tuple[Thing, ...]]:
    """The regions with what fits, and what fits nowhere."""
    inside: list[list[Thing]] = [[] for _ in rooms]
    left: list[Thing] = []
    free = [room.size for room in rooms]
    for thing in things:
        first = next((k for k, size in enumerate(free) if thing.room <= size), None)
        if first is None:
            left.append(thing)
        else:
            inside[first].append(thing)
            free[first] -= thing.room
    return tuple(Placed(room, tuple(found)) for room, found in zip(rooms, inside, strict=True)), tuple(left)


def _refuse(
    plan: Plan, things: tuple[Thing, ...], rooms: tuple[Room, ...], left: tuple[Thing, ...]
) -> tuple[Placed, ...]:
    """Tell what is missing, and by how much which region has to grow for it."""
    needed = [_needed(things, rooms, k) for k in range(len(rooms))]
    best = min(range(len(rooms)), key=lambda k: needed[k] - rooms[k].size)
    total, given = sum(t.room for t in things), sum(r.size for r in rooms)
    largest = max(left, key=lambda t: t.bytes)
    sizes = ",".join(f"{r.name}={needed[best] if k == best else r.size}" for k, r in enumerate(rooms))
    raise DiagnosticError(
        error(
            "X006",
            f"`{largest.name}` ({largest.bytes} bytes) fits into no region",
            plan.main.machine.span,
            notes=(
                f"state and constants take {total} bytes, the regions have {given}",
                *(f"`{t.name}` takes {t.bytes} bytes" for t in sorted(things, key=lambda t: -t.bytes)[:5]),
                "an earlier export in that folder is as it was",
            ),
            help=f"make `{rooms[best].name}` {needed[best] - rooms[best].size} bytes larger: `--region {sizes}`",
        )
    )


def _needed(things: tuple[Thing, ...], rooms: tuple[Room, ...], grown: int) -> int:
    """A size of one region with which everything has room, and which is not enough with eight bytes less."""
    few, enough = 0, -(-sum(t.room for t in things) // ALIGNMENT)
    while enough - few > 1:
        middle = (few + enough) // 2
        size = rooms[grown].size + middle * ALIGNMENT
        tried = tuple(Room(r.name, size) if k == grown else r for k, r in enumerate(rooms))
        few, enough = (middle, enough) if _fill(things, tried)[1] else (few, middle)
    return rooms[grown].size + enough * ALIGNMENT


def _accesses(plan: Plan) -> Counter[Slot]:
    """How often one tick reads or writes an element of each slot, both branches of a test counted."""
    runs: Counter[str] = Counter({plan.main.machine.name: 1})
    total: Counter[Slot] = Counter()
    # A job runs as often as the main machine at the most, on its state.
    for own in (*plan.jobs, *reversed(plan.machines)):
        times = 1 if own in plan.jobs else runs[own.machine.name]
        machines = {i.name: i.machine for i in own.machine.instances}
        for stmt, repeated in _repeated(own.machine):
            for slot in _touched(stmt):
                total[slot] += times * repeated
            if isinstance(stmt, Invoke):
                runs[machines[stmt.instance]] += times * repeated
    return total


def _repeated(machine: Machine) -> list[tuple[Stmt, int]]:
    """Every statement with how often it runs."""
    found: list[tuple[Stmt, int]] = []
    stack: list[tuple[Stmt, int]] = [(stmt, 1) for stmt in machine.body]
    while stack:
        stmt, times = stack.pop()
        found.append((stmt, times))
        inner = times * stmt.count if isinstance(stmt, For) else times
        stack += [(s, inner) for block in blocks(stmt) for s in block]
    return found


def _touched(stmt: Stmt) -> list[Slot]:
    read = [part.slot for expr in own_expressions(stmt) for part in walk(expr) if isinstance(part, Place)]
    return read if not isinstance(stmt, Invoke) else [*read, *writes(stmt)]


def macros(plan: Plan, placed: tuple[Placed, ...]) -> Mapping[str, str]:
    """The macro of each object, by its name in C."""
    return {thing.name: macro(plan.prefix, region.room.name) for region in placed for thing in region.things}
