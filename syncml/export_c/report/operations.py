"""How many operations one tick takes at most.

    cost(s; t) = cost(s) + cost(t)      cost(for i < n s) = n * cost(s)
    cost(if c s else t) = cost(c) + max(cost(s), cost(t)), for each kind of operation by itself
    cost(for i < n {if c(i) s else t}) = n * cost(c) + k * cost(s) + (n - k) * cost(t), c true for k values of i

Rule: what computes values counts, what computes places of elements does not; subtractions count as additions, the
comparisons inside of a function with the function. A call of an elementary function is one operation of its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.step.overlay.lifetimes import values_of
from syncml.ir.step.syntax import (
    COMPARISONS,
    Apply,
    Assign,
    Binary,
    BinaryOp,
    Expr,
    For,
    If,
    Invoke,
    Machine,
    Place,
    Reset,
    Select,
    Stmt,
    Switch,
    Unary,
    UnaryOp,
)
from syncml.ir.step.traverse import operands

_KINDS = {
    BinaryOp.ADD: "additions", BinaryOp.SUB: "additions", BinaryOp.MUL: "multiplications", BinaryOp.DIV: "divisions",
    BinaryOp.QUOT: "divisions", BinaryOp.REM: "divisions", **dict.fromkeys(COMPARISONS, "comparisons"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operations:
    """The most operations of each kind in one tick; ``calls`` of functions by name."""

    additions: int = 0
    multiplications: int = 0
    divisions: int = 0
    square_roots: int = 0
    comparisons: int = 0
    calls: tuple[tuple[str, int], ...] = ()

    @property
    def total(self) -> int:
        """All operations, a call of a function as one."""
        own = self.additions + self.multiplications + self.divisions + self.square_roots + self.comparisons
        return own + sum(number for _, number in self.calls)


_CALL = "call "


def operations(machine: Machine, callees: Mapping[str, Operations]) -> Operations:
    """The operations of one step of ``machine``; ``callees`` has those of the machines that it instantiates."""
    of_instance = {i.name: _counter(callees[i.machine]) for i in machine.instances}
    found = _block(machine.body, of_instance)
    calls = {name.removeprefix(_CALL): number for name, number in found.items() if name.startswith(_CALL)}
    return Operations(
        found["additions"],
        found["multiplications"],
        found["divisions"],
        found["square_roots"],
        found["comparisons"],
        tuple(sorted(calls.items())),
    )


def _counter(cost: Operations) -> Counter[str]:
    own = {
        "additions": cost.additions,
        "multiplications": cost.multiplications,
        "divisions": cost.divisions,
        "square_roots": cost.square_roots,
        "comparisons": cost.comparisons,
    }
    return Counter(own | {_CALL + name: number for name, number in cost.calls})


def _block(body: Iterable[Stmt], instances: Mapping[str, Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for stmt in body:
        total.update(_statement(stmt, instances))
    return total


def _statement(stmt: Stmt, instances: Mapping[str, Counter[str]]) -> Counter[str]:
    match stmt:
        case Assign():
            return Counter(_values(stmt.value))
        case If():
            return Counter(_values(stmt.condition)) + _worst(_block(b, instances) for b in (stmt.then, stmt.otherwise))
        case Switch():
            return Counter(_values(stmt.scrutinee)) + _worst(_block(body, instances) for _, body in stmt.cases)
        case For():
            total: Counter[str] = Counter()
            for inner in stmt.body:
                total.update(_repeated(inner, stmt, instances))
            return total
        case Invoke():
            arguments = Counter(kind for argument in stmt.arguments for kind in _values(argument))
            return arguments + instances[stmt.instance]
        case Reset():
            return Counter()
        case _:
            assert_never(stmt)


def _repeated(stmt: Stmt, loop: For, instances: Mapping[str, Counter[str]]) -> Counter[str]:
    """What ``stmt`` costs in all iterations of ``loop``."""
    taken = None
    if isinstance(stmt, If):
        taken = values_of(stmt.condition, {loop.index: np.arange(loop.count)})
    if not isinstance(stmt, If) or taken is None:
        return _times(loop.count, _statement(stmt, instances))
    often = int(np.broadcast_to(taken, loop.count).sum())
    total = _times(loop.count, Counter(_values(stmt.condition)))
    total.update(_times(often, _block(stmt.then, instances)))
    total.update(_times(loop.count - often, _block(stmt.otherwise, instances)))
    return total


def _times(count: int, cost: Counter[str]) -> Counter[str]:
    return Counter({kind: number * count for kind, number in cost.items()})


def _worst(branches: Iterable[Counter[str]]) -> Counter[str]:
    worst: Counter[str] = Counter()
    for branch in branches:
        worst |= branch
    return worst


def _values(expr: Expr) -> Iterator[str]:
    """The kinds of the operations in ``expr``, without those in the indices of places."""
    stack = [expr]
    while stack:
        part = stack.pop()
        match part:
            case Place():
                continue
            case Binary() if part.op in _KINDS:
                yield _KINDS[part.op]
            case Unary(op=UnaryOp.SQRT):
                yield "square_roots"
            case Apply():
                yield _CALL + part.function.name
            case Select():
                pass
            case _:
                pass
        stack.extend(operands(part))
