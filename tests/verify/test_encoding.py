"""The encoding of operators is total over the table and agrees with the interpreter."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from syncml.ir.constants import dtype
from syncml.ir.operators import Op, result_type
from syncml.ir.types import (
    BOOL,
    F64,
    FLOATS,
    I32,
    MACHINE_INTEGERS,
    SIGNED,
    Scalar,
    TensorType,
    Type,
    element,
    integer_range,
    shape,
    size,
)
from syncml.sim.evaluate import evaluate
from syncml.verify.elementary import facts_of
from syncml.verify.encoding import Encoder, array_of
from syncml.verify.smt import value_of, z3

I8, U8, INT, REAL = Scalar.I8, Scalar.U8, Scalar.INT, Scalar.REAL
V3, M23, M32 = TensorType(F64, (3,)), TensorType(F64, (2, 3)), TensorType(F64, (3, 2))
IV3 = TensorType(I32, (3,))

ELEMENTARY = {Op.SQRT, Op.EXP, Op.LOG, Op.TANH, Op.SIGMOID, Op.SIN, Op.COS, Op.ATAN2, Op.POW}

NUMBERS = (I8, U8, INT, REAL, F64)
ORDER = {Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.NE}
BITS = {Op.SHL, Op.SHR}
LOGIC = {Op.AND, Op.OR, Op.XOR}

SAMPLES: list[tuple[Op, tuple[Type, ...], Any]] = [
    *((op, (t, t), None) for op in (Op.ADD, Op.SUB, Op.MUL, Op.MIN, Op.MAX, *sorted(ORDER, key=str)) for t in NUMBERS),
    *((op, (t,), None) for op in (Op.NEG, Op.ABS) for t in NUMBERS),
    *((op, (t, t), None) for op in (Op.FLOORDIV, Op.MOD) for t in (I8, U8, INT)),
    *((op, (t, t), None) for op in sorted(BITS, key=str) for t in (I8, U8, I32)),
    *((op, (t, t), None) for op in sorted(LOGIC, key=str) for t in (I8, U8, BOOL)),
    *((Op.NOT, (t,), None) for t in (I8, U8, BOOL)),
    *((Op.CAST, (s,), t) for s in (BOOL, *NUMBERS) for t in (BOOL, *NUMBERS)),
    *((Op.WHERE, (BOOL, t, t), None) for t in (*NUMBERS, BOOL)),
    (Op.COPY, (F64,), None), (Op.DIV, (F64, F64), None), (Op.DIV, (REAL, REAL), None),
    (Op.WHERE, (TensorType(BOOL, (3,)), V3, F64), None),
    (Op.ADD, (M23, V3), None), (Op.STACK, (F64, F64), None), (Op.STACK, (V3, V3), None), (Op.CONCAT, (V3, V3), (0,)),
    (Op.CONCAT, (M23, M23), (1,)), (Op.INDEX, (M23,), (1,)), (Op.INDEX, (M23,), (1, 2)),
    (Op.SLICE, (M23,), (1, 0, 2, 1)),
    (Op.AT, (V3, I8), None), (Op.AT, (V3, U8), None), (Op.AT, (M23, INT), None), (Op.RESHAPE, (M23,), (3, 2)),
    (Op.SLICE, (M23,), (1, 2, 3, -1)), (Op.SLICE, (V3,), (0, 0, 2, 2)), (Op.WINDOW, (V3, I8), (2,)),
    (Op.WINDOW, (M23, U8), (1,)), (Op.UPDATE, (V3, F64, I8), None), (Op.UPDATE, (M23, V3, U8), None),
    (Op.UPDATE, (M23, F64, INT, I8), None), (Op.EINSUM, (M23, V3), "ij,j->i"), (Op.EINSUM, (IV3, IV3, IV3), "i,i,i->"),
    (Op.EINSUM, (M23, M23), "ij,kj->ik"), (Op.EINSUM, (V3, V3), "i,j->ij"),
    (Op.UNFOLD, (V3,), (0, 2, 1, 1)), (Op.UNFOLD, (M23,), (1, 2, 1, 2)), (Op.UNFOLD, (M23,), (0, 1, 2, 1)),
    (Op.TRANSPOSE, (M23,), (1, 0)), (Op.MATMUL, (M23, M32), None), (Op.MATMUL, (V3, V3), None),
    (Op.MATMUL, (M23, V3), None), (Op.MATMUL, (V3, M32), None), (Op.MATMUL, (IV3, IV3), None),
    *((op, (t,), (0,)) for op in (Op.SUM, Op.LEAST, Op.GREATEST) for t in (V3, M23, IV3)),
    *((op, (TensorType(BOOL, (3,)),), (0,)) for op in (Op.ALL, Op.ANY)),
]  # fmt: skip


def test_every_operator_is_sampled_or_elementary() -> None:
    assert {op for op, _, _ in SAMPLES} | ELEMENTARY == set(Op)


def value(type_: Type, source: random.Random) -> Any:
    """A random value; floats are small multiples of 1/4, on which arithmetic is exact."""
    kind = element(type_)

    def scalar() -> Any:
        if kind is BOOL:
            return source.random() < 0.5
        if kind in FLOATS:
            return source.randint(-40, 40) / 4
        if kind is REAL:
            return Fraction(source.randint(-12, 12), source.randint(1, 5))
        if kind is INT:
            return source.choice([0, 1, -1, source.randint(-300, 300)])
        assert isinstance(kind, Scalar)
        low, high = integer_range(kind)
        # Half of the time close to the ends of the range, and often zero.
        near = source.choice([low, low + 1, high, -1 if low else 1, 0, 1, 2, 7])
        return source.choice([near, source.randint(max(low, -99), min(high, 99))])

    if not shape(type_):
        item = scalar()
        return item if kind in (INT, REAL) else dtype(kind).type(item)
    return np.array([scalar() for _ in range(size(type_))], dtype=dtype(kind)).reshape(shape(type_))


def encoded(op: Op, types: tuple[Type, ...], attribute: Any, values: tuple[Any, ...], *, wrapping: bool) -> list[Any]:
    """The value that the encoding gives to every element, and None where it leaves it open."""
    facts: list[Any] = []
    names = iter(range(1000))
    encoder = Encoder(wrapping, lambda _: z3.Real(f"unknown{next(names)}"), facts.append)
    terms = []
    for type_, given in zip(types, values, strict=True):
        items = np.asarray(given, dtype=object).reshape(-1).tolist() if shape(type_) else [given]
        kind = element(type_)
        exact = [Fraction(float(x)) if kind in FLOATS else x for x in items]
        terms.append(array_of([encoder.number(x, kind) for x in exact], shape(type_)))
    result = encoder.apply(op, tuple(terms), types, attribute, result_type(op, types, attribute))
    solver = z3.Solver()
    solver.add(*facts)
    assert solver.check() == z3.sat
    found: list[Any] = []
    for term in result.flat:
        known = solver.model().eval(term, model_completion=True)
        unique = z3.Solver()
        unique.add(*facts, term != known)
        found.append(value_of(known) if unique.check() == z3.unsat else None)
    return found


def signed(number: Any, kind: Any) -> Any:
    """A bit vector is read as an unsigned number."""
    if kind in MACHINE_INTEGERS and kind in SIGNED and number > integer_range(kind)[1]:
        return number - (integer_range(kind)[1] + 1) * 2
    return number


@pytest.mark.parametrize("wrapping", [False, True], ids=["ideal", "machine"])
@pytest.mark.parametrize(("op", "types", "attribute"), SAMPLES, ids=lambda x: getattr(x, "value", str(x)))
def test_the_encoding_agrees_with_the_interpreter(
    op: Op, types: tuple[Type, ...], attribute: Any, wrapping: bool
) -> None:
    source = random.Random(f"{op}{types}{attribute}")
    result = result_type(op, types, attribute)
    kind = element(result)
    for _ in range(12):
        values = tuple(value(t, source) for t in types)
        expected = np.asarray(evaluate(op, values, attribute, types, result), dtype=object).reshape(-1).tolist()
        found = encoded(op, types, attribute, values, wrapping=wrapping)
        for got, want in zip(found, expected, strict=True):
            if got is None:
                assert op is Op.DIV and values[1] == 0 and kind in FLOATS
            elif kind in MACHINE_INTEGERS and not wrapping:
                # Mathematical integers agree modulo the width; that nothing wraps is an obligation of its own.
                low, high = integer_range(kind)
                assert (got - int(want)) % (high - low + 1) == 0
            elif kind is F64 and op is Op.DIV:
                assert float(got) == float(want)
            elif kind is BOOL:
                assert bool(got) == bool(want)
            else:
                exact = Fraction(float(want)) if kind in FLOATS else Fraction(want)
                if types == (REAL,) and kind is F64:
                    assert float(got) == float(want)
                else:
                    assert Fraction(signed(got, kind)) == exact


REFERENCE = {
    Op.SQRT: math.sqrt, Op.EXP: math.exp, Op.LOG: math.log, Op.TANH: math.tanh, Op.SIN: math.sin, Op.COS: math.cos,
    Op.SIGMOID: lambda x: 1 / (1 + math.exp(-x)), Op.ATAN2: math.atan2, Op.POW: math.pow,
}  # fmt: skip


@pytest.mark.parametrize("op", sorted(ELEMENTARY, key=str), ids=lambda o: o.value)
def test_what_is_assumed_about_an_elementary_function_is_true(op: Op) -> None:
    source = random.Random(op.value)
    arity = 2 if op in (Op.ATAN2, Op.POW) else 1
    previous: list[tuple[Any, ...]] = []
    for i in range(40):
        points = [source.choice([0.0, 0.5, 1.0, 2.0, source.uniform(-3, 3)]) for _ in range(arity)]
        if op in (Op.SQRT, Op.LOG, Op.POW):
            points[0] = abs(points[0]) + (0.25 if op is not Op.SQRT else 0.0)
        x = tuple(z3.RealVal(repr(p)) for p in points)
        exact = REFERENCE[op](*points)
        r = z3.Real(f"r{i}")
        for fact in facts_of(op, x, r, previous):
            # The true value lies between these two, so the fact must hold for one of the three.
            near = [z3.RealVal(repr(v)) for v in (exact, math.nextafter(exact, 9e9), math.nextafter(exact, -9e9))]
            squared = op is Op.SQRT and "*" in str(fact)
            assert squared or any(z3.is_true(z3.simplify(z3.substitute(fact, (r, v)))) for v in near), (fact, points)
        previous.append((*x, z3.RealVal(repr(exact))))
