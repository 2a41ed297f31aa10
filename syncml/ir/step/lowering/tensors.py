"""Operators as statements: loops over the elements of a value, in the one order that every back end keeps.

Rule: elements are computed independently; a sum starts at +0 and takes its terms in ascending order of the index that
is summed. Where the inner loop can run over outputs instead of terms it does (each output still sees its terms in
ascending order), for such a loop vectorises without reassociation; a constant matrix on the left is stored transposed
for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

from syncml.ir.constants import Array, Const
from syncml.ir.equations.syntax import Apply as Operation
from syncml.ir.equations.syntax import Atom
from syncml.ir.operators import Op
from syncml.ir.step.lowering.arithmetic import machine_element
from syncml.ir.step.lowering.elements import (
    Indices,
    at_index,
    beyond,
    flatten,
    index,
    is_pointwise,
    literal_index,
    plain_attribute,
    plus,
    unflatten,
    within,
    zero_of,
)
from syncml.ir.step.lowering.plan import Plan, rearranges_simply
from syncml.ir.step.lowering.slots import Slots, place
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Convert,
    Expr,
    For,
    If,
    Literal,
    LoopIndex,
    Origin,
    Place,
    Slot,
    Stmt,
    Storage,
)
from syncml.ir.types import BOOL, Scalar, Type, element, shape
from syncml.ir.typing_rules import contraction

_NAMES = "ijklmnpq"


def nest(extents: tuple[int, ...], body: Callable[[Indices], Iterable[Stmt]], depth: int = 0) -> list[Stmt]:
    """``body`` at each index of ``extents``, row-major; an axis of extent 1 needs no loop."""
    indices: list[Expr] = []
    loops: list[tuple[LoopIndex, int]] = []
    for extent in extents:
        if extent == 1:
            indices.append(index(0))
        else:
            counter = LoopIndex(loop_name(depth + len(loops)))
            loops.append((counter, extent))
            indices.append(counter)
    inner = tuple(body(tuple(indices)))
    for counter, extent in reversed(loops):
        inner = (For(counter, extent, inner),)
    return list(inner)


def loop_name(depth: int) -> str:
    """The name of the counter of the loop at ``depth``."""
    return _NAMES[depth] if depth < len(_NAMES) else f"i{depth}"


class Tensors:
    """The statements of one machine's equations."""

    def __init__(self, plan: Plan, slots: Slots) -> None:
        self._plan = plan
        self._slots = slots

    def compute(self, operation: Operation, target: Slot, type_: Type, origin: Origin) -> list[Stmt]:
        """``target := operation``, whose value has type ``type_``."""
        extents = shape(type_)
        op = operation.op
        if op is Op.RESHAPE and not rearranges_simply(operation, extents):
            return self._reshape(operation, target, extents, origin)
        if is_pointwise(operation):
            return nest(
                extents,
                lambda i: [Assign(place(target, i), at_index(operation, type_, i, self._slots.read), origin)],
            )
        return self._statements(operation, target, type_, origin)

    def copy(self, source: Atom, target: Slot, type_: Type, origin: Origin) -> list[Stmt]:
        """``target := source``; nothing if they are the same slot."""
        resolved = self._plan.resolve(source)
        body = nest(shape(type_), lambda i: [Assign(place(target, i), self._slots.read(resolved, i), origin)])
        return [] if _copies_itself(body) else body

    def copy_slot(self, source: Slot, target: Slot, type_: Type, origin: Origin) -> list[Stmt]:
        """``target := source``, two different slots of streams of ``type_``."""
        return nest(shape(type_), lambda i: [Assign(place(target, i), place(source, i), origin)])

    def _statements(self, operation: Operation, target: Slot, type_: Type, origin: Origin) -> list[Stmt]:
        arguments, attribute = operation.arguments, operation.attribute
        match operation.op:
            case Op.STACK:
                return self._join(arguments, target, lambda n, i: (index(n), *i), origin)
            case Op.CONCAT:
                (axis,) = plain_attribute(attribute)
                starts = [0]
                for a in arguments:
                    starts.append(starts[-1] + shape(a.type)[axis])
                return self._join(
                    arguments,
                    target,
                    lambda n, i: (*i[:axis], plus(i[axis], starts[n]), *i[axis + 1 :]),
                    origin,
                    shape(type_)[:axis],
                )
            case Op.MATMUL:
                return self._accumulated(target, type_, origin, lambda t: self._matmul(arguments, t, type_, origin))
            case Op.EINSUM:
                return self._accumulated(target, type_, origin, lambda t: self._contract(operation, t, type_, origin))
            case Op.UPDATE:
                return self._replace(arguments, target, origin)
            case Op.SUM | Op.ALL | Op.ANY | Op.LEAST | Op.GREATEST:
                (axis,) = plain_attribute(attribute)
                return self._accumulated(
                    target, type_, origin, lambda t: self._fold(operation, arguments[0], axis, t, type_, origin)
                )
            case _:
                raise AssertionError(f"{operation.op.value} is pointwise")

    def _join(
        self,
        parts: tuple[Atom, ...],
        target: Slot,
        where: Callable[[int, Indices], Indices],
        origin: Origin,
        common: tuple[int, ...] = (),
    ) -> list[Stmt]:
        """The parts one after the other, at each index of the axes ``common`` that all of them begin with."""

        def at_common(first: Indices) -> list[Stmt]:
            body: list[Stmt] = []
            for number, part in enumerate(parts):

                def element_of(i: Indices, number: int = number, part: Atom = part) -> list[Stmt]:
                    i = (*first, *i)
                    return [Assign(place(target, where(number, i)), self._slots.read(part, i), origin)]

                body += nest(shape(part.type)[len(common) :], element_of, len([n for n in common if n > 1]))
            return body

        return nest(common, at_common)

    def _reshape(self, operation: Operation, target: Slot, extents: tuple[int, ...], origin: Origin) -> list[Stmt]:
        """Loops over axes that refine both shapes, where the extents nest; else over the target's elements."""
        source = operation.arguments[0]
        refined = _refinement(shape(source.type), extents)
        if refined is None:
            return nest(
                extents,
                lambda i: [
                    Assign(
                        place(target, i),
                        self._slots.read(source, unflatten(flatten(extents, i), shape(source.type))),
                        origin,
                    )
                ],
            )

        def element_of(i: Indices) -> list[Stmt]:
            terms = flatten(refined, i)
            value = self._slots.read(source, unflatten(terms, shape(source.type)))
            return [Assign(place(target, unflatten(terms, extents)), value, origin)]

        return nest(refined, element_of)

    def _accumulated(self, target: Slot, type_: Type, origin: Origin, body: Callable[[Slot], list[Stmt]]) -> list[Stmt]:
        """A scalar accumulates in a local, which a compiler keeps in a register, before it is stored elsewhere."""
        if shape(type_) or target.storage is Storage.LOCAL:
            return body(target)
        total = self._slots.local(f"{target.name}_total", element(target.type))
        return [*body(total), Assign(Place(target), Place(total), origin)]

    def _fold(
        self, operation: Operation, source: Atom, axis: int, target: Slot, type_: Type, origin: Origin
    ) -> list[Stmt]:
        op, extents, count = operation.op, shape(type_), shape(source.type)[axis]
        kind = machine_element(element(type_))

        def term(i: Indices, position: Expr) -> Expr:
            return self._slots.read(source, (*i[:axis], position, *i[axis:]))

        def step(i: Indices, position: Expr) -> Stmt:
            total, value = place(target, i), term(i, position)
            return Assign(total, _combined(op, total, value), origin)

        first = 1 if op in (Op.LEAST, Op.GREATEST) else 0

        def begin(i: Indices) -> list[Stmt]:
            value = term(i, index(0)) if first else Literal(Const(True, BOOL)) if op is Op.ALL else zero_of(kind)
            return [Assign(place(target, i), value, origin)]

        def rest(depth: int, body: Callable[[Expr], list[Stmt]]) -> list[Stmt]:
            return nest((count - first,), lambda k: body(plus(k[0], first)), depth) if count > first else []

        if axis < len(extents):
            return nest(extents, begin) + rest(0, lambda k: nest(extents, lambda i: [step(i, k)], 1))
        return nest(extents, lambda i: [*begin(i), *rest(len(extents), lambda k: [step(i, k)])])

    def _matmul(self, arguments: tuple[Atom, ...], target: Slot, type_: Type, origin: Origin) -> list[Stmt]:
        left, right = (self._plan.resolve(a) for a in arguments)
        rows, columns = shape(left.type)[:-1], shape(right.type)[1:]
        terms = (shape(right.type)[0],)
        zero = zero_of(machine_element(element(type_)))
        transposed = isinstance(left, Const) and isinstance(left.value, Array) and bool(rows) and not columns

        def read_left(i: Indices, k: Expr) -> Expr:
            if transposed:
                assert isinstance(left, Const)
                return Place(self._slots.constant(left, transposed=True), (k, *i))
            return self._slots.read(left, (*i, k))

        def step(i: Indices, j: Indices, k: Expr) -> Stmt:
            total = place(target, (*i, *j))
            product = Binary(BinaryOp.MUL, read_left(i, k), self._slots.read(right, (k, *j)))
            return Assign(total, Binary(BinaryOp.ADD, total, product), origin)

        def start(i: Indices) -> list[Stmt]:
            return [Assign(place(target, i), zero, origin)]

        if transposed:
            return nest(rows, start) + nest(terms, lambda k: nest(rows, lambda i: [step(i, (), k[0])], 1))
        depth = len([n for n in rows if n > 1])

        def row(i: Indices) -> list[Stmt]:
            begin = nest(columns, lambda j: start((*i, *j)), depth)
            inner = depth + (terms[0] > 1)
            return begin + nest(terms, lambda k: nest(columns, lambda j: [step(i, j, k[0])], inner), depth)

        return nest(rows, row)

    def _contract(self, operation: Operation, target: Slot, type_: Type, origin: Origin) -> list[Stmt]:
        """Loops over the results around loops over the axes that are summed."""
        form = contraction(operation.attribute)
        extents = form.extents(tuple(a.type for a in operation.arguments))
        summed = tuple(extents[letter] for letter in form.summed)
        zero = zero_of(machine_element(element(type_)))

        def term(i: Indices, k: Indices) -> Expr:
            at = dict(zip(form.result + form.summed, (*i, *k), strict=True))
            factors = [
                self._slots.read(a, tuple(at[letter] for letter in letters))
                for a, letters in zip(operation.arguments, form.operands, strict=True)
            ]
            product = factors[0]
            for factor in factors[1:]:
                product = Binary(BinaryOp.MUL, product, factor)
            return product

        def result(i: Indices) -> list[Stmt]:
            total = place(target, i)
            if not summed:
                return [Assign(total, term(i, ()), origin)]
            inner = nest(
                summed, lambda k: [Assign(total, Binary(BinaryOp.ADD, total, term(i, k)), origin)], len(form.result)
            )
            return [Assign(total, zero, origin), *inner]

        return nest(shape(type_), result)

    def _replace(self, arguments: tuple[Atom, ...], target: Slot, origin: Origin) -> list[Stmt]:
        """A copy, unless the target lives where its source does, and then the store if all indices are in range."""
        source, value, *positions = arguments
        copied = self.copy(source, target, source.type, origin)
        places: list[Expr] = []
        tests: list[Expr] = []
        for position, extent in zip(positions, shape(source.type), strict=False):
            given = self._slots.read(position, ())
            kind = given.type
            known = literal_index(given)
            if known is not None and not 0 <= known < extent:
                return copied
            assert isinstance(kind, Scalar)
            places.append(given if kind is Scalar.I64 else _wide(given))
            tests += within(given, kind, extent)
        store = nest(
            shape(value.type), lambda i: [Assign(place(target, (*places, *i)), self._slots.read(value, i), origin)]
        )
        if not tests:
            return [*copied, *store]
        test = tests[0]
        for other in tests[1:]:
            test = Binary(BinaryOp.AND, test, other)
        return [*copied, If(test, tuple(store))]


def _wide(position: Expr) -> Expr:
    known = literal_index(position)
    return Convert(position, Scalar.I64) if known is None else index(known)


def _combined(op: Op, total: Expr, value: Expr) -> Expr:
    match op:
        case Op.SUM:
            return Binary(BinaryOp.ADD, total, value)
        case Op.ALL:
            return Binary(BinaryOp.AND, total, value)
        case Op.ANY:
            return Binary(BinaryOp.OR, total, value)
        case Op.LEAST:
            return beyond(Op.MIN, total.type, total, value)
        case Op.GREATEST:
            return beyond(Op.MAX, total.type, total, value)
        case _:
            raise AssertionError(f"{op.value} is no reduction")


def _refinement(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[int, ...] | None:
    """The coarsest shape that both shapes merge axes of, or None if their boundaries do not nest."""
    boundaries = {1}
    for extents in (left, right):
        product = 1
        for extent in reversed(extents):
            product *= extent
            boundaries.add(product)
    ascending = sorted(boundaries)
    refined: list[int] = []
    for small, large in pairwise(ascending):
        if large % small:
            return None
        refined.append(large // small)
    return tuple(reversed(refined)) or (1,)


def _copies_itself(body: list[Stmt]) -> bool:
    stmt = body[0]
    while isinstance(stmt, For):
        stmt = stmt.body[0]
    return isinstance(stmt, Assign) and stmt.target == stmt.value
