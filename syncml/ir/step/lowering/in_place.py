"""Updates in place: an array that is a register is not copied to change one of its elements.

Rule: where ``r = init fby v`` and ``v`` is ``r`` with elements replaced (by one update after another, or in a branch of
a merge), or ``r`` without its first elements and others after them, ``v`` lives in the slot of ``r`` if everything that
reads the old value can run before it is overwritten. The
same holds for each array on the way from ``r`` to ``v``. The order that this asks for is added to that of the schedule.
"""

from __future__ import annotations

from dataclasses import replace

from syncml.ir.equations.syntax import Apply, Fby, Merge, Var
from syncml.ir.operators import Op
from syncml.ir.step.lowering.plan import Plan, clock_reads
from syncml.ir.step.lowering.schedule import edges
from syncml.ir.step.lowering.units import Kind, Unit, Units, computes_in_place, reads_in_place, shifts
from syncml.ir.types import TensorType, size


def update_in_place(plan: Plan, units: Units) -> Units:
    """``units`` with the updates of registers that need no copy in the slots of their registers."""
    registers = [
        e.target
        for e in plan.node.equations
        if isinstance(e.rhs, Fby) and isinstance(e.target.type, TensorType) and _next(plan, e.target) is not None
    ]
    return _InPlace(plan, units).result(registers) if registers else units


def _next(plan: Plan, register: Var) -> Var | None:
    """The next value of a register, if it can be an update of it."""
    rhs = plan.definition[register].rhs
    assert isinstance(rhs, Fby)
    value = plan.resolve(rhs.following)
    defined = plan.definition.get(value) if isinstance(value, Var) else None
    if defined is None or not isinstance(value, Var):
        return None
    found = isinstance(defined.rhs, Merge) or _is_update(plan, value) or _is_shift(plan, value, register)
    return value if found and value not in plan.inside and value not in plan.root else None


def _is_update(plan: Plan, var: Var) -> bool:
    defined = plan.definition.get(var)
    return defined is not None and isinstance(defined.rhs, Apply) and defined.rhs.op is Op.UPDATE


def _is_shift(plan: Plan, var: Var, register: Var) -> bool:
    rhs = plan.definition[var].rhs
    return isinstance(rhs, Apply) and shifts(plan, rhs, register)


class _InPlace:
    def __init__(self, plan: Plan, units: Units) -> None:
        self._plan = plan
        self._units = units
        self._after, _ = edges(plan, units)
        self._number = {unit: i for i, unit in enumerate(units.units)}
        self._readers: dict[Var, list[Unit]] = {}
        self._writers: dict[Var, list[Unit]] = {}
        self._tests: set[Var] = set()
        for unit in units.units:
            self._tests.update(clock_reads(plan, unit.clock))
            saved = units.saved.get(unit.target) if unit.kind is Kind.UPDATE else None
            for var in unit.reads:
                if saved is None or var is not unit.source:
                    self._readers.setdefault(var, []).append(unit)
            if unit.kind is Kind.RESET and unit.equation is not None and isinstance(unit.equation.rhs, Fby):
                # It writes the old value, so it comes as early as what reads it.
                self._readers.setdefault(unit.target, []).append(unit)
            if unit.kind in (Kind.COMPUTE, Kind.BRANCH):
                self._writers.setdefault(plan.base(unit.target), []).append(unit)

    def result(self, registers: list[Var]) -> Units:
        """The revised units."""
        shared = dict(self._units.shared)
        orders: list[tuple[Unit, Unit]] = []
        gone: set[Unit] = set()
        for register in registers:
            update = next((u for u in self._units.units if u.kind is Kind.UPDATE and u.target is register), None)
            steps = None if update is None else self._steps(register, update, shared)
            if steps is None or update is None:
                continue
            for over, value in steps:
                shared[value] = over
                for reader, writer in self._orders(over, value, update):
                    orders.append((reader, writer))
                    self._after[self._number[reader]].append(self._number[writer])
            gone.add(update)
        kept = [u for u in self._units.units if u not in gone]
        return replace(self._units, units=kept, shared=shared, orders=orders)

    def _steps(self, register: Var, update: Unit, shared: dict[Var, Var]) -> list[tuple[Var, Var]] | None:
        """The arrays from ``register`` to its next value, each with what is computed over it; None if one cannot."""
        equation = self._plan.definition[register]
        value = _next(self._plan, register)
        steps: list[tuple[Var, Var]] = []
        while value is not None:
            if value in shared or value in self._units.direct or self._plan.definition[value].clock != equation.clock:
                return None
            source = self._source(value)
            over = source if source is not None and source is not register else register
            if not self._may_overwrite(over, value, update):
                return None
            steps.append((over, value))
            if over is register:
                return steps[::-1]
            value = over
        return None

    def _source(self, value: Var) -> Var | None:
        """What ``value`` is an update of, if that is an update too."""
        rhs = self._plan.definition[value].rhs
        if not isinstance(rhs, Apply) or rhs.op is not Op.UPDATE:
            return None
        source = self._plan.resolve(rhs.arguments[0])
        if not isinstance(source, Var) or source in self._plan.inside or source in self._plan.root:
            return None
        return source if _is_update(self._plan, source) else None

    def _may_overwrite(self, over: Var, value: Var, update: Unit) -> bool:
        """Whether ``value`` can be computed in the slot of ``over``, and all that read ``over`` can come first."""
        writers = self._writers.get(value, [])
        if over in self._tests or not any(updates_in_place(self._plan, u, over) for u in writers):
            return False
        if not all(self._writes_in_place(u, value, over) for u in writers):
            return False
        later = self._reachable(writers)
        return not any(self._number[reader] in later for reader, _ in self._orders(over, value, update))

    def _writes_in_place(self, unit: Unit, value: Var, over: Var) -> bool:
        if over not in unit.reads or updates_in_place(self._plan, unit, over):
            return True
        if unit.kind is Kind.BRANCH:
            assert unit.source is not None
            return reads_in_place(self._plan, unit.source, over)
        return computes_in_place(self._plan, unit, value, over)

    def _orders(self, over: Var, value: Var, update: Unit) -> list[tuple[Unit, Unit]]:
        writers = self._writers[value]
        readers = [u for u in self._readers.get(over, []) if u not in writers and u is not update]
        return [(reader, writer) for reader in readers for writer in writers]

    def _reachable(self, starts: list[Unit]) -> set[int]:
        """The units that have to come after one of ``starts``."""
        found: set[int] = set()
        stack = [self._number[u] for u in starts]
        while stack:
            for other in self._after[stack.pop()]:
                if other not in found:
                    found.add(other)
                    stack.append(other)
        return found


def updates_in_place(plan: Plan, unit: Unit, over: Var) -> bool:
    """Whether ``unit`` is an update of ``over`` that reads what it needs of it before it writes."""
    if unit.kind is not Kind.COMPUTE or unit.equation is None or not isinstance(unit.equation.rhs, Apply):
        return False
    rhs = unit.equation.rhs
    if shifts(plan, rhs, over):
        return True
    if rhs.op is not Op.UPDATE or plan.resolve(rhs.arguments[0]) is not over:
        return False
    # One store reads first; of several, the first would be seen by those that follow.
    return size(rhs.arguments[1].type) == 1 or all(over not in plan.leaves(a) for a in rhs.arguments[1:])
