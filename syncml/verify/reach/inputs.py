"""What the assumptions say of the inputs at a tick: a range for each element.

Rule: from an assumption that is present and true, bounds go down through conjunctions, disjunctions all but one of
whose sides are false, comparisons, and sums with and products by constants, to the inputs. Each step keeps every value
that the step's result allows, with the rounding of the operation to spare; what is not understood bounds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import field, replace

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.clocks import BASE
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Atom, Fby, Merge, Node, Property, PropertyKind, Var, Wave, When
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, FLOATS, element, size
from syncml.verify.networks.rounding import Floats, above, below
from syncml.verify.reach.forms import Form, Symbols, interval
from syncml.verify.reach.plan import Plan, plan
from syncml.verify.reach.tick import Memory, Tick
from syncml.verify.reach.values import Ints, Truth, Value, bounds_of, unknown

_ROOM = 2.0**-20
"""More than the relative error of an operation in any float type."""

Ranges = Mapping[Var, tuple[Floats, Floats]]
"""For each float or integer input its bounds, one for each element."""


class Assumed:
    """The ranges of the inputs, computed again at each tick only where assumptions depend on memory."""

    def __init__(self, plan: Plan, *, floats: bool = True) -> None:
        self._plan = plan
        self._floats = floats
        self._steady = not any(isinstance(e.rhs, Fby | Wave) or e.clock != BASE for e in plan.assumed)
        self._known: Ranges | None = None

    def at(self, memory: Memory) -> Ranges:
        """The ranges at a tick after ``memory``."""
        if self._known is None or not self._steady:
            self._known = _ranges(self._plan, memory, floats=self._floats)
        return self._known


def _ranges(plan: Plan, memory: Memory, *, floats: bool) -> Ranges:
    found = _Bounds(plan)
    for _ in range(2):
        symbols = Symbols(memory.unknowns)
        tick = Tick(plan, memory, found.values(symbols), symbols, floats=floats)
        tick.run(plan.assumed)
        for assumption in plan.assumptions:
            here = tick.present(plan.node.clocks.get(assumption.holds, BASE))
            if not here.false.any():
                found.require(assumption.holds, tick)
    return found.ranges


def unbounded(found: Ranges) -> list[Var]:
    """The inputs of which some element has no bounds."""
    return [v for v, (low, high) in found.items() if element(v.type) in FLOATS and not np.isfinite(high - low).all()]


@dataclass(slots=True)
class _Bounds:
    plan: Plan
    ranges: dict[Var, tuple[Floats, Floats]] = field(default_factory=dict[Var, tuple[Floats, Floats]])

    def __post_init__(self) -> None:
        for var in self.plan.inputs:
            if element(var.type) in FLOATS:
                self.ranges[var] = np.full(size(var.type), -np.inf), np.full(size(var.type), np.inf)
            elif element(var.type) is not BOOL:
                low, high = bounds_of(var.type)
                self.ranges[var] = np.full(size(var.type), float(low)), np.full(size(var.type), float(high))

    def values(self, symbols: Symbols) -> dict[Var, Value]:
        """The inputs as values without relations."""
        return {v: value(v, self.ranges.get(v), symbols) for v in self.plan.inputs}

    def require(self, holds: Var, tick: Tick) -> None:
        """Take in that a Boolean stream is true."""
        pending: list[tuple[Atom, bool]] = [(holds, True)]
        while pending:
            atom, wanted = pending.pop()
            equation = self.plan.definitions.get(atom) if isinstance(atom, Var) else None
            if equation is None or not isinstance(equation.rhs, Apply):
                if equation is not None and isinstance(equation.rhs, When):
                    pending.append((equation.rhs.source, wanted))
                continue
            op, arguments = equation.rhs.op, equation.rhs.arguments
            match op:
                case Op.COPY | Op.ALL:
                    pending += [(arguments[0], wanted)] if wanted or op is Op.COPY else []
                case Op.NOT:
                    pending.append((arguments[0], not wanted))
                case Op.AND | Op.OR if wanted is (op is Op.AND):
                    pending += [(a, wanted) for a in arguments]
                case Op.AND | Op.OR:
                    # One side is known to be of no help, so the other has to.
                    settled = [not self._may(a, wanted, tick) for a in arguments]
                    pending += [(a, wanted) for a, s in zip(arguments, reversed(settled), strict=True) if s]
                case Op.LE | Op.LT | Op.GE | Op.GT | Op.EQ | Op.NE:
                    self._compare(op, arguments, wanted, tick)
                case _:
                    pass

    def _may(self, atom: Atom, wanted: bool, tick: Tick) -> bool:
        if isinstance(atom, Const):
            return bool(atom.value) is wanted
        found = tick.streams.get(atom)
        return not isinstance(found, Truth) or bool((found.true if wanted else found.false).any())

    def _compare(self, op: Op, arguments: tuple[Atom, ...], wanted: bool, tick: Tick) -> None:
        negated = {Op.LE: Op.GT, Op.LT: Op.GE, Op.GE: Op.LT, Op.GT: Op.LE, Op.EQ: Op.NE, Op.NE: Op.EQ}
        left, right = arguments
        # A comparison that is false may have met a NaN, which bounds nothing.
        if not wanted and any(self._is_float(a) for a in arguments):
            return
        match op if wanted else negated[op]:
            case Op.LE | Op.LT:
                less, more = left, right
            case Op.GE | Op.GT:
                less, more = right, left
            case Op.EQ:
                self._bound(left, *self._hull(right, tick), tick)
                self._bound(right, *self._hull(left, tick), tick)
                return
            case _:
                return
        self._bound(less, -np.inf, self._hull(more, tick)[1], tick)
        self._bound(more, self._hull(less, tick)[0], np.inf, tick)

    def _is_float(self, atom: Atom) -> bool:
        return element(atom.type) in FLOATS

    def _hull(self, atom: Atom, tick: Tick) -> tuple[float, float]:
        if isinstance(atom, Const):
            data = np.asarray(atom.machine(), dtype=np.float64)
            return float(data.min()), float(data.max())
        found = tick.streams.get(atom)
        if isinstance(found, Form | Ints):
            return float(found.low.min()), float(found.high.max())
        return -np.inf, np.inf

    def _bound(self, atom: Atom, low: float, high: float, tick: Tick) -> None:
        """Take in that all elements of a stream are from ``low`` to ``high``."""
        positions = None
        while isinstance(atom, Var):
            if atom in self.ranges:
                least, most = self.ranges[atom]
                chosen = np.arange(least.size) if positions is None else positions
                least, most = least.copy(), most.copy()
                least[chosen], most[chosen] = np.maximum(least[chosen], low), np.minimum(most[chosen], high)
                self.ranges[atom] = least, most
                return
            equation = self.plan.definitions.get(atom)
            if equation is None or not isinstance(equation.rhs, Apply | When | Merge):
                return
            if isinstance(equation.rhs, When):
                atom = equation.rhs.source
                continue
            if not isinstance(equation.rhs, Apply) or positions is not None:
                return
            following = _through(equation.rhs, low, high)
            if following is None:
                return
            atom, low, high, positions = following


def claimed(node: Node, clauses: Sequence[Property], sources: Set[Var]) -> dict[Var, tuple[Floats, Floats]]:
    """Boxes in which streams stay if clauses of a node hold, as far as that bounds them; no more than a guess."""
    clauses = tuple(replace(p, kind=PropertyKind.ASSUME) for p in clauses)
    cut = {e.target for e in node.equations if isinstance(e.rhs, Fby)} | _compared(node)
    open_ = replace(
        node, inputs=tuple(dict.fromkeys((*node.inputs, *cut))), properties=clauses,
        equations=tuple(e for e in node.equations if not cut & set(e.targets)),
    )  # fmt: skip
    plan_ = plan(open_, [replace(p, holds=v) for p in clauses[:1] for v in sources])
    symbols, memory = Symbols(), Memory({})
    found = _ranges(plan_, memory, floats=True)
    tick = Tick(plan_, memory, {v: value(v, found.get(v), symbols) for v in plan_.inputs}, symbols)
    tick.run(plan_.order)
    boxes: dict[Var, tuple[Floats, Floats]] = {}
    for source in sources:
        seen = tick.streams.get(source)
        if isinstance(seen, Form) and np.isfinite(seen.spread).all():
            boxes[source] = seen.low[0].astype(np.float32).astype(float), seen.high[0].astype(np.float32).astype(float)
    return boxes


def _compared(node: Node) -> set[Var]:
    """The float streams that comparisons bound, themselves or by their magnitude."""
    definitions = {t: e.rhs for e in node.equations for t in e.targets}
    found: set[Var] = set()
    for rhs in definitions.values():
        if not isinstance(rhs, Apply) or rhs.op not in (Op.LE, Op.LT, Op.GE, Op.GT):
            continue
        for atom in rhs.arguments:
            current = atom
            while isinstance(current, Var):
                inner = definitions.get(current)
                if not isinstance(inner, Apply) or inner.op not in (Op.ABS, Op.NEG, Op.COPY, Op.CAST):
                    break
                current = inner.arguments[0]
            if isinstance(current, Var) and element(current.type) in FLOATS:
                found.add(current)
    return found


def _through(
    rhs: Apply, low: float, high: float
) -> tuple[Atom, float, float, np.ndarray[tuple[int, ...], np.dtype[np.intp]] | None] | None:
    """The operand that an operation's range bounds, its range, and which of its elements."""
    operands = rhs.arguments
    match rhs.op, operands:
        case ((Op.COPY | Op.RESHAPE), (x,)):
            return x, low, high, None
        case Op.CAST, (x,) if element(x.type) in FLOATS:
            return x, below(low - _ROOM * abs(low)), above(high + _ROOM * abs(high)), None
        case Op.NEG, (x,):
            return x, -high, -low, None
        case Op.ABS, (x,) if high < np.inf:
            return x, -high, high, None
        case Op.INDEX, (x,) if isinstance(rhs.attribute, tuple):
            extents = getattr(x.type, "shape", ())
            order = np.arange(size(x.type)).reshape(extents)
            return x, low, high, np.atleast_1d(order[rhs.attribute]).reshape(-1)
        case ((Op.ADD | Op.SUB), (Var() as x, Const() as c)) if element(x.type) in FLOATS:
            shift = float(np.asarray(c.machine(), dtype=np.float64).reshape(-1)[0]) if _is_scalar(c) else np.nan
            shift = -shift if rhs.op is Op.SUB else shift
            room = _ROOM * (
                max(abs(low) if np.isfinite(low) else 0.0, abs(high) if np.isfinite(high) else 0.0) + abs(shift)
            )
            return None if np.isnan(shift) else (x, low - shift - room, high - shift + room, None)
        case _:
            return None


def _is_scalar(const: Const) -> bool:
    return size(const.type) == 1


def value(var: Var, found: tuple[Floats, Floats] | None, symbols: Symbols) -> Value:
    """An input with a range, with an unknown for each element."""
    if found is None:
        return unknown(var.type)
    low, high = found
    if element(var.type) in FLOATS:
        return interval(low[None], high[None], symbols)
    least, most = np.ceil(low), np.floor(high)
    return Ints(least[None].astype(np.int64), most[None].astype(np.int64))
