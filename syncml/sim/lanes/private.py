"""Assignments that need no mask, though they stand under one.

Rule: where control depends on the lane, an assignment keeps the old value in lanes that are masked out. A local that is
accessed in one block alone, and there assigned before anything else, has no old value that anyone reads: whoever reads
it does so in the same block, so in no more lanes, and after that assignment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syncml.dataclass import dataclass
from syncml.ir.step.syntax import Assign, Place, Slot, Stmt, Storage
from syncml.ir.step.traverse import blocks, own_expressions, walk
from syncml.ir.types import TensorType


@dataclass(frozen=True, slots=True)
class _Block:
    """A block, and where it stands: in which statement of which other block."""

    above: _Block | None
    number: int
    depth: int


@dataclass(slots=True)
class _Use:
    """The accesses of a local: the innermost block that has them all, and the first statement of it that has one."""

    block: _Block
    number: int
    first: Stmt | None


def unmasked(body: Sequence[Stmt]) -> frozenset[int]:
    """The identities of such assignments."""
    uses: dict[Slot, _Use] = {}
    stack: list[tuple[_Block, int, Sequence[Stmt]]] = [(_Block(None, 0, 0), 0, body)]
    while stack:
        block, start, statements = stack.pop()
        for number in range(start, len(statements)):
            stmt = statements[number]
            for slot in _locals(stmt):
                _note(uses, slot, block, number, stmt)
            inner = [b for b in blocks(stmt) if b]
            if inner:
                # What is inside comes before what follows.
                stack.append((block, number + 1, statements))
                stack += [(_Block(block, number, block.depth + 1), 0, b) for b in reversed(inner)]
                break
    return frozenset(id(u.first) for slot, u in uses.items() if _assigns(u.first, slot))


def _note(uses: dict[Slot, _Use], slot: Slot, block: _Block, number: int, stmt: Stmt) -> None:
    use = uses.get(slot)
    if use is None:
        uses[slot] = _Use(block, number, stmt)
        return
    if use.block is block:
        return
    while block.depth > use.block.depth:
        assert block.above is not None
        block = block.above
    while use.block is not block:
        # The first access lies deeper, in a statement of the block that has both.
        assert use.block.above is not None
        use.number, use.block, use.first = use.block.number, use.block.above, None
        if block.depth > use.block.depth:
            assert block.above is not None
            block = block.above


def _locals(stmt: Stmt) -> Iterator[Slot]:
    for expr in own_expressions(stmt):
        for part in walk(expr):
            if isinstance(part, Place) and part.slot.storage is Storage.LOCAL:
                yield part.slot


def _assigns(stmt: Stmt | None, slot: Slot) -> bool:
    """Whether a statement gives a scalar its value, and does not read it."""
    if not isinstance(stmt, Assign) or stmt.target.slot is not slot or isinstance(slot.type, TensorType):
        return False
    return not any(isinstance(p, Place) and p.slot is slot for p in walk(stmt.value))
