"""What a tick costs at most, counted on step code.

    cost(s; t) = cost(s) + cost(t)      cost(for i < n s) = n * (cost(s) + once around)
    cost(if c s else t) = cost(c) + max(cost(s), cost(t)), for each kind of work by itself
    cost(for i < n {if c(i) s else t}) = n * cost(c) + k * cost(s) + (n - k) * cost(t), c true for k values of i

Rule: a tally has a number for each kind of work. Which kinds there are, and what expressions cost, is the matter of a
`Measure`; what statements make of it is the same for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar, TypeAlias, assert_never

import numpy as np

from syncml.ir.step.overlay.lifetimes import values_of
from syncml.ir.step.syntax import Assign, Expr, For, If, Invoke, Machine, Reset, Stmt, Switch

Tally: TypeAlias = Mapping[str, float]
"""How much work of each kind is done."""
Unrolled: TypeAlias = tuple[For, ...]
"""The loops around a statement that are written out."""


class Measure(ABC):
    """What is counted: ``test``, ``iteration`` and ``call`` are what these cost by themselves."""

    test: ClassVar[Tally] = {}
    iteration: ClassVar[Tally] = {}
    call: ClassVar[Tally] = {}

    @abstractmethod
    def value(self, expr: Expr, around: Unrolled) -> Tally:
        """What it costs to compute a value."""

    def target(self, expr: Expr, around: Unrolled) -> Tally:
        """What it costs to write a place."""
        return {}


def worst_case(machine: Machine, measure: Measure, callees: Mapping[str, Tally]) -> Tally:
    """The cost of one step of ``machine``; ``callees`` has those of the machines that it instantiates."""
    return _WorstCase(measure, {i.name: callees[i.machine] for i in machine.instances}).block(machine.body)


class _WorstCase:
    def __init__(self, measure: Measure, instances: Mapping[str, Tally]) -> None:
        self._measure = measure
        self._instances = instances

    def block(self, body: Iterable[Stmt], around: Unrolled = ()) -> Tally:
        return total(self._statement(stmt, around) for stmt in body)

    def _statement(self, stmt: Stmt, around: Unrolled) -> Tally:
        measure = self._measure
        match stmt:
            case Assign():
                return total((measure.value(stmt.value, around), measure.target(stmt.target, around)))
            case If():
                branches = (self.block(body, around) for body in (stmt.then, stmt.otherwise))
                return total((self._test(stmt.condition, around), _worst(branches)))
            case Switch():
                branches = (self.block(body, around) for _, body in stmt.cases)
                return total((self._test(stmt.scrutinee, around), _worst(branches)))
            case For():
                rounds = times(0 if stmt.unroll else stmt.count, measure.iteration)
                inside = (*around, stmt) if stmt.unroll else around
                return total((rounds, *(self._repeated(inner, stmt, inside) for inner in stmt.body)))
            case Invoke():
                values = (measure.value(argument, around) for argument in stmt.arguments)
                return total((measure.call, *values, self._instances[stmt.instance]))
            case Reset():
                return measure.call
            case _:
                assert_never(stmt)

    def _test(self, condition: Expr, around: Unrolled) -> Tally:
        return total((self._measure.value(condition, around), self._measure.test))

    def _repeated(self, stmt: Stmt, loop: For, around: Unrolled) -> Tally:
        """What ``stmt`` costs in all iterations of ``loop``; a test of its counter is known for each."""
        taken = values_of(stmt.condition, {loop.index: np.arange(loop.count)}) if isinstance(stmt, If) else None
        if not isinstance(stmt, If) or taken is None:
            return times(loop.count, self._statement(stmt, around))
        often = int(np.broadcast_to(taken, loop.count).sum())
        then, otherwise = self.block(stmt.then, around), self.block(stmt.otherwise, around)
        tests = times(loop.count, self._test(stmt.condition, around))
        return total((tests, times(often, then), times(loop.count - often, otherwise)))


def total(parts: Iterable[Tally]) -> Tally:
    """The sum of tallies."""
    found: dict[str, float] = {}
    for part in parts:
        for kind, count in part.items():
            found[kind] = found.get(kind, 0) + count
    return found


def times(count: int, once: Tally) -> Tally:
    """A tally so many times."""
    return {kind: number * count for kind, number in once.items()}


def _worst(branches: Iterable[Tally]) -> Tally:
    worst: dict[str, float] = {}
    for branch in branches:
        worst |= {kind: max(count, worst.get(kind, 0)) for kind, count in branch.items()}
    return worst
