"""The cyclic executive: how many operations each base tick runs, over one hyperperiod.

Rule: step code runs abstractly, from the initial state. Counters of words and what follows from them are known, data
is unknown; where a condition is unknown the branch with more operations counts, so that each number is an upper bound
over all data. An operation on scalars, a comparison, a conversion and an assignment count one each, a function what its
body counts, a loop what its body counts as often as it runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, assert_never

from syncml.dataclass import dataclass
from syncml.diagnostics import InternalFault
from syncml.ir.step.known import Known, Value, evaluate, initial_value
from syncml.ir.step.syntax import (
    Apply,
    Assign,
    Binary,
    Bitcast,
    Convert,
    Expr,
    For,
    Function,
    If,
    Invoke,
    Literal,
    LoopIndex,
    Machine,
    Place,
    Reset,
    Select,
    Slot,
    Stmt,
    Switch,
    Unary,
)
from syncml.ir.step.traverse import walk

MOST_TICKS = 20_000
"""Of a longer hyperperiod only so many ticks are counted."""

_Cost: TypeAlias = Counter[str]


@dataclass(frozen=True, slots=True)
class Executive:
    """The operations of each tick, by the clock in words of the streams that they compute.

    After ``prefix`` ticks the last ``period`` ones repeat for ever; ``complete`` tells whether all of them are here.
    """

    ticks: tuple[Mapping[str, int], ...]
    prefix: int
    period: int
    complete: bool

    @property
    def totals(self) -> tuple[int, ...]:
        """The operations of each tick."""
        return tuple(sum(tick.values()) for tick in self.ticks)

    @property
    def peak(self) -> int:
        """The most operations of a tick."""
        return max(self.totals)


def executive(machine: Machine, prefix: int, period: int) -> Executive:
    """Count the operations of a flat machine whose words repeat with ``period`` after ``prefix`` ticks."""
    length = min(prefix + period, MOST_TICKS)
    runner = _Runner(machine)
    ticks = tuple(runner.tick() for _ in range(length))
    return Executive(ticks, prefix, period, length == prefix + period)


@dataclass(frozen=True, slots=True)
class _Run:
    """Statements that decide nothing: what they cost."""

    cost: _Cost


@dataclass(frozen=True, slots=True)
class _Set:
    """An assignment that a condition may depend on."""

    slot: Slot
    value: Expr


@dataclass(frozen=True, slots=True)
class _Choice:
    """A test, with its branches by value; None stands for all other values."""

    condition: Expr
    branches: tuple[tuple[Value | None, tuple[_Item, ...]], ...]


_Item: TypeAlias = _Run | _Set | _Choice


class _Runner:
    """The abstract execution of one machine."""

    def __init__(self, machine: Machine) -> None:
        self._costs: dict[Function, int] = {}
        self._decisive = _decisive(machine)
        self._body = self._items(machine.body)
        self._state: Known = {
            slot: value
            for slot in machine.state
            # The counters of words are the registers that belong to no stream; all others hold data.
            if slot in self._decisive and (slot.origin is None or not slot.origin.clock)
            if (value := initial_value(slot)) is not None
        }
        self._counters = frozenset(self._state)

    def tick(self) -> Mapping[str, int]:
        """The operations of the next tick."""
        known = dict(self._state)
        cost = self._execute(self._body, known)
        self._state = {slot: known[slot] for slot in self._counters if slot in known}
        return dict(cost)

    def _items(self, statements: Iterable[Stmt]) -> tuple[_Item, ...]:
        items: list[_Item] = []
        cost: _Cost = Counter()

        def close() -> None:
            nonlocal cost
            if cost:
                items.append(_Run(cost))
                cost = Counter()

        for statement in statements:
            match statement:
                case Assign():
                    origin = statement.origin or statement.target.slot.origin
                    cost["" if origin is None else origin.clock] += 1 + self._cost(statement.value)
                    if statement.target.slot in self._decisive:
                        close()
                        items.append(_Set(statement.target.slot, statement.value))
                case If():
                    cost[""] += self._cost(statement.condition)
                    close()
                    branches = ((True, self._items(statement.then)), (None, self._items(statement.otherwise)))
                    items.append(_Choice(statement.condition, branches))
                case Switch():
                    cost[""] += self._cost(statement.scrutinee)
                    close()
                    cases = tuple((name, self._items(block)) for name, block in statement.cases)
                    items.append(_Choice(statement.scrutinee, (*cases, (None, ()))))
                case For():
                    once = self._most(self._items(statement.body))
                    for clock, count in once.items():
                        cost[clock] += count * statement.count
                case Invoke() | Reset():
                    raise InternalFault(f"{statement.instance} is not inlined")
                case _:
                    assert_never(statement)
        close()
        return tuple(items)

    def _most(self, items: Sequence[_Item]) -> _Cost:
        """What statements cost at most, whatever is known."""
        return self._execute(items, {})

    def _execute(self, items: Sequence[_Item], known: Known) -> _Cost:
        total: _Cost = Counter()
        for item in items:
            match item:
                case _Run():
                    total += item.cost
                case _Set():
                    value = evaluate(item.value, known)
                    if value is None:
                        known.pop(item.slot, None)
                    else:
                        known[item.slot] = value
                case _Choice():
                    total += self._choose(item, known)
        return total

    def _choose(self, choice: _Choice, known: Known) -> _Cost:
        value = evaluate(choice.condition, known)
        if value is not None:
            chosen = next(items for wanted, items in choice.branches if wanted is None or wanted == value)
            return self._execute(chosen, known)
        outcomes: list[tuple[_Cost, Known]] = []
        for _, items in choice.branches:
            after = dict(known)
            outcomes.append((self._execute(items, after), after))
        first = outcomes[0][1]
        common = {s: v for s, v in first.items() if all(s in after and after[s] == v for _, after in outcomes)}
        known.clear()
        known.update(common)
        return max((cost for cost, _ in outcomes), key=lambda cost: cost.total())

    def _cost(self, expr: Expr) -> int:
        count = 0
        for part in walk(expr):
            match part:
                case Unary() | Binary() | Select() | Convert():
                    count += 1
                case Apply():
                    count += self._function(part.function)
                case Literal() | LoopIndex() | Place() | Bitcast():
                    pass
                case _:
                    assert_never(part)
        return count

    def _function(self, function: Function) -> int:
        if function not in self._costs:
            body = sum(1 + self._cost(statement.value) for statement in function.body)
            self._costs[function] = body + self._cost(function.result)
        return self._costs[function]


def _decisive(machine: Machine) -> frozenset[Slot]:
    """The scalar slots on which a condition may depend."""
    found: set[Slot] = set()
    reads: dict[Slot, set[Slot]] = {}
    stack: list[Stmt] = list(machine.body)
    while stack:
        statement = stack.pop()
        match statement:
            case Assign():
                if not statement.target.indices:
                    reads.setdefault(statement.target.slot, set()).update(_slots(statement.value))
            case If():
                found |= _slots(statement.condition)
                stack += (*statement.then, *statement.otherwise)
            case Switch():
                found |= _slots(statement.scrutinee)
                stack += (s for _, block in statement.cases for s in block)
            case For():
                stack += statement.body
            case Invoke() | Reset():
                pass
            case _:
                assert_never(statement)
    pending = list(found)
    while pending:
        new = reads.get(pending.pop(), set()) - found
        found |= new
        pending += new
    return frozenset(found)


def _slots(expr: Expr) -> set[Slot]:
    return {part.slot for part in walk(expr) if isinstance(part, Place)}
