"""The idioms: small functions of C, made of the syntax tree and printed by the printer, with arguments and results.

Rule: an idiom is a few functions of scalars around one construct, for every type that the construct occurs with.
Results are computed here by NumPy and Python integers from what C99 says of the construct, not by a C compiler; where
C99 leaves something to the implementation (the sign of a right shift, a conversion to a signed type), by what
`helpers` relies on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from syncml.dataclass import dataclass
from syncml.export_c.ctree import (
    Cast,
    CExpr,
    Conditional,
    CTop,
    FunctionDefinition,
    Infix,
    Name,
    Prefix,
    Return,
    Variable,
)
from syncml.export_c.evidence.helper_values import truncated, wrapped
from syncml.export_c.evidence.value_tests import Suite, bits_of, pool
from syncml.export_c.scalars import c_type, number
from syncml.ir.constants import dtype
from syncml.ir.types import BIT_WIDTH, BOOL, FLOATS, MACHINE_INTEGERS, UNSIGNED, Scalar, integer_range

INTEGERS = tuple(sorted(MACHINE_INTEGERS, key=lambda s: (BIT_WIDTH[s], s.value)))
REALS = tuple(sorted(FLOATS, key=lambda s: BIT_WIDTH[s]))
NUMBERS = (*INTEGERS, *REALS)
_WIDE_UNSIGNED = tuple(s for s in INTEGERS if s in UNSIGNED and BIT_WIDTH[s] >= 32)
_WIDE = tuple(s for s in INTEGERS if BIT_WIDTH[s] >= 32)
_SYMBOLS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "+": "add", "-": "sub", "*": "mul",
            "/": "div", "%": "rem", "&": "and", "|": "or", "^": "xor", "<<": "shl", ">>": "shr"}  # fmt: skip


Value: TypeAlias = "Callable[[Any], Any] | Callable[[Any, Any], Any] | Callable[[Any, Any, Any], Any]"
Made: TypeAlias = tuple[str, Sequence[Scalar], Scalar, CExpr, Value]
"""A function that returns one expression: its name, parameters, result, and its value for arguments, if it has one."""


@dataclass(frozen=True, slots=True)
class Idiom:
    """An idiom.

    Attributes:
        name: Its name, and that of its file.
        about: What it is, in words.
        tops: The definitions, in order.
        suites: The functions that are called, with arguments and results.
        functions: Definitions that are no trees: helpers and elementary functions, as text.
    """

    name: str
    about: str
    tops: tuple[CTop, ...]
    suites: tuple[Suite, ...]
    functions: str = ""


def scalar_function(
    name: str, parameters: Sequence[Scalar], result: Scalar, body: Sequence[Any], qualifiers: str = "static"
) -> FunctionDefinition:
    """A function of scalars called ``a``, ``b``, ..."""
    variables = tuple(Variable(c_type(kind), "abcdef"[k]) for k, kind in enumerate(parameters))
    return FunctionDefinition(name, qualifiers, c_type(result), variables, tuple(body))


def suite(name: str, parameters: Sequence[Scalar], result: Scalar, cases: Sequence[tuple[Sequence[Any], Any]]) -> Suite:
    """A table of arguments and results."""
    rows = [(*map(bits_of, arguments, parameters), bits_of(value, result)) for arguments, value in cases]
    return Suite(name, tuple(parameters), result, tuple(rows))


def _family(name: str, about: str, made: Sequence[Made]) -> Idiom:
    """An idiom of functions that return one expression; of each its value for arguments, None where it has none."""
    tops: list[CTop] = []
    suites: list[Suite] = []
    for function, parameters, result, expression, computed in made:
        value: Any = computed
        tops.append(scalar_function(function, parameters, result, [Return(expression)]))
        with np.errstate(all="ignore"):
            found = [(given, value(*given)) for given in product(*(_arguments(kind) for kind in parameters))]
        suites.append(suite(function, parameters, result, [(given, out) for given, out in found if out is not None]))
    return Idiom(name, about, tuple(tops), tuple(suites))


def _arguments(kind: Scalar) -> list[Any]:
    values = pool(kind, many=False, few=False)
    return values if kind in FLOATS or kind is BOOL else [int(v) for v in values]


A, B = Name("a"), Name("b")


def operators() -> Iterator[Idiom]:
    """Operators on every type that they are printed for."""
    made: list[Made]
    float_ops = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
    for kind in REALS:
        made = [(f"{_SYMBOLS[op]}_{kind}", (kind, kind), kind, Infix(op, A, B), f) for op, f in float_ops.items()]
        made.append((f"minus_{kind}", (kind,), kind, Prefix("-", A), np.negative))
        yield _family(f"arithmetic_{kind}", f"arithmetic on {c_type(kind)}", made)
    for kind in _WIDE_UNSIGNED:
        yield _family(f"arithmetic_{kind}", f"wrapping arithmetic and bits on {c_type(kind)}", [*_unsigned(kind)])
    for kind in _WIDE:
        made = [
            (f"{_SYMBOLS[op]}_{kind}", (kind, kind), kind, Infix(op, A, B), _division(op, kind)) for op in ("/", "%")
        ]
        yield _family(f"division_{kind}", f"division of {c_type(kind)}, which truncates", made)
    comparisons: dict[str, Callable[[Any, Any], Any]] = {
        "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    }  # fmt: skip
    for kind in NUMBERS:
        made = [(f"{_SYMBOLS[op]}_{kind}", (kind, kind), BOOL, Infix(op, A, B), f) for op, f in comparisons.items()]
        yield _family(f"comparison_{kind}", f"comparisons of {c_type(kind)}", made)
    logic: list[Made] = [
        ("both", (BOOL, BOOL), BOOL, Infix("&&", A, B), lambda a, b: a and b),
        ("either", (BOOL, BOOL), BOOL, Infix("||", A, B), lambda a, b: a or b),
        ("differ", (BOOL, BOOL), BOOL, Infix("!=", A, B), lambda a, b: a != b),
        ("same", (BOOL, BOOL), BOOL, Infix("==", A, B), lambda a, b: a == b),
        ("neither", (BOOL, BOOL), BOOL, Infix("&&", Prefix("!", A), Prefix("!", B)), lambda a, b: not a and not b),
        ("three", (BOOL, BOOL, BOOL), BOOL, Infix("||", Infix("&&", A, B), Name("c")), lambda a, b, c: (a and b) or c),
    ]
    yield _family("logic", "logical operators, with a second operand that need not be evaluated", logic)


def _unsigned(kind: Scalar) -> Iterator[Made]:
    plain: dict[str, Callable[[int, int], int]] = {
        "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "&": lambda a, b: a & b,
        "|": lambda a, b: a | b, "^": lambda a, b: a ^ b,
    }  # fmt: skip
    for op, f in plain.items():
        yield f"{_SYMBOLS[op]}_{kind}", (kind, kind), kind, Infix(op, A, B), lambda a, b, f=f: wrapped(f(a, b), kind)
    for count in (1, BIT_WIDTH[kind] - 1):
        shift = number(count, kind)
        yield f"shl{count}_{kind}", (kind,), kind, Infix("<<", A, shift), lambda a, n=count: wrapped(a << n, kind)
        yield f"shr{count}_{kind}", (kind,), kind, Infix(">>", A, shift), lambda a, n=count: a >> n
    yield f"complement_{kind}", (kind,), kind, Prefix("~", A), lambda a: wrapped(~a, kind)


def _division(op: str, kind: Scalar) -> Callable[[int, int], int | None]:
    low = integer_range(kind)[0]

    def value(a: int, b: int) -> int | None:
        if b == 0 or (low < 0 and a == low and b == -1):
            return None
        quotient = truncated(a, b)
        return quotient if op == "/" else a - quotient * b

    return value


def conversions() -> Iterator[Idiom]:
    """Casts between number types, and of comparisons to ``bool``."""
    for target in NUMBERS:
        made: list[Made] = [
            (f"{source}_as_{target}", (source,), target, Cast(c_type(target), A), _conversion(source, target))
            for source in NUMBERS
            if source is not target
        ]
        yield _family(f"cast_to_{target}", f"conversion to {c_type(target)}", made)
    compared = Cast("bool", Infix("<", A, B))
    truth: Made = (f"truth_{Scalar.I32}", (Scalar.I32, Scalar.I32), BOOL, compared, lambda a, b: a < b)
    yield _family("cast_to_bool", "a comparison as a value", [truth])


def _conversion(source: Scalar, target: Scalar) -> Callable[[Any], Any]:
    def value(a: Any) -> Any:
        if target in FLOATS:
            return dtype(target).type(a)
        if source in FLOATS:
            low, high = integer_range(target)
            # C99 defines the conversion of a number that fits without its fraction.
            return int(a) if np.isfinite(a) and low <= int(a) <= high else None
        return wrapped(a, target)

    return value


def choices() -> Iterator[Idiom]:
    """Conditional expressions on every type, and in one another."""
    for kind in (*NUMBERS, BOOL):
        chosen = Conditional(A, B, Name("c"))
        inner = Conditional(Infix("==", B, Name("c")), Name("c"), B)
        # A choice of narrow numbers is an int in C, and is made one of their type where it is an operand.
        narrow = kind in INTEGERS and BIT_WIDTH[kind] < 32
        nested = Conditional(A, B, Cast(c_type(kind), inner) if narrow else inner)
        made: list[Made] = [
            (f"choose_{kind}", (BOOL, kind, kind), kind, chosen, lambda a, b, c: b if a else c),
            (f"nest_{kind}", (BOOL, kind, kind), kind, nested, lambda a, b, c: b if a or b != c else c),
        ]
        yield _family(f"choice_{kind}", f"conditional expressions on {c_type(kind)}", made)
