"""Step programs built by hand, and short names to build more."""

from __future__ import annotations

from typing import Any

import numpy as np

from syncml.diagnostics.model import Span
from syncml.ir.constants import Array, Const
from syncml.ir.step.syntax import (
    Apply,
    Assign,
    Binary,
    BinaryOp,
    Expr,
    For,
    Function,
    If,
    Instance,
    Invoke,
    Literal,
    LoopIndex,
    Machine,
    Origin,
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
from syncml.ir.types import BOOL, F32, I32, I64, Element, EnumType, Scalar, TensorType, Type

MODE = EnumType("Mode", ("OFF", "RAMP", "HOLD"))


def origin(stream: str, line: int, clock: str = "", unit: str = "", file: str = "/home/user/car/pipeline.py") -> Origin:
    return Origin(stream, clock, unit, Span(file, line, 5, line, 20))


def slot(
    name: str, type_: Type, storage: Storage = Storage.LOCAL, initial: Any = None, where: Origin | None = None
) -> Slot:
    value: Const | Array | None = None
    if initial is not None and isinstance(type_, TensorType):
        value = Array.of(np.broadcast_to(np.asarray(initial), type_.shape), type_.element)
    elif initial is not None:
        assert not isinstance(type_, TensorType)
        value = Const(initial, type_)
    return Slot(name, type_, storage, value, where)


def inp(name: str, type_: Type, where: Origin | None = None) -> Slot:
    return slot(name, type_, Storage.INPUT, where=where)


def out(name: str, type_: Type, where: Origin | None = None) -> Slot:
    return slot(name, type_, Storage.OUTPUT, where=where)


def state(name: str, type_: Type, initial: Any = None, where: Origin | None = None) -> Slot:
    return slot(name, type_, Storage.STATE, initial, where)


def const(name: str, type_: Type, initial: Any, where: Origin | None = None) -> Slot:
    return slot(name, type_, Storage.CONSTANT, initial, where)


def lit(value: Any, type_: Element = F32) -> Literal:
    return Literal(Const(value, type_))


def at(what: Slot, *indices: Expr | int) -> Place:
    return Place(what, tuple(lit(i, I64) if isinstance(i, int) else i for i in indices))


def op(symbol: BinaryOp, left: Expr, right: Expr) -> Binary:
    return Binary(symbol, left, right)


def add(left: Expr, right: Expr) -> Binary:
    return Binary(BinaryOp.ADD, left, right)


def mul(left: Expr, right: Expr) -> Binary:
    return Binary(BinaryOp.MUL, left, right)


def less(left: Expr, right: Expr) -> Binary:
    return Binary(BinaryOp.LT, left, right)


def machine(
    name: str,
    inputs: tuple[Slot, ...],
    outputs: tuple[Slot, ...],
    body: tuple[Stmt, ...],
    *,
    states: tuple[Slot, ...] = (),
    constants: tuple[Slot, ...] = (),
    locals_: tuple[Slot, ...] = (),
    instances: tuple[Instance, ...] = (),
) -> Machine:
    where = Span.point("/home/user/car/pipeline.py", 1)
    return Machine(name, name, inputs, outputs, states, constants, locals_, instances, body, where)


def program(*machines: Machine) -> StepProgram:
    return StepProgram(machines, machines[-1].name)


def pid() -> StepProgram:
    """A controller with anti-windup: scalars, selection, several registers."""
    target = inp("v.set", F32, origin("v.set", 10, "100 Hz", "m/s"))
    actual = inp("v", F32, origin("v", 11, "100 Hz", "m/s"))
    command = out("cmd", F32, origin("cmd", 14, "100 Hz", "m/s^2"))
    integral = state("integral", F32, 0.0, origin("integral", 12, "100 Hz"))
    last = state("last", F32, -0.0, origin("last", 12, "100 Hz"))
    err = slot("err", F32, where=origin("err", 13, "100 Hz", "m/s"))
    raw = slot("raw", F32, where=origin("raw", 14))
    saturated = slot("saturated", BOOL, where=origin("saturated", 15))
    body: tuple[Stmt, ...] = (
        Assign(at(err), op(BinaryOp.SUB, at(target), at(actual)), origin("err", 13, "100 Hz", "m/s")),
        Assign(
            at(raw),
            add(add(mul(lit(0.8), at(err)), mul(lit(0.1), at(integral))), op(BinaryOp.SUB, at(err), at(last))),
            origin("raw", 14),
        ),
        Assign(
            at(saturated),
            op(BinaryOp.OR, less(at(raw), lit(-4.0)), op(BinaryOp.GT, at(raw), lit(2.0))),
            origin("saturated", 15),
        ),
        Assign(
            at(command),
            Select(less(at(raw), lit(-4.0)), lit(-4.0), Select(op(BinaryOp.GT, at(raw), lit(2.0)), lit(2.0), at(raw))),
            origin("cmd", 14, "100 Hz", "m/s^2"),
        ),
        If(
            Unary(UnaryOp.NOT, at(saturated)),
            (Assign(at(integral), add(at(integral), mul(at(err), lit(0.01))), origin("integral", 16)),),
        ),
        Assign(at(last), at(err), origin("last", 17)),
    )
    return program(
        machine("pid", (target, actual), (command,), body, states=(integral, last), locals_=(err, raw, saturated))
    )


def softsign() -> Function:
    x, magnitude = inp("x", F32), slot("magnitude", F32)
    return Function(
        "softsign",
        (x,),
        (),
        (Assign(at(magnitude), add(lit(1.0), Unary(UnaryOp.ABS, at(x)))),),
        op(BinaryOp.DIV, at(x), at(magnitude)),
    )


def layer(name: str, rows: int, columns: int, seed: int) -> Machine:
    """``y = softsign(W x + b)`` with the sum over the inputs outside, as vector units like it."""
    rng = np.random.default_rng(seed)
    x, y = inp("x", TensorType(F32, (columns,))), out("y", TensorType(F32, (rows,)))
    weight = const("w", TensorType(F32, (columns, rows)), rng.normal(size=(columns, rows)), origin("w", 30))
    bias = const("b", TensorType(F32, (rows,)), rng.normal(size=rows), origin("b", 31))
    i, j, k, m = LoopIndex("i"), LoopIndex("j"), LoopIndex("i"), LoopIndex("i")
    where = origin("y", 32)
    body: tuple[Stmt, ...] = (
        For(m, rows, (Assign(at(y, m), at(bias, m), where),)),
        For(
            j,
            columns,
            (For(i, rows, (Assign(at(y, i), add(at(y, i), mul(at(weight, j, i), at(x, j))), where),)),),
        ),
        For(k, rows, (Assign(at(y, k), Apply(softsign(), (at(y, k),)), where),)),
    )
    return machine(name, (x,), (y,), body, constants=(weight, bias))


def smoother() -> Machine:
    """A first-order filter: one scalar result, a register."""
    x, y = inp("x", F32), out("y", F32)
    last = state("last", F32, 0.5, origin("last", 40))
    body: tuple[Stmt, ...] = (
        Assign(at(last), add(mul(lit(0.9), at(last)), mul(lit(0.1), at(x))), origin("last", 40)),
        Assign(at(y), at(last), origin("y", 41)),
    )
    return machine("smoother", (x,), (y,), body, states=(last,))


def network() -> StepProgram:
    """Instances of several machines, one of them twice; a vector in and out, a periodic part, an output that waits."""
    x = inp("x", TensorType(F32, (3,)), origin("x", 50, "100 Hz"))
    y = out("y", F32, origin("y", 56, "50 Hz"))
    raw = out("raw", TensorType(F32, (4,)), origin("raw", 57, "50 Hz"))
    hidden = slot("hidden", TensorType(F32, (3,)), where=origin("hidden", 51))
    smooth_a, smooth_b = slot("smooth.a", F32), slot("smooth_a", F32)
    phase = state("phase", BOOL, initial=True)
    i = LoopIndex("i")
    body: tuple[Stmt, ...] = (
        For(i, 3, (Assign(at(hidden, i), mul(at(x, i), lit(0.25)), origin("hidden", 51)),)),
        Invoke("a", (at(x, 0),), (smooth_a,), origin("smooth.a", 52)),
        If(
            at(phase),
            (
                Invoke("net", (at(hidden),), (raw,), origin("raw", 53, "50 Hz")),
                Invoke("b", (at(raw, 1),), (smooth_b,), origin("smooth_a", 54)),
                Assign(at(y), add(at(smooth_a), at(smooth_b)), origin("y", 56, "50 Hz")),
            ),
        ),
        Assign(at(phase), Unary(UnaryOp.NOT, at(phase))),
    )
    instances = (Instance("net", "layer"), Instance("a", "smoother"), Instance("b", "smoother"))
    main = machine(
        "network", (x,), (y, raw), body, states=(phase,), locals_=(hidden, smooth_a, smooth_b), instances=instances
    )
    return program(layer("layer", 4, 3, 1), smoother(), main)


def modes() -> StepProgram:
    """An enumeration in input, output and state; a switch that leaves a constructor out; wrapping integers."""
    request = inp("request", MODE, origin("request", 60))
    mode = out("mode", MODE, origin("mode", 61))
    count = out("count", Scalar.I8, origin("count", 62))
    current = state("current", MODE, "OFF", origin("current", 63))
    ticks = state("ticks", Scalar.I8, 100, origin("ticks", 64))
    history = state("history", TensorType(I32, (2, 3)), np.arange(6).reshape(2, 3), origin("history", 65))
    i, j = LoopIndex("i"), LoopIndex("j")
    changed = op(BinaryOp.NE, at(request), at(current))
    body: tuple[Stmt, ...] = (
        If(changed, (Assign(at(ticks), lit(0, Scalar.I8)),), (Assign(at(ticks), add(at(ticks), lit(9, Scalar.I8))),)),
        Switch(
            at(request),
            (
                ("RAMP", (Assign(at(count), at(ticks), origin("count", 62)),)),
                ("OFF", (Assign(at(count), lit(-128, Scalar.I8), origin("count", 62)),)),
            ),
        ),
        For(i, 2, (For(j, 3, (Assign(at(history, i, j), add(at(history, i, j), lit(1 << 30, I32))),)),)),
        Assign(at(current), at(request), origin("current", 63)),
        Assign(at(mode), Select(op(BinaryOp.EQ, at(current), lit("HOLD", MODE)), lit("RAMP", MODE), at(current))),
    )
    return program(machine("modes", (request,), (mode, count), body, states=(current, ticks, history)))


def stateless() -> StepProgram:
    """No inputs, no memory."""
    y = out("y", I32, origin("y", 70))
    return program(machine("constant", (), (y,), (Assign(at(y), lit(-7, I32), origin("y", 70)),)))


ALL = {"pid": pid, "network": network, "modes": modes, "stateless": stateless}
