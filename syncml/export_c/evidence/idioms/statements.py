"""The idioms of statements, declarations and definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from syncml.export_c.ctree import (
    Branch,
    Call,
    Cast,
    Choice,
    ConstantArray,
    CTop,
    Declare,
    Do,
    FunctionDefinition,
    Infix,
    Loop,
    Member,
    Name,
    Number,
    Prefix,
    Remark,
    Return,
    Set,
    Struct,
    Subscript,
    Text,
    Variable,
)
from syncml.export_c.evidence.idioms.catalogue import Idiom, scalar_function, suite
from syncml.export_c.scalars import array_values, number
from syncml.ir.constants import Array
from syncml.ir.types import BOOL, F32, F64, I32, I64, Scalar, integer_range

A, B, C = Name("a"), Name("b"), Name("c")
U8 = Scalar.U8
ROW, COLUMN = Name("i"), Name("j")
_SMALL = (-3, -1, 0, 1, 2, 5)
_REALS = tuple(np.float32(x) for x in (0.0, -0.0, 1.5, -2.25, 0.1, 1e10, float("inf"), float("nan")))


def statements() -> Iterator[Idiom]:
    """Every statement."""
    yield _branches()
    yield _switch()
    yield _loops()
    yield _states()
    yield _matrices()
    yield _tables()
    yield _literals()


def _branches() -> Idiom:
    sign = [
        Remark("The sign of a number."),
        Declare(Variable("int32_t", "sign")),
        Branch(
            Infix("<", A, Number("0")),
            (Set(Name("sign"), Prefix("-", Number("1"))),),
            (Set(Name("sign"), Number("1")),),
        ),
        Branch(Infix("==", A, Number("0")), (Set(Name("sign"), Number("0")),)),
        Return(Name("sign")),
    ]
    cases = [((a,), (a > 0) - (a < 0)) for a in _SMALL]
    public = scalar_function("sign_of", (I32,), I32, sign, qualifiers="")
    tops: tuple[CTop, ...] = (Text(("int32_t sign_of(int32_t a);",)), public)
    return Idiom("branch", "if with and without else", tops, (suite("sign_of", (I32,), I32, cases),))


def _switch() -> Idiom:
    macros = ("/* Enumeration: the index of the constructor. */", "typedef int32_t mode;")
    head = Text((*macros, "#define mode_OFF ((mode)0)", "#define mode_RAMP ((mode)1)", "#define mode_HOLD ((mode)2)"))
    body = [
        Declare(Variable("int32_t", "out"), Number("0")),
        Choice(
            Name("a"),
            (("mode_OFF", (Set(Name("out"), B),)), ("mode_RAMP", (Set(Name("out"), Infix("/", B, Number("2"))),))),
            (Remark("mode_HOLD"), Set(Name("out"), Number("7"))),
        ),
        Return(Name("out")),
    ]
    cases = [((mode, b), (b, int(b / 2), 7)[mode]) for mode in range(3) for b in _SMALL]
    tops: tuple[CTop, ...] = (head, scalar_function("chosen", (I32, I32), I32, body))
    return Idiom("switch", "switch on an enumeration", tops, (suite("chosen", (I32, I32), I32, cases),))


def _loops() -> Idiom:
    index = Cast("float", Cast("int32_t", ROW))
    body = [
        Declare(Variable("float", "terms", (3, 4)), True),
        Declare(Variable("float", "total"), Number("0.0F")),
        Loop("i", 3, (Loop("j", 4, (Set(Subscript(Subscript(Name("terms"), ROW), COLUMN), Infix("*", A, index)),)),)),
        Loop(
            "i",
            3,
            (Set(Name("total"), Infix("+", Name("total"), Subscript(Subscript(Name("terms"), ROW), Number("3")))),),
        ),
        Return(Name("total")),
    ]

    def total(a: Any) -> Any:
        found = np.float32(0.0)
        for i in range(3):
            found = np.float32(found + np.float32(a * np.float32(i)))
        return found

    count = [
        Declare(Variable("int64_t", "last", const=False), Number("0")),
        Loop("i", 5, (Branch(Infix("<", ROW, Cast("size_t", A)), (Set(Name("last"), Cast("int64_t", ROW)),)),)),
        Return(Name("last")),
    ]
    with np.errstate(all="ignore"):
        cases = [((a,), total(a)) for a in _REALS]
    counted = [((a,), max(0, min(a, 5) - 1)) for a in (0, 1, 2, 5, 200)]
    tops = (scalar_function("summed", (F32,), F32, body), scalar_function("counted", (U8,), I64, count))
    suites = (suite("summed", (F32,), F32, cases), suite("counted", (U8,), I64, counted))
    return Idiom("loop", "loops in one another, a counter as a number, an array of zeros", tops, suites)


def _states() -> Idiom:
    """Structs in structs, passed by reference: an initialisation and a step for each, as every node has them."""
    inner = Struct("lag_state", ((Variable("float", "y"), "y [m]"), (Variable("bool", "set"), "")), "State of lag.")
    outer = Struct(
        "pair_state",
        ((Variable("lag_state", "lag", (2,)), "instances of lag"), (Variable("uint32_t", "count"), ""),
         (Variable("lag_state", "last"), "")),
    )  # fmt: skip
    of_self = Member(Name("self"), "y", arrow=True)
    init = FunctionDefinition(
        "lag_init", "static", "void", (Variable("lag_state", "self", pointer=True),),
        (Set(of_self, Number("0.0F")), Set(Member(Name("self"), "set", arrow=True), Name("false"))),
        "Initial state of lag.",
    )  # fmt: skip
    step = FunctionDefinition(
        "lag_step", "static inline", "float",
        (Variable("float", "a"), Variable("bool", "unread"), Variable("lag_state", "self", pointer=True)),
        (
            Do(Cast("void", Name("unread"))),
            Set(of_self, Infix("+", of_self, Infix("*", Number("0.5F"), A))),
            Return(of_self),
        ),
    )  # fmt: skip
    split = FunctionDefinition(
        "split", "static", "void",
        (Variable("float", "a"), Variable("float", "whole", pointer=True), Variable("float", "half", pointer=True)),
        (
            Set(Prefix("*", Name("whole")), A),
            Set(Prefix("*", Name("half")), Infix("*", Prefix("*", Name("whole")), Number("0.5F"))),
        ),
    )  # fmt: skip
    state = Name("self")
    element = Subscript(Member(state, "lag"), ROW)
    body = [
        Declare(Variable("pair_state", "self")),
        Declare(Variable("float", "whole")),
        Declare(Variable("float", "half")),
        Loop("i", 2, (Do(Call("lag_init", (Prefix("&", element),))),)),
        Do(Call("split", (A, Prefix("&", Name("whole")), Prefix("&", Name("half"))))),
        Loop("i", 2, (Set(Name("whole"), Call("lag_step", (Name("whole"), Name("true"), Prefix("&", element)))),)),
        Do(
            Cast(
                "void", Call("lag_step", (A, Name("false"), Prefix("&", Subscript(Member(state, "lag"), Number("1")))))
            )
        ),
        Declare(
            Variable("float", "result", const=True),
            Infix("+", Name("half"), Member(Subscript(Member(state, "lag"), Number("1")), "y")),
        ),
        Return(Name("result")),
    ]

    def value(a: Any) -> Any:
        half = np.float32(a * np.float32(0.5))
        first = np.float32(np.float32(0.0) + half)
        second = np.float32(np.float32(0.0) + np.float32(np.float32(0.5) * first))
        second = np.float32(second + np.float32(np.float32(0.5) * a))
        return np.float32(half + second)

    with np.errstate(all="ignore"):
        cases = [((a,), value(a)) for a in _REALS]
    tops: tuple[CTop, ...] = (inner, outer, init, step, split, scalar_function("paired", (F32,), F32, body))
    return Idiom("state", "structs, pointers to them and to results", tops, (suite("paired", (F32,), F32, cases),))


def _matrices() -> Idiom:
    """Arrays as parameters; a matrix gets `const` by a cast, for which C99 has no implicit conversion."""
    product = FunctionDefinition(
        "times", "static", "void",
        (
            Variable("float", "x", (2, 3), const=True),
            Variable("float", "v", (3,), const=True),
            Variable("float", "y", (2,)),
        ),
        (
            Loop("i", 2, (
                Set(Subscript(Name("y"), ROW), Number("0.0F")),
                Loop("j", 3, (Set(Subscript(Name("y"), ROW), Infix("+", Subscript(Name("y"), ROW),
                     Infix("*", Subscript(Subscript(Name("x"), ROW), COLUMN), Subscript(Name("v"), COLUMN)))),)),
            )),
        ),
    )  # fmt: skip
    body = [
        Declare(Variable("float", "x", (2, 3)), True),
        Declare(Variable("float", "v", (3,)), True),
        Declare(Variable("float", "y", (2,))),
        Loop(
            "i",
            2,
            (
                Loop(
                    "j",
                    3,
                    (
                        Set(
                            Subscript(Subscript(Name("x"), ROW), COLUMN),
                            Infix("+", A, Cast("float", Cast("int32_t", COLUMN))),
                        ),
                    ),
                ),
            ),
        ),
        Loop("i", 3, (Set(Subscript(Name("v"), Infix("-", Number("2U"), ROW)), Cast("float", Cast("int32_t", ROW))),)),
        Do(Call("times", (Cast("const float (*)[3]", Name("x")), Name("v"), Name("y")))),
        Return(Subscript(Name("y"), Number("1"))),
    ]

    def value(a: Any) -> Any:
        total = np.float32(0.0)
        for j in range(3):
            total = np.float32(total + np.float32(np.float32(a + np.float32(j)) * np.float32(2 - j)))
        return total

    with np.errstate(all="ignore"):
        cases = [((a,), value(a)) for a in _REALS]
    tops: tuple[CTop, ...] = (product, scalar_function("multiplied", (F32,), F32, body))
    return Idiom("matrix", "arrays and matrices as arguments", tops, (suite("multiplied", (F32,), F32, cases),))


def _tables() -> Idiom:
    """Constant arrays of every type, printed as weights are: hexadecimal floats, one pair of braces for an axis."""
    weights = np.array([[0.1, -2.5, 3.0e38], [1e-42, np.inf, -0.0]], np.float32)
    tops: list[CTop] = [
        ConstantArray(
            Variable("float", "weights", (2, 3), const=True), array_values(Array.of(weights, F32)), True, "Weights."
        ),
        Text(("extern const double reals[3];",)),
        ConstantArray(
            Variable("double", "reals", (3,), const=True),
            array_values(Array.of(np.array([0.1, 1e-310, -7.0]), F64)),
            False,
        ),
    ]
    lowest = [integer_range(I64)[0], -1, integer_range(I64)[1]]
    local = ConstantArray(
        Variable("int64_t", "whole", (3,), const=True), array_values(Array.of(np.array(lowest), I64)), True
    )
    tops += [
        scalar_function("weight", (U8, U8), F32, [Return(Subscript(Subscript(Name("weights"), A), B))]),
        scalar_function("real", (U8,), F64, [Return(Subscript(Name("reals"), A))]),
        FunctionDefinition(
            "integer",
            "static inline",
            "int64_t",
            (Variable("uint8_t", "a"),),
            (local, Return(Subscript(Name("whole"), A))),
        ),
    ]
    suites = (
        suite("weight", (U8, U8), F32, [((i, j), weights[i, j]) for i in range(2) for j in range(3)]),
        suite("real", (U8,), F64, [((i,), (0.1, 1e-310, -7.0)[i]) for i in range(3)]),
        suite("integer", (U8,), I64, [((i,), lowest[i]) for i in range(3)]),
    )
    return Idiom("table", "constant arrays, in a file and in a function", tuple(tops), suites)


def _literals() -> Idiom:
    """Numbers in statements: the shortest decimals that read back, limits, infinities and NaN."""
    tops: list[CTop] = []
    suites: list[Any] = []
    for kind in Scalar:
        values = _literal_values(kind)
        for place, value in enumerate(values):
            name = f"literal_{kind}_{place}"
            tops.append(scalar_function(name, (BOOL,), kind, [Do(Cast("void", A)), Return(number(value, kind))]))
            suites.append(suite(name, (BOOL,), kind, [((False,), value)]))
    return Idiom("literal", "numbers, limits, infinities and NaN", tuple(tops), tuple(suites))


def _literal_values(kind: Scalar) -> list[Any]:
    match kind:
        case Scalar.BOOL:
            return [True, False]
        case Scalar.F32:
            return [
                np.float32(x)
                for x in (0.0, -0.0, 0.1, -3.4028235e38, 1e-45, 1.17549435e-38, 123456.79, 1e9, np.inf, -np.inf, np.nan)
            ]
        case Scalar.F64:
            return [0.0, -0.0, 0.1, 1.7976931348623157e308, 5e-324, 123456789.125, 1e22, np.inf, -np.inf, np.nan]
        case Scalar.INT | Scalar.REAL:
            return []
        case _:
            low, high = integer_range(kind)
            return sorted({low, high, 0, 1, high // 2})
