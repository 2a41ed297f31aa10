"""Printed step code: the golden text of the tests and of ``--dump``.

Rule: equal programs print to equal text, and everything that a back end may look at is in the text. ``in.``, ``out.``
and ``self.`` tell inputs, outputs and state from locals and constants; a long constant shows its first elements and a
digest of its bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import assert_never

import numpy as np

from syncml.ir.constants import Array, Const, dtype
from syncml.ir.step.syntax import (
    Apply,
    Assign,
    Binary,
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
from syncml.ir.step.traverse import functions
from syncml.ir.types import FLOATS, EnumType, Scalar, element, shape

_INDENT = "  "
_SHOWN = 8
"""How many elements of a constant array are written out."""

_PREFIX = {
    Storage.INPUT: "in.",
    Storage.OUTPUT: "out.",
    Storage.STATE: "self.",
    Storage.LOCAL: "",
    Storage.CONSTANT: "",
}


def print_step(program: StepProgram) -> str:
    """The whole program as text, ending in a newline."""
    lines: list[str] = []
    for enumeration in _enumerations(program):
        lines += [f"enum {enumeration.name} = {' | '.join(enumeration.constructors)}", ""]
    for function in functions(program):
        lines += [*_function(function), ""]
    for machine in program.machines:
        lines += [*print_machine(machine), ""]
    lines.append(f"main {program.main}")
    return "\n".join(lines) + "\n"


def print_machine(machine: Machine) -> list[str]:
    """The lines of one machine."""
    lines = [f"machine {machine.name}" + (f" external {machine.external}" if machine.external else "")]
    for slot in (*machine.inputs, *machine.outputs, *machine.state, *machine.constants, *machine.locals):
        lines.append(_INDENT + declaration(slot))
    lines += [
        f"{_INDENT}instance {i.name}: {i.machine}{'' if i.extent is None else f'[{i.extent}]'}"
        + (f"  # {i.names[0]} .. {i.names[-1]}" if i.names else "")
        for i in machine.instances
    ]
    lines.append(f"{_INDENT}step")
    lines += [_INDENT * 2 + line for line in print_statements(machine.body)]
    return lines


def print_statements(body: tuple[Stmt, ...]) -> list[str]:
    """The lines of statements; equal texts of one machine mean the same."""
    return [_INDENT * depth + text for depth, text in _statements(body)]


def declaration(slot: Slot) -> str:
    """One line that declares ``slot``, with its initial value and where it comes from."""
    text = f"{slot.storage.value} {slot.name}: {slot.type}"
    if slot.initial is not None:
        text += f" = {_value(slot.initial)}"
    if slot.origin is not None:
        unit = f" [{slot.origin.unit}]" if slot.origin.unit else ""
        text += f"  # {slot.origin.stream}{unit} :: {slot.origin.clock}"
    if slot.holds:
        text += "  # " + ", ".join(f"{held.name} at {held.offset}" for held in slot.holds)
    return text


def _enumerations(program: StepProgram) -> list[EnumType]:
    found: dict[EnumType, None] = {}
    for machine in program.machines:
        for slot in (*machine.inputs, *machine.outputs, *machine.state, *machine.constants, *machine.locals):
            kind = element(slot.type)
            if isinstance(kind, EnumType):
                found.setdefault(kind)
    return list(found)


def _function(function: Function) -> list[str]:
    parameters = ", ".join(f"{p.name}: {p.type}" for p in function.parameters)
    lines = [f"function {function.name}({parameters}): {function.result.type}"]
    lines += [_INDENT + declaration(table) for table in function.tables]
    lines += [f"{_INDENT}{a.target.slot.name}: {a.target.type} := {print_expr(a.value)}" for a in function.body]
    lines.append(f"{_INDENT}return {print_expr(function.result)}")
    return lines


def _statements(body: tuple[Stmt, ...]) -> Iterator[tuple[int, str]]:
    """Lines with their depth; an explicit stack, for control may nest as deep as clocks do."""
    stack: list[tuple[int, Stmt | str]] = [(0, stmt) for stmt in reversed(body)]
    while stack:
        depth, item = stack.pop()
        if isinstance(item, str):
            yield depth, item
            continue
        match item:
            case Assign():
                yield depth, f"{print_expr(item.target)} := {print_expr(item.value)}"
            case Invoke():
                index = "" if item.index is None else f"[{print_expr(item.index)}]"
                results = ", ".join(_PREFIX[r.storage] + r.name for r in item.results)
                yield depth, f"{results} := {item.instance}{index}({', '.join(map(print_expr, item.arguments))})"
            case Reset():
                yield depth, f"reset {item.instance}"
            case For():
                unrolled = " unrolled" if item.unroll else ""
                yield depth, f"for {item.index.name} < {item.count}{unrolled}"
                stack += [(depth + 1, s) for s in reversed(item.body)]
            case If():
                yield depth, f"if {print_expr(item.condition)}"
                if item.otherwise:
                    stack += [(depth + 1, s) for s in reversed(item.otherwise)]
                    stack.append((depth, "else"))
                stack += [(depth + 1, s) for s in reversed(item.then)]
            case Switch():
                yield depth, f"switch {print_expr(item.scrutinee)}"
                for name, block in reversed(item.cases):
                    stack += [(depth + 2, s) for s in reversed(block)]
                    stack.append((depth + 1, f"case {name}"))
            case _:
                assert_never(item)


def print_expr(expr: Expr) -> str:
    """An expression with parentheses around each nested operation."""
    match expr:
        case Literal():
            return _literal(expr.value)
        case LoopIndex():
            return expr.name
        case Place():
            indices = f"[{', '.join(map(print_expr, expr.indices))}]" if expr.indices else ""
            return f"{_PREFIX[expr.slot.storage]}{expr.slot.name}{indices}"
        case Unary(UnaryOp.NEG | UnaryOp.NOT, operand):
            return f"{expr.op.value}{_nested(operand)}"
        case Unary():
            return f"{expr.op.value}({print_expr(expr.operand)})"
        case Binary():
            return f"{_nested(expr.left)} {expr.op.value} {_nested(expr.right)}"
        case Select():
            return f"{_nested(expr.condition)} ? {_nested(expr.then)} : {_nested(expr.otherwise)}"
        case Convert():
            return f"{expr.to}({print_expr(expr.operand)})"
        case Bitcast():
            return f"bits_{expr.to}({print_expr(expr.operand)})"
        case Apply():
            return f"{expr.function.name}({', '.join(map(print_expr, expr.arguments))})"
        case _:
            assert_never(expr)


def _nested(expr: Expr) -> str:
    text = print_expr(expr)
    return f"({text})" if isinstance(expr, Binary | Select) else text


def _literal(value: Const) -> str:
    if isinstance(value.element, EnumType):
        return str(value.value)
    text = _number(value.machine(), value.element)
    # The two types that a reader takes a bare number for are left unsaid.
    return text if value.element in (Scalar.BOOL, Scalar.I64, Scalar.F64) else f"{text}{value.element}"


def _number(value: object, kind: Scalar | EnumType) -> str:
    if kind is Scalar.BOOL:
        return "true" if value else "false"
    if kind in FLOATS:
        return str(value)
    return str(int(value))  # pyright: ignore[reportArgumentType]


def _value(initial: Const | Array) -> str:
    if isinstance(initial, Const) and not isinstance(initial.value, Array):
        return _literal(initial)
    array = initial if isinstance(initial, Array) else initial.value
    assert isinstance(array, Array)
    numbers = array.numpy().reshape(-1)
    shown = [_number(x, array.element) for x in numbers[:_SHOWN]]
    extents = ", ".join(map(str, shape(initial.type) if isinstance(initial, Const) else array.shape))
    if len(numbers) <= _SHOWN:
        return f"[{', '.join(shown)}] as ({extents})"
    digest = sha256(np.ascontiguousarray(numbers, dtype=dtype(array.element)).tobytes()).hexdigest()[:12]
    return f"[{', '.join(shown)}, ...] as ({extents}) sha256:{digest}"
