"""The operator table: every pointwise primitive, with its typing rule and its meaning.

Rule: an operator applies to arguments that share one clock and yields a value on that clock, computed from the
values of that instant alone. Arithmetic needs operands of one element type (there is no implicit conversion);
elementwise operators broadcast as NumPy does. Every operator is total: what mathematics leaves undefined has a
value stated here, the same in every engine, and an obligation in the verifier.

Each engine (interpreter, step lowering, SMT, intervals, derivative) implements the operators by one ``match``;
a test proves each of them total over `Op`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.ir.types import (
    BOOL,
    FLOATS,
    FRACTIONAL,
    INTEGERS,
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


class Op(Enum):
    """A pointwise primitive; its entry in `OPERATORS` says what it means."""

    COPY = "copy"
    ADD = "add"
    SUB = "sub"
    MUL = "mul"
    DIV = "div"
    FLOORDIV = "floordiv"
    MOD = "mod"
    NEG = "neg"
    ABS = "abs"
    MIN = "min"
    MAX = "max"
    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    NOT = "not"
    AND = "and"
    OR = "or"
    XOR = "xor"
    SHL = "shl"
    SHR = "shr"
    WHERE = "where"
    CAST = "cast"
    SQRT = "sqrt"
    EXP = "exp"
    LOG = "log"
    TANH = "tanh"
    SIGMOID = "sigmoid"
    SIN = "sin"
    COS = "cos"
    ATAN2 = "atan2"
    POW = "pow"
    STACK = "stack"
    CONCAT = "concat"
    INDEX = "index"
    SLICE = "slice"
    AT = "at"
    WINDOW = "window"
    UPDATE = "update"
    RESHAPE = "reshape"
    TRANSPOSE = "transpose"
    MATMUL = "matmul"
    EINSUM = "einsum"
    SUM = "sum"
    LEAST = "least"
    GREATEST = "greatest"
    ALL = "all"
    ANY = "any"


TypingRule: TypeAlias = Callable[[tuple[Type, ...], Attribute], Type]


@dataclass(frozen=True, slots=True)
class Operator:
    """One line of the table. ``symbol`` is how messages and printed equations write the operator."""

    symbol: str
    typing: TypingRule
    meaning: str


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


def _elementwise(allowed: frozenset[Scalar], result: Scalar | None = None) -> TypingRule:
    def rule(types: tuple[Type, ...], _: Attribute) -> Type:
        common = _same_element(types)
        if common not in allowed:
            names = ", ".join(sorted(str(s) for s in allowed))
            raise OperatorTypeError("type", f"does not apply to {common}", f"it applies to {names}")
        return tensor(result or common, broadcast(tuple(map(shape, types))))

    return rule


def _copy(types: tuple[Type, ...], _: Attribute) -> Type:
    return types[0]


def _equality(types: tuple[Type, ...], _: Attribute) -> Type:
    _same_element(types)
    return tensor(BOOL, broadcast(tuple(map(shape, types))))


def _where(types: tuple[Type, ...], _: Attribute) -> Type:
    condition, *branches = types
    if element(condition) is not BOOL:
        raise OperatorTypeError("type", f"the condition is {condition}, not bool", "compare it with something")
    return tensor(_same_element(tuple(branches)), broadcast(tuple(map(shape, types))))


def _cast(types: tuple[Type, ...], attribute: Attribute) -> Type:
    (source,) = types
    if not isinstance(attribute, Scalar) or isinstance(element(source), EnumType):
        raise OperatorTypeError("type", f"no conversion from {source} to {attribute}", "use where or merge")
    return tensor(attribute, shape(source))


def _stack(types: tuple[Type, ...], _: Attribute) -> Type:
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


def _concat(types: tuple[Type, ...], attribute: Attribute) -> Type:
    common = _same_element(types)
    shapes = [shape(t) for t in types]
    (axis,) = _axis(attribute, len(shapes[0]))
    if any(len(s) != len(shapes[0]) or (*s[:axis], *s[axis + 1 :]) != (*shapes[0][:axis], *shapes[0][axis + 1 :])
           for s in shapes):  # fmt: skip
        raise OperatorTypeError("shape", "the parts differ outside of the axis that is joined")
    return tensor(common, (*shapes[0][:axis], sum(s[axis] for s in shapes), *shapes[0][axis + 1 :]))


def _index(types: tuple[Type, ...], attribute: Attribute) -> Type:
    extents = shape(types[0])
    if not isinstance(attribute, tuple) or len(attribute) > len(extents):
        raise OperatorTypeError("index", f"too many indices for {types[0]}")
    for position, extent in zip(attribute, extents, strict=False):
        if not 0 <= position < extent:
            raise OperatorTypeError("index", f"index {position} is out of range for an axis of {extent}")
    return tensor(element(types[0]), extents[len(attribute) :])


def _slice(types: tuple[Type, ...], attribute: Attribute) -> Type:
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


def _at(types: tuple[Type, ...], _: Attribute) -> Type:
    source, position = types
    _positions(source, (position,))
    return tensor(element(source), shape(source)[1:])


def _window(types: tuple[Type, ...], attribute: Attribute) -> Type:
    source, position = types
    _positions(source, (position,))
    (count,) = attribute if isinstance(attribute, tuple) else (0,)
    if not 1 <= count <= shape(source)[0]:
        raise OperatorTypeError("index", f"a window of {count} does not fit an axis of {shape(source)[0]}")
    return tensor(element(source), (count, *shape(source)[1:]))


def _update(types: tuple[Type, ...], _: Attribute) -> Type:
    source, value, *positions = types
    _positions(source, tuple(positions))
    _same_element((source, value))
    if not positions or shape(value) != shape(source)[len(positions) :]:
        what = tensor(element(source), shape(source)[len(positions) :])
        raise OperatorTypeError("shape", f"what is set is {what}, not {value}", "reshape or slice it")
    return source


def _reshape(types: tuple[Type, ...], attribute: Attribute) -> Type:
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


def _transpose(types: tuple[Type, ...], attribute: Attribute) -> Type:
    extents = shape(types[0])
    if not isinstance(attribute, tuple) or sorted(attribute) != list(range(len(extents))):
        raise OperatorTypeError("shape", f"{attribute} is no permutation of the axes of {types[0]}")
    return tensor(element(types[0]), tuple(extents[axis] for axis in attribute))


def _matmul(types: tuple[Type, ...], _: Attribute) -> Type:
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


def _einsum(types: tuple[Type, ...], attribute: Attribute) -> Type:
    common = _same_element(types)
    if common not in NUMERIC:
        raise OperatorTypeError("type", f"does not apply to {common}")
    found = contraction(attribute)
    if len(found.operands) != len(types):
        raise OperatorTypeError("shape", f"`{attribute}` takes {len(found.operands)} operands, not {len(types)}")
    extents = found.extents(types)
    return tensor(common, tuple(extents[letter] for letter in found.result))


def _reduction(allowed: frozenset[Scalar]) -> TypingRule:
    def rule(types: tuple[Type, ...], attribute: Attribute) -> Type:
        extents = shape(types[0])
        if element(types[0]) not in allowed:
            raise OperatorTypeError("type", f"does not apply to {types[0]}")
        (axis,) = _axis(attribute, len(extents))
        return tensor(element(types[0]), (*extents[:axis], *extents[axis + 1 :]))

    return rule


_ARITHMETIC = _elementwise(NUMERIC)
_INTEGRAL = _elementwise(INTEGERS)
_BITS = _elementwise(MACHINE_INTEGERS)
_LOGICAL = _elementwise(MACHINE_INTEGERS | {BOOL})
_ORDER = _elementwise(NUMERIC, BOOL)
_ELEMENTARY = _elementwise(FLOATS)
_TRUTH = _reduction(frozenset({BOOL}))
_EXTREME = _reduction(NUMERIC)

OPERATORS: dict[Op, Operator] = {
    Op.COPY: Operator("copy", _copy, "its argument: a constant stream, or a second name for a stream"),
    Op.ADD: Operator("+", _ARITHMETIC, "sum; machine integers wrap, floats round to nearest"),
    Op.SUB: Operator("-", _ARITHMETIC, "difference; machine integers wrap, floats round to nearest"),
    Op.MUL: Operator("*", _ARITHMETIC, "product; machine integers wrap, floats round to nearest"),
    Op.DIV: Operator("/", _elementwise(FRACTIONAL), "IEEE-754 quotient; on `real`, x / 0 is 0"),
    Op.FLOORDIV: Operator("//", _INTEGRAL, "quotient rounded down, as in Python; x // 0 is 0; least // -1 wraps"),
    Op.MOD: Operator("%", _INTEGRAL, "x - (x // y) * y, with the sign of y; x % 0 is x"),
    Op.NEG: Operator("-", _ARITHMETIC, "negation; the least signed integer and unsigned integers wrap"),
    Op.ABS: Operator("abs", _ARITHMETIC, "magnitude; the least signed integer wraps to itself"),
    Op.MIN: Operator("min", _ARITHMETIC, "y if y < x else x; so a NaN in y is ignored and one in x is kept"),
    Op.MAX: Operator("max", _ARITHMETIC, "y if y > x else x; so a NaN in y is ignored and one in x is kept"),
    Op.EQ: Operator("==", _equality, "equality; NaN equals nothing"),
    Op.NE: Operator("!=", _equality, "negated equality"),
    Op.LT: Operator("<", _ORDER, "less; false with a NaN"),
    Op.LE: Operator("<=", _ORDER, "less or equal; false with a NaN"),
    Op.GT: Operator(">", _ORDER, "greater; false with a NaN"),
    Op.GE: Operator(">=", _ORDER, "greater or equal; false with a NaN"),
    Op.NOT: Operator("~", _LOGICAL, "negation; bitwise complement on integers"),
    Op.AND: Operator("&", _LOGICAL, "conjunction; bitwise on integers"),
    Op.OR: Operator("|", _LOGICAL, "disjunction; bitwise on integers"),
    Op.XOR: Operator("^", _LOGICAL, "exclusive disjunction; bitwise on integers"),
    Op.SHL: Operator("<<", _BITS, "shift left, wrapping; by less than 0 or at least the width, 0"),
    Op.SHR: Operator(">>", _BITS, "shift right, arithmetic on signed; by less than 0 or at least the width, 0"),
    Op.WHERE: Operator("where", _where, "the second argument where the first is true, else the third"),
    Op.CAST: Operator(
        "cast",
        _cast,
        "conversion to the attribute's type: integers wrap; floats to integers truncate, saturate, NaN is 0; "
        "numbers to bool compare with 0; otherwise round to nearest",
    ),
    Op.SQRT: Operator("sqrt", _ELEMENTARY, "square root, correctly rounded; NaN below 0"),
    Op.EXP: Operator("exp", _ELEMENTARY, "exponential"),
    Op.LOG: Operator("log", _ELEMENTARY, "natural logarithm; -inf at 0, NaN below"),
    Op.TANH: Operator("tanh", _ELEMENTARY, "hyperbolic tangent"),
    Op.SIGMOID: Operator("sigmoid", _ELEMENTARY, "1 / (1 + exp(-x))"),
    Op.SIN: Operator("sin", _ELEMENTARY, "sine of radians"),
    Op.COS: Operator("cos", _ELEMENTARY, "cosine of radians"),
    Op.ATAN2: Operator("atan2", _ELEMENTARY, "angle of the point (second, first) in radians"),
    Op.POW: Operator("pow", _ELEMENTARY, "first to the power of second, with the special cases of C99 Annex F"),
    Op.STACK: Operator("vec", _stack, "a new first axis made of the arguments"),
    Op.CONCAT: Operator("concat", _concat, "arguments joined along the axis of the attribute"),
    Op.INDEX: Operator("index", _index, "the element or sub-tensor at the static indices of the attribute"),
    Op.SLICE: Operator("slice", _slice, "attribute (axis, start, count, step): along the axis, start + i * step"),
    Op.AT: Operator("at", _at, "the element of the first axis at a dynamic index, clamped to the axis"),
    Op.WINDOW: Operator(
        "window",
        _window,
        "as many elements of the first axis as the attribute says, from a dynamic index, clamped to where they fit",
    ),
    Op.UPDATE: Operator(
        "update",
        _update,
        "the first argument with the second at the dynamic indices that follow, one for each leading axis; "
        "unchanged where one of them is out of range",
    ),
    Op.RESHAPE: Operator("reshape", _reshape, "the same elements, row-major, in the shape of the attribute"),
    Op.TRANSPOSE: Operator("transpose", _transpose, "axes permuted by the attribute"),
    Op.MATMUL: Operator("@", _matmul, "product of vectors and matrices; sums start at 0 and run in ascending index"),
    Op.EINSUM: Operator(
        "einsum",
        _einsum,
        "for each result the sum, from 0, of products from left to right over the axes that are not in the result, "
        "ascending, the axis that appears last fastest; the product itself if there are none",
    ),
    Op.SUM: Operator("sum", _reduction(NUMERIC), "sum along the axis of the attribute, from 0, ascending"),
    Op.LEAST: Operator("least", _EXTREME, "`min` along the axis of the attribute, from the first, ascending"),
    Op.GREATEST: Operator("greatest", _EXTREME, "`max` along the axis of the attribute, from the first, ascending"),
    Op.ALL: Operator("all", _TRUTH, "conjunction along the axis of the attribute"),
    Op.ANY: Operator("any", _TRUTH, "disjunction along the axis of the attribute"),
}


def result_type(op: Op, types: tuple[Type, ...], attribute: Attribute = None) -> Type:
    """The type of ``op`` applied to arguments of ``types``.

    Raises:
        OperatorTypeError: the operator does not apply; the caller adds the user's source line.
    """
    return OPERATORS[op].typing(types, attribute)
