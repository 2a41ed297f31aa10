"""Control structure from clocks: ``control(ck on C(x), s) = control(ck, case x {C: s})``.

Rule: statements on one clock that follow each other share one test, and so do the two sides of a test, as long as
nothing in between writes what the test reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from syncml.dataclass import dataclass
from syncml.ir.constants import Const
from syncml.ir.step.syntax import Binary, BinaryOp, Expr, If, Literal, Place, Slot, Stmt, Switch, Unary, UnaryOp
from syncml.ir.step.traverse import map_expr, walk, written_in
from syncml.ir.types import EnumType

Guard = tuple[Expr, bool | str]
"""A test: the condition and the constructor that it must equal."""


@dataclass(slots=True)
class _Open:
    """A test whose statements are still being collected; ``stale`` once its condition was written."""

    guard: Guard
    body: list[Stmt] = field(default_factory=list[Stmt])
    stale: bool = False


def under_guards(pieces: Iterable[tuple[tuple[Guard, ...], list[Stmt]]]) -> tuple[Stmt, ...]:
    """Statements in order, each list under its guards, with as few tests as their order allows."""
    top: list[Stmt] = []
    open_: list[_Open] = []

    def close(keep: int) -> None:
        while len(open_) > keep:
            done = open_.pop()
            (open_[-1].body if open_ else top).append(_test(done.guard, tuple(done.body)))

    for path, body in pieces:
        if not body or any(_never(g) for g in path):
            continue
        path = tuple(g for g in path if not isinstance(g[0], Literal))
        common = 0
        while common < min(len(path), len(open_)) and not open_[common].stale and open_[common].guard == path[common]:
            common += 1
        close(common)
        open_ += [_Open(guard) for guard in path[common:]]
        (open_[-1].body if open_ else top).extend(body)
        written = written_in(body)
        for test in open_:
            test.stale = test.stale or not written.isdisjoint(_slots(test.guard[0]))
    close(0)
    return tuple(top)


def _never(guard: Guard) -> bool:
    """Whether a test of a constant fails."""
    condition, constructor = guard
    return isinstance(condition, Literal) and condition.value.value != constructor


def _test(guard: Guard, body: tuple[Stmt, ...]) -> Stmt:
    condition, constructor = guard
    if isinstance(constructor, bool):
        return If(condition, body) if constructor else If(condition, (), body)
    return Switch(condition, ((constructor, body),))


def _slots(expr: Expr) -> set[Slot]:
    return {part.slot for part in walk(expr) if isinstance(part, Place)}


def fuse(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Adjacent tests of one unmodified condition become one, here and in every inner list."""
    done: list[Stmt] = []
    position = 0
    while position < len(body):
        run = [body[position]]
        condition = _condition(run[0])
        position += 1
        if condition is not None:
            slots = _slots(condition)
            while (
                position < len(body)
                and _condition(body[position]) == condition
                and type(body[position]) is type(run[0])
                and written_in((run[-1],)).isdisjoint(slots)
            ):
                run.append(body[position])
                position += 1
        done.append(_fused(run))
    return tuple(done)


def _condition(stmt: Stmt) -> Expr | None:
    match stmt:
        case If():
            return stmt.condition
        case Switch():
            return stmt.scrutinee
        case _:
            return None


def _fused(run: list[Stmt]) -> Stmt:
    """One statement for a run of tests of one condition; its inner lists are fused in turn."""
    first = run[0]
    match first:
        case If():
            then = [s for test in run if isinstance(test, If) for s in test.then]
            otherwise = [s for test in run if isinstance(test, If) for s in test.otherwise]
            if not then:
                return If(negated(first.condition), fuse(tuple(otherwise)))
            return If(first.condition, fuse(tuple(then)), fuse(tuple(otherwise)))
        case Switch():
            cases: dict[str, list[Stmt]] = {}
            for test in run:
                for name, block in test.cases if isinstance(test, Switch) else ():
                    cases.setdefault(name, []).extend(block)
            return _switch(first.scrutinee, cases)
        case _:
            return first


def _switch(scrutinee: Expr, cases: dict[str, list[Stmt]]) -> Stmt:
    kind = scrutinee.type
    assert isinstance(kind, EnumType)
    ordered = tuple((name, fuse(tuple(cases[name]))) for name in kind.constructors if name in cases)
    if len(ordered) == 1:
        ((name, block),) = ordered
        return If(Binary(BinaryOp.EQ, scrutinee, Literal(Const(name, kind))), block)
    return Switch(scrutinee, ordered)


def negated(condition: Expr) -> Expr:
    """The opposite of a Boolean expression."""
    if isinstance(condition, Unary) and condition.op is UnaryOp.NOT:
        return condition.operand
    return Unary(UnaryOp.NOT, condition)


def substitute(slot: Slot, value: Expr, expr: Expr) -> Expr:
    """``expr`` with each reading of the scalar ``slot`` replaced by ``value``."""
    return map_expr(lambda e: value if isinstance(e, Place) and e.slot is slot else None, expr)
