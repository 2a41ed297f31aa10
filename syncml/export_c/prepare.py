"""Two rewritings of step code that C asks for and other back ends do not.

Rule: a local that nobody reads is not computed (compilers warn of it, and MISRA C:2012 rule 2.2 forbids dead code),
and an instance never reads an argument through one pointer while it writes a result through another.
"""

from __future__ import annotations

from dataclasses import replace

from syncml.ir.step.syntax import (
    Assign,
    Expr,
    For,
    If,
    Invoke,
    LoopIndex,
    Machine,
    Place,
    Reset,
    Slot,
    Stmt,
    Storage,
    Switch,
)
from syncml.ir.step.traverse import map_blocks, read_in, statements
from syncml.ir.types import shape


def prepare(machine: Machine) -> Machine:
    """``machine`` without dead locals and without overlapping arguments and results."""
    return _prune(_separate(machine))


def _prune(machine: Machine) -> Machine:
    body = machine.body
    while True:
        read = read_in(body)

        def live(block: tuple[Stmt, ...], read: set[Slot] = read) -> tuple[Stmt, ...]:
            return tuple(stmt for stmt in block if not _is_dead(stmt, read))

        pruned = map_blocks(live, body)
        if sum(1 for _ in statements(pruned)) == sum(1 for _ in statements(body)):
            break
        body = pruned
    mentioned = read_in(body) | {slot for stmt in statements(body) for slot in _written(stmt)}
    return replace(machine, body=body, locals=tuple(slot for slot in machine.locals if slot in mentioned))


def _written(stmt: Stmt) -> tuple[Slot, ...]:
    match stmt:
        case Assign():
            return (stmt.target.slot,)
        case Invoke():
            return stmt.results
        case If() | Switch() | For() | Reset():
            return ()


def _is_dead(stmt: Stmt, read: set[Slot]) -> bool:
    match stmt:
        case Assign():
            slot = stmt.target.slot
            nothing = stmt.value == stmt.target
            return nothing or (slot.storage is Storage.LOCAL and slot not in read)
        case If():
            return not stmt.then and not stmt.otherwise
        case Switch():
            return not any(body for _, body in stmt.cases)
        case For():
            return stmt.count == 0 or not stmt.body
        case Invoke() | Reset():
            return False


def _separate(machine: Machine) -> Machine:
    """Copy each tensor argument of an instance that is one of its results too."""
    copies: list[Slot] = []

    def separated(block: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        done: list[Stmt] = []
        for stmt in block:
            if not isinstance(stmt, Invoke):
                done.append(stmt)
                continue
            arguments: list[Expr] = []
            for argument in stmt.arguments:
                overlaps = isinstance(argument, Place) and shape(argument.slot.type) and argument.slot in stmt.results
                if isinstance(argument, Place) and overlaps and not argument.indices:
                    source = argument.slot
                    copy = Slot(f"{source.name}.before", source.type, Storage.LOCAL, origin=source.origin)
                    copies.append(copy)
                    done.append(copy_slot(source, copy))
                    arguments.append(Place(copy))
                else:
                    arguments.append(argument)
            done.append(replace(stmt, arguments=tuple(arguments)))
        return tuple(done)

    body = map_blocks(separated, machine.body)
    return replace(machine, body=body, locals=(*machine.locals, *copies)) if copies else machine


def copy_slot(source: Slot, target: Slot) -> Stmt:
    """Step code for ``target := source`` on slots of one type."""
    counters = tuple(LoopIndex("ijklmn"[axis % 6]) for axis in range(len(shape(source.type))))
    copy: Stmt = Assign(Place(target, counters), Place(source, counters), source.origin)
    for counter, extent in reversed(list(zip(counters, shape(source.type), strict=True))):
        copy = For(counter, extent, (copy,))
    return copy
