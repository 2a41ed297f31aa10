"""Operators of Lustre on values: what each becomes in the operator table, with constants folded.

Rule: an operator applies to leaves; equality of arrays and records is that of all leaves, a conditional selects leaf by
leaf. Operands have one type, there is no implicit conversion. Division of integers has the convention of the dialect:

    Euclidean (Kind 2)      x = y * (x div y) + x mod y,  0 <= x mod y < |y|
    truncating (V6, Vélus)  x div y is rounded towards 0, x mod y has the sign of x

Both are made of the quotient that is rounded down and corrected where its remainder has the wrong sign.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from fractions import Fraction
from math import floor, trunc

from syncml.diagnostics.model import DiagnosticError, Span, error
from syncml.ir.constants import Const, exact
from syncml.ir.equations.syntax import Apply, Atom
from syncml.ir.operators import Op, result_type
from syncml.ir.types import (
    BOOL,
    FLOATS,
    FRACTIONAL,
    INTEGERS,
    MACHINE_INTEGERS,
    MATHEMATICAL,
    NUMERIC,
    Scalar,
    TensorType,
    integer_range,
)
from syncml.ir.typing_rules import OperatorTypeError
from syncml.lustre.builder import Builder
from syncml.lustre.types import LustreType, Value, leaves, plain


class Division(Enum):
    """How integers are divided."""

    EUCLIDEAN = "euclidean"
    TRUNCATING = "truncating"


SYMBOLS: dict[str, Op] = {
    "+": Op.ADD, "-": Op.SUB, "*": Op.MUL, "<": Op.LT, "<=": Op.LE, ">": Op.GT, ">=": Op.GE,
    "and": Op.AND, "or": Op.OR, "xor": Op.XOR,
}  # fmt: skip
NAMES = {
    "plus": "+", "minus": "-", "times": "*", "slash": "/", "uminus": "neg", "impl": "=>", "eq": "=", "neq": "<>",
    "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "diese": "#", "%": "mod",
}  # fmt: skip
"""Names of operators in the package ``Lustre``; with ``i`` or ``r`` in front for one type of numbers."""
_ARITHMETIC = ("+", "-", "*", "/", "neg", "<", "<=", ">", ">=")
PREDEFINED = frozenset({"+", "-", "*", "/", "div", "mod", "neg", "not", "and", "or", "xor", "=>", "=", "<>", "<", "<=",
                        ">", ">=", "if", "real2int", "int2real", "#", "nor"})  # fmt: skip


def operator_named(name: str) -> str | None:
    """The operator that a name stands for, as `Operations.apply` takes it."""
    name = name.removeprefix("Lustre::")
    name = NAMES.get(name, name)
    if name[:1] in ("i", "r") and NAMES.get(name[1:]) in _ARITHMETIC:
        name = NAMES[name[1:]]
    return name if name in PREDEFINED else None


class Operations:
    """Operators applied in a node under construction."""

    def __init__(self, builder: Builder, division: Division) -> None:
        self._b = builder
        self._division = division

    def apply(self, op: str, operands: Sequence[Value], span: Span) -> Value:
        """The value of an operator.

        Raises:
            DiagnosticError: T001, T006 or T007, the operator does not apply.
        """
        match op, operands:
            case "-", [x]:
                return self._pointwise(Op.NEG, operands, span, NUMERIC, op)
            case "neg", [x]:
                return self._pointwise(Op.NEG, operands, span, NUMERIC, "-")
            case "not", [x]:
                return self._pointwise(Op.NOT, operands, span, frozenset({BOOL}), op)
            case "real2int", [x]:
                return self.convert(x, Scalar.INT, span, rounds_down=False)
            case "int2real", [x]:
                return self.convert(x, Scalar.REAL, span)
            case (("#" | "nor"), _):
                return self._exclusive(op, operands, span)
            case (("+" | "-" | "*" | "<" | "<=" | ">" | ">="), [_, _]):
                return self._pointwise(SYMBOLS[op], operands, span, NUMERIC, op)
            case (("and" | "or" | "xor"), [_, _]):
                return self._pointwise(SYMBOLS[op], operands, span, frozenset({BOOL}), op)
            case "=>", [x, y]:
                self._require((x, y), frozenset({BOOL}), op, span)
                return Value(BOOL, (self.atom(Op.OR, (self.atom(Op.NOT, x.atoms, span), *y.atoms), span),))
            case (("=" | "<>"), [x, y]):
                return self._equality(op, x, y, span)
            case "/", [x, y] if plain(x.type) in FRACTIONAL:
                return self._pointwise(Op.DIV, operands, span, FRACTIONAL, op)
            case (("/" | "div" | "mod"), [x, y]):
                self._require((x, y), INTEGERS, op, span)
                return Value(plain(x.type), (self._quotient(op == "mod", x.atoms[0], y.atoms[0], span),))
            case "if", [condition, *branches] if len(branches) >= 2 and len(branches) % 2 == 0:
                middle = len(branches) // 2
                (value,) = self.select(condition, branches[:middle], branches[middle:], span)
                return value
            case _:
                raise DiagnosticError(
                    error("T007", f"`{op}` does not take {len(operands)} operand{'s'[: len(operands) != 1]}", span)
                )

    def select(self, condition: Value, then: Sequence[Value], otherwise: Sequence[Value], span: Span) -> list[Value]:
        """``if condition then then else otherwise``, of as many values as there are in both branches."""
        self._require((condition,), frozenset({BOOL}), "if", span)
        if len(then) != len(otherwise):
            raise DiagnosticError(
                error("T001", f"one branch of `if` has {len(then)} values, the other {len(otherwise)}", span)
            )
        chosen: list[Value] = []
        for x, y in zip(then, otherwise, strict=True):
            same_type(x.type, y.type, "the branches of `if`", span)
            parts = zip(x.atoms, y.atoms, strict=True)
            chosen.append(Value(plain(x.type), tuple(self.choose(condition.atoms[0], a, b, span) for a, b in parts)))
        return chosen

    def choose(self, condition: Atom, then: Atom, otherwise: Atom, span: Span) -> Atom:
        """One of two leaves."""
        if isinstance(condition, Const):
            return then if condition.value else otherwise
        return self.atom(Op.WHERE, (condition, then, otherwise), span)

    def convert(self, value: Value, to: Scalar, span: Span, *, rounds_down: bool = False) -> Value:
        """``value`` as a number of another type; Kind 2 rounds reals down to integers, V6 towards 0."""
        source = plain(value.type)
        self._require((value,), NUMERIC, f"conversion to {to}", span)
        (atom,) = value.atoms
        if source == to:
            return Value(to, (atom,))
        if isinstance(atom, Const) and (to in MATHEMATICAL or to in MACHINE_INTEGERS):
            number = exact_number(atom)
            whole = (floor if rounds_down else trunc)(number)
            return Value(to, (Const(number if to is Scalar.REAL else _wrapped(whole, to), to),))
        result: Atom = self.atom(Op.CAST, (atom,), span, to)
        if rounds_down and source in FRACTIONAL and to is Scalar.INT:
            above = self.atom(Op.GT, (self.atom(Op.CAST, (result,), span, source), atom), span)
            result = self.choose(above, self.atom(Op.SUB, (result, Const(1, to)), span), result, span)
        return Value(to, (result,))

    def conjunction(self, atoms: Sequence[Atom], span: Span) -> Atom:
        """Whether all are true."""
        result: Atom = Const(True, BOOL)
        for atom in atoms:
            result = atom if result == Const(True, BOOL) else self.atom(Op.AND, (result, atom), span)
        return result

    def between(self, atom: Atom, low: int | None, high: int | None, span: Span) -> Atom:
        """Whether an integer is in a range."""
        parts: list[Atom] = []
        if low is not None:
            parts.append(self.atom(Op.LE, (Const(low, Scalar.INT), atom), span))
        if high is not None:
            parts.append(self.atom(Op.LE, (atom, Const(high, Scalar.INT)), span))
        return self.conjunction(parts, span)

    def at(self, values: Sequence[Value], index: Value, span: Span) -> Value:
        """The element at a dynamic index; the last one where the index is out of range."""
        self._require((index,), INTEGERS, "[]", span)
        chosen = list(values[-1].atoms)
        kind = plain(index.type)
        assert isinstance(kind, Scalar)
        for number in range(len(values) - 2, -1, -1):
            here = self.atom(Op.EQ, (index.atoms[0], Const(number, kind)), span)
            chosen = [self.choose(here, a, b, span) for a, b in zip(values[number].atoms, chosen, strict=True)]
        return Value(plain(values[-1].type), tuple(chosen))

    def count(self, values: Sequence[Value], low: int, high: int, span: Span) -> Value:
        """Whether at least ``low`` and at most ``high`` of Boolean values are true."""
        self._require(values, frozenset({BOOL}), "boolred", span)
        total: Atom = Const(0, Scalar.INT)
        one, none = Const(1, Scalar.INT), Const(0, Scalar.INT)
        for value in values:
            total = self.atom(Op.ADD, (total, self.choose(value.atoms[0], one, none, span)), span)
        return Value(BOOL, (self.between(total, low, high, span),))

    def atom(self, op: Op, atoms: tuple[Atom, ...], span: Span, attribute: Scalar | None = None) -> Atom:
        """One primitive on leaves; a constant where all are constants and exact arithmetic knows it."""
        if (known := _folded(op, atoms)) is not None:
            return known
        types = tuple(a.type for a in atoms)
        try:
            type_ = result_type(op, types, attribute)
        except OperatorTypeError as wrong:
            code = "T001" if wrong.kind == "operands" else "T006"
            raise DiagnosticError(error(code, str(wrong), span)) from wrong
        return self._b.emit(Apply(op, atoms, attribute), type_, span, self._b.clock(*atoms))

    def _pointwise(self, op: Op, operands: Sequence[Value], span: Span, allowed: frozenset[Scalar], name: str) -> Value:
        self._require(operands, allowed, name, span)
        atom = self.atom(op, tuple(v.atoms[0] for v in operands), span)
        assert not isinstance(atom.type, TensorType), "leaves are scalars"
        return Value(atom.type, (atom,))

    def _require(self, operands: Sequence[Value], allowed: frozenset[Scalar], name: str, span: Span) -> None:
        for value in operands:
            if plain(value.type) not in allowed:
                raise DiagnosticError(
                    error("T006", f"`{name}` does not apply to {value.type}", span,
                          help=f"it applies to {', '.join(sorted(map(str, allowed & {*_SHOWN})))}")
                )  # fmt: skip
            same_type(operands[0].type, value.type, f"the operands of `{name}`", span)

    def _equality(self, op: str, x: Value, y: Value, span: Span) -> Value:
        same_type(x.type, y.type, f"the operands of `{op}`", span)
        parts = zip(x.atoms, y.atoms, strict=True)
        if len(x.atoms) == 1:
            return Value(BOOL, (self.atom(Op.EQ if op == "=" else Op.NE, (x.atoms[0], y.atoms[0]), span),))
        equal = self.conjunction([self.atom(Op.EQ, pair, span) for pair in parts], span)
        return Value(BOOL, (equal if op == "=" else self.atom(Op.NOT, (equal,), span),))

    def _exclusive(self, op: str, operands: Sequence[Value], span: Span) -> Value:
        """At most one is true (``#``), or none is (``nor``)."""
        self._require(operands, frozenset({BOOL}), op, span)
        some: Atom = Const(False, BOOL)
        alone: Atom = Const(True, BOOL)
        for value in operands:
            both = self.atom(Op.AND, (some, *value.atoms), span)
            alone = self.atom(Op.AND, (alone, self.atom(Op.NOT, (both,), span)), span)
            some = self.atom(Op.OR, (some, *value.atoms), span)
        return Value(BOOL, (alone if op == "#" else self.atom(Op.NOT, (some,), span),))

    def _quotient(self, remainder: bool, x: Atom, y: Atom, span: Span) -> Atom:
        """Quotient or remainder by the convention of the dialect."""
        kind = y.type
        assert isinstance(kind, Scalar)
        nothing = Const(0, kind)
        if isinstance(x, Const) and isinstance(y, Const) and kind is Scalar.INT and y.value:
            return Const(_divided(int(exact_number(x)), int(exact_number(y)), self._division)[remainder], kind)
        down = self.atom(Op.MOD if remainder else Op.FLOORDIV, (x, y), span)
        unsigned = kind in MACHINE_INTEGERS and integer_range(kind)[0] == 0
        positive = isinstance(y, Const) and exact_number(y) > 0
        if unsigned or (positive and self._division is Division.EUCLIDEAN):
            return down
        rest = down if remainder else self.atom(Op.MOD, (x, y), span)
        inexact = self.atom(Op.NE, (rest, nothing), span)
        below = self.atom(Op.LT, (y, nothing), span)
        if self._division is Division.TRUNCATING:
            below = self.atom(Op.NE, (self.atom(Op.LT, (x, nothing), span), below), span)
        wrong = self.atom(Op.AND, (inexact, below), span)
        other = self.atom(Op.SUB, (down, y), span) if remainder else self.atom(Op.ADD, (down, Const(1, kind)), span)
        return self.choose(wrong, other, down, span)


_SHOWN = (BOOL, Scalar.INT, Scalar.REAL, *sorted(MACHINE_INTEGERS, key=str), *sorted(FLOATS, key=str))


def same_type(left: LustreType, right: LustreType, what: str, span: Span) -> None:
    """Two types have to be the same.

    Raises:
        DiagnosticError: T001, they are not.
    """
    if left != right and plain(left) != plain(right):
        raise DiagnosticError(error("T001", f"{what} have the types {left} and {right}", span))


def exact_number(const: Const) -> Fraction:
    """The number of a constant leaf."""
    value = const.value
    return exact(value) if isinstance(value, bool | int | float | Fraction) else Fraction(0)


def constant_integer(value: Value) -> int | None:
    """The integer that a value is, if it is a constant one."""
    atom = value.atoms[0] if len(value.atoms) == 1 else None
    if not isinstance(atom, Const) or atom.element not in INTEGERS:
        return None
    return int(exact_number(atom))


def literal(value: Fraction, real: bool, wanted: tuple[Scalar, Scalar]) -> Value:
    """A number; ``wanted`` are the types of integers and of reals of the dialect."""
    type_ = wanted[real]
    if type_ in FLOATS:
        return Value(type_, (Const(float(value), type_),))
    return Value(type_, (Const(value if real else int(value), type_),))


def default(type_: LustreType, zero: Callable[[Scalar], Const]) -> tuple[Const, ...]:
    """A constant for each leaf of a type."""
    found: list[Const] = []
    for _, kind, _ in leaves(type_):
        found.append(zero(kind) if isinstance(kind, Scalar) else Const(kind.constructors[0], kind))
    return tuple(found)


def _wrapped(value: int, to: Scalar) -> int:
    if to not in MACHINE_INTEGERS:
        return value
    low, high = integer_range(to)
    return (value - low) % (high - low + 1) + low


def _divided(x: int, y: int, division: Division) -> tuple[int, int]:
    quotient, rest = divmod(x, y)
    if rest and (y < 0 if division is Division.EUCLIDEAN else (x < 0) != (y < 0)):
        return quotient + 1, rest - y
    return quotient, rest


def _folded(op: Op, atoms: tuple[Atom, ...]) -> Const | None:
    """The value of a primitive on constants."""
    constants = [a for a in atoms if isinstance(a, Const)]
    if len(constants) != len(atoms) or not constants:
        return None
    kind = constants[0].element
    if any(c.element != kind for c in constants):
        return None
    if op in (Op.EQ, Op.NE):
        same = constants[0].value == constants[1].value
        return Const(same is (op is Op.EQ), BOOL) if kind not in FLOATS else None
    if kind is BOOL:
        truths = [bool(c.value) for c in constants]
        match op, truths:
            case Op.NOT, [x]:
                return Const(not x, BOOL)
            case Op.AND, [x, y]:
                return Const(x and y, BOOL)
            case Op.OR, [x, y]:
                return Const(x or y, BOOL)
            case Op.XOR, [x, y]:
                return Const(x is not y, BOOL)
            case _:
                return None
    if kind not in MATHEMATICAL and kind not in MACHINE_INTEGERS:
        return None
    assert isinstance(kind, Scalar)
    numbers = [exact_number(c) for c in constants]
    match op, numbers:
        case Op.NEG, [x]:
            result = -x
        case Op.ADD, [x, y]:
            result = x + y
        case Op.SUB, [x, y]:
            result = x - y
        case Op.MUL, [x, y]:
            result = x * y
        case Op.DIV, [x, y] if y:
            result = x / y
        case ((Op.LT | Op.LE | Op.GT | Op.GE), [x, y]):
            return Const({Op.LT: x < y, Op.LE: x <= y, Op.GT: x > y, Op.GE: x >= y}[op], BOOL)
        case _:
            return None
    return Const(result if kind is Scalar.REAL else _wrapped(int(result), kind), kind)
