"""Walking step code: the parts of expressions and statements, in order, and rebuilding them.

Rule: nothing here recurses on the length of a program, and every walk visits parts in the order in which they are
evaluated. Expressions are shallow (the lowering bounds them), so mapping over one may recurse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import assert_never

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
    Switch,
    Unary,
)


def operands(expr: Expr) -> tuple[Expr, ...]:
    """The direct sub-expressions; the indices of a place."""
    match expr:
        case Literal() | LoopIndex():
            return ()
        case Place():
            return expr.indices
        case Unary() | Convert() | Bitcast():
            return (expr.operand,)
        case Binary():
            return (expr.left, expr.right)
        case Select():
            return (expr.condition, expr.then, expr.otherwise)
        case Apply():
            return expr.arguments
        case _:
            assert_never(expr)


def rebuild(expr: Expr, parts: tuple[Expr, ...]) -> Expr:
    """``expr`` with its direct sub-expressions replaced by ``parts``."""
    match expr:
        case Literal() | LoopIndex():
            return expr
        case Place():
            return Place(expr.slot, parts)
        case Unary():
            return Unary(expr.op, parts[0])
        case Convert():
            return Convert(parts[0], expr.to)
        case Bitcast():
            return Bitcast(parts[0], expr.to)
        case Binary():
            return Binary(expr.op, parts[0], parts[1])
        case Select():
            return Select(parts[0], parts[1], parts[2])
        case Apply():
            return Apply(expr.function, parts)
        case _:
            assert_never(expr)


def walk(expr: Expr) -> Iterator[Expr]:
    """``expr`` and all its sub-expressions, outermost first, left to right."""
    stack = [expr]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(operands(top)))


def map_expr(change: Callable[[Expr], Expr | None], expr: Expr) -> Expr:
    """``expr`` with each outermost part for which ``change`` gives a replacement replaced by it."""
    changed = change(expr)
    if changed is not None:
        return changed
    parts = operands(expr)
    new = tuple(map_expr(change, part) for part in parts)
    return expr if all(a is b for a, b in zip(parts, new, strict=True)) else rebuild(expr, new)


def map_stmt(change: Callable[[Expr], Expr | None], stmt: Stmt) -> Stmt:
    """``stmt`` with `map_expr` applied to all expressions in it, but not to what is assigned."""

    def changed(block: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
        return tuple(_map_own(change, each) for each in block)

    return map_blocks(changed, (stmt,))[0]


def _map_own(change: Callable[[Expr], Expr | None], stmt: Stmt) -> Stmt:
    match stmt:
        case Assign():
            indices = tuple(map_expr(change, index) for index in stmt.target.indices)
            return replace(stmt, target=Place(stmt.target.slot, indices), value=map_expr(change, stmt.value))
        case If():
            return replace(stmt, condition=map_expr(change, stmt.condition))
        case Switch():
            return replace(stmt, scrutinee=map_expr(change, stmt.scrutinee))
        case Invoke():
            index = None if stmt.index is None else map_expr(change, stmt.index)
            return replace(stmt, arguments=tuple(map_expr(change, a) for a in stmt.arguments), index=index)
        case For() | Reset():
            return stmt


def with_expressions(stmt: Stmt, change: Callable[[Expr], Expr | None]) -> Stmt:
    """``stmt`` with `map_expr` applied to its own expressions, and to what is assigned."""
    match stmt:
        case Assign():
            target = map_expr(change, stmt.target)
            assert isinstance(target, Place)
            return replace(stmt, target=target, value=map_expr(change, stmt.value))
        case If():
            return replace(stmt, condition=map_expr(change, stmt.condition))
        case Switch():
            return replace(stmt, scrutinee=map_expr(change, stmt.scrutinee))
        case Invoke():
            index = None if stmt.index is None else map_expr(change, stmt.index)
            return replace(stmt, arguments=tuple(map_expr(change, a) for a in stmt.arguments), index=index)
        case _:
            return stmt


def blocks(stmt: Stmt) -> tuple[tuple[Stmt, ...], ...]:
    """The statement lists directly inside of ``stmt``."""
    match stmt:
        case Assign() | Invoke() | Reset():
            return ()
        case If():
            return (stmt.then, stmt.otherwise)
        case Switch():
            return tuple(body for _, body in stmt.cases)
        case For():
            return (stmt.body,)
        case _:
            assert_never(stmt)


def with_blocks(stmt: Stmt, new: tuple[tuple[Stmt, ...], ...]) -> Stmt:
    """``stmt`` with its inner statement lists replaced by ``new``."""
    match stmt:
        case Assign() | Invoke() | Reset():
            return stmt
        case If():
            return If(stmt.condition, new[0], new[1])
        case Switch():
            return Switch(stmt.scrutinee, tuple((name, b) for (name, _), b in zip(stmt.cases, new, strict=True)))
        case For():
            return For(stmt.index, stmt.count, new[0], stmt.unroll)
        case _:
            assert_never(stmt)


def map_blocks(change: Callable[[tuple[Stmt, ...]], tuple[Stmt, ...]], body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Apply ``change`` to every statement list, the innermost first."""
    done: list[Stmt] = []
    for stmt in body:
        inner = blocks(stmt)
        done.append(with_blocks(stmt, tuple(map_blocks(change, b) for b in inner)) if inner else stmt)
    return change(tuple(done))


def statements(body: Iterable[Stmt]) -> Iterator[Stmt]:
    """Every statement, an outer one before those inside of it, in textual order."""
    stack = list(body)[::-1]
    while stack:
        top = stack.pop()
        yield top
        for block in reversed(blocks(top)):
            stack.extend(reversed(block))


def own_expressions(stmt: Stmt) -> tuple[Expr, ...]:
    """The expressions that ``stmt`` itself evaluates, without those of inner statements; an assigned place last."""
    match stmt:
        case Assign():
            return (stmt.value, stmt.target)
        case If():
            return (stmt.condition,)
        case Switch():
            return (stmt.scrutinee,)
        case For() | Reset():
            return ()
        case Invoke():
            return stmt.arguments if stmt.index is None else (*stmt.arguments, stmt.index)
        case _:
            assert_never(stmt)


def writes(stmt: Stmt) -> tuple[Slot, ...]:
    """The slots that ``stmt`` itself writes (not its inner statements)."""
    match stmt:
        case Assign():
            return (stmt.target.slot,)
        case Invoke():
            return stmt.results
        case If() | Switch() | For() | Reset():
            return ()
        case _:
            assert_never(stmt)


def reads(stmt: Stmt) -> Iterator[Slot]:
    """The slots that ``stmt`` itself reads (not its inner statements), with repetitions."""
    for expr in own_expressions(stmt):
        target = stmt.target if isinstance(stmt, Assign) else None
        for part in walk(expr):
            if isinstance(part, Place) and part is not target:
                yield part.slot


def written_in(body: Iterable[Stmt]) -> set[Slot]:
    """All slots written anywhere in ``body``."""
    return {slot for stmt in statements(body) for slot in writes(stmt)}


def read_in(body: Iterable[Stmt]) -> set[Slot]:
    """All slots read anywhere in ``body``."""
    return {slot for stmt in statements(body) for slot in reads(stmt)}


def mentioned(body: Iterable[Stmt], *, inside: bool = True) -> set[Slot]:
    """The slots that ``body`` reads or writes, with or without what the statements inside of its statements do."""
    found: set[Slot] = set()
    for stmt in statements(body) if inside else body:
        found.update(part.slot for expr in own_expressions(stmt) for part in walk(expr) if isinstance(part, Place))
        found.update(writes(stmt))
    return found


def expressions(body: Iterable[Stmt]) -> Iterator[Expr]:
    """Every expression of ``body``, outermost first."""
    for stmt in statements(body):
        for expr in own_expressions(stmt):
            yield from walk(expr)


def functions(program: StepProgram) -> tuple[Function, ...]:
    """Every function that ``program`` applies, each after the functions that it applies itself, without repetition."""
    order: dict[Function, None] = {}
    for machine in (*program.machines, *(job.machine for job in program.jobs)):
        for function in machine_functions(machine):
            order.setdefault(function)
    return tuple(order)


def machine_functions(machine: Machine) -> tuple[Function, ...]:
    """The functions that one machine applies, callees first, in the order of their first use."""
    order: dict[Function, None] = {}
    for expr in expressions(machine.body):
        if isinstance(expr, Apply):
            _visit(expr.function, order)
    return tuple(order)


def _visit(root: Function, order: dict[Function, None]) -> None:
    stack = [(root, False)]
    while stack:
        function, done = stack.pop()
        if function in order:
            continue
        if done:
            order.setdefault(function)
            continue
        stack.append((function, True))
        called = [
            part.function
            for expr in (*(a.value for a in function.body), function.result)
            for part in walk(expr)
            if isinstance(part, Apply)
        ]
        stack.extend((f, False) for f in reversed(called))
