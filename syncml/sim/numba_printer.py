"""Step code as a Python module that Numba compiles: one scenario, every output of every tick.

Rule: each operation of step code is one operation of its width (`syncml.sim.numba_intrinsics`), in the same order.
Within the loop over ticks scalars are Python locals, which become registers, and tensors are arrays on the stack, which
nothing else can overlap; state is loaded before the loop and stored after it. Weights are handed in as arrays.

The module's function takes the number of ticks and flat arrays, one for each use (inputs, outputs, state, constants,
scratch) and machine type; `Layout` says where each slot lies in them. Inputs and outputs have one row for each tick.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import assert_never

from syncml.diagnostics.model import InternalFault
from syncml.ir.constants import Const
from syncml.ir.step.syntax import (
    Apply,
    Assign,
    Binary,
    BinaryOp,
    Bitcast,
    Convert,
    Expr,
    For,
    Function,
    If,
    Invoke,
    Literal,
    LoopIndex,
    Machine,
    Place,
    Select,
    Slot,
    Stmt,
    Storage,
    Switch,
    Unary,
    UnaryOp,
)
from syncml.ir.step.traverse import machine_functions, statements, writes
from syncml.ir.types import BOOL, FLOATS, I64, MACHINE_INTEGERS, Element, EnumType, Scalar, TensorType, element, size

ON_STACK = 4096
"""The most elements of a tensor that is kept on the stack; larger ones stay in the arrays that are handed in."""

STACK_BYTES = 256 * 1024
"""The most bytes of all tensors on the stack together."""

_LETTER = {
    Storage.INPUT: "i",
    Storage.OUTPUT: "o",
    Storage.STATE: "s",
    Storage.CONSTANT: "k",
    Storage.LOCAL: "l",
}

_USES = ("inputs", "outputs", "state", "constants", "scratch")
_USE = dict(zip((Storage.INPUT, Storage.OUTPUT, Storage.STATE, Storage.CONSTANT, Storage.LOCAL), _USES, strict=True))

_INTEGER = {BinaryOp.ADD: "add", BinaryOp.SUB: "sub", BinaryOp.MUL: "mul"}
_NAMED = {
    BinaryOp.QUOT: "quot",
    BinaryOp.REM: "rem",
    BinaryOp.AND: "and_",
    BinaryOp.OR: "or_",
    BinaryOp.XOR: "xor",
    BinaryOp.SHL: "shl",
    BinaryOp.SHR: "shr",
}
_UNARY = {UnaryOp.NEG: "negate", UnaryOp.NOT: "invert", UnaryOp.ABS: "absolute", UnaryOp.SQRT: "root"}


def machine_name(kind: Element) -> str:
    """The name of the machine type of an element in generated code; Booleans are bytes in arrays."""
    return "i32" if isinstance(kind, EnumType) else str(kind)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where slots lie.

    Attributes:
        arguments: The arrays of the generated function in order, as (use, machine type).
        length: The elements of each array; of one row, for inputs and outputs.
        offset: The first element of each slot in the array of its storage and type.
    """

    arguments: tuple[tuple[str, str], ...]
    length: dict[tuple[str, str], int]
    offset: dict[Slot, int]


def layout_of(machine: Machine) -> Layout:
    """The layout of a machine without instances."""
    length: dict[tuple[str, str], int] = {}
    offset: dict[Slot, int] = {}
    groups = (machine.inputs, machine.outputs, machine.state, machine.constants, machine.locals)
    for slot in (s for group in groups for s in group):
        if slot.storage is Storage.LOCAL and not isinstance(slot.type, TensorType):
            continue
        key = (_USE[slot.storage], machine_name(element(slot.type)))
        offset[slot] = length.get(key, 0)
        length[key] = offset[slot] + size(slot.type)
    arguments = tuple(sorted(length, key=lambda k: (_USES.index(k[0]), k[1])))
    return Layout(arguments, length, offset)


_FAMILY = {"i": "int", "u": "uint", "f": "float"}


def numba_type(name: str) -> str:
    """The name that NumPy and Numba have for a machine type in an array."""
    return "uint8" if name == "bool" else _FAMILY[name[0]] + name[1:]


def print_module(machine: Machine, layout: Layout) -> str:
    """The source of the module for ``machine``; its function is ``run``.

    Raises:
        InternalFault: the machine has instances; inline them first.
    """
    if machine.instances:
        raise InternalFault(f"{machine.name} has instances, which the Numba printer expects to be inlined")
    return _Printer(machine, layout).module()


class _Printer:
    def __init__(self, machine: Machine, layout: Layout) -> None:
        self._machine = machine
        self._layout = layout
        self._names: dict[Slot, str] = {}
        self._functions: dict[Function, str] = {}
        self._counters: dict[LoopIndex, str] = {}
        self._used: set[str] = set()
        self._constants: dict[str, str] = {}
        self._lines: list[str] = []
        self._depth = 0
        self._on_stack = _fits_stack(machine)

    def module(self) -> str:
        """The whole source."""
        functions = machine_functions(self._machine)
        for function in functions:
            self._functions[function] = self._unique(f"f_{function.name}")
        for function in functions:
            self._function(function)
        self._run()
        constants = [f"{name} = {text}" for text, name in self._constants.items()]
        head = [
            '"""Generated from step code; any change is lost."""',
            "import numpy as np",
            "from numba import njit",
            "from syncml.sim.numba_intrinsics import *",
            "",
            *constants,
        ]
        return "\n".join([*head, *self._lines]) + "\n"

    # Lines and names.

    def _put(self, text: str) -> None:
        self._lines.append("    " * self._depth + text)

    def _unique(self, name: str) -> str:
        plain = re.sub(r"\W", "_", name)
        unique, number = plain, 1
        while unique in self._used or keyword.iskeyword(unique):
            number += 1
            unique = f"{plain}_{number}"
        self._used.add(unique)
        return unique

    def _name(self, slot: Slot) -> str:
        if slot not in self._names:
            self._names[slot] = self._unique(f"{_LETTER[slot.storage]}_{slot.name}")
        return self._names[slot]

    # Functions.

    def _function(self, function: Function) -> None:
        if function.tables:
            raise InternalFault(f"{function.name} has tables, which the Numba printer does not print")
        parameters = ", ".join(map(self._name, function.parameters))
        self._lines += ["", '@njit(error_model="numpy", fastmath=False, forceinline=True)']
        self._put(f"def {self._functions[function]}({parameters}):")
        self._depth += 1
        for assign in function.body:
            self._put(f"{self._name(assign.target.slot)} = {self._expr(assign.value)}")
        self._put(f"return {self._expr(function.result)}")
        self._depth -= 1

    # The step function.

    def _run(self) -> None:
        arrays = [f"{use}_{kind}" for use, kind in self._layout.arguments]
        types = ["int64", *(f"{numba_type(kind)}[::1]" for _, kind in self._layout.arguments)]
        options = 'cache=True, nogil=True, error_model="numpy", fastmath=False'
        self._lines += ["", f'@njit("void({", ".join(types)})", {options})']
        self._put(f"def run({', '.join(['ticks', *arrays])}):")
        self._depth += 1
        for array in arrays:
            self._put(f"p_{array} = pointer({array})")
        self._before()
        self._put("for tick in range(ticks):")
        self._depth += 1
        self._row_starts()
        self._undefined_locals()
        self._block(self._machine.body)
        self._row_ends()
        self._put("pass")
        self._depth -= 1
        self._after()
        self._put("return")
        self._depth -= 1

    def _array(self, slot: Slot) -> str:
        return f"p_{_USE[slot.storage]}_{machine_name(element(slot.type))}"

    def _row(self, slot: Slot) -> str:
        """The variable that points to this tick's row of an input or output."""
        return f"r_{_USE[slot.storage]}_{machine_name(element(slot.type))}"

    def _before(self) -> None:
        """State, constants and scratch, once for all ticks."""
        machine, offset = self._machine, self._layout.offset
        for slot in (*machine.constants, *machine.locals):
            if slot not in offset:
                continue
            if slot in self._on_stack:
                self._put(f"{self._name(slot)} = stack({self._array(slot)}, {size(slot.type)})")
            else:
                self._put(f"{self._name(slot)} = advance({self._array(slot)}, {offset[slot]})")
        for slot in machine.outputs:
            if slot in self._on_stack:
                self._put(f"{self._name(slot)} = stack({self._array(slot)}, {size(slot.type)})")
                self._each(slot, lambda i, slot=slot: self._store(slot, i, self._zero(slot)))
            elif not isinstance(slot.type, TensorType):
                self._put(f"{self._name(slot)} = {self._zero(slot)}")
        for slot in machine.state:
            start = offset[slot]
            if not isinstance(slot.type, TensorType):
                self._put(f"{self._name(slot)} = {self._load(slot, self._array(slot), str(start))}")
            elif slot in self._on_stack:
                self._put(f"{self._name(slot)} = stack({self._array(slot)}, {size(slot.type)})")
                self._each(
                    slot,
                    lambda i, slot=slot, start=start: self._store(
                        slot, i, self._load(slot, self._array(slot), f"{start} + {i}")
                    ),
                )
            else:
                self._put(f"{self._name(slot)} = advance({self._array(slot)}, {start})")

    def _after(self) -> None:
        """State back to its arrays."""
        for slot in self._machine.state:
            start = self._layout.offset[slot]
            if not isinstance(slot.type, TensorType):
                self._put(self._store_to(slot, self._array(slot), str(start), self._name(slot)))
            elif slot in self._on_stack:
                self._each(
                    slot,
                    lambda i, slot=slot, start=start: self._store_to(
                        slot, self._array(slot), f"{start} + {i}", self._load(slot, self._name(slot), i)
                    ),
                )

    def _row_starts(self) -> None:
        """Inputs of this tick, and outputs that are written in place."""
        length = self._layout.length
        for use, kind in self._layout.arguments:
            if use in ("inputs", "outputs"):
                self._put(f"r_{use}_{kind} = advance(p_{use}_{kind}, tick * {length[use, kind]})")
        for slot in self._machine.inputs:
            start = self._layout.offset[slot]
            if isinstance(slot.type, TensorType):
                self._put(f"{self._name(slot)} = advance({self._row(slot)}, {start})")
            else:
                self._put(f"{self._name(slot)} = {self._load(slot, self._row(slot), str(start))}")
        for slot in self._machine.outputs:
            if isinstance(slot.type, TensorType) and slot not in self._on_stack:
                self._put(f"{self._name(slot)} = advance({self._row(slot)}, {self._layout.offset[slot]})")

    def _row_ends(self) -> None:
        """Outputs of this tick."""
        for slot in self._machine.outputs:
            start = self._layout.offset[slot]
            if not isinstance(slot.type, TensorType):
                self._put(self._store_to(slot, self._row(slot), str(start), self._name(slot)))
            elif slot in self._on_stack:
                self._each(
                    slot,
                    lambda i, slot=slot, start=start: self._store_to(
                        slot, self._row(slot), f"{start} + {i}", self._load(slot, self._name(slot), i)
                    ),
                )

    def _undefined_locals(self) -> None:
        """Numba wants to see a value for every variable on every path; those written on all paths have one."""
        always: set[Slot] = set()
        for stmt in self._machine.body:
            always.update(writes(stmt))
        declared: set[Slot] = set()
        for stmt in statements(self._machine.body):
            for slot in writes(stmt):
                if slot.storage is Storage.LOCAL and slot not in always and slot not in declared:
                    declared.add(slot)
                    if not isinstance(slot.type, TensorType):
                        self._put(f"{self._name(slot)} = {self._zero(slot)}")

    def _each(self, slot: Slot, statement: Callable[[str], str]) -> None:
        self._put(f"for e in range({size(slot.type)}):")
        self._put(f"    {statement('e')}")

    # Elements.

    def _load(self, slot: Slot, pointer: str, index: str) -> str:
        return f"{'load_bool' if element(slot.type) is BOOL else 'load'}({pointer}, {index})"

    def _store(self, slot: Slot, index: str, value: str) -> str:
        return self._store_to(slot, self._name(slot), index, value)

    def _store_to(self, slot: Slot, pointer: str, index: str, value: str) -> str:
        return f"{'store_bool' if element(slot.type) is BOOL else 'store'}({pointer}, {index}, {value})"

    def _zero(self, slot: Slot) -> str:
        kind = element(slot.type)
        if isinstance(kind, EnumType):
            return self._literal(Const(kind.constructors[0], kind))
        return self._literal(Const(False if kind is BOOL else 0, kind))

    # Statements.

    def _block(self, body: Iterable[Stmt]) -> None:
        for stmt in body:
            self._statement(stmt)

    def _inner(self, body: tuple[Stmt, ...]) -> None:
        self._depth += 1
        self._block(body)
        if not body:
            self._put("pass")
        self._depth -= 1

    def _statement(self, stmt: Stmt) -> None:
        match stmt:
            case Assign():
                value, slot = self._expr(stmt.value), stmt.target.slot
                if stmt.target.indices:
                    self._put(self._store(slot, self._index(stmt.target), value))
                else:
                    self._put(f"{self._name(slot)} = {value}")
            case If():
                self._put(f"if {self._expr(stmt.condition)}:")
                self._inner(stmt.then)
                if stmt.otherwise:
                    self._put("else:")
                    self._inner(stmt.otherwise)
            case Switch():
                self._switch(stmt)
            case For():
                self._counters[stmt.index] = counter = f"n_{stmt.index.name}"
                self._put(f"for {counter} in range({stmt.count}):")
                self._inner(stmt.body)
            case Invoke():
                raise InternalFault("an instance outlived inlining")
            case _:
                assert_never(stmt)

    def _switch(self, stmt: Switch) -> None:
        kind = stmt.scrutinee.type
        assert isinstance(kind, EnumType)
        scrutinee = self._expr(stmt.scrutinee)
        for number, (name, block) in enumerate(stmt.cases):
            word = "if" if number == 0 else "elif"
            self._put(f"{word} {scrutinee} == {self._literal(Const(name, kind))}:")
            self._inner(block)

    # Expressions.

    def _index(self, place: Place) -> str:
        """The row-major offset of an element."""
        type_ = place.slot.type
        assert isinstance(type_, TensorType)
        terms: list[str] = []
        constant, stride = 0, 1
        for extent, i in zip(reversed(type_.shape), reversed(place.indices), strict=True):
            if isinstance(i, Literal):
                constant += int(i.value.machine()) * stride
            else:
                terms.append(self._expr(i) if stride == 1 else f"{self._expr(i)} * {stride}")
            stride *= extent
        if constant or not terms:
            terms.append(str(constant))
        return " + ".join(terms)

    def _expr(self, expr: Expr) -> str:
        match expr:
            case Literal():
                return self._literal(expr.value)
            case LoopIndex():
                return self._counters[expr]
            case Place():
                if expr.indices:
                    return self._load(expr.slot, self._name(expr.slot), self._index(expr))
                return self._name(expr.slot)
            case Unary():
                return f"{_UNARY[expr.op]}({self._expr(expr.operand)})"
            case Binary():
                return self._binary(expr)
            case Select():
                parts = (expr.condition, expr.then, expr.otherwise)
                return f"select({', '.join(map(self._expr, parts))})"
            case Convert():
                return f"convert_{machine_name(expr.to)}({self._expr(expr.operand)})"
            case Bitcast():
                return f"bits_{machine_name(expr.to)}({self._expr(expr.operand)})"
            case Apply():
                return f"{self._functions[expr.function]}({', '.join(map(self._expr, expr.arguments))})"
            case _:
                assert_never(expr)

    def _binary(self, expr: Binary) -> str:
        left, right, kind = self._expr(expr.left), self._expr(expr.right), expr.left.type
        if expr.op in _NAMED:
            return f"{_NAMED[expr.op]}({left}, {right})"
        if kind is BOOL:
            return f"{'equal' if expr.op is BinaryOp.EQ else 'not_equal'}({left}, {right})"
        if expr.op in _INTEGER and kind in MACHINE_INTEGERS and kind is not I64:
            return f"{_INTEGER[expr.op]}({left}, {right})"
        return f"({left} {expr.op.value} {right})"

    def _literal(self, value: Const) -> str:
        """A literal of Python where Numba gives it the right type, else a constant of the module."""
        kind = value.element
        if kind is BOOL:
            return "True" if value.value else "False"
        machine = value.machine()
        if kind is I64:
            return str(int(machine))
        name = "int32" if isinstance(kind, EnumType) else machine.dtype.name
        text = _float_text(float(machine)) if kind in FLOATS else str(int(machine))
        source = f"np.{name}({text})"
        if source not in self._constants:
            self._constants[source] = self._unique(f"C{len(self._constants)}")
        return self._constants[source]


def _float_text(value: float) -> str:
    """An expression for exactly ``value``; every finite float reads back from its shortest text."""
    if value != value:
        return "np.nan"
    if value in (float("inf"), float("-inf")):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(value)


def _fits_stack(machine: Machine) -> set[Slot]:
    """The tensors that are kept on the stack: small ones, as long as there is room."""
    chosen: set[Slot] = set()
    room = STACK_BYTES
    for slot in (*machine.locals, *machine.state, *machine.outputs):
        if not isinstance(slot.type, TensorType) or size(slot.type) > ON_STACK:
            continue
        kind = element(slot.type)
        width = 8 if kind in (I64, Scalar.U64, Scalar.F64) else 4
        if size(slot.type) * width <= room:
            room -= size(slot.type) * width
            chosen.add(slot)
    return chosen
