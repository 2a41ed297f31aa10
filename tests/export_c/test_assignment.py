"""Definite assignment, and with it where locals are declared and which outputs the state keeps."""

from __future__ import annotations

import numpy as np
import pytest

from syncml.export_c import compile_and_run, package
from syncml.export_c.assignment import analyse
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Expr,
    For,
    If,
    Instance,
    Invoke,
    LoopIndex,
    Machine,
    Slot,
    Stmt,
    Switch,
)
from syncml.ir.types import BOOL, F32, TensorType
from tests.export_c.compilers import STRICT
from tests.export_c.programs import MODE, add, at, inp, lit, machine, mul, out, program, slot, smoother, state
from tests.support.step_machine import random_inputs, run

X = inp("x", F32)
C = inp("c", BOOL)
M = inp("m", MODE)
S = slot("s", F32)
V = slot("v", TensorType(F32, (4,)))
W = slot("w", TensorType(F32, (2, 3)))
ROW, COLUMN = LoopIndex("i"), LoopIndex("j")


def put(target: Slot, *indices: Expr | int) -> Assign:
    return Assign(at(target, *indices), at(X))


@pytest.mark.parametrize(
    ("body", "slot_", "complete"),
    [
        ((put(S),), S, True),
        ((If(at(C), (put(S),)),), S, False),
        ((If(at(C), (put(S),), (put(S),)),), S, True),
        ((Switch(at(M), (("OFF", (put(S),)), ("RAMP", (put(S),)))),), S, False),
        ((Switch(at(M), (("OFF", (put(S),)), ("RAMP", (put(S),)), ("HOLD", (put(S),)))),), S, True),
        ((For(ROW, 4, (put(V, ROW),)),), V, True),
        ((For(ROW, 3, (put(V, ROW),)),), V, False),
        ((For(ROW, 3, (put(V, add(ROW, lit(1, ROW.type))),)), put(V, 0)), V, True),
        ((put(V, 0), put(V, 1), put(V, 3), put(V, 2)), V, True),
        ((put(V, 0), put(V, 1), put(V, 3)), V, False),
        ((For(ROW, 2, (For(COLUMN, 3, (put(W, ROW, COLUMN),)),)),), W, True),
        ((For(ROW, 2, (For(COLUMN, 2, (put(W, ROW, COLUMN),)), put(W, ROW, 2))),), W, True),
        ((For(ROW, 2, (put(W, ROW, ROW),)),), W, False),
        ((For(ROW, 0, (put(S),)),), S, False),
    ],
)
def test_complete(body: tuple[Stmt, ...], slot_: Slot, complete: bool) -> None:
    assert (slot_ in analyse(body).complete) is complete


def test_exposed_reads() -> None:
    read_first = (Assign(at(S), at(V, 1)), For(ROW, 4, (put(V, ROW),)))
    assert V in analyse(read_first).exposed
    same_element = (For(ROW, 4, (put(V, ROW), Assign(at(S), at(V, ROW)))),)
    assert V not in analyse(same_element).exposed
    other_element = (For(ROW, 4, (put(V, ROW), Assign(at(S), at(V, Binary(BinaryOp.SUB, lit(3, ROW.type), ROW))))),)
    assert V in analyse(other_element).exposed


def _accumulate() -> Machine:
    """Keeps a local from one iteration to the next."""
    total = slot("total", F32)
    y = out("y", F32)
    first = Binary(BinaryOp.EQ, ROW, lit(0, ROW.type))
    body: tuple[Stmt, ...] = (
        For(ROW, 4, (If(first, (Assign(at(total), at(X)),), (Assign(at(total), mul(at(total), at(X))),)),)),
        Assign(at(y), at(total)),
    )
    return machine("keep", (X,), (y,), body, locals_=(total,))


def test_a_local_that_lives_across_iterations_is_declared_outside() -> None:
    code = program(_accumulate())
    text = package(code).files["src/keep.c"].decode()
    assert text.index("float total = 0.0F;") < text.index("for (")
    inputs = random_inputs(code, 30, 3)
    results = compile_and_run(code, inputs, 30, flags=("-O2", *STRICT))
    assert np.array_equal(results.outputs["y"], run(code, inputs, 30)[0]["y"], equal_nan=True)


def _sum_over(clear: float, rows: int) -> Machine:
    """``y = clear + w``, with loops that clear ``rows`` rows of a matrix, then add ``x`` to each element."""
    y = out("y", W.type)
    zero = For(ROW, rows, (For(COLUMN, 3, (Assign(at(W, ROW, COLUMN), lit(clear, F32)),)),))
    total = Assign(at(W, ROW, COLUMN), add(at(W, ROW, COLUMN), at(X)))
    rest = (Assign(at(W, 1, column), lit(clear, F32)) for column in range(3) if rows == 1)
    copied = For(ROW, 2, (For(COLUMN, 3, (Assign(at(y, ROW, COLUMN), at(W, ROW, COLUMN)),)),))
    return machine("sums", (X,), (y,), (zero, *rest, For(ROW, 2, (For(COLUMN, 3, (total,)),)), copied), locals_=(W,))


@pytest.mark.parametrize(("clear", "rows", "initialised"), [(0.0, 2, True), (-0.0, 2, False), (0.0, 1, False)])
def test_loops_that_clear_a_whole_tensor_are_its_initialiser(clear: float, rows: int, initialised: bool) -> None:
    code = program(_sum_over(clear, rows))
    text = package(code).files["src/sums.c"].decode()
    assert ("float w[2][3] = {0};" in text) == initialised
    assert ("float w[2][3];" in text) != initialised
    inputs = {"x": np.array([1.5, -0.0, 0.0], dtype=np.float32)}
    results = compile_and_run(code, inputs, 3, flags=("-O2", *STRICT))
    expected = run(code, inputs, 3)[0]["y"]
    assert results.outputs["y"].tobytes() == expected.tobytes()


def test_an_output_that_waits_is_kept_in_the_state() -> None:
    y, z = out("y", F32), out("z", F32)
    code = program(machine("hold", (X, C), (y, z), (put(z), If(at(C), (put(y),)))))
    text = package(code).files["src/hold.c"].decode()
    assert "self->y = in->x;" in text
    assert "out->z = in->x;" in text
    assert "self->z" not in text
    inputs = random_inputs(code, 60, 4)
    results = compile_and_run(code, inputs, 60, flags=STRICT)
    assert np.array_equal(results.outputs["y"], run(code, inputs, 60)[0]["y"], equal_nan=True)


def test_dead_locals_are_not_computed() -> None:
    dead, deader, y = slot("dead", F32), slot("deader", F32), out("y", F32)
    body = (put(dead), Assign(at(deader), at(dead)), put(y))
    code = program(machine("alive", (X,), (y,), body, locals_=(dead, deader)))
    assert "dead" not in package(code).files["src/alive.c"].decode()
    compile_and_run(code, random_inputs(code, 1, 1), 1, flags=("-O2", *STRICT))


def test_a_result_that_nobody_reads() -> None:
    y, unread = out("y", F32), slot("unread", F32)
    body: tuple[Stmt, ...] = (Invoke("a", (at(X),), (unread,)), put(y))
    code = program(
        smoother(), machine("m", (X,), (y,), body, locals_=(unread,), instances=(Instance("a", "smoother"),))
    )
    compile_and_run(code, random_inputs(code, 1, 1), 1, flags=("-O2", *STRICT))


def test_an_argument_that_is_a_result_too() -> None:
    """The callee must see the old vector while it writes the new one."""
    vector = TensorType(F32, (3,))
    a, b = inp("a", vector), out("b", vector)
    turned = (For(ROW, 3, (Assign(at(b, ROW), at(a, Binary(BinaryOp.SUB, lit(2, ROW.type), ROW))),)),)
    h, y = state("h", vector, [1.0, 2.0, 3.0]), out("y", F32)
    body: tuple[Stmt, ...] = (Invoke("t", (at(h),), (h,)), Assign(at(y), add(at(h, 0), at(X))))
    code = program(
        machine("turn", (a,), (b,), turned),
        machine("m", (X,), (y,), body, states=(h,), instances=(Instance("t", "turn"),)),
    )
    inputs = random_inputs(code, 5, 1)
    results = compile_and_run(code, inputs, 5, flags=("-O2", *STRICT))
    assert np.array_equal(results.state["h"], run(code, inputs, 5)[1]["h"])


def test_matrices_as_arguments() -> None:
    """C has no implicit conversion of a matrix to a constant one; strict compilers say so."""
    matrix = TensorType(F32, (2, 3))
    a, total = inp("a", matrix), out("total", F32)
    summed = (
        Assign(at(total), lit(0.0)),
        For(ROW, 2, (For(COLUMN, 3, (Assign(at(total), add(at(total), at(a, ROW, COLUMN))),)),)),
    )
    local, y, z = slot("local", matrix), out("y", F32), out("z", F32)
    given = inp("given", matrix)
    body: tuple[Stmt, ...] = (
        For(ROW, 2, (For(COLUMN, 3, (Assign(at(local, ROW, COLUMN), add(at(given, ROW, COLUMN), at(X))),)),)),
        Invoke("s", (at(local),), (y,)),
        Invoke("t", (at(given),), (z,)),
    )
    code = program(
        machine("total", (a,), (total,), summed),
        machine(
            "m", (given, X), (y, z), body, locals_=(local,), instances=(Instance("s", "total"), Instance("t", "total"))
        ),
    )
    inputs = random_inputs(code, 40, 1)
    results = compile_and_run(code, inputs, 40, flags=("-O2", *STRICT))
    expected, _ = run(code, inputs, 40)
    assert all(np.array_equal(results.outputs[n], expected[n], equal_nan=True) for n in ("y", "z"))


def test_unrolled_loops() -> None:
    y, t = out("y", TensorType(F32, (3,))), slot("t", F32)
    body = (For(ROW, 3, (Assign(at(t), mul(at(X), lit(2.0))), Assign(at(y, ROW), at(t))), unroll=True),)
    code = program(machine("flat", (X,), (y,), body, locals_=(t,)))
    text = package(code).files["src/flat.c"].decode()
    assert "for (" not in text
    assert "out->y[2] = t;" in text
    compile_and_run(code, random_inputs(code, 1, 1), 1, flags=("-O2", *STRICT))
