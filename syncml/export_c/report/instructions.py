"""How many instructions a tick takes at most, by an estimate.

    estimate = sum over kinds of work of (how often a tick does it at most) * (its instructions, of the target)

Rule: counted is the step code that is printed: operations by the numbers that they are of, elements that are read or
written, iterations of loops, tests and calls. A function costs what its body does. What computes places of elements is
part of reading and writing them. A local that is to be kept in registers costs nothing to read, and an element that
several statements of a loop that is written out read costs one reading. The instructions of each kind are in
`syncml.export_c.targets`, calibrated on what an emulator counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import TypeAlias, assert_never

import numpy as np

from syncml.export_c.targets import InstructionTable
from syncml.ir.step.overlay.lifetimes import values_of
from syncml.ir.step.syntax import (
    Apply,
    Assign,
    Binary,
    BinaryOp,
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
    Stmt,
    Switch,
    Unary,
    UnaryOp,
)
from syncml.ir.step.traverse import operands, walk
from syncml.ir.types import BIT_WIDTH, BOOL, Element, Scalar

Work: TypeAlias = dict[str, float]
"""How often each kind of work is done, by the name of its attribute in `InstructionTable`."""
Unrolled: TypeAlias = tuple[For, ...]
"""The loops around a statement that are written out."""


def work(machine: Machine, callees: Mapping[str, Work]) -> Work:
    """The work of one step of ``machine`` at most; ``callees`` has that of the machines that it instantiates."""
    return _Counting({i.name: callees[i.machine] for i in machine.instances}).block(machine.body)


def estimate(done: Work, table: InstructionTable) -> int:
    """The instructions of ``done``."""
    return round(sum(count * getattr(table, kind) for kind, count in done.items()))


class _Counting:
    def __init__(self, instances: Mapping[str, Work]) -> None:
        self._instances = instances
        self._functions: dict[Function, Work] = {}

    def block(self, body: Iterable[Stmt], around: Unrolled = ()) -> Work:
        return _sum(self._statement(stmt, around) for stmt in body)

    def _statement(self, stmt: Stmt, around: Unrolled) -> Work:
        match stmt:
            case Assign():
                return _sum((self._values(stmt.value, around), self._values(stmt.target, around)))
            case If():
                worst = _worst(self.block(body, around) for body in (stmt.then, stmt.otherwise))
                return _sum((self._values(stmt.condition, around), {"test": 1}, worst))
            case Switch():
                worst = _worst(self.block(body, around) for _, body in stmt.cases)
                return _sum((self._values(stmt.scrutinee, around), {"test": 1}, worst))
            case For(unroll=True):
                return _times(stmt.count, self.block(stmt.body, (*around, stmt)))
            case For():
                return _sum(({"loop": stmt.count}, *(self._repeated(inner, stmt, around) for inner in stmt.body)))
            case Invoke():
                values = (self._values(argument, around) for argument in stmt.arguments)
                return _sum(({"call": 1}, *values, self._instances[stmt.instance]))
            case Reset():
                return {"call": 1}
            case _:
                assert_never(stmt)

    def _repeated(self, stmt: Stmt, loop: For, around: Unrolled) -> Work:
        """What ``stmt`` does in all iterations of ``loop``; a test of its counter is known for each."""
        taken = values_of(stmt.condition, {loop.index: np.arange(loop.count)}) if isinstance(stmt, If) else None
        if not isinstance(stmt, If) or taken is None:
            return _times(loop.count, self._statement(stmt, around))
        often = int(np.broadcast_to(taken, loop.count).sum())
        test = _sum((self._values(stmt.condition, around), {"test": 1}))
        then, otherwise = self.block(stmt.then, around), self.block(stmt.otherwise, around)
        return _sum((_times(loop.count, test), _times(often, then), _times(loop.count - often, otherwise)))

    def _values(self, expr: Expr, around: Unrolled = ()) -> Work:
        total: Work = {}
        stack = [expr]
        while stack:
            part = stack.pop()
            match part:
                case Place():
                    if part.indices and not part.slot.near:
                        _add(total, "access", _share(part, around))
                    continue
                case Apply():
                    total = _sum((total, self._function(part.function)))
                case Select():
                    _add(total, "test", 1)
                case Literal() | LoopIndex() | Bitcast():
                    pass
                case _:
                    _add(total, _operation(part), 1)
            stack += operands(part)
        return total

    def _function(self, function: Function) -> Work:
        if function not in self._functions:
            steps = [*(stmt.value for stmt in function.body), function.result]
            self._functions[function] = _sum(map(self._values, steps))
        return self._functions[function]


def _share(place: Place, around: Unrolled) -> float:
    """The part of one access that ``place`` is: the iterations that read the same element share it."""
    inside = {part for index in place.indices for part in walk(index) if isinstance(part, LoopIndex)}
    return 1 / prod(loop.count for loop in around if loop.index not in inside)


def _add(total: Work, kind: str, count: float) -> None:
    total[kind] = total.get(kind, 0) + count


def _sum(parts: Iterable[Work]) -> Work:
    total: Work = {}
    for part in parts:
        for kind, count in part.items():
            _add(total, kind, count)
    return total


def _worst(branches: Iterable[Work]) -> Work:
    worst: Work = {}
    for branch in branches:
        worst |= {kind: max(count, worst.get(kind, 0)) for kind, count in branch.items()}
    return worst


def _times(count: int, once: Work) -> Work:
    return {kind: number * count for kind, number in once.items()}


def _operation(part: Unary | Binary | Convert) -> str:
    match part:
        case Unary(op=UnaryOp.SQRT):
            return f"{_numbers(part.type)}_division"
        case Unary():
            return _numbers(part.type)
        case Convert():
            # The slower of the two sides does the work.
            sides = [_numbers(part.to), _numbers(part.operand.type)]
            return max(sides, key=_ORDER.index)
        case Binary(op=BinaryOp.DIV):
            return f"{_numbers(part.type)}_division"
        case Binary():
            return _numbers(part.left.type)
        case _:
            assert_never(part)


_ORDER = ("integer", "long", "single", "double")


def _numbers(kind: Element) -> str:
    if kind is Scalar.F32:
        return "single"
    if kind is Scalar.F64:
        return "double"
    return "long" if kind is not BOOL and isinstance(kind, Scalar) and BIT_WIDTH[kind] == 64 else "integer"
