"""The theory of floats: its operators are those of the interpreter, and it decides what error terms do not."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import syncml.verify.machine as machine
from syncml.ir.constants import dtype
from syncml.ir.equations.syntax import Apply, Var
from syncml.ir.operators import Op, result_type
from syncml.ir.types import BOOL, F32, F64, Scalar
from syncml.pipeline import check_file
from syncml.sim.evaluate import evaluate
from syncml.sim.interpreter import replay
from syncml.verify import Proved, Semantics, VerificationReport, VerifyOptions, Violated, verify
from syncml.verify.floats.exact import OPERATORS, applied, float_of, number
from syncml.verify.smt import z3
from tests.verify.build import SPAN

PROGRAMS = Path(__file__).parent / "programs" / "small.py"

RANDOM = 60
"""Random operands of each operator, beside every combination of special ones."""

UNARY = (Op.NEG, Op.ABS, Op.SQRT, Op.COPY)
BINARY = (Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MIN, Op.MAX, Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.NE)
LOGICAL = (Op.AND, Op.OR, Op.XOR, Op.EQ, Op.NE)


def special(kind: Scalar) -> list[Any]:
    """Zeros, subnormal and largest numbers, neighbours of one, infinities, NaN."""
    info, one = np.finfo(dtype(kind)), dtype(kind).type(1)
    numbers = [0.0, 1.0, 0.1, 3.0, np.inf, info.max, info.tiny, info.smallest_subnormal, np.nextafter(one, one + one)]
    return [dtype(kind).type(sign * n) for n in numbers for sign in (1, -1)] + [dtype(kind).type(np.nan)]


def random_floats(kind: Scalar, count: int, seed: int) -> list[Any]:
    """Numbers with random bits: of every size, NaN among them."""
    source = np.random.default_rng(seed)
    width = np.uint32 if kind is F32 else np.uint64
    return list(source.integers(0, np.iinfo(width).max, count, dtype=width, endpoint=True).view(dtype(kind)))


def same(term: Any, value: Any, type_: Any) -> bool:
    if type_ is BOOL:
        return bool(z3.is_true(z3.simplify(term))) == bool(value)
    found = dtype(type_).type(float_of(z3.simplify(term), type_))
    return bool(np.isnan(found) and np.isnan(value)) or found.tobytes() == dtype(type_).type(value).tobytes()


def agrees(op: Op, operands: tuple[Any, ...], kinds: tuple[Any, ...], attribute: Any = None) -> None:
    rhs = Apply(op, tuple(Var(f"x{i}", k, SPAN) for i, k in enumerate(kinds)), attribute)
    result = result_type(op, kinds, attribute)
    terms = [z3.BoolVal(bool(x)) if k is BOOL else number(x, k) for x, k in zip(operands, kinds, strict=True)]
    value = evaluate(op, operands, attribute, kinds, result)
    assert same(applied(rhs, terms, result), value, result), (op, operands)


@pytest.mark.parametrize("kind", [F32, F64])
@pytest.mark.parametrize("op", [*UNARY, *BINARY])
def test_an_operator_is_that_of_the_interpreter(op: Op, kind: Scalar) -> None:
    count = 1 if op in UNARY else 2
    for operands in product(special(kind), repeat=count):
        agrees(op, operands, (kind,) * count)
    for operands in zip(*(random_floats(kind, RANDOM, seed) for seed in range(count)), strict=True):
        agrees(op, operands, (kind,) * count)


@pytest.mark.parametrize(("source", "target"), [(F32, F64), (F64, F32), (F32, F32)])
def test_a_conversion_is_that_of_the_interpreter(source: Scalar, target: Scalar) -> None:
    near = [x.astype(dtype(source)) for x in random_floats(F32, RANDOM, 5)]
    for x in [*special(source), *random_floats(source, RANDOM, 4), *near]:
        agrees(Op.CAST, (x,), (source,), target)


def test_logic_and_choice_are_those_of_the_interpreter() -> None:
    truths = [np.bool_(False), np.bool_(True)]
    for op, x, y in product(LOGICAL, truths, truths):
        agrees(op, (x, y), (BOOL, BOOL))
    for x in truths:
        agrees(Op.NOT, (x,), (BOOL,))
        agrees(Op.COPY, (x,), (BOOL,))
        agrees(Op.CAST, (x,), (BOOL,), F32)
        for y, z in product(special(F32), repeat=2):
            agrees(Op.WHERE, (x, y, z), (BOOL, F32, F32))


def test_every_operator_is_compared() -> None:
    assert {*UNARY, *BINARY, *LOGICAL, Op.NOT, Op.CAST, Op.WHERE} == set(OPERATORS)


def report_of(name: str) -> VerificationReport:
    options = VerifyOptions(
        timeout=30.0, jobs=1, semantics=Semantics.MACHINE, explain=False, engines=("induction", "localised")
    )
    return verify(check_file(f"{PROGRAMS}:{name}").program, options, replay)


@pytest.mark.parametrize("name", ["gradual", "doubled", "unless", "infinite", "underflow", "thirds", "halving"])
def test_a_small_cone_is_decided_by_the_theory_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (clause,) = (r for r in report_of(name).results if r.kind == "ensure")
    assert clause.name.startswith(type(clause.verdict).__name__.lower())
    if isinstance(clause.verdict, Proved):
        assert (clause.verdict.method, clause.verdict.floats) == ("k-induction, theory of floats", "machine")
    monkeypatch.setattr(machine, "EXACT_SECONDS", 0.0)
    (without,) = (r for r in report_of(name).results if r.kind == "ensure")
    assert not isinstance(without.verdict, Proved | Violated)
