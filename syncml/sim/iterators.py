"""Iterators without memory as loops of one machine without instances.

Rule: where a node is an expression of its inputs (operators, choices by conditions, and iterators of such nodes), each
element of an array of its instances does the same, and has no state and no clause of its own. So the array stays a
loop, in which the node's step stands in the place of the call: inputs that are tensors are the arguments, other inputs
are locals set to them, results are the outputs, all else is a fresh local. All other arrays are unrolled. A loop has
the bits of its unrolled elements: it does the same operations in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import BASE, Periodic, steps
from syncml.ir.equations.inline import inline, inline_loops, inline_where
from syncml.ir.equations.syntax import Apply, Iterate, Merge, Node, Program, When
from syncml.ir.equations.unroll import unroll
from syncml.ir.step.coalescing import coalesced
from syncml.ir.step.lowering import Observe, Observed
from syncml.ir.step.syntax import (
    Assign,
    Expr,
    For,
    If,
    Invoke,
    LoopIndex,
    Machine,
    Place,
    Slot,
    StepProgram,
    Stmt,
    Storage,
    Switch,
)
from syncml.ir.step.traverse import blocks, map_expr, with_blocks
from syncml.ir.types import TensorType

LONG = 128
"""The least number of equations, written out, for which a loop is worth its overhead."""


def flattened(program: Program, observe: Observed, streams: Iterable[str] = ()) -> Program:
    """Flatten the main node of a clocked program; with loops, unless streams of elements are asked for.

    A stream of an element has a name of its own only where iterators are written out; those of a sweep have none.

    Args:
        program: Clocked equations.
        observe: The streams that are shown beside the outputs.
        streams: Names of others.
    """
    if not isinstance(observe, Observe):
        streams = (*streams, *observe)
    elif observe is Observe.ALL:
        return inline(program)
    flat = looped(program, named=observe is Observe.NAMED)
    there = {v.name for v in flat.node(flat.main).clocks}
    return flat if there.issuperset(streams) else inline(program)


def looped(program: Program, *, named: bool = False) -> Program:
    """Flatten the main node of a clocked program but for iterators of nodes that are expressions.

    Args:
        program: Clocked equations.
        named: Write out those of nodes with a stream that the user named, too.
    """
    sizes: dict[str, int] = {}
    flat = inline_where(program, lambda _caller, _call: True)
    for node in flat.nodes:
        size = _size(node, sizes)
        if size is not None:
            sizes[node.name] = size

    shown: set[str] = set()
    for node in flat.nodes if named else ():
        inner = {e.rhs.node for e in node.equations if isinstance(e.rhs, Iterate)}
        if inner & shown or any(v.user for v in node.clocks):
            shown.add(node.name)

    def chosen(_node: Node, rhs: Iterate) -> bool:
        return rhs.node in shown or rhs.extent * sizes.get(rhs.node, 0) < LONG

    unrolled = unroll(flat, chosen)
    return inline_loops(inline_where(unrolled, lambda _caller, _call: True))


def _size(node: Node, sizes: dict[str, int]) -> int | None:
    """The equations of a node that is an expression, those of its iterators written out; None for another node."""
    total = 0
    if node.properties or node.external or any(node.clocks[v] != BASE for v in (*node.inputs, *node.outputs)):
        return None
    if any(isinstance(step, Periodic) for clock in set(node.clocks.values()) for step in steps(clock)):
        return None
    for equation in node.equations:
        match equation.rhs:
            case Apply() | When() | Merge():
                total += 1
            case Iterate(node=callee, extent=extent) if callee in sizes:
                total += extent * sizes[callee]
            case _:
                return None
    return total


def embedded(program: StepProgram) -> Machine:
    """The main machine of a program whose other machines have no state, with their steps in place of the calls."""
    done: dict[str, Machine] = {}
    for machine in program.machines:
        done[machine.name] = _Caller(machine, done).whole()
    # What a callee is handed and hands back are copies.
    return coalesced(done[program.main])


class _Caller:
    """A machine whose callees have no instances any more."""

    def __init__(self, machine: Machine, done: dict[str, Machine]) -> None:
        self._machine = machine
        self._callees = {i.name: done[i.machine] for i in machine.instances}
        self._locals = list(machine.locals)
        self._constants = {slot: slot for slot in machine.constants}

    def whole(self) -> Machine:
        """The machine without instances."""
        if not self._callees:
            return self._machine
        body = self._block(self._machine.body)
        return replace(
            self._machine,
            locals=tuple(self._locals),
            constants=tuple(self._constants.values()),
            instances=(),
            body=body,
        )

    def _block(self, body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        made: list[Stmt] = []
        for stmt in body:
            if isinstance(stmt, Invoke):
                made += self._step(stmt)
            else:
                made.append(with_blocks(stmt, tuple(self._block(b) for b in blocks(stmt))))
        return tuple(made)

    def _step(self, call: Invoke) -> list[Stmt]:
        """The statements of a callee for its call."""
        callee = self._callees[call.instance]
        if callee.state:
            raise InternalFault(f"{call.instance} has state, which is to be unrolled")
        slots: dict[Slot, Slot] = dict(zip(callee.outputs, call.results, strict=True))
        made: list[Stmt] = []
        for slot, argument in zip(callee.inputs, call.arguments, strict=True):
            if isinstance(slot.type, TensorType):
                assert isinstance(argument, Place)
                if argument.slot in call.results:
                    raise InternalFault(f"{call.instance} reads {argument.slot.name}, which it writes")
                slots[slot] = argument.slot
            else:
                slots[slot] = self._local(call, slot)
                made.append(Assign(Place(slots[slot]), argument, call.origin))
        for slot in callee.locals:
            slots[slot] = self._local(call, slot)
        for slot in callee.constants:
            slots[slot] = self._constants.setdefault(slot, replace(slot, name=f"{call.instance}.{slot.name}"))
        return [*made, *_renamed(callee.body, slots, _plain(call.instance), {})]

    def _local(self, call: Invoke, slot: Slot) -> Slot:
        made = replace(slot, name=f"{call.instance}.{slot.name}", storage=Storage.LOCAL)
        self._locals.append(made)
        return made


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)


def _renamed(
    body: tuple[Stmt, ...], slots: dict[Slot, Slot], prefix: str, counters: dict[LoopIndex, LoopIndex]
) -> list[Stmt]:
    """Statements with other slots, and with loop counters whose names are not those of loops around them."""

    def change(expr: Expr) -> Expr | None:
        match expr:
            case LoopIndex():
                return counters[expr]
            case Place():
                return Place(slots[expr.slot], tuple(map_expr(change, i) for i in expr.indices))
            case _:
                return None

    made: list[Stmt] = []
    for stmt in body:
        if isinstance(stmt, For):
            counters = {**counters, stmt.index: LoopIndex(f"{prefix}_{stmt.index.name}")}
            stmt = replace(stmt, index=counters[stmt.index])
        inner = tuple(tuple(_renamed(b, slots, prefix, counters)) for b in blocks(stmt))
        match stmt:
            case Assign():
                target = change(stmt.target)
                assert isinstance(target, Place)
                made.append(replace(stmt, target=target, value=map_expr(change, stmt.value)))
            case If():
                made.append(If(map_expr(change, stmt.condition), *inner))
            case Switch():
                made.append(with_blocks(replace(stmt, scrutinee=map_expr(change, stmt.scrutinee)), inner))
            case _:
                made.append(with_blocks(stmt, inner))
    return made
