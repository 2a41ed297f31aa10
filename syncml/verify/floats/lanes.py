"""Many machine runs side by side: each value has a last axis of lanes, and each equation is a few NumPy operations.

Rule: a lane does what the interpreter does, on the operators and clocks that occur in most programs; a node with others
is not `Runnable`. Nothing rests on this: a run that is found here counts only if the interpreter repeats it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from syncml.ir.clocks import Clock, On, Periodic, steps
from syncml.ir.constants import Const, dtype, zero
from syncml.ir.elementary import function
from syncml.ir.elementary.evaluate import evaluate
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Merge, Node, Var, Wave, When
from syncml.ir.operators import Op
from syncml.ir.types import (
    BOOL,
    FLOATS,
    MACHINE_INTEGERS,
    MATHEMATICAL,
    EnumType,
    Scalar,
    element,
    integer_range,
    shape,
)
from syncml.ir.typing_rules import contraction, windows
from syncml.verify.cone import Cones
from syncml.verify.order import ordered

np: Any = numpy
"""Arrays are typed by the streams that they belong to, not by Python."""


class NotRunnableError(Exception):
    """A node uses something that lanes do not have."""


class Lanes:
    """A number of instances of a flat node, run in step."""

    def __init__(self, node: Node, count: int, wanted: Sequence[Var]) -> None:
        cones = Cones(node)
        needed: set[Var] = set()
        for var in wanted:
            needed |= cones.of(var)
        self._node = node
        self._order = [e for e in ordered(node.equations) if e.target in needed]
        self._constants: dict[int, tuple[Const, Any]] = {}
        self.count = count
        if any(element(v.type) in MATHEMATICAL and v in node.inputs for v in node.clocks):
            raise NotRunnableError
        for e in self._order:
            # The checks of integers are about mathematical integers; nobody asks about them here.
            known = isinstance(e.rhs, Fby | When | Merge | Wave) and element(e.target.type) not in MATHEMATICAL
            if not known and not isinstance(e.rhs, Apply):
                raise NotRunnableError
        self._skipped = self._mathematical()
        self._state = {e.target: self._first(e) for e in self._order if isinstance(e.rhs, Fby)}
        self._letters = {e.target: np.zeros(count, dtype=np.int64) for e in self._order if isinstance(e.rhs, Wave)}
        self._ages: dict[Clock, Any] = {}
        self.values: dict[Var, Any] = {}
        self._presence: dict[Clock, Any] = {}

    def _mathematical(self) -> frozenset[Var]:
        """Streams that depend on mathematical numbers within an instant."""
        found: set[Var] = set()
        for e in self._order:
            reads = e.rhs.arguments if isinstance(e.rhs, Apply) else ()
            if element(e.target.type) in MATHEMATICAL or any(a in found for a in reads if isinstance(a, Var)):
                found.add(e.target)
        return frozenset(found)

    def can(self, var: Var) -> bool:
        """Whether ``var``, one of those that are wanted, is computed."""
        return var not in self._skipped

    def _first(self, e: Equation) -> Any:
        assert isinstance(e.rhs, Fby)
        const = zero(e.target.type) if e.rhs.init is None else e.rhs.init
        value = np.broadcast_to(np.asarray(const.machine(), dtype=dtype(const.element)), shape(e.target.type))
        return np.broadcast_to(value[..., None], (*value.shape, self.count))

    def tick(self, inputs: Mapping[Var, Any]) -> None:
        """One instant of all lanes."""
        self.values = dict(inputs)
        self._presence = {}
        for e in self._order:
            if e.target in self._skipped:
                continue
            self.values[e.target] = self._value(e)
        for e in self._order:
            if isinstance(e.rhs, Fby):
                following = self._read(e.rhs.following)
                old = self.values[e.target]
                here = self.present(self._node.clocks[e.target])
                if following.shape != old.shape:
                    following = np.broadcast_to(following, old.shape)
                self._state[e.target] = following if here is True else np.where(here, following, old)
            elif isinstance(e.rhs, Wave):
                here = self.present(self._node.clocks[e.target])
                self._letters[e.target] = self._letters[e.target] + here
        for clock, age in list(self._ages.items()):
            self._ages[clock] = age + self.present(clock)

    def present(self, clock: Clock) -> Any:
        """In which lanes a clock is present: True, or a Boolean for each lane."""
        if clock not in self._presence:
            here: Any = True
            for step in steps(clock):
                match step:
                    case On():
                        here = here & self._selects(step.condition, step.constructor)
                    case Periodic():
                        age = self._ages.setdefault(step.parent, np.zeros(self.count, dtype=np.int64))
                        here = here & _letters(step.word, age)
            self._presence[clock] = here
        return self._presence[clock]

    def _selects(self, condition: Var, constructor: bool | str) -> Any:
        value = self.values[condition]
        if isinstance(condition.type, EnumType):
            return value == condition.type.constructors.index(str(constructor))
        return value if constructor is True else ~value

    def _read(self, atom: Atom) -> Any:
        if isinstance(atom, Var):
            return self.values[atom]
        # One lane that stands for all; an atom lives as long as its node.
        if id(atom) not in self._constants:
            self._constants[id(atom)] = atom, np.asarray(atom.machine(), dtype=dtype(atom.element))[..., None]
        return self._constants[id(atom)][1]

    def _value(self, e: Equation) -> Any:
        rhs = e.rhs
        match rhs:
            case Fby():
                stored = self._state[e.target]
                return np.where(self._fires(rhs.resets), self._first(e), stored) if rhs.resets else stored
            case Wave():
                if rhs.resets:
                    self._letters[e.target] = np.where(self._fires(rhs.resets), 0, self._letters[e.target])
                return _letters(rhs.word, self._letters[e.target])
            case When():
                return self._spread(self._read(rhs.source))
            case Merge():
                result = self._spread(self._read(rhs.branches[-1][1]))
                for constructor, atom in rhs.branches[:-1]:
                    result = np.where(self._selects(rhs.condition, constructor), self._read(atom), result)
                return result
            case Apply():
                value = self._apply(rhs, e.target)
                extents = (*shape(e.target.type), self.count)
                return value if value.shape == extents else np.broadcast_to(value, extents)
            case _:
                raise NotRunnableError

    def _spread(self, value: Any) -> Any:
        """A value in all lanes."""
        return np.broadcast_to(value, (*value.shape[:-1], self.count))

    def _fires(self, resets: Sequence[Var]) -> Any:
        fires: Any = False
        for reset in resets:
            fires = fires | (self.values[reset] & self.present(self._node.clocks[reset]))
        return fires

    def _apply(self, rhs: Apply, target: Var) -> Any:
        values = [self._read(a) for a in rhs.arguments]
        kind = element(rhs.arguments[0].type)
        simple = _SIMPLE.get(rhs.op)
        if simple is not None:
            return simple(*values)
        attribute: Any = rhs.attribute
        match rhs.op:
            case Op.CAST:
                return _cast(values[0], kind, element(target.type))
            case Op.SQRT:
                return np.sqrt(values[0])
            case Op.EXP | Op.LOG | Op.TANH | Op.SIGMOID | Op.SIN | Op.COS | Op.ATAN2 | Op.POW:
                if not isinstance(kind, Scalar):
                    raise NotRunnableError
                return evaluate(function(rhs.op, kind), *np.broadcast_arrays(*values))
            case Op.FLOORDIV | Op.MOD:
                zero_ = values[1] == 0
                divisor = np.where(zero_, 1, values[1]).astype(values[1].dtype)
                if rhs.op is Op.MOD:
                    return np.where(zero_, values[0], values[0] % divisor)
                return np.where(zero_, 0, values[0] // divisor).astype(values[0].dtype)
            case Op.STACK:
                return np.stack([self._spread(v) for v in values])
            case Op.CONCAT:
                return np.concatenate([self._spread(v) for v in values], axis=attribute[0])
            case Op.INDEX:
                return values[0][attribute]
            case Op.SLICE:
                axis, start, count, step = attribute
                return np.take(values[0], [start + i * step for i in range(count)], axis=axis)
            case Op.RESHAPE:
                return np.reshape(values[0], (*attribute, values[0].shape[-1]))
            case Op.TRANSPOSE:
                return np.transpose(values[0], (*attribute, len(attribute)))
            case Op.UNFOLD:
                axis, *form = attribute
                return np.take(values[0], windows(values[0].shape[axis], *form), axis=axis)
            case Op.AT:
                source, place = self._spread(values[0]), np.clip(self._spread(values[1]), 0, len(values[0]) - 1)
                return np.moveaxis(np.moveaxis(source, -1, 1)[place, np.arange(self.count)], 0, -1)
            case Op.SUM | Op.LEAST | Op.GREATEST:
                return _fold(rhs.op, np.moveaxis(values[0], attribute[0], 0))
            case Op.ALL:
                return np.all(values[0], axis=attribute[0])
            case Op.ANY:
                return np.any(values[0], axis=attribute[0])
            case Op.MATMUL:
                left, right = values[0].ndim - 2, values[1].ndim - 2
                rows, columns = "ab"[:left], "cd"[:right]
                return self._contract(f"{rows}k,k{columns}->{rows}{columns}", rhs, values)
            case Op.EINSUM:
                return self._contract(attribute, rhs, values)
            case _:
                raise NotRunnableError

    def _contract(self, form_: Any, rhs: Apply, values: Sequence[Any]) -> Any:
        form = contraction(form_)
        extents = form.extents(tuple(a.type for a in rhs.arguments))
        spread = np.ix_(*(range(extents[letter]) for letter in form.result))
        total: Any = None
        for at in np.ndindex(*(extents[letter] for letter in form.summed)):
            index = dict(zip(form.result, spread, strict=True)) | dict(zip(form.summed, at, strict=True))
            parts = [v[tuple(index[x] for x in xs)] for v, xs in zip(values, form.operands, strict=True)]
            term = parts[0]
            for part in parts[1:]:
                term = term * part
            total = term if total is None else total + term
        return total


def _letters(word: Any, places: Any) -> Any:
    prefix, period = len(word.prefix), len(word.period)
    table = np.array([bool(word.at(i)) for i in range(prefix + period)])
    return table[np.where(places < prefix, places, prefix + (places - prefix) % period)]


def _fold(op: Op, parts: Any) -> Any:
    total = parts[0]
    for part in parts[1:]:
        if op is Op.SUM:
            total = total + part
        else:
            total = np.where(part < total if op is Op.LEAST else part > total, part, total)
    return total


def _cast(x: Any, source: Any, target: Any) -> Any:
    if target is BOOL:
        return x != 0
    if target in FLOATS:
        return x.astype(dtype(target))
    if source in FLOATS and target in MACHINE_INTEGERS:
        low, high = integer_range(target)
        wide = np.where(np.isnan(x), 0.0, x.astype(np.float64))
        inside = np.where((wide > low) & (wide < high), wide, 0.0).astype(dtype(target))
        return np.where(wide >= high, high, np.where(wide <= low, low, inside)).astype(dtype(target))
    if target in MACHINE_INTEGERS and (source in MACHINE_INTEGERS or source is BOOL):
        return x.astype(dtype(target))
    raise NotRunnableError


def _shift(left: bool) -> Any:
    def shifted(x: Any, by: Any) -> Any:
        width = x.dtype.itemsize * 8
        inside = (by >= 0) & (by < width)
        amount = np.where(inside, by, 0).astype(x.dtype)
        return np.where(inside, np.left_shift(x, amount) if left else np.right_shift(x, amount), 0).astype(x.dtype)

    return shifted


def _copied(x: Any) -> Any:
    return x


def _lesser(x: Any, y: Any) -> Any:
    return np.where(y < x, y, x)


def _greater(x: Any, y: Any) -> Any:
    return np.where(y > x, y, x)


_SIMPLE: dict[Op, Any] = {
    Op.COPY: _copied, Op.ADD: np.add, Op.SUB: np.subtract, Op.MUL: np.multiply, Op.DIV: np.divide,
    Op.NEG: np.negative, Op.ABS: np.abs, Op.EQ: np.equal, Op.NE: np.not_equal, Op.LT: np.less, Op.LE: np.less_equal,
    Op.GT: np.greater, Op.GE: np.greater_equal, Op.NOT: np.invert, Op.AND: np.bitwise_and, Op.OR: np.bitwise_or,
    Op.XOR: np.bitwise_xor, Op.WHERE: np.where, Op.SHL: _shift(True), Op.SHR: _shift(False),
    Op.MIN: _lesser, Op.MAX: _greater,
}  # fmt: skip
