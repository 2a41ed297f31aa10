"""The order of units within one instant.

Rule: a unit comes after the units that write what it reads, a reset before every unit that reads or writes what it
resets, and the update of a register after every unit that reads its old value. Where that leaves a choice, units of one
clock stay together, then units whose clocks share the most tests, then the order of the source; so the order is a
function of the node alone.
"""

from __future__ import annotations

from heapq import heappop, heappush

from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import Clock
from syncml.ir.equations.syntax import Merge, Var
from syncml.ir.step.lowering.plan import Plan, guards
from syncml.ir.step.lowering.units import Kind, Unit, Units


def schedule(plan: Plan, units: Units) -> list[Unit]:
    """The units in an order of execution, joins left out.

    Raises:
        InternalFault: there is none, which the causality check should have reported.
    """
    after, waiting = edges(plan, units)
    ready = _Ready()
    for i, unit in enumerate(units.units):
        if not waiting[i]:
            ready.add(i, unit)
    order: list[Unit] = []
    done = 0
    while (i := ready.take()) is not None:
        done += 1
        unit = units.units[i]
        if unit.kind is not Kind.JOIN:
            order.append(unit)
        for j in after[i]:
            waiting[j] -= 1
            if not waiting[j]:
                ready.add(j, units.units[j])
    if done != len(units.units):
        stuck = next(u for i, u in enumerate(units.units) if waiting[i])
        names = ", ".join(t.name for t in stuck.targets)
        raise InternalFault(f"{names} of {plan.node.label} is part of a cycle within an instant")
    return order


def edges(plan: Plan, units: Units) -> tuple[list[list[int]], list[int]]:
    """For each unit, the units that wait for it, and how many it waits for."""
    number = {unit: i for i, unit in enumerate(units.units)}
    writer: dict[Var, int] = {}
    update: dict[Var, int] = {}
    resets: dict[int, list[int]] = {}
    for i, unit in enumerate(units.units):
        if unit.kind in (Kind.COMPUTE, Kind.CALL, Kind.JOIN):
            writer.update((t, i) for t in unit.targets)
        elif unit.kind is Kind.UPDATE:
            update[unit.target] = i
        elif unit.kind is Kind.RESET:
            resets.setdefault(id(unit.equation), []).append(i)
    after: list[list[int]] = [[] for _ in units.units]
    waiting = [0] * len(units.units)

    def before(first: int, then: int) -> None:
        if first != then:
            after[first].append(then)
            waiting[then] += 1

    for first, then in units.orders:
        before(number[first], number[then])

    def resets_of(var: Var) -> list[int]:
        return resets.get(id(plan.definition.get(var)), [])

    joins = {unit.target: i for i, unit in enumerate(units.units) if unit.kind is Kind.JOIN}
    for i, unit in enumerate(units.units):
        save = units.saved.get(unit.target) if unit.kind is Kind.UPDATE else None
        if save is not None:
            before(number[save], i)
        if unit.kind is not Kind.RESET:
            for var in unit.targets:
                for reset in resets_of(units.shared.get(plan.base(var), var)):
                    before(reset, i)
            for reset in () if unit.targets else resets.get(id(unit.equation), ()):
                before(reset, i)
        for var in unit.reads:
            for reset in resets_of(var) if plan.is_register(var) else ():
                before(reset, i)
            if var in writer:
                before(writer[var], i)
            elif var in update and not (save is not None and var is unit.source):
                before(i, update[var])
        if unit.kind is Kind.BRANCH:
            before(i, joins[unit.target])
        elif unit.kind is Kind.JOIN:
            assert unit.equation is not None and isinstance(unit.equation.rhs, Merge)
            branches = (plan.resolve(a) for _, a in unit.equation.rhs.branches)
            for branch in branches:
                if isinstance(branch, Var) and plan.root.get(branch) is unit.target:
                    before(writer[branch], i)
    return after, waiting


class _Ready:
    """The units that may run now, by clock; `take` stays on the current clock as long as it can."""

    def __init__(self) -> None:
        self._heaps: dict[Clock, list[tuple[bool, int, int]]] = {}
        self._joins: list[int] = []
        self._current: Clock | None = None
        self._paths: dict[Clock, tuple[tuple[Var, bool | str], ...]] = {}

    def add(self, i: int, unit: Unit) -> None:
        """Unit number ``i`` may run."""
        if unit.kind is Kind.JOIN:
            self._joins.append(i)
            return
        # Updates come last among their peers, as in code written by hand.
        heappush(self._heaps.setdefault(unit.clock, []), (unit.kind is Kind.UPDATE, unit.position, i))

    def take(self) -> int | None:
        """The next unit; None if none is ready."""
        if self._joins:
            return self._joins.pop()
        if self._current is None or self._current not in self._heaps:
            if not self._heaps:
                return None
            self._current = min(self._heaps, key=self._preference)
        heap = self._heaps[self._current]
        _, _, i = heappop(heap)
        if not heap:
            del self._heaps[self._current]
        return i

    def _preference(self, clock: Clock) -> tuple[int, bool, int, int]:
        """The least is the clock to go to: the nearest one, the other side of a test first, then by position."""
        here = () if self._current is None else self._path(self._current)
        there = self._path(clock)
        common = 0
        while common < min(len(here), len(there)) and here[common] == there[common]:
            common += 1
        sibling = common < min(len(here), len(there)) and here[common][0] is there[common][0]
        late, position, _ = self._heaps[clock][0]
        return (-common, not sibling, late, position)

    def _path(self, clock: Clock) -> tuple[tuple[Var, bool | str], ...]:
        if clock not in self._paths:
            self._paths[clock] = tuple(guards(clock))
        return self._paths[clock]
