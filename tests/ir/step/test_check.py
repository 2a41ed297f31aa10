"""The checker of step code: each rule is broken once, and the message names what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from syncml.diagnostics.model import InternalFault, Span
from syncml.ir.constants import Const
from syncml.ir.step.assignment import unassigned
from syncml.ir.step.check import check_step
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Bitcast,
    Convert,
    Expr,
    For,
    If,
    Instance,
    Invoke,
    Literal,
    LoopIndex,
    Machine,
    Place,
    Select,
    Slot,
    StepProgram,
    Stmt,
    Storage,
    Switch,
    Unary,
    UnaryOp,
)
from syncml.ir.types import BOOL, F32, F64, I32, I64, EnumType, Scalar, TensorType

MODE = EnumType("Mode", ("A", "B", "C"))
HERE = Span.point("m.py")
X = Slot("x", F32, Storage.INPUT)
C = Slot("c", BOOL, Storage.INPUT)
M = Slot("m", MODE, Storage.INPUT)
V = Slot("v", TensorType(F32, (3,)), Storage.INPUT)
Y = Slot("y", F32, Storage.OUTPUT)
S = Slot("s", F32, Storage.STATE, Const(0.0, F32))
T = Slot("t", F32, Storage.LOCAL)
W = Slot("w", TensorType(F32, (3,)), Storage.LOCAL)
COUNTER = LoopIndex("i")


def number(value: float, kind: Scalar = F32) -> Literal:
    return Literal(Const(value, kind))


def assign(slot: Slot, value: Expr, *indices: Expr) -> Assign:
    return Assign(Place(slot, indices), value)


def machine(*body: Stmt) -> Machine:
    return Machine("m", "m", (X, C, M, V), (Y,), (S,), (), (T, W), (), body, HERE)


def check(*machines: Machine) -> None:
    check_step(StepProgram(machines, machines[-1].name))


GOOD: dict[str, tuple[Stmt, ...]] = {
    "both sides": (If(Place(C), (assign(T, Place(X)),), (assign(T, number(0.0)),)), assign(Y, Place(T))),
    "the same test": (
        If(Place(C), (assign(T, Place(X)),)),
        assign(S, Place(X)),
        If(Place(C), (assign(Y, Place(T)),)),
    ),
    "all cases": (
        Switch(Place(M), tuple((name, (assign(T, Place(X)),)) for name in MODE.constructors)),
        assign(Y, Place(T)),
    ),
    "sides in two tests": (
        If(Place(C), (assign(T, Place(X)),)),
        If(Place(C), (), (assign(T, number(1.0)),)),
        assign(Y, Place(T)),
    ),
    "a loop": (For(COUNTER, 3, (assign(W, Place(V, (COUNTER,)), COUNTER),)), assign(Y, Place(W, (number(2, I64),)))),
}


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD.keys())
def test_sound_code_passes(body: tuple[Stmt, ...]) -> None:
    check(machine(*body))


BAD: dict[str, tuple[tuple[Stmt, ...], str]] = {
    "mixed operands": ((assign(Y, Binary(BinaryOp.ADD, Place(X), number(1.0, F64))),), "f64 where f32"),
    "wrong target": ((assign(Y, number(1.0, F64)),), "f64 where f32"),
    "integral": ((assign(Y, Binary(BinaryOp.QUOT, Place(X), Place(X))),), "does not apply to f32"),
    "logical": ((assign(Y, Unary(UnaryOp.NOT, Place(X))),), "does not apply to f32"),
    "root": ((assign(S, Convert(Unary(UnaryOp.SQRT, number(4, I32)), F32)),), "does not apply to i32"),
    "to bool": ((If(Convert(Place(X), BOOL), ()),), "conversion from f32 to bool"),
    "bits": ((assign(Y, Bitcast(number(1.0, F64), F32)),), "different widths"),
    "condition": ((If(Place(X), (assign(Y, Place(X)),)),), "f32 where bool"),
    "choice": ((assign(Y, Select(Place(C), Place(X), number(1.0, F64))),), "f64 where f32"),
    "input": ((assign(X, number(0.0)),), "x is written"),
    "undeclared": ((assign(Y, Place(Slot("z", F32, Storage.LOCAL))),), "z is not declared"),
    "index range": ((assign(Y, Place(V, (number(3, I64),))),), "out of range"),
    "index count": ((assign(Y, Place(V)),), "0 indices"),
    "index type": ((assign(Y, Place(V, (number(0, I32),))),), "i32 where i64"),
    "counter": ((assign(Y, Place(V, (COUNTER,))),), "i is not in scope"),
    "empty loop": ((For(COUNTER, 0, ()),), "the loop over i"),
    "case": ((Switch(Place(M), (("D", ()),)),), "the cases"),
    "instance": ((Invoke("f", (), ()),), "no instance"),
    "unassigned": ((assign(Y, Place(T)),), "t may be read before"),
    "one side": ((If(Place(C), (assign(T, Place(X)),)), assign(Y, Place(T))), "t may be read before"),
    "one case": ((Switch(Place(M), (("A", (assign(T, Place(X)),)),)), assign(Y, Place(T))), "t may be read before"),
}


@pytest.mark.parametrize(("body", "message"), BAD.values(), ids=BAD.keys())
def test_each_rule_is_held(body: tuple[Stmt, ...], message: str) -> None:
    with pytest.raises(InternalFault, match=message):
        check(machine(*body))


def test_a_test_is_forgotten_when_its_condition_changes() -> None:
    flag = Slot("flag", BOOL, Storage.STATE, Const(False, BOOL))
    body = (
        If(Place(flag), (assign(T, Place(X)),)),
        assign(flag, Place(C)),
        If(Place(flag), (assign(Y, Place(T)),)),
    )
    assert unassigned(replace(machine(*body), state=(S, flag))) == (T,)


CHANGES: dict[str, tuple[Callable[[Machine], Machine], str]] = {
    "names": (lambda m: replace(m, locals=(T, W, Slot("x", F32, Storage.LOCAL))), "two local slots"),
    "storage": (lambda m: replace(m, outputs=(T,)), "declared as output"),
    "initial": (lambda m: replace(m, state=(Slot("s", F32, Storage.STATE),)), "the initial value of s"),
    "initial type": (lambda m: replace(m, state=(Slot("s", F32, Storage.STATE, Const(0, I32)),)), "i32 where f32"),
    "mathematical": (lambda m: replace(m, locals=(Slot("t", Scalar.REAL, Storage.LOCAL),)), "the type real"),
    "instances": (lambda m: replace(m, instances=(Instance("f", "nowhere"),)), "no earlier machine"),
}


@pytest.mark.parametrize(("change", "message"), CHANGES.values(), ids=CHANGES.keys())
def test_each_declaration_is_held(change: Callable[[Machine], Machine], message: str) -> None:
    with pytest.raises(InternalFault, match=message):
        check(change(machine()))


def test_a_call_fits_its_callee() -> None:
    caller = replace(machine(Invoke("f", (number(1, I32),), (Y,))), name="caller", instances=(Instance("f", "callee"),))
    callee = Machine("callee", "callee", (X,), (Y,), (), (), (), (), (assign(Y, Place(X)),), HERE)
    with pytest.raises(InternalFault, match="i32 where f32"):
        check(callee, caller)


def test_main_is_the_last_machine() -> None:
    with pytest.raises(InternalFault, match="not the last"):
        check_step(StepProgram((machine(),), "other"))
