"""The typing rules of the operators: from the types of the arguments and the attribute the type of the value.

Rule: arithmetic needs operands of one element type, there is no implicit conversion; elementwise operators broadcast as
NumPy does. A static part that does not fit (an index, a window, a shape) is refused, and every engine relies on that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.ir.types import (
    BOOL,
    MACHINE_INTEGERS,
    NUMERIC,
    Element,
    EnumType,
    Scalar,
    Type,
    element,
    shape,
    tensor,
)

Attribute: TypeAlias = Scalar | tuple[int, ...] | str | None
"""The static part of an application: the target of a cast, an index, an axis, a shape, a contraction."""


class OperatorTypeError(Exception):
    """An operator does not apply. ``kind`` is ``type``, ``shape``, ``index`` or ``operands`` (mixed types)."""

    def __init__(self, kind: str, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.help = help_


TypingRule: TypeAlias = Callable[[tuple[Type, ...], Attribute], Type]
"""From the types of the arguments, and the attribute."""


def broadcast(shapes: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
    """The common shape of ``shapes`` by NumPy's rule: extents are equal or 1, aligned at the last axis."""
    rank = max(map(len, shapes))
    result: list[int] = []
    for axis in range(rank):
        extents = {s[axis - rank + len(s)] for s in shapes if axis - rank + len(s) >= 0} - {1}
        if len(extents) > 1:
            written = " and ".join(str(s) for s in shapes)
            raise OperatorTypeError(
                "shape",
                f"shapes {written} do not broadcast",
                "extents must be equal or 1, aligned at the last axis; reshape or slice one operand",
            )
        result.append(extents.pop() if extents else 1)
    return tuple(result)


def _same_element(types: tuple[Type, ...]) -> Element:
    elements = [element(t) for t in types]
    if any(e != elements[0] for e in elements):
        written = " and ".join(str(e) for e in elements)
        raise OperatorTypeError(
            "operands", f"operands of different types {written}", "convert one side: cast(x, to=...)"
        )
    return elements[0]


def elementwise_rule(allowed: frozenset[Scalar], result: Scalar | None = None) -> TypingRule:
    """Operands of one of the ``allowed`` types, broadcast; the elements are of type ``result``, or of theirs."""

    def rule(types: tuple[Type, ...], _: Attribute) -> Type:
        common = _same_element(types)
        if common not in allowed:
            names = ", ".join(sorted(str(s) for s in allowed))
            raise OperatorTypeError("type", f"does not apply to {common}", f"it applies to {names}")
        return tensor(result or common, broadcast(tuple(map(shape, types))))

    return rule


def copy_rule(types: tuple[Type, ...], _: Attribute) -> Type:
    """The type of the argument."""
    return types[0]


def equality_rule(types: tuple[Type, ...], _: Attribute) -> Type:
    """Operands of any one type."""
    _same_element(types)
    return tensor(BOOL, broadcast(tuple(map(shape, types))))


def where_rule(types: tuple[Type, ...], _: Attribute) -> Type:
    """A Boolean and two branches of one type, broadcast."""
    condition, *branches = types
    if element(condition) is not BOOL:
        raise OperatorTypeError("type", f"the condition is {condition}, not bool", "compare it with something")
    return tensor(_same_element(tuple(branches)), broadcast(tuple(map(shape, types))))


def cast_rule(types: tuple[Type, ...], attribute: Attribute) -> Type:
    """The shape of the argument with elements of the type in the attribute."""
    (source,) = types
    if not isinstance(attribute, Scalar) or isinstance(element(source), EnumType):
        raise OperatorTypeError("type", f"no conversion from {source} to {attribute}", "use where or merge")
    return tensor(attribute, shape(source))


def stack_rule(types: tuple[Type, ...], _: Attribute) -> Type:
    """A new first axis for arguments of one type."""
    common = _same_element(types)
    if any(shape(t) != shape(types[0]) for t in types):
        raise OperatorTypeError("shape", "the parts of a vector have different shapes")
    return tensor(common, (len(types), *shape(types[0])))


def _axis(attribute: Attribute, rank: int) -> tuple[int, ...]:
    if not isinstance(attribute, tuple) or not rank:
        raise OperatorTypeError("shape", "a scalar has no axis")
    if not 0 <= attribute[0] < rank:
        raise OperatorTypeError("index", f"axis {attribute[0]} is out of range for {rank} axes")
    return attribute


def concat_rule(types: tuple[Type, ...], attribute: Attribute) -> Type:
    """Arguments that differ in the extent of one axis at most."""
    common = _same_element(types)
    shapes = [shape(t) for t in types]
    (axis,) = _axis(attribute, len(shapes[0]))
    if any(len(s) != len(shapes[0]) or (*s[:axis], *s[axis + 1 :]) != (*shapes[0][:axis], *shapes[0][axis + 1 :])
           for s in shapes):  # fmt: skip
        raise OperatorTypeError("shape", "the parts differ outside of the axis that is joined")
    return tensor(common, (*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :]))


def index_rule(types: tuple[Type, ...], attribute: Attribute) -> Type:
    """The axes that are left when the first ones are at static indices."""
    extents = shape(types[0])
    if not isinstance(attribute, tuple) or len(attribute) > len(extents):
        raise OperatorTypeError("index", f"too many indices for {types[0]}")
    for position, extent in zip(attribute, extents, strict=False):
        if not 0 <= position < extent:
            raise OperatorTypeError("index", f"index {position} is out of range for an axis of {extent}")
    return tensor(element(types[0]), extents[len(attribute) :])


def slice_rule(types: tuple[Type, ...], attribute: Attribute) -> Type:
    """As many elements of an axis as the attribute says."""
    extents = shape(types[0])
    axis, start, count, step = _axis(attribute, len(extents))
    last = start + (count - 1) * step
    if count < 1 or not step or not (0 <= start < extents[axis] and 0 <= last < extents[axis]):
        what = f"{count} elements from {start} in steps of {step}"
        raise OperatorTypeError("index", f"{what} do not fit an axis of {extents[axis]}")
    return tensor(element(types[0]), (*extents[:axis], count, *extents[axis + 1 :]))


def _positions(source: Type, positions: tuple[Type, ...]) -> None:
    for position in positions:
        if position not in MACHINE_INTEGERS and position is not Scalar.INT:
            raise OperatorTypeError("type", f"takes an integer for an index, not {position}")
    if not shape(source):
        raise OperatorTypeError("shape", "a scalar has no elements")
    if len(positions) > len(shape(source)):
        raise OperatorTypeError("index", f"too many indices for {source}")


def at_rule(types: tuple[Type, ...], _: Attribute) -> Type:
    """What one index of the first axis leaves."""
    source, position = types
    _positions(source, (position,))
    return tensor(element(source), shape(source)[1:])


def window_rule(types: tuple[Type, ...], attribute: Attribute) -> Type:
    """A part of the first axis from a dynamic index on."""
    source, position = types
    _positions(source, (position,))
    (count,) = attribute if isinstance(attribute, tuple) else (0,)
    if not 1 <= count <= shape(source)[0]:
        raise OperatorTypeError("index", f"a window of {count} does not fit an axis of {shape(source)[0]}")
    return tensor(element(source), (count, *shape(source)[1:]))


def update_rule(types: tuple[Type, ...], _: Attribute) -> Type:
    """The type of the array, of which one part is replaced."""
    source, value, *positions = types
    _positions(source, tuple(positions))
    _same_element((source, value))
    if not positions or shape(value) != shape(source)[len(positions) :]:
        what = tensor(element(source), shape(source)[len(positions) :])
        raise OperatorTypeError("shape", f"what is set is {what}, not {value}", "reshape or slice it")
    return source


def reshape_rule(types: tuple[Type, ...], attribute: Attribute) -> Type:
    """As many elements in the shape of the attribute."""
    if not isinstance(attribute, tuple):
        raise OperatorTypeError("shape", "a shape is a tuple of extents")
    result = tensor(element(types[0]), attribute)
    count, wanted = 1, 1
    for extent in shape(types[0]):
        count *= extent
    for extent in attribute:
        wanted *= extent
    if count != wanted or any(extent < 1 for extent in attribute):
        raise OperatorTypeError("shape", f"{types[0]} has {count} elements, {result} has {wanted}")
    return result


def transpose_rule(types: tuple[Type, ...], attribute: Attribute) -> Type:
    """The axes in the order of the attribute."""
    extents = shape(types[0])
    if not isinstance(attribute, tuple) or sorted(attribute) != list(range(len(extents))):
        raise OperatorTypeError("shape", f"{attribute} is no permutation of the axes of {types[0]}")
    return tensor(element(types[0]), tuple(extents[axis] for axis in attribute))


def windows(extent: int, size: int, stride: int, dilation: int) -> list[list[int]]:
    """The positions along an axis of ``extent`` that each window of `Op.UNFOLD` reads."""
    starts = range(0, extent - (size - 1) * dilation, stride)
    return [[start + k * dilation for k in range(size)] for start in starts]


def unfold_rule(types: tuple[Type, ...], attribute: Attribute) -> Type:
    """An axis for the windows in place of the axis, and after it one for the position in a window."""
    extents = shape(types[0])
    axis, size, stride, dilation = _axis(attribute, len(extents))
    if min(size, stride, dilation) < 1:
        raise OperatorTypeError("index", "the size, the stride and the dilation of windows are at least 1")
    count = len(windows(extents[axis], size, stride, dilation))
    if not count:
        reach = (size - 1) * dilation + 1
        raise OperatorTypeError("index", f"windows over {reach} elements do not fit an axis of {extents[axis]}")
    return tensor(element(types[0]), (*extents[:axis], count, size, *extents[axis + 1 :]))


def matmul_rule(types: tuple[Type, ...], _: Attribute) -> Type:
    """The product of vectors and matrices."""
    common = _same_element(types)
    if common not in NUMERIC:
        raise OperatorTypeError("type", f"does not apply to {common}")
    left, right = shape(types[0]), shape(types[1])
    if not (1 <= len(left) <= 2 and 1 <= len(right) <= 2) or left[-1] != right[0]:
        raise OperatorTypeError(
            "shape",
            f"shapes {left} and {right} do not multiply",
            "the last extent of the left side must equal the first of the right side",
        )
    return tensor(common, left[:-1] + right[1:])


@dataclass(frozen=True, slots=True)
class Contraction:
    """What `Op.EINSUM` does: a letter for each axis of each operand, and those of the result.

    ``summed`` are the other letters, in the order in which they first appear: the first is the outermost loop.
    """

    operands: tuple[str, ...]
    result: str
    summed: str

    def extents(self, types: tuple[Type, ...]) -> dict[str, int]:
        """The extent of each letter.

        Raises:
            OperatorTypeError: ranks or extents disagree.
        """
        found: dict[str, int] = {}
        for letters, type_ in zip(self.operands, types, strict=True):
            if len(letters) != len(shape(type_)):
                raise OperatorTypeError("shape", f"`{letters}` has {len(letters)} letters for the axes of {type_}")
            for letter, extent in zip(letters, shape(type_), strict=True):
                if found.setdefault(letter, extent) != extent:
                    raise OperatorTypeError("shape", f"the axis `{letter}` is {found[letter]} long and {extent}")
        return found


def contraction(attribute: Attribute) -> Contraction:
    """The meaning of an attribute such as ``"ij,j->i"``.

    Raises:
        OperatorTypeError: it is none.
    """
    operands, arrow, result = attribute.partition("->") if isinstance(attribute, str) else ("", "", "")
    letters = operands.replace(",", "")
    if not arrow or not all(c.isalpha() for c in letters + result):
        raise OperatorTypeError("shape", f"`{attribute}` is no contraction", 'write one such as "ij,j->i"')
    if len(set(result)) < len(result) or not set(result) <= set(letters):
        raise OperatorTypeError("shape", f"the axes `{result}` of the result are not distinct axes of the operands")
    summed = "".join(c for c in dict.fromkeys(letters) if c not in result)
    return Contraction(tuple(operands.split(",")), result, summed)


def einsum_rule(types: tuple[Type, ...], attribute: Attribute) -> Type:
    """The axes of the result of a contraction."""
    common = _same_element(types)
    if common not in NUMERIC:
        raise OperatorTypeError("type", f"does not apply to {common}")
    found = contraction(attribute)
    if len(found.operands) != len(types):
        raise OperatorTypeError("shape", f"`{attribute}` takes {len(found.operands)} operands, not {len(types)}")
    extents = found.extents(types)
    return tensor(common, tuple(extents[letter] for letter in found.result))


def reduction_rule(allowed: frozenset[Scalar]) -> TypingRule:
    """The axes that are left when one is reduced."""

    def rule(types: tuple[Type, ...], attribute: Attribute) -> Type:
        extents = shape(types[0])
        if element(types[0]) not in allowed:
            raise OperatorTypeError("type", f"does not apply to {types[0]}")
        (axis,) = _axis(attribute, len(extents))
        return tensor(element(types[0]), (*extents[:axis], *extents[axis + 1 :]))

    return rule
