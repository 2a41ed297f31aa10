"""Where the local variables of a step function are declared.

Rule: a local is declared in the smallest block that contains all its uses (MISRA C:2012 rule 8.9), at its first
assignment and ``const`` where there is no second one, else just before the first statement that mentions it. Loops
that clear a tensor before anything else mentions it are its initialiser, which compilers keep in registers. A local
that may be read before it is set keeps its value between the iterations of a loop, so it is declared outside of all
loops, with the value zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from syncml.dataclass import dataclass
from syncml.export_c.assignment import Assignment
from syncml.ir.step.syntax import Assign, Expr, For, Invoke, Literal, Place, Slot, Stmt
from syncml.ir.step.traverse import blocks, own_expressions, walk, writes
from syncml.ir.types import EnumType, shape

Path = tuple[int, ...]
"""A statement: its position in the body, then for each nesting level the block inside of it and the position there."""


@dataclass(frozen=True, slots=True)
class Declarations:
    """Where locals are declared.

    Attributes:
        at: Statements that declare their own target, each with whether it is ``const``.
        before: The locals that are declared just before a statement, each with whether it starts as zero.
    """

    at: Mapping[Path, bool]
    before: Mapping[Path, tuple[tuple[Slot, bool], ...]]


def _statements(body: tuple[Stmt, ...]) -> Iterator[tuple[Path, Stmt]]:
    stack: list[tuple[Path, Stmt]] = []

    def push(prefix: Path, block: tuple[Stmt, ...]) -> None:
        stack.extend(((*prefix, k), stmt) for k, stmt in reversed(list(enumerate(block))))

    push((), body)
    while stack:
        path, stmt = stack.pop()
        yield path, stmt
        for j, block in reversed(list(enumerate(blocks(stmt)))):
            push((*path, j), block)


def _mentioned(stmt: Stmt) -> set[Slot]:
    found = {part.slot for expr in own_expressions(stmt) for part in walk(expr) if isinstance(part, Place)}
    return found.union(writes(stmt))


def _common(one: Path, two: Path) -> Path:
    """The innermost block that contains the blocks ``one`` and ``two``."""
    length = 0
    while length < min(len(one), len(two)) and one[length : length + 2] == two[length : length + 2]:
        length += 2
    return one[:length]


def declarations(
    body: tuple[Stmt, ...],
    local: frozenset[Slot],
    assignment: Assignment,
    returning: Mapping[str, bool],
    keep: frozenset[Slot],
) -> Declarations:
    """Place the slots ``local``; those in ``keep`` are needed at the end of the body.

    ``returning`` tells for each instance whether its step function returns its only result.
    """
    home: dict[Slot, Path] = {}
    first: dict[Slot, list[Path]] = {}
    written: dict[Slot, int] = {}
    unrolled: set[Path] = set()
    by_path: dict[Path, Stmt] = {}
    for path, stmt in _statements(body):
        by_path[path] = stmt
        if isinstance(stmt, For) and stmt.unroll:
            unrolled.add(path)
        for slot in _mentioned(stmt) & local:
            block = path[:-1]
            home[slot] = _common(home[slot], block) if slot in home else block
            first.setdefault(slot, []).append(path)
        for slot in writes(stmt):
            written[slot] = written.get(slot, 0) + 1
    at: dict[Path, bool] = {}
    before: dict[Path, list[tuple[Slot, bool]]] = {}
    for slot in sorted(home, key=lambda s: (first[s][0], s.name)):
        unset = slot in assignment.exposed
        block = () if unset or slot in keep else _outside(home[slot], unrolled)
        start = first[slot][0][: len(block) + 1]
        if not unset and _declares(by_path[start], slot, returning):
            at[start] = written[slot] == 1
        else:
            before.setdefault(start, []).append((slot, unset))
    return Declarations(at, {path: tuple(slots) for path, slots in before.items()})


def _outside(block: Path, unrolled: set[Path]) -> Path:
    """The innermost block around ``block`` that is not inside a loop whose iterations are written out."""
    for length in range(1, len(block), 2):
        if block[:length] in unrolled:
            return block[: length - 1]
    return block


def _declares(stmt: Stmt, slot: Slot, returning: Mapping[str, bool]) -> bool:
    """Whether ``stmt`` is printed as one assignment of the whole of ``slot``."""
    match stmt:
        case Assign():
            return stmt.target.slot is slot and not stmt.target.indices
        case Invoke():
            return stmt.results == (slot,) and returning[stmt.instance]
        case For():
            return _clears(stmt, slot)
        case _:
            return False


def _clears(loop: For, slot: Slot) -> bool:
    """Whether ``loop``, with the loops inside of it, does nothing but set every element of ``slot`` to +0."""
    indices: list[Expr] = []
    extents: list[int] = []
    body: tuple[Stmt, ...] = (loop,)
    while len(body) == 1 and isinstance(body[0], For):
        indices.append(body[0].index)
        extents.append(body[0].count)
        body = body[0].body
    match body:
        case (Assign(Place(target, at), Literal(value)),):
            zero = not isinstance(value.element, EnumType) and np.asarray(value.machine()).tobytes().strip(b"\0") == b""
            return target is slot and at == tuple(indices) and shape(slot.type) == tuple(extents) and zero
        case _:
            return False
