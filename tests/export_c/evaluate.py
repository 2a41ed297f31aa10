"""A tiny evaluator of step code, independent of the C back end: NumPy scalars, statement by statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

import numpy as np

from syncml.ir.constants import Array, dtype, zero
from syncml.ir.elementary.evaluate import evaluate as evaluate_function
from syncml.ir.step.syntax import (
    Apply,
    Assign,
    Binary,
    BinaryOp,
    Bitcast,
    Convert,
    Expr,
    For,
    If,
    Invoke,
    Literal,
    LoopIndex,
    Machine,
    Place,
    Select,
    Slot,
    StepProgram,
    Stmt,
    Switch,
    Unary,
    UnaryOp,
)
from syncml.ir.types import BOOL, EnumType, Scalar, TensorType, element, shape


def _start(slot: Slot) -> Any:
    initial = zero(slot.type) if slot.initial is None else slot.initial
    value = initial.numpy() if isinstance(initial, Array) else initial.machine()
    return np.array(np.broadcast_to(value, shape(slot.type)), dtype=dtype(element(slot.type)))


class Run:
    """One instance of a machine: every slot as an array (of rank 0 for a scalar)."""

    def __init__(self, program: StepProgram, machine: Machine) -> None:
        self.machine = machine
        kept = (*machine.state, *machine.constants, *machine.outputs, *machine.locals, *machine.inputs)
        self.values: dict[Slot, Any] = {slot: _start(slot) for slot in kept}
        by_name = {m.name: m for m in program.machines}
        self.instances = {i.name: Run(program, by_name[i.machine]) for i in machine.instances}

    def step(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        for slot in self.machine.inputs:
            self.values[slot][...] = inputs[slot.name]
        with np.errstate(all="ignore"):
            self._block(self.machine.body, {})
        return {slot.name: self.values[slot].copy() for slot in self.machine.outputs}

    def state(self, path: str = "") -> dict[str, Any]:
        found = {path + slot.name: self.values[slot].copy() for slot in self.machine.state}
        for name, instance in self.instances.items():
            found.update(instance.state(f"{path}{name}."))
        return found

    def _block(self, body: tuple[Stmt, ...], counters: dict[LoopIndex, int]) -> None:
        for stmt in body:
            match stmt:
                case Assign():
                    indices = tuple(int(self._value(i, counters)) for i in stmt.target.indices)
                    self.values[stmt.target.slot][indices] = self._value(stmt.value, counters)
                case If():
                    self._block(stmt.then if self._value(stmt.condition, counters) else stmt.otherwise, counters)
                case Switch():
                    kind = stmt.scrutinee.type
                    assert isinstance(kind, EnumType)
                    chosen = kind.constructors[int(self._value(stmt.scrutinee, counters))]
                    for name, inner in stmt.cases:
                        if name == chosen:
                            self._block(inner, counters)
                case For():
                    for k in range(stmt.count):
                        self._block(stmt.body, {**counters, stmt.index: k})
                case Invoke():
                    self._invoke(stmt, counters)
                case _:
                    assert_never(stmt)

    def _invoke(self, stmt: Invoke, counters: dict[LoopIndex, int]) -> None:
        instance = self.instances[stmt.instance]
        values: dict[str, Any] = {}
        for slot, argument in zip(instance.machine.inputs, stmt.arguments, strict=True):
            whole = isinstance(argument, Place) and isinstance(argument.slot.type, TensorType) and not argument.indices
            values[slot.name] = self.values[argument.slot].copy() if whole else self._value(argument, counters)
        instance.step(values)
        for target, slot in zip(stmt.results, instance.machine.outputs, strict=True):
            self.values[target][...] = instance.values[slot]

    def _value(self, expr: Expr, counters: dict[LoopIndex, int]) -> Any:
        match expr:
            case Literal():
                return expr.value.machine()
            case LoopIndex():
                return np.int64(counters[expr])
            case Place():
                return self.values[expr.slot][tuple(int(self._value(i, counters)) for i in expr.indices)][()]
            case Unary():
                return unary(expr.op, self._value(expr.operand, counters))
            case Binary():
                return binary(expr.op, self._value(expr.left, counters), self._value(expr.right, counters))
            case Select():
                chosen = expr.then if self._value(expr.condition, counters) else expr.otherwise
                return self._value(chosen, counters)
            case Convert():
                return dtype(expr.to).type(np.asarray(self._value(expr.operand, counters)).astype(dtype(expr.to)))
            case Bitcast():
                return np.asarray(self._value(expr.operand, counters)).view(dtype(expr.to))[()]
            case Apply():
                return evaluate_function(expr.function, *(self._value(a, counters) for a in expr.arguments))
            case _:
                assert_never(expr)


def unary(op: UnaryOp, value: Any) -> Any:
    match op:
        case UnaryOp.NEG:
            return np.negative(value)
        case UnaryOp.NOT:
            return np.invert(value)
        case UnaryOp.ABS:
            return np.abs(value)
        case UnaryOp.SQRT:
            return np.sqrt(value)


def binary(op: BinaryOp, a: Any, b: Any) -> Any:
    """The value of ``a op b``; quotients truncate, as in C."""
    match op:
        case BinaryOp.QUOT | BinaryOp.REM:
            quotient = abs(int(a)) // abs(int(b))
            if (a < 0) != (b < 0):
                quotient = -quotient
            return type(a)(quotient if op is BinaryOp.QUOT else int(a) - quotient * int(b))
        case _:
            result = _NUMPY[op](a, b)
            return result if op in _COMPARING else type(a)(result)


_COMPARING = {BinaryOp.EQ, BinaryOp.NE, BinaryOp.LT, BinaryOp.LE, BinaryOp.GT, BinaryOp.GE}
_NUMPY: dict[BinaryOp, Any] = {
    BinaryOp.ADD: np.add, BinaryOp.SUB: np.subtract, BinaryOp.MUL: np.multiply, BinaryOp.DIV: np.divide,
    BinaryOp.AND: np.bitwise_and, BinaryOp.OR: np.bitwise_or, BinaryOp.XOR: np.bitwise_xor,
    BinaryOp.SHL: np.left_shift, BinaryOp.SHR: np.right_shift, BinaryOp.EQ: np.equal, BinaryOp.NE: np.not_equal,
    BinaryOp.LT: np.less, BinaryOp.LE: np.less_equal, BinaryOp.GT: np.greater, BinaryOp.GE: np.greater_equal,
}  # fmt: skip


def run(program: StepProgram, inputs: Mapping[str, Any], steps: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Outputs and state after every step, as arrays whose first axis is the step."""
    main = Run(program, program.machines[-1])
    outputs: list[dict[str, Any]] = []
    states: list[dict[str, Any]] = []
    for k in range(steps):
        outputs.append(main.step({name: values[k] for name, values in inputs.items()}))
        states.append(main.state())
    stacked = [
        {name: np.stack([tick[name] for tick in ticks]) for name in ticks[0]} if ticks else {}
        for ticks in (outputs, states)
    ]
    return stacked[0], stacked[1]


def random_inputs(program: StepProgram, steps: int, seed: int) -> dict[str, Any]:
    """Values for every input, special ones among them."""
    rng = np.random.default_rng(seed)
    return {
        slot.name: random_values(element(slot.type), (steps, *shape(slot.type)), rng)
        for slot in program.machines[-1].inputs
    }


def random_values(kind: Scalar | EnumType, extents: tuple[int, ...], rng: np.random.Generator) -> Any:
    if isinstance(kind, EnumType):
        return rng.integers(len(kind.constructors), size=extents, dtype=np.int32)
    if kind is BOOL:
        return rng.integers(2, size=extents).astype(np.bool_)
    wanted = dtype(kind)
    if wanted.kind == "f":
        ordinary = rng.normal(scale=3.0, size=extents).astype(wanted)
        special = rng.choice(np.array([0.0, -0.0, 1.0, np.inf, -np.inf, np.nan, 1e-42, 3e38], wanted), size=extents)
        return np.where(rng.random(extents) < 0.1, special, ordinary).astype(wanted)
    limits = np.iinfo(wanted)
    small = rng.integers(0, 5, size=extents).astype(wanted)
    return np.where(
        rng.random(extents) < 0.3,
        small,
        rng.integers(limits.min, limits.max, size=extents, dtype=wanted, endpoint=True),
    )
