"""Schedules of loops: step code for a machine, from step code for any.

Rule: the program has the same trace. An accumulation keeps the order of the terms of each result, an elementwise use
that follows it is computed where the result is, constants lie in the order in which they are read, and a choice by
masks has the bits of what it chooses. What is chosen is a `Schedule`, a value; only `LoopTable` knows of machines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from syncml.dataclass import dataclass
from syncml.ir.step.nests import nest_of
from syncml.ir.step.schedules.accumulation import (
    Accumulation,
    accumulation_at,
    reads_slot,
    rename,
    same_elements_after,
)
from syncml.ir.step.schedules.axes import channels_last
from syncml.ir.step.schedules.choose import Schedule, candidates, choose
from syncml.ir.step.schedules.copies import without_copies
from syncml.ir.step.schedules.fresh import Locals
from syncml.ir.step.schedules.layouts import LaidOut, constants_read_once, description, laid_out
from syncml.ir.step.schedules.lines import with_lines
from syncml.ir.step.schedules.masks import mask_choices
from syncml.ir.step.schedules.packing import packed
from syncml.ir.step.schedules.pointers import in_own_memory
from syncml.ir.step.schedules.table import (
    CORTEX_M3_LOOPS,
    CORTEX_M4F_LOOPS,
    GENERIC_LOOPS,
    SIMULATION_LOOPS,
    VECTOR_LOOPS,
    LoopRow,
    LoopTable,
)
from syncml.ir.step.schedules.tiles import Finish, scheduled
from syncml.ir.step.syntax import Assign, Machine, Place, Slot, StepProgram, Stmt, Storage
from syncml.ir.step.traverse import blocks, own_expressions, statements, walk, with_blocks
from syncml.ir.types import Type

__all__ = [
    "CORTEX_M3_LOOPS",
    "CORTEX_M4F_LOOPS",
    "GENERIC_LOOPS",
    "LOOP_PASSES",
    "SIMULATION_LOOPS",
    "VECTOR_LOOPS",
    "Accumulation",
    "LoopPass",
    "LoopRow",
    "LoopTable",
    "Schedule",
    "candidates",
    "choose",
    "description",
    "schedule_loops",
    "schedule_machine",
]

Chooser = Callable[[Accumulation], Schedule]
"""What decides: the cost table of a machine, or a search."""


@dataclass(frozen=True, slots=True)
class LoopPass:
    """A named rewriting of step code for the machine that a cost table describes."""

    name: str
    run: Callable[[StepProgram, LoopTable], StepProgram]


def _copies(program: StepProgram, table: LoopTable) -> StepProgram:
    return _each_machine(program, without_copies) if table.copies else program


def _axes(program: StepProgram, table: LoopTable) -> StepProgram:
    return _each_machine(program, channels_last) if table.channels_last else program


def _lines(program: StepProgram, table: LoopTable) -> StepProgram:
    return _each_machine(program, lambda machine: with_lines(machine, table.lines))


def _loops(program: StepProgram, table: LoopTable) -> StepProgram:
    # A job reads the constants of the main machine where they lie.
    kept = frozenset(place.slot for job in program.jobs for place in _places_read(job.machine.body))
    return _each_machine(program, lambda machine: schedule_machine(machine, lambda made: choose(made, table), kept))


def _memories(program: StepProgram, table: LoopTable) -> StepProgram:
    return _each_machine(program, in_own_memory) if table.overlap else program


def _masks(program: StepProgram, table: LoopTable) -> StepProgram:
    return mask_choices(program) if table.branches else program


LOOP_PASSES: tuple[LoopPass, ...] = (
    LoopPass("copies", _copies),
    LoopPass("axes", _axes),
    LoopPass("lines", _lines),
    LoopPass("loops", _loops),
    LoopPass("memories", _memories),
    LoopPass("masks", _masks),
)
"""In order, after the passes of `syncml.ir.step.lowering`."""


def schedule_loops(
    program: StepProgram,
    table: LoopTable,
    shown: Callable[[str, StepProgram], None] = lambda _name, _program: None,
) -> StepProgram:
    """``program`` with its loops as the cost table of a machine has them.

    Args:
        program: Step code.
        table: What is known of the machine and its compiler.
        shown: Called with the name and the result of every pass.
    """
    for step in LOOP_PASSES:
        program = step.run(program, table)
        shown(step.name, program)
    return program


def _each_machine(program: StepProgram, change: Callable[[Machine], Machine]) -> StepProgram:
    # The loops of jobs stay as they are.
    return replace(program, machines=tuple(map(change, program.machines)))


def schedule_machine(machine: Machine, chooser: Chooser, kept: frozenset[Slot] = frozenset()) -> Machine:
    """``machine`` with each accumulation in the order that ``chooser`` picks; ``kept`` constants stay as they are."""
    return _Schedules(machine, chooser, kept).machine()


class _Schedules:
    def __init__(self, machine: Machine, chooser: Chooser, kept: frozenset[Slot]) -> None:
        self._machine = machine
        self._chooser = chooser
        self._readings = Counter(place.slot for place in _places_read(machine.body))
        self._free = constants_read_once(machine.body) - kept
        self._locals = Locals(machine)
        self._constants: dict[Slot, Slot] = {}
        self._gone: set[Slot] = set()

    def machine(self) -> Machine:
        """The machine with its new loops, locals and constants."""
        machine = self._locals.with_body(self._block(self._machine.body))
        constants = tuple(self._constants.get(slot, slot) for slot in machine.constants)
        kept = tuple(slot for slot in machine.locals if slot not in self._gone)
        return replace(machine, constants=constants, locals=kept)

    def _block(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        done: list[Stmt] = []
        position = 0
        while position < len(body):
            found = accumulation_at(body, position)
            if found is None:
                stmt = body[position]
                inner = blocks(stmt)
                done.append(with_blocks(stmt, tuple(map(self._block, inner))) if inner else stmt)
                position += 1
                continue
            made, taken = found
            position += taken
            finish = self._finish(made, body[position]) if position < len(body) else None
            if finish is not None:
                self._gone.add(made.target.slot)
                position += 1
            done += self._scheduled(made, finish)
        return tuple(done)

    def _scheduled(self, made: Accumulation, finish: Finish | None) -> list[Stmt]:
        schedule = self._chooser(made)
        copies, made = packed(made, schedule.packed, self._locals.new) if schedule.packed else ([], made)
        constants: dict[Slot, LaidOut] = laid_out(made, schedule, self._free)
        self._constants.update({old: new.slot for old, new in constants.items()})
        return copies + scheduled(made, schedule, finish, constants, self._near)

    def _near(self, name: str, type_: Type) -> Slot:
        return self._locals.new(name, type_, near=True)

    def _finish(self, made: Accumulation, after: Stmt) -> Finish | None:
        """The statement after an accumulation, if it is an elementwise use of its results and the only one."""
        used = nest_of(after)
        slot = made.target.slot
        if used is None or slot.storage is not Storage.LOCAL or used.assign.target.slot is slot:
            return None
        renamed = same_elements_after(used, made)
        if renamed is None:
            return None
        value, target = rename(used.assign.value, renamed), used.assign.target
        own = Place(target.slot, tuple(rename(i, renamed) for i in target.indices))
        mine = [part for part in walk(value) if isinstance(part, Place) and part.slot is slot]
        theirs = [part for part in walk(value) if isinstance(part, Place) and part.slot is own.slot]
        # Beside this use it is read where it is summed.
        alone = len(mine) > 0 and self._readings[slot] == len(mine) + 1
        aligned = all(part == made.target for part in mine) and all(part == own for part in theirs)
        apart = not reads_slot(made.update, own.slot) and not reads_slot(made.start, own.slot)
        return Finish(own, value, used.assign.origin) if alone and aligned and apart else None


def _places_read(body: Iterable[Stmt]) -> Iterator[Place]:
    for stmt in statements(body):
        targets = (*stmt.target.indices, stmt.value) if isinstance(stmt, Assign) else own_expressions(stmt)
        for expr in targets:
            yield from (part for part in walk(expr) if isinstance(part, Place))
