"""Step code run statement by statement on NumPy scalars: slow, plain, and independent of every back end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from syncml.ir.constants import Array, Const, dtype
from syncml.ir.elementary.evaluate import evaluate
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
    Reset,
    Select,
    Slot,
    StepProgram,
    Stmt,
    Storage,
    Switch,
    Unary,
    UnaryOp,
)
from syncml.ir.types import BOOL, FLOATS, SIGNED, EnumType, Scalar, TensorType, element, shape

_BINARY = {
    BinaryOp.ADD: lambda x, y: x + y,
    BinaryOp.SUB: lambda x, y: x - y,
    BinaryOp.MUL: lambda x, y: x * y,
    BinaryOp.DIV: lambda x, y: x / y,
    BinaryOp.AND: lambda x, y: x & y,
    BinaryOp.OR: lambda x, y: x | y,
    BinaryOp.XOR: lambda x, y: x ^ y,
    BinaryOp.SHL: lambda x, y: x << y,
    BinaryOp.SHR: lambda x, y: x >> y,
    BinaryOp.EQ: lambda x, y: x == y,
    BinaryOp.NE: lambda x, y: x != y,
    BinaryOp.LT: lambda x, y: x < y,
    BinaryOp.LE: lambda x, y: x <= y,
    BinaryOp.GT: lambda x, y: x > y,
    BinaryOp.GE: lambda x, y: x >= y,
}


class StepMachine:
    """One instance of a machine, with its state and those of its instances."""

    def __init__(self, program: StepProgram, name: str = "") -> None:
        machines = {m.name: m for m in program.machines}
        self.machine: Machine = machines[name or program.main]
        self.memory: dict[Slot, Any] = {}
        for slot in (*self.machine.state, *self.machine.constants):
            self.memory[slot] = _initial(slot)
        for slot in (*self.machine.inputs, *self.machine.outputs):
            self.memory[slot] = _zero(slot)
        self.instances = {path: StepMachine(program, i.machine) for i in self.machine.instances for path in i.paths}
        self.paths = {i.name: i.paths for i in self.machine.instances}
        self.indices: dict[LoopIndex, int] = {}

    def step(self, *inputs: Any) -> list[Any]:
        """One tick; the outputs, copied."""
        for slot in self.machine.locals:
            # A local that is read before it is written must show: poison, not the value of the last tick.
            self.memory[slot] = _poison(slot)
        for slot, value in zip(self.machine.inputs, inputs, strict=True):
            self.memory[slot] = value
        with np.errstate(all="ignore"):
            self._block(self.machine.body)
        return [np.copy(self.memory[s])[()] for s in self.machine.outputs]

    def initialise(self) -> None:
        """Back to the initial state."""
        for slot in self.machine.state:
            self.memory[slot] = _initial(slot)
        for instance in self.instances.values():
            instance.initialise()

    def state(self) -> dict[str, Any]:
        """Registers by path."""
        found = {slot.name: self.memory[slot] for slot in self.machine.state}
        for name, instance in self.instances.items():
            found |= {f"{name}.{leaf}": value for leaf, value in instance.state().items()}
        return found

    def _block(self, body: tuple[Stmt, ...]) -> None:
        for stmt in body:
            match stmt:
                case Assign():
                    value = self.value(stmt.value)
                    assert np.asarray(value).dtype == dtype(stmt.target.type), (stmt, value)
                    self._write(stmt.target, value)
                case If():
                    self._block(stmt.then if self.value(stmt.condition) else stmt.otherwise)
                case Switch():
                    kind = stmt.scrutinee.type
                    assert isinstance(kind, EnumType)
                    chosen = kind.constructors[int(self.value(stmt.scrutinee))]
                    self._block(dict(stmt.cases).get(chosen, ()))
                case For():
                    for i in range(stmt.count):
                        self.indices[stmt.index] = i
                        self._block(stmt.body)
                case Reset():
                    for path in self.paths[stmt.instance]:
                        self.instances[path].initialise()
                case Invoke():
                    arguments = [
                        self.memory[a.slot] if isinstance(a, Place) and not a.indices else self.value(a)
                        for a in stmt.arguments
                    ]
                    path = self.paths[stmt.instance][0 if stmt.index is None else int(self.value(stmt.index))]
                    for slot, value in zip(stmt.results, self.instances[path].step(*arguments), strict=True):
                        self.memory[slot] = value

    def _write(self, place: Place, value: Any) -> None:
        if place.indices:
            self.memory[place.slot][tuple(int(self.value(i)) for i in place.indices)] = value
        else:
            self.memory[place.slot] = value

    def value(self, expr: Expr) -> Any:
        """The value of an expression."""
        match expr:
            case Literal():
                return expr.value.machine()
            case LoopIndex():
                return np.int64(self.indices[expr])
            case Place():
                held = self.memory[expr.slot]
                assert held is not None, f"{expr.slot.name} is read before it is written"
                return held[tuple(int(self.value(i)) for i in expr.indices)] if expr.indices else held
            case Unary():
                x = self.value(expr.operand)
                match expr.op:
                    case UnaryOp.NEG:
                        return -x
                    case UnaryOp.NOT:
                        return ~x
                    case UnaryOp.ABS:
                        return np.abs(x)
                    case UnaryOp.SQRT:
                        return np.sqrt(x)
            case Binary():
                return self._binary(expr)
            case Select():
                return self.value(expr.then) if self.value(expr.condition) else self.value(expr.otherwise)
            case Convert():
                x = self.value(expr.operand)
                assert expr.to is not BOOL
                if expr.operand.type in FLOATS and expr.to not in FLOATS:
                    assert (
                        np.isfinite(x) and np.iinfo(dtype(expr.to)).min <= np.trunc(x) <= np.iinfo(dtype(expr.to)).max
                    )
                return x.astype(dtype(expr.to))
            case Bitcast():
                return self.value(expr.operand).view(dtype(expr.to))
            case Apply():
                return evaluate(expr.function, *(self.value(a) for a in expr.arguments))

    def _binary(self, expr: Binary) -> Any:
        x, y = self.value(expr.left), self.value(expr.right)
        if expr.op in (BinaryOp.QUOT, BinaryOp.REM):
            low = np.iinfo(x.dtype).min
            assert y != 0 and not (expr.left.type in SIGNED and x == low and y == -1), "an unguarded division"
            quotient = abs(int(x)) // abs(int(y)) * (1 if (x < 0) == (y < 0) else -1)
            return x.dtype.type(quotient if expr.op is BinaryOp.QUOT else int(x) - quotient * int(y))
        if expr.op in (BinaryOp.SHL, BinaryOp.SHR):
            assert 0 <= y < x.itemsize * 8, "an unguarded shift"
        return _BINARY[expr.op](x, y)


def _initial(slot: Slot) -> Any:
    value = slot.initial
    held = value.numpy() if isinstance(value, Array) else value.machine() if isinstance(value, Const) else None
    return np.array(held) if isinstance(slot.type, TensorType) else held


def _zero(slot: Slot) -> Any:
    kind = dtype(element(slot.type))
    return np.zeros(shape(slot.type), dtype=kind) if isinstance(slot.type, TensorType) else kind.type(0)


def _poison(slot: Slot) -> Any:
    """Nothing for a scalar; for a tensor a pattern that no test computes."""
    if slot.storage is Storage.LOCAL and isinstance(slot.type, TensorType):
        return np.full(shape(slot.type), 77, dtype=dtype(element(slot.type)))
    return None


def run(program: StepProgram, inputs: Mapping[str, Any], steps: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Outputs and state after every step, as arrays whose first axis is the step."""
    main = StepMachine(program)
    outputs: list[dict[str, Any]] = []
    states: list[dict[str, Any]] = []
    for k in range(steps):
        results = main.step(*(inputs[slot.name][k] for slot in main.machine.inputs))
        outputs.append(dict(zip((slot.name for slot in main.machine.outputs), results, strict=True)))
        states.append({name: np.copy(value) for name, value in main.state().items()})
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
