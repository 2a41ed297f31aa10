"""How many instructions a tick takes at most, by an estimate.

    estimate = sum over kinds of work of (how often a tick does it at most) * (its instructions, of the target)

Rule: counted is the step code that is printed: operations by the numbers that they are of, elements that are read or
written, iterations of loops, tests and calls. A function costs what its body does. What computes places of elements is
part of reading and writing them. A local that is to be kept in registers costs nothing to read, and an element that
several statements of a loop that is written out read costs one reading. The instructions of each kind are in
`syncml.export_c.targets`, calibrated on what an emulator counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import ClassVar, assert_never

from syncml.export_c.report.worst_case import Measure, Tally, Unrolled, total, worst_case
from syncml.export_c.targets import InstructionTable
from syncml.ir.step.syntax import (
    Apply,
    Binary,
    BinaryOp,
    Bitcast,
    Convert,
    Expr,
    Function,
    Literal,
    LoopIndex,
    Machine,
    Place,
    Select,
    Unary,
    UnaryOp,
)
from syncml.ir.step.traverse import operands, walk
from syncml.ir.types import BIT_WIDTH, BOOL, Element, Scalar


def work(machine: Machine, callees: Mapping[str, Tally]) -> Tally:
    """The work of one step of ``machine`` at most, by the names of attributes of `InstructionTable`.

    Args:
        machine: The machine.
        callees: The work of the machines that it instantiates.
    """
    return worst_case(machine, _Work(), callees)


def estimate(done: Tally, table: InstructionTable) -> int:
    """The instructions of ``done``."""
    return round(sum(count * getattr(table, kind) for kind, count in done.items()))


class _Work(Measure):
    test: ClassVar[Tally] = {"test": 1}
    iteration: ClassVar[Tally] = {"loop": 1}
    call: ClassVar[Tally] = {"call": 1}

    def __init__(self) -> None:
        self._functions: dict[Function, Tally] = {}

    def value(self, expr: Expr, around: Unrolled) -> Tally:
        return self._values(expr, around)

    def target(self, expr: Expr, around: Unrolled) -> Tally:
        return self._values(expr, around)

    def _values(self, expr: Expr, around: Unrolled = ()) -> Tally:
        found: dict[str, float] = {}
        stack = [expr]
        while stack:
            part = stack.pop()
            match part:
                case Place():
                    if part.indices and not part.slot.near:
                        _add(found, "access", _share(part, around))
                    continue
                case Apply():
                    for kind, count in self._function(part.function).items():
                        _add(found, kind, count)
                case Select():
                    _add(found, "test", 1)
                case Literal() | LoopIndex() | Bitcast():
                    pass
                case _:
                    _add(found, _operation(part), 1)
            stack += operands(part)
        return found

    def _function(self, function: Function) -> Tally:
        if function not in self._functions:
            steps = [*(stmt.value for stmt in function.body), function.result]
            self._functions[function] = total(map(self._values, steps))
        return self._functions[function]


def _share(place: Place, around: Unrolled) -> float:
    """The part of one access that ``place`` is: the iterations that read the same element share it."""
    inside = {part for index in place.indices for part in walk(index) if isinstance(part, LoopIndex)}
    return 1 / prod(loop.count for loop in around if loop.index not in inside)


def _add(found: dict[str, float], kind: str, count: float) -> None:
    found[kind] = found.get(kind, 0) + count


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
