"""How many operations one tick takes at most.

Rule: what computes values counts, what computes places of elements does not; subtractions count as additions, the
comparisons inside of a function with the function. A call of an elementary function is one operation of its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from syncml.dataclass import dataclass
from syncml.export_c.report.worst_case import Measure, Tally, Unrolled, worst_case
from syncml.ir.step.syntax import COMPARISONS, Apply, Binary, BinaryOp, Expr, Machine, Place, Unary, UnaryOp
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
_OWN = ("additions", "multiplications", "divisions", "square_roots", "comparisons")


def operations(machine: Machine, callees: Mapping[str, Operations]) -> Operations:
    """The operations of one step of ``machine``; ``callees`` has those of the machines that it instantiates."""
    found = worst_case(machine, _Kinds(), {name: _tally(cost) for name, cost in callees.items()})
    number = {kind: int(count) for kind, count in found.items()}
    calls = {name.removeprefix(_CALL): count for name, count in number.items() if name.startswith(_CALL)}
    return Operations(**{kind: number.get(kind, 0) for kind in _OWN}, calls=tuple(sorted(calls.items())))


class _Kinds(Measure):
    def value(self, expr: Expr, around: Unrolled) -> Tally:
        return Counter(_values(expr))


def _tally(cost: Operations) -> Tally:
    own = {kind: getattr(cost, kind) for kind in _OWN}
    return own | {_CALL + name: count for name, count in cost.calls}


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
            case _:
                pass
        stack.extend(operands(part))
