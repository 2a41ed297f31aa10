"""How operators compute along an axis of time.

Rule: an operation *runs along* an axis of its value if the element at position j of that axis is one fixed function,
whatever j is, of the elements at the positions ``start + j * stride, .., start + j * stride + reach - 1`` of an axis of
each operand that varies; the other operands are constants that are equal at all positions. Then any stretch of the
value is the operation on a stretch of the operands, and each element is the same computation: the same terms in the
same order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from syncml.dataclass import dataclass
from syncml.ir.constants import Array, Const
from syncml.ir.operators import Op
from syncml.ir.step.lowering.elements import ELEMENTWISE, plain_attribute
from syncml.ir.types import Type, shape
from syncml.ir.typing_rules import Attribute, contraction


@dataclass(frozen=True, slots=True)
class Operand:
    """An operand as seen along time: ``axis`` is None if it has no such axis; ``constant`` is its value if it is one.

    ``varies`` tells whether it is made of columns that shift from instant to instant.
    """

    type: Type
    axis: int | None
    varies: bool
    constant: Const | None


@dataclass(frozen=True, slots=True)
class Along:
    """How an operation runs along time.

    Attributes:
        axis: The axis of the value.
        count: Its extent.
        axes: The axis of each operand that is cut to a stretch; None for one that is taken as it is.
        start, stride, reach: Which positions of the operands the positions of the value need.
        attribute: The attribute of the operation on a stretch, given the extent of the stretch of its value.
        dilation: The distance of the positions that a position of the value needs.
    """

    axis: int
    count: int
    axes: tuple[int | None, ...]
    attribute: Callable[[int], Attribute]
    start: int = 0
    stride: int = 1
    reach: int = 1
    dilation: int = 1

    def parts(self, first: int, stop: int) -> tuple[tuple[int, int], ...]:
        """The stretches of the operands that those positions need: for one position of a dilated view, each tap."""
        low, high = self.support(first, stop)
        if self.dilation == 1 or stop - first > 1:
            return ((low, high),)
        return tuple((place, place + 1) for place in range(low, high, self.dilation))

    def support(self, first: int, stop: int) -> tuple[int, int]:
        """The positions of the operands, from and to before, that those of the value need."""
        return self.start + first * self.stride, self.start + (stop - 1) * self.stride + self.reach


class NotAlongError(Exception):
    """An operation does not run along time; the message says why, as a part of a sentence about its value."""


def along(op: Op, attribute: Attribute, operands: Sequence[Operand], result: Type) -> Along:
    """How ``op`` runs along the axes of its operands that vary.

    Raises:
        NotAlongError: it does not.
    """
    for operand in operands:
        if not operand.varies and operand.constant is None:
            raise NotAlongError("meets a stream that is no part of the window")
    moving = next(o for o in operands if o.varies)
    assert moving.axis is not None
    axis, extents = moving.axis, shape(moving.type)

    def fixed(_count: int) -> Attribute:
        return attribute

    if op in ELEMENTWISE:
        return _elementwise(operands, result, fixed)
    match op:
        case Op.EINSUM:
            return _contracted(operands, attribute, result, fixed)
        case Op.MATMUL:
            return _product(operands, result, fixed)
        case Op.STACK | Op.CONCAT:
            return _joined(op, operands, attribute, result, fixed)
        case Op.SLICE | Op.UNFOLD:
            return _taken(op, plain_attribute(attribute), axis, result, fixed)
        case Op.RESHAPE:
            return _reshaped(axis, extents, shape(result))
        case Op.TRANSPOSE:
            place = plain_attribute(attribute).index(axis)
            return Along(place, extents[axis], (axis,), fixed)
        case Op.INDEX:
            chosen = len(plain_attribute(attribute))
            if axis < chosen:
                raise NotAlongError("is one value of the window")
            return Along(axis - chosen, extents[axis], (axis,), fixed)
        case Op.SUM | Op.LEAST | Op.GREATEST | Op.ALL | Op.ANY:
            (reduced,) = plain_attribute(attribute)
            if reduced == axis:
                raise NotAlongError("is reduced along time, from all values in their order")
            return Along(axis - (reduced < axis), extents[axis], (axis,), fixed)
        case Op.AT | Op.WINDOW if axis > 0 and operands[0].varies and not operands[1].varies:
            return Along(axis - (op is Op.AT), extents[axis], (axis, None), fixed)
        case _:
            raise NotAlongError(f"takes the window as a whole (`{op.value}`)")


def is_level(constant: Const, axis: int) -> bool:
    """Whether a constant array is equal, bit by bit, at all positions of an axis."""
    if not isinstance(constant.value, Array):
        return True
    values = constant.value.numpy()
    parts = [values.take(i, axis).tobytes() for i in range(values.shape[axis])]
    return all(part == parts[0] for part in parts)


def cut(constant: Const, axis: int, first: int, stop: int) -> Const:
    """The positions from ``first`` to before ``stop`` of a constant array."""
    assert isinstance(constant.value, Array)
    values = constant.value.numpy()
    if (first, stop) == (0, values.shape[axis]):
        return constant
    taken = values.take(range(first, stop), axis)
    return Const(Array.of(taken, constant.element), constant.element, constant.name)


def _axis_of_constant(operand: Operand, axis: int) -> int | None:
    """The axis along which a constant is cut; None where it is broadcast."""
    assert operand.constant is not None
    if axis < 0 or shape(operand.type)[axis] == 1:
        return None
    if not is_level(operand.constant, axis):
        raise NotAlongError("has constants that differ along time")
    return axis


def _elementwise(operands: Sequence[Operand], result: Type, attribute: Callable[[int], Attribute]) -> Along:
    rank = len(shape(result))
    moving = {o.axis - len(shape(o.type)) for o in operands if o.varies and o.axis is not None}
    if len(moving) > 1:
        raise NotAlongError("has operands whose axes of time differ")
    (from_end,) = moving
    axis = rank + from_end
    axes: list[int | None] = []
    for operand in operands:
        own = len(shape(operand.type)) + from_end
        if operand.varies:
            if shape(operand.type)[own] != shape(result)[axis]:
                raise NotAlongError("has operands whose axes of time differ")
            axes.append(own)
        else:
            axes.append(_axis_of_constant(operand, own))
    return Along(axis, shape(result)[axis], tuple(axes), attribute)


def _contracted(
    operands: Sequence[Operand], attribute: Attribute, result: Type, fixed: Callable[[int], Attribute]
) -> Along:
    form = contraction(attribute)
    times = {xs[o.axis] for xs, o in zip(form.operands, operands, strict=True) if o.varies and o.axis is not None}
    if len(times) > 1 or any(xs.count(t) > 1 for xs in form.operands for t in times):
        raise NotAlongError("has operands whose axes of time differ")
    (letter,) = times
    if letter not in form.result:
        raise NotAlongError("is summed along time, from all values in their order")
    axes: list[int | None] = []
    for letters, operand in zip(form.operands, operands, strict=True):
        place = letters.find(letter)
        axes.append(place if operand.varies else _axis_of_constant(operand, place))
        if not operand.varies and place >= 0 and axes[-1] is None:
            # Of extent 1: a stretch is of extent 1 too.
            raise NotAlongError("has constants that differ along time")
    axis = form.result.index(letter)
    return Along(axis, shape(result)[axis], tuple(axes), fixed)


def _product(operands: Sequence[Operand], result: Type, attribute: Callable[[int], Attribute]) -> Along:
    left, right = operands
    if left.varies and left.axis == 0 and len(shape(left.type)) == 2 and not right.varies:
        return Along(0, shape(left.type)[0], (0, None), attribute)
    if right.varies and right.axis == 1 and not left.varies:
        return Along(len(shape(result)) - 1, shape(right.type)[1], (None, 1), attribute)
    raise NotAlongError("is summed along time, from all values in their order")


def _joined(
    op: Op, operands: Sequence[Operand], attribute: Attribute, result: Type, fixed: Callable[[int], Attribute]
) -> Along:
    axes = {o.axis for o in operands if o.varies}
    if len(axes) > 1:
        raise NotAlongError("has operands whose axes of time differ")
    (axis,) = axes
    assert axis is not None
    if op is Op.CONCAT and plain_attribute(attribute) == (axis,):
        raise NotAlongError("is joined along time")
    for operand in operands:
        if operand.constant is not None and not is_level(operand.constant, axis):
            raise NotAlongError("has constants that differ along time")
    placed = axis + (op is Op.STACK)
    return Along(placed, shape(result)[placed], (axis,) * len(operands), fixed)


def _taken(op: Op, static: tuple[int, ...], axis: int, result: Type, fixed: Callable[[int], Attribute]) -> Along:
    if op is Op.UNFOLD:
        along_, size, stride, dilation = static
        if along_ == axis:
            return Along(axis, shape(result)[axis], (axis,), fixed, 0, stride, (size - 1) * dilation + 1, dilation)
        placed = axis + (along_ < axis)
        return Along(placed, shape(result)[placed], (axis,), fixed)
    along_, start, count, step = static
    if along_ != axis:
        return Along(axis, shape(result)[axis], (axis,), fixed)
    if step < 1:
        raise NotAlongError("is turned round along time")
    return Along(axis, count, (axis,), lambda extent: (axis, 0, extent, step), start, step)


def _reshaped(axis: int, before: tuple[int, ...], after: tuple[int, ...]) -> Along:
    outer, extent = prod(before[:axis]), before[axis]
    place = next((i for i, n in enumerate(after) if n == extent and prod(after[:i]) == outer), None)
    if place is None:
        raise NotAlongError("joins time with another axis")
    front, back = after[:place], after[place + 1 :]
    return Along(place, extent, (axis,), lambda count: (*front, count, *back))
