"""Small repairs of step code after translation.

Rule: a Boolean that the user did not name, that is read once, and that is computed just before the test that reads it
stands in the test; a local that nothing reads is not computed; what does not occur is not declared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from syncml.ir.step.lowering.control import fuse, substitute
from syncml.ir.step.syntax import Assign, If, Machine, Place, Slot, StepProgram, Stmt, Storage, Switch
from syncml.ir.step.traverse import expressions, map_blocks, reads, statements, writes


def each_machine(change: Callable[[Machine], Machine]) -> Callable[[StepProgram], StepProgram]:
    """A change of machines as a change of programs."""

    def changed(program: StepProgram) -> StepProgram:
        jobs = tuple(replace(job, machine=change(job.machine)) for job in program.jobs)
        return replace(program, machines=tuple(map(change, program.machines)), jobs=jobs)

    return changed


def fuse_tests(machine: Machine) -> Machine:
    """Fuse adjacent tests on the same condition."""
    return replace(machine, body=fuse(machine.body))


def conditions_in_place(machine: Machine) -> Machine:
    """Move each unnamed condition that is read once into the test that follows it."""
    count = Counter(slot for stmt in statements(machine.body) for slot in reads(stmt))

    def movable(stmt: Stmt) -> bool:
        if not isinstance(stmt, Assign):
            return False
        slot = stmt.target.slot
        return slot.storage is Storage.LOCAL and slot.origin is None and not stmt.target.indices and count[slot] == 1

    def change(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        done: list[Stmt] = []
        for stmt in body:
            before = done[-1] if done else None
            if isinstance(before, Assign) and movable(before) and isinstance(stmt, If | Switch):
                slot = before.target.slot
                test = stmt.condition if isinstance(stmt, If) else stmt.scrutinee
                moved = substitute(slot, before.value, test)
                if moved is not test:
                    done[-1] = (
                        replace(stmt, condition=moved) if isinstance(stmt, If) else replace(stmt, scrutinee=moved)
                    )
                    continue
            done.append(stmt)
        return tuple(done)

    return replace(machine, body=map_blocks(change, machine.body))


def drop_unused(machine: Machine) -> Machine:
    """Drop assignments to locals that nothing reads, and slots that do not occur."""
    body = machine.body
    while True:
        read = {slot for stmt in statements(body) for slot in reads(stmt)}
        slimmer = map_blocks(lambda block, read=read: tuple(s for s in block if not _useless(s, read)), body)
        if sum(1 for _ in statements(slimmer)) == sum(1 for _ in statements(body)):
            break
        body = slimmer
    occurring: set[Slot] = {e.slot for e in expressions(body) if isinstance(e, Place)}
    occurring |= {slot for stmt in statements(body) for slot in writes(stmt)}
    return replace(
        machine,
        body=body,
        constants=tuple(s for s in machine.constants if s in occurring),
        locals=tuple(s for s in machine.locals if s in occurring),
    )


def _useless(stmt: Stmt, read: set[Slot]) -> bool:
    if isinstance(stmt, Assign):
        slot = stmt.target.slot
        # An accumulator reads itself; what only feeds itself is rare enough to stay.
        return slot.storage is Storage.LOCAL and slot not in read
    return isinstance(stmt, If) and not stmt.then and not stmt.otherwise
