"""Which loops may run in any order, by the judgement and by running them backwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from syncml.ir.step.check import check_step
from syncml.ir.step.independence import independent
from syncml.ir.step.syntax import Assign, Binary, BinaryOp, Expr, For, If, LoopIndex, Slot, StepProgram, Stmt, Storage
from syncml.ir.step.traverse import map_stmt, statements
from syncml.ir.types import F32, I64, TensorType
from tests.export_c.programs import add, at, lit, machine, mul, slot, state
from tests.support import step_machine

N = 12
X = Slot("x", TensorType(F32, (N,)), Storage.INPUT)
Y = Slot("y", TensorType(F32, (N,)), Storage.OUTPUT)
TABLE = state("table", TensorType(F32, (N, 4)), 1.0)
VECTOR = state("vector", TensorType(F32, (N,)), 2.0)
SUM = state("sum", F32, 0.0)
OWN = slot("own", TensorType(F32, (4,)))
ROW, COL, PART = LoopIndex("i"), LoopIndex("j"), LoopIndex("k")


def times(index: Expr, factor: int) -> Expr:
    return Binary(BinaryOp.MUL, index, lit(factor, I64))


def plus(index: Expr, other: Expr | int) -> Expr:
    return Binary(BinaryOp.ADD, index, lit(other, I64) if isinstance(other, int) else other)


def less(index: Expr, other: Expr) -> Expr:
    return Binary(BinaryOp.SUB, index, other)


def loop(count: int, *body: Stmt) -> For:
    return For(ROW, count, body)


ELEMENTWISE = loop(N, Assign(at(VECTOR, ROW), add(at(VECTOR, ROW), at(X, ROW))))
ROWS = loop(N, For(COL, 4, (Assign(at(TABLE, ROW, COL), add(at(TABLE, ROW, COL), at(X, COL))),)))
TILES = loop(
    3,
    For(
        PART,
        4,
        (Assign(at(VECTOR, plus(times(ROW, 4), PART)), mul(at(X, PART), at(X, plus(times(ROW, 4), PART)))),),
    ),
)
SHIFTED = loop(5, For(PART, 2, (Assign(at(VECTOR, plus(plus(times(ROW, 2), PART), 2)), at(X, ROW)),)))
CONDITIONAL = loop(N, If(Binary(BinaryOp.GT, at(X, ROW), lit(0.0)), (Assign(at(VECTOR, ROW), at(X, 0)),)))
VARIABLE = loop(
    N,
    For(COL, 4, (Assign(at(OWN, COL), mul(at(X, COL), at(X, ROW))),)),
    For(PART, 4, (Assign(at(TABLE, ROW, PART), add(at(OWN, PART), at(OWN, 0))),)),
)

RUNNING = loop(N, Assign(at(SUM), add(at(SUM), at(X, ROW))))
COLUMN = loop(N, For(COL, 4, (Assign(at(TABLE, 0, COL), add(at(TABLE, 0, COL), at(X, ROW))),)))
NEIGHBOUR = loop(N - 1, Assign(at(VECTOR, ROW), at(VECTOR, plus(ROW, 1))))
OVERLAPPING = loop(4, For(PART, 4, (Assign(at(VECTOR, plus(times(ROW, 2), PART)), at(X, ROW)),)))
CROSSED = loop(4, Assign(at(TABLE, ROW, 0), at(TABLE, 0, ROW)))
MIRRORED = loop(N, Assign(at(VECTOR, ROW), at(VECTOR, less(lit(N - 1, I64), ROW))))
CARRIED = loop(
    N,
    For(COL, 4, (Assign(at(TABLE, ROW, COL), at(OWN, COL)),)),
    For(PART, 4, (Assign(at(OWN, PART), at(X, ROW)),)),
)

FREE = {
    "elementwise": ELEMENTWISE,
    "rows": ROWS,
    "tiles": TILES,
    "shifted": SHIFTED,
    "conditional": CONDITIONAL,
    "variable": VARIABLE,
}
BOUND = {
    "running sum": RUNNING,
    "one row": COLUMN,
    "neighbour": NEIGHBOUR,
    "overlapping": OVERLAPPING,
    "crossed": CROSSED,
    "mirrored": MIRRORED,
    "carried": CARRIED,
}


def program(*body: Stmt) -> StepProgram:
    made = machine("m", (X,), (Y,), body, states=(TABLE, VECTOR, SUM), locals_=(OWN,))
    return StepProgram((made,), "m")


def judged(found: For) -> bool:
    return independent(found, program(found).machines[0], frozenset({OWN}))


def backwards(found: For) -> For:
    turned = less(lit(found.count - 1, I64), found.index)
    body = tuple(map_stmt(lambda e: turned if e is found.index else None, stmt) for stmt in found.body)
    return replace(found, body=body)


def runs(code: StepProgram) -> list[dict[str, bytes]]:
    inputs = step_machine.random_inputs(code, 4, seed=3)
    return [{name: v.tobytes() for name, v in part.items()} for part in step_machine.run(code, inputs, 4)]


@pytest.mark.parametrize("name", FREE)
def test_iterations_that_share_nothing_are_independent(name: str) -> None:
    assert judged(FREE[name])
    assert runs(program(FREE[name])) == runs(program(backwards(FREE[name])))


@pytest.mark.parametrize("name", BOUND)
def test_iterations_that_hand_something_on_are_not(name: str) -> None:
    assert not judged(BOUND[name])


def test_a_variable_that_is_not_the_loops_own_binds() -> None:
    assert not independent(VARIABLE, program(VARIABLE).machines[0])


def test_what_is_judged_independent_runs_backwards_with_the_same_bits() -> None:
    rng = np.random.default_rng(11)

    def index(counters: tuple[LoopIndex, ...]) -> Expr:
        counter = counters[rng.integers(len(counters))]
        scaled = times(counter, int(rng.integers(1, 3)))
        other = counters[rng.integers(len(counters))]
        return (counter, scaled, plus(scaled, other), plus(counter, int(rng.integers(3))))[rng.integers(4)]

    free = 0
    for _ in range(400):
        counters = (ROW, COL)
        reads = [at(VECTOR, index(counters)) if rng.random() < 0.4 else at(X, index(counters)) for _ in range(2)]
        inner = For(COL, int(rng.integers(1, 3)), (Assign(at(VECTOR, index(counters)), add(*reads)),))
        found = loop(3, inner)
        code = program(found)
        check_step(code)
        if judged(found):
            free += 1
            assert runs(code) == runs(program(backwards(found))), list(statements((found,)))
    assert free > 60
