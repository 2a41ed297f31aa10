"""The operator table: every pointwise primitive, with its typing rule and its meaning.

Rule: an operator applies to arguments that share one clock and yields a value on that clock, computed from the
values of that instant alone. Arithmetic needs operands of one element type (there is no implicit conversion);
elementwise operators broadcast as NumPy does. Every operator is total: what mathematics leaves undefined has a
value stated here, the same in every engine, and an obligation in the verifier.

Each engine (interpreter, step lowering, SMT, intervals, derivative) implements the operators by one ``match``;
a test proves each of them total over `Op`.
"""

from __future__ import annotations

from enum import Enum

from syncml.dataclass import dataclass
from syncml.ir.types import BOOL, FLOATS, FRACTIONAL, INTEGERS, MACHINE_INTEGERS, NUMERIC, Type
from syncml.ir.typing_rules import (
    Attribute,
    TypingRule,
    at_rule,
    cast_rule,
    concat_rule,
    copy_rule,
    einsum_rule,
    elementwise_rule,
    equality_rule,
    index_rule,
    matmul_rule,
    reduction_rule,
    reshape_rule,
    slice_rule,
    stack_rule,
    transpose_rule,
    unfold_rule,
    update_rule,
    where_rule,
    window_rule,
)


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
    UNFOLD = "unfold"
    MATMUL = "matmul"
    EINSUM = "einsum"
    SUM = "sum"
    LEAST = "least"
    GREATEST = "greatest"
    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Operator:
    """One line of the table. ``symbol`` is how messages and printed equations write the operator."""

    symbol: str
    typing: TypingRule
    meaning: str


_ARITHMETIC = elementwise_rule(NUMERIC)
_INTEGRAL = elementwise_rule(INTEGERS)
_BITS = elementwise_rule(MACHINE_INTEGERS)
_LOGICAL = elementwise_rule(MACHINE_INTEGERS | {BOOL})
_ORDER = elementwise_rule(NUMERIC, BOOL)
_ELEMENTARY = elementwise_rule(FLOATS)
_TRUTH = reduction_rule(frozenset({BOOL}))
_EXTREME = reduction_rule(NUMERIC)

OPERATORS: dict[Op, Operator] = {
    Op.COPY: Operator(
        "copy",
        copy_rule,
        "its argument: a constant stream, or a second name for a stream; derivatives do not pass one with an attribute",
    ),
    Op.ADD: Operator("+", _ARITHMETIC, "sum; machine integers wrap, floats round to nearest"),
    Op.SUB: Operator("-", _ARITHMETIC, "difference; machine integers wrap, floats round to nearest"),
    Op.MUL: Operator("*", _ARITHMETIC, "product; machine integers wrap, floats round to nearest"),
    Op.DIV: Operator("/", elementwise_rule(FRACTIONAL), "IEEE-754 quotient; on `real`, x / 0 is 0"),
    Op.FLOORDIV: Operator("//", _INTEGRAL, "quotient rounded down, as in Python; x // 0 is 0; least // -1 wraps"),
    Op.MOD: Operator("%", _INTEGRAL, "x - (x // y) * y, with the sign of y; x % 0 is x"),
    Op.NEG: Operator("-", _ARITHMETIC, "negation; the least signed integer and unsigned integers wrap"),
    Op.ABS: Operator("abs", _ARITHMETIC, "magnitude; the least signed integer wraps to itself"),
    Op.MIN: Operator("min", _ARITHMETIC, "y if y < x else x; so a NaN in y is ignored and one in x is kept"),
    Op.MAX: Operator("max", _ARITHMETIC, "y if y > x else x; so a NaN in y is ignored and one in x is kept"),
    Op.EQ: Operator("==", equality_rule, "equality; NaN equals nothing"),
    Op.NE: Operator("!=", equality_rule, "negated equality"),
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
    Op.WHERE: Operator("where", where_rule, "the second argument where the first is true, else the third"),
    Op.CAST: Operator(
        "cast",
        cast_rule,
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
    Op.STACK: Operator("vec", stack_rule, "a new first axis made of the arguments"),
    Op.CONCAT: Operator("concat", concat_rule, "arguments joined along the axis of the attribute"),
    Op.INDEX: Operator("index", index_rule, "the element or sub-tensor at the static indices of the attribute"),
    Op.SLICE: Operator("slice", slice_rule, "attribute (axis, start, count, step): along the axis, start + i * step"),
    Op.AT: Operator("at", at_rule, "the element of the first axis at a dynamic index, clamped to the axis"),
    Op.WINDOW: Operator(
        "window",
        window_rule,
        "as many elements of the first axis as the attribute says, from a dynamic index, clamped to where they fit",
    ),
    Op.UPDATE: Operator(
        "update",
        update_rule,
        "the first argument with the second at the dynamic indices that follow, one for each leading axis; "
        "unchanged where one of them is out of range",
    ),
    Op.RESHAPE: Operator("reshape", reshape_rule, "the same elements, row-major, in the shape of the attribute"),
    Op.TRANSPOSE: Operator("transpose", transpose_rule, "axes permuted by the attribute"),
    Op.UNFOLD: Operator(
        "windows",
        unfold_rule,
        "attribute (axis, size, stride, dilation): in place of the axis one for the windows that fit and after it one "
        "for the position in a window; position k of window w is the element at w * stride + k * dilation",
    ),
    Op.MATMUL: Operator(
        "@", matmul_rule, "product of vectors and matrices; sums start at 0 and run in ascending index"
    ),
    Op.EINSUM: Operator(
        "einsum",
        einsum_rule,
        "for each result the sum, from 0, of products from left to right over the axes that are not in the result, "
        "ascending, the axis that appears last fastest; the product itself if there are none",
    ),
    Op.SUM: Operator("sum", reduction_rule(NUMERIC), "sum along the axis of the attribute, from 0, ascending"),
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
