"""Units of computation: what is scheduled as one piece, and what each of them reads.

Rule: a unit writes one slot (a call, several) from slots; a register is written by its resets, before it is read in the
instant, and by its update, after its last reading. Updates that read each other's registers in a circle are cut: an
expression moved into an update moves out again, and a bare circle of registers loses one edge to a copy. A register
whose old value is read only where its next value is computed shares its slot with that value, and needs no update at
all.
"""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from syncml.dataclass import dataclass
from syncml.ir.clocks import Clock, On
from syncml.ir.equations.syntax import Apply, Atom, Call, Equation, Fby, Iterate, Merge, Var, resets
from syncml.ir.operators import Op
from syncml.ir.step.lowering.elements import (
    Indices,
    broadcast_indices,
    index,
    is_pointwise,
    is_view,
    plain_attribute,
    view_indices,
)
from syncml.ir.step.lowering.plan import Plan, clock_reads
from syncml.ir.step.syntax import LoopIndex
from syncml.ir.types import shape


class Kind(Enum):
    """What a unit does."""

    COMPUTE = "compute"
    """The target of a pointwise operator, a sum, a product."""
    CALL = "call"
    """One step of an instance, or of each of an array of instances."""
    BRANCH = "branch"
    """A branch of a merge, copied into the merge's slot."""
    JOIN = "join"
    """A merge whose branches are all done; no code."""
    OUTPUT = "output"
    """An output that is no slot of its own: a copy."""
    SAVE = "save"
    """The old value of a register, kept for an update that comes after the register's own."""
    RESET = "reset"
    """The first value of a register, or the state of an instance as it was at first, where a reset is true."""
    UPDATE = "update"
    """The next value of a register."""


@dataclass(slots=True, eq=False)
class Unit:
    """One piece of a node's step.

    Attributes:
        position: The place of its equation in the source; the schedule follows it where it is free to.
        targets: The variables whose slots are written; the stream that is shown, for an output.
        source: What is copied, for a branch, an output, a saved value and an update.
        output: The position of an output.
        reads: The variables with a slot that are read, tests included.
    """

    kind: Kind
    clock: Clock
    position: int
    equation: Equation | None
    targets: tuple[Var, ...]
    source: Atom | None = None
    output: int = -1
    reads: list[Var] = field(default_factory=list[Var])

    @property
    def target(self) -> Var:
        """The only variable that a unit other than a call writes."""
        (only,) = self.targets
        return only


@dataclass(slots=True)
class Units:
    """All units of a node, and the registers that share the slot of their next value.

    Attributes:
        units: In no order.
        shared: For a variable, the register in whose slot it is computed.
        saved: For a register, the unit that saved the value which its update takes.
        direct: For a variable, the position of the output in whose slot it is computed.
        orders: Pairs of units of which the first reads what the second overwrites.
    """

    units: list[Unit]
    shared: dict[Var, Var]
    saved: dict[Var, Unit]
    direct: dict[Var, int]
    orders: list[tuple[Unit, Unit]] = field(default_factory=list[tuple[Unit, Unit]])


def units_of(plan: Plan) -> Units:
    """The units of a planned node; revises ``plan`` where updates ask for it."""
    node = plan.node
    direct = _direct_outputs(plan)
    _separate_unsafe_updates(plan)
    _cut_circles_of_expressions(plan)
    units = [*_resets(plan), *_computations(plan), *_output_copies(plan, direct)]
    shared = _shared_registers(plan, units, direct)
    covered = set(shared.values())
    updates = [u for u in _updates(plan) if u.target not in covered]
    saved = _cut_circles_of_registers(plan, updates, len(node.equations))
    for unit in (*units, *updates):
        unit.reads = _unit_reads(plan, unit)
    return Units([*units, *saved.values(), *updates], shared, saved, direct)


def _direct_outputs(plan: Plan) -> dict[Var, int]:
    """The variables that are computed in the slot of an output, with the output's position."""
    direct: dict[Var, int] = {}
    for position, output in enumerate(plan.node.outputs):
        defined = plan.definition.get(output)
        if output in plan.alias or output in plan.inside or defined is None or isinstance(defined.rhs, Fby):
            continue
        late = isinstance(defined.rhs, Call) and plan.node.clocks.get(output, defined.clock) != defined.clock
        if not late:
            direct.setdefault(output, position)
    return direct


def _clock_of(equation: Equation) -> Clock:
    assert equation.clock is not None
    return equation.clock


def _resets(plan: Plan) -> list[Unit]:
    return [
        Unit(Kind.RESET, On(plan.node.clocks[reset], reset, True), i, e, e.targets)
        for i, e in enumerate(plan.node.equations)
        for reset in resets(e.rhs)
    ]


def _computations(plan: Plan) -> list[Unit]:
    units: list[Unit] = []
    for position, equation in enumerate(plan.node.equations):
        clock, rhs = _clock_of(equation), equation.rhs
        if isinstance(rhs, Call | Iterate):
            units.append(Unit(Kind.CALL, clock, position, equation, equation.targets))
            continue
        target = equation.target
        if target in plan.alias or target in plan.inside or isinstance(rhs, Fby):
            continue
        if isinstance(rhs, Merge):
            units += _merge(plan, equation, rhs, position)
        else:
            units.append(Unit(Kind.COMPUTE, clock, position, equation, (target,)))
    return units


def _merge(plan: Plan, equation: Equation, rhs: Merge, position: int) -> list[Unit]:
    units: list[Unit] = []
    for constructor, atom in rhs.branches:
        source = plan.resolve(atom)
        if not isinstance(source, Var) or plan.root.get(source) is not equation.target:
            clock = On(_clock_of(equation), rhs.condition, constructor)
            units.append(Unit(Kind.BRANCH, clock, position, equation, equation.targets, source))
    return [*units, Unit(Kind.JOIN, _clock_of(equation), position, equation, equation.targets)]


def _output_copies(plan: Plan, direct: dict[Var, int]) -> list[Unit]:
    node = plan.node
    return [
        Unit(Kind.OUTPUT, node.clocks[o], len(node.equations) + i, None, (o,), plan.resolve(o), output=i)
        for i, o in enumerate(node.outputs)
        if direct.get(o) != i
    ]


def _updates(plan: Plan) -> list[Unit]:
    return [
        Unit(Kind.UPDATE, _clock_of(e), i, e, e.targets, plan.resolve(e.rhs.following))
        for i, e in enumerate(plan.node.equations)
        if isinstance(e.rhs, Fby) and plan.resolve(e.rhs.following) is not e.target
    ]


def _unit_reads(plan: Plan, unit: Unit) -> list[Var]:
    """The variables with a slot that a unit reads, through what is computed inside of it, and its tests."""
    found = clock_reads(plan, unit.clock)
    match unit.kind:
        case Kind.JOIN | Kind.RESET:
            return found
        case Kind.COMPUTE | Kind.CALL:
            assert unit.equation is not None
            for atom in plan.arguments(unit.equation):
                found += plan.leaves(atom)
        case _:
            assert unit.source is not None
            found += plan.leaves(unit.source)
    return found


def _separate_unsafe_updates(plan: Plan) -> None:
    """Give a slot to what an update would read from its own register at another index than it writes."""
    for equation in plan.node.equations:
        if not isinstance(equation.rhs, Fby):
            continue
        source = plan.resolve(equation.rhs.following)
        if isinstance(source, Var) and not reads_in_place(plan, source, equation.target):
            plan.inside.discard(source)


def reads_in_place(plan: Plan, value: Atom, register: Var) -> bool:
    """Whether ``value``, computed element by element, reads ``register`` at the element that is computed only."""
    here = _symbolic(register)
    return _all_at(plan, [(value, here)], here, register)


def _symbolic(var: Var) -> Indices:
    """The indices of any one element."""
    return tuple(index(0) if n == 1 else LoopIndex("i") for n in shape(var.type))


def _all_at(plan: Plan, reads: list[tuple[Atom, Indices]], here: Indices, register: Var) -> bool:
    stack = reads
    while stack:
        atom, indices = stack.pop()
        atom = plan.resolve(atom)
        if atom is register:
            if indices != here:
                return False
        elif isinstance(atom, Var) and atom in plan.inside:
            rhs = plan.definition[atom].rhs
            assert isinstance(rhs, Apply)
            stack += _element_reads(rhs, indices)
    return True


def _element_reads(rhs: Apply, indices: Indices) -> list[tuple[Atom, Indices]]:
    """What a pointwise operator reads for one element; a dynamic index is read whole and matches no element."""
    if is_view(rhs):
        return [(rhs.arguments[0], view_indices(rhs, indices))]
    if rhs.op in (Op.AT, Op.WINDOW):
        rest = indices if rhs.op is Op.AT else indices[1:]
        return [(rhs.arguments[0], (LoopIndex("any"), *rest)), (rhs.arguments[1], ())]
    return [(a, broadcast_indices(shape(a.type), indices)) for a in rhs.arguments]


def _cut_circles_of_expressions(plan: Plan) -> None:
    """Move expressions out of the updates that read each other's registers in a circle."""
    updates = _updates(plan)
    for circle in _circles(plan, updates):
        for unit in circle:
            if isinstance(unit.source, Var):
                plan.inside.discard(unit.source)


def _cut_circles_of_registers(plan: Plan, updates: list[Unit], position: int) -> dict[Var, Unit]:
    """Save the old value of one register of each circle; the update that read it reads the copy."""
    saved: dict[Var, Unit] = {}
    for circle in _circles(plan, updates):
        first = min(circle, key=lambda u: u.position)
        read = first.source
        assert isinstance(read, Var)
        equation = plan.definition[read]
        save = Unit(Kind.SAVE, _clock_of(equation), position, equation, (read,), read)
        save.reads = [read, *clock_reads(plan, save.clock)]
        saved[first.target] = save
    return saved


def _circles(plan: Plan, updates: list[Unit]) -> list[list[Unit]]:
    """The strongly connected sets of updates, by what must come before what; iterative Tarjan."""
    by_target = {u.target: i for i, u in enumerate(updates)}
    after = [[by_target[v] for v in _unit_reads(plan, u) if v in by_target and v is not u.target] for u in updates]
    return [[updates[i] for i in part] for part in strongly_connected(after) if len(part) > 1]


def strongly_connected(edges: list[list[int]]) -> list[list[int]]:
    """The strongly connected components of a graph of numbered nodes, each in ascending order."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    open_: list[int] = []
    is_open: set[int] = set()
    result: list[list[int]] = []
    for root in range(len(edges)):
        if root in number:
            continue
        stack = [(root, 0)]
        while stack:
            node, next_edge = stack.pop()
            if next_edge == 0:
                number[node] = low[node] = len(number)
                open_.append(node)
                is_open.add(node)
            else:
                child = edges[node][next_edge - 1]
                if child in is_open:
                    low[node] = min(low[node], low[child])
            if next_edge < len(edges[node]):
                stack.append((node, next_edge + 1))
                if edges[node][next_edge] not in number:
                    stack.append((edges[node][next_edge], 0))
                continue
            if low[node] == number[node]:
                part: list[int] = []
                while not part or part[-1] != node:
                    part.append(open_.pop())
                    is_open.discard(part[-1])
                result.append(sorted(part))
    return result


def _shared_registers(plan: Plan, units: list[Unit], direct: dict[Var, int]) -> dict[Var, Var]:
    """The values that are computed in the slot of the register whose next value they are."""
    readers: dict[Var, list[Unit]] = {}
    tests: set[Var] = set()
    for unit in (*units, *_updates(plan)):
        for var in _unit_reads(plan, unit):
            readers.setdefault(var, []).append(unit)
        tests.update(clock_reads(plan, unit.clock))
    shared: dict[Var, Var] = {}
    for equation in plan.node.equations:
        if not isinstance(equation.rhs, Fby):
            continue
        register, value = equation.target, plan.resolve(equation.rhs.following)
        if not isinstance(value, Var) or value in shared or register in tests:
            continue
        defined = plan.definition.get(value)
        if defined is None or defined.clock != equation.clock or not isinstance(defined.rhs, Apply | Merge):
            continue
        if value in direct or value in plan.inside or value in plan.root or value in plan.alias:
            continue
        if all(computes_in_place(plan, u, value, register) for u in readers.get(register, [])):
            shared[value] = register
    return shared


def computes_in_place(plan: Plan, unit: Unit, value: Var, register: Var) -> bool:
    """Whether ``unit`` writes (a branch of) ``value`` and may read ``register`` while it overwrites it."""
    if unit.kind not in (Kind.COMPUTE, Kind.BRANCH) or plan.base(unit.target) is not value:
        return False
    if unit.kind is Kind.BRANCH:
        assert unit.source is not None
        return reads_in_place(plan, unit.source, register)
    assert unit.equation is not None
    rhs = unit.equation.rhs
    if not isinstance(rhs, Apply):
        return False
    if not is_pointwise(rhs):
        return shifts(plan, rhs, register)
    here = _symbolic(register)
    return _all_at(plan, _element_reads(rhs, here), here, register)


def shifts(plan: Plan, rhs: Apply, register: Var) -> bool:
    """Whether ``rhs`` is ``register`` without its first elements along an axis, and something else after them.

    Elements are written in ascending order, each after it was read for the one in front of it.
    """
    if rhs.op is not Op.CONCAT or len(rhs.arguments) != 2:
        return False
    kept, newest = map(plan.resolve, rhs.arguments)
    taken = plan.definition[kept].rhs if isinstance(kept, Var) and kept in plan.inside else None
    if not isinstance(taken, Apply) or taken.op is not Op.SLICE or plan.resolve(taken.arguments[0]) is not register:
        return False
    axis, start, count, step = plain_attribute(taken.attribute)
    at_the_end = step == 1 and start + count == shape(register.type)[axis]
    return rhs.attribute == (axis,) and at_the_end and register not in plan.leaves(newest)
