"""Which slots have one value for all lanes.

Rule: a slot varies iff it is an input that does, or some assignment to it reads a slot that varies, or stands under a
condition that reads one. All else is uniform: weights, counters of periodic clocks, what follows from them. Each lane
starts from the same initial state and all lanes run in step, so what depends on nothing that varies is equal in all.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from syncml.ir.step.syntax import Assign, Expr, Machine, Place, Slot, Stmt
from syncml.ir.step.traverse import blocks, own_expressions, walk


def varying_slots(machine: Machine, equal: Container[Slot] = ()) -> frozenset[Slot]:
    """The slots of a machine without instances whose values may differ between lanes.

    The inputs ``equal`` are those of which all lanes are given the same values.
    """
    edges = readers(machine)
    found: set[object] = set()
    stack: list[object] = [slot for slot in machine.inputs if slot not in equal]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += edges.get(node, ())
    return frozenset(s for s in found if isinstance(s, Slot))


def readers(machine: Machine) -> dict[object, list[object]]:
    """For each slot, and each place where control may depend on the lane, what depends on it."""
    edges: dict[object, list[object]] = {}
    stack: list[tuple[Stmt, object]] = [(stmt, None) for stmt in machine.body]
    while stack:
        stmt, control = stack.pop()
        if isinstance(stmt, Assign):
            target = stmt.target.slot
            for slot in _read((stmt.value, *stmt.target.indices)):
                edges.setdefault(slot, []).append(target)
            if control is not None:
                edges.setdefault(control, []).append(target)
            continue
        inner: object = object()
        for slot in _read(own_expressions(stmt)):
            edges.setdefault(slot, []).append(inner)
        if control is not None:
            edges.setdefault(control, []).append(inner)
        stack += [(each, inner) for block in blocks(stmt) for each in block]
    return edges


def _read(expressions: Iterable[Expr]) -> Iterator[Slot]:
    return (part.slot for expr in expressions for part in walk(expr) if isinstance(part, Place))
