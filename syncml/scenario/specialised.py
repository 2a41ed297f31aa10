"""Functions of the engine as step code: what is known before the run is computed now, the rest is written down.

Rule: a value is known (a number, a row of a table, a function) or it is an expression of step code. A statement whose
condition is known is the branch that it takes, and a loop is as many copies of its body as it has turns. Where a
condition is not known, both branches are followed, and what they leave differently is chosen between by it. So the
step code of a storyboard computes what the engine computes, operation for operation, and there is no second text that
says what a storyboard means.

Variables are never changed: an assignment makes a new local that is written once, or, where two branches meet, once in
each. A `Cells` is an array of the engine whose elements are such variables. Jumps out of a branch take the rest of the
block, the loop or the function, which they leave out, into the other branch.
"""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from textwrap import dedent
from typing import Any, TypeAlias

import numpy as np

from syncml.diagnostics.model import InternalFault
from syncml.ir.constants import Const
from syncml.ir.step.syntax import (
    Assign,
    Binary,
    BinaryOp,
    Convert,
    Expr,
    If,
    Literal,
    Place,
    Select,
    Slot,
    Stmt,
    Storage,
    Unary,
    UnaryOp,
)
from syncml.ir.types import BOOL, F64, I32, I64, Scalar

Key: TypeAlias = tuple[Any, ...]
"""A local of a call, ``(call, name)``, or a cell, ``(array, index, ...)``."""

UNCONDITIONAL = 40
"""Branches of fewer statements are both computed, and chosen between."""

_EXPRESSIONS = (Literal, Place, Unary, Binary, Select, Convert)
_MODULES = "syncml.scenario."
_ARITHMETIC: dict[type, tuple[BinaryOp, Callable[[Any, Any], Any]]] = {
    ast.Add: (BinaryOp.ADD, lambda a, b: a + b),
    ast.Sub: (BinaryOp.SUB, lambda a, b: a - b),
    ast.Mult: (BinaryOp.MUL, lambda a, b: a * b),
    ast.Div: (BinaryOp.DIV, lambda a, b: a / b),
    ast.Mod: (BinaryOp.REM, lambda a, b: a % b),
    ast.RShift: (BinaryOp.SHR, lambda a, b: a >> b),
    ast.LShift: (BinaryOp.SHL, lambda a, b: a << b),
    ast.BitAnd: (BinaryOp.AND, lambda a, b: a & b),
    ast.BitOr: (BinaryOp.OR, lambda a, b: a | b),
}
_COMPARISONS: dict[type, tuple[BinaryOp, Callable[[Any, Any], Any]]] = {
    ast.Eq: (BinaryOp.EQ, lambda a, b: a == b),
    ast.NotEq: (BinaryOp.NE, lambda a, b: a != b),
    ast.Lt: (BinaryOp.LT, lambda a, b: a < b),
    ast.LtE: (BinaryOp.LE, lambda a, b: a <= b),
    ast.Gt: (BinaryOp.GT, lambda a, b: a > b),
    ast.GtE: (BinaryOp.GE, lambda a, b: a >= b),
}


class NotSpecialisedError(Exception):
    """The engine does something with a value of the run that step code has no form for."""


@dataclass(frozen=True, slots=True)
class Cells:
    """An array whose elements are variables, or a row of it."""

    name: str
    shape: tuple[int, ...]
    kind: Scalar
    above: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """An array of truths whose elements are chosen while the step code runs."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class _Bind:
    """The next turn of a loop."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a turn of a loop, or of the loop."""

    jump: type


_Item: TypeAlias = ast.stmt | _Bind | _End
_Items: TypeAlias = "tuple[_Item, _Items] | None"
"""What is left to do, the next thing first."""


def _before(first: Iterable[_Item], rest: _Items) -> _Items:
    for item in reversed(list(first)):
        rest = (item, rest)
    return rest


def _listed(items: _Items) -> Iterator[_Item]:
    while items is not None:
        yield items[0]
        items = items[1]


@dataclass(slots=True)
class _Branch:
    """A branch: what it changes, and its statements."""

    outer: _Branch | None
    values: dict[Key, Any] = field(default_factory=dict[Key, Any])
    body: list[Stmt] = field(default_factory=list[Stmt])

    def get(self, key: Key) -> Any:
        """The value of a variable, or None."""
        branch: _Branch | None = self
        while branch is not None:
            if key in branch.values:
                return branch.values[key]
            branch = branch.outer
        return None


def unknown(value: Any) -> bool:
    """Whether a value is an expression of step code."""
    return isinstance(value, _EXPRESSIONS)


def kind_of(value: Any) -> Scalar | None:
    """The type that a value has in step code, if it has one."""
    if unknown(value):
        return value.type
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return I32
    return F64 if isinstance(value, float) else None


def as_kind(value: Any, kind: Scalar) -> Expr:
    """A value as an expression of a type."""
    if not unknown(value):
        return Literal(Const(bool(value) if kind is BOOL else float(value) if kind is F64 else int(value), kind))
    return value if value.type is kind else Convert(value, kind)


class Specialiser:
    """Follows functions and writes step code.

    Attributes:
        locals: The slots that it has made.
    """

    def __init__(self) -> None:
        self.locals: list[Slot] = []
        self._top = self._at = _Branch(None)
        self._calls = count()

    @property
    def body(self) -> tuple[Stmt, ...]:
        """The statements until now."""
        return tuple(self._top.body)

    def get(self, cells: Cells, *index: int) -> Any:
        """The present value of a cell."""
        return self._at.get((cells.name, *cells.above, *index))

    def set(self, cells: Cells, index: tuple[int, ...], value: Any) -> None:
        """Give a cell a value."""
        if unknown(value):
            value = self.local(as_kind(value, cells.kind))
        else:
            value = float(value) if cells.kind is F64 else int(value)
        self._at.values[cells.name, *cells.above, *index] = value

    def remember(self, memory: Memory, index: Any, value: Any) -> None:
        """Write an element of a memory."""
        truth = self.compare(ast.NotEq(), value, 0)
        self._at.body.append(Assign(Place(memory.slot, (as_kind(index, I64),)), as_kind(truth, BOOL)))

    def local(self, value: Expr) -> Expr:
        """A local with a value; a literal or a local is its own."""
        if isinstance(value, Literal) or (isinstance(value, Place) and value.slot.storage is Storage.LOCAL):
            return value
        target = self._slot(value.type)
        self._at.body.append(Assign(target, value))
        return target

    def _slot(self, kind: Any) -> Place:
        slot = Slot(f"a{len(self.locals)}", kind, Storage.LOCAL)
        self.locals.append(slot)
        return Place(slot)

    def branch(self, condition: Any, then: Callable[[], None], otherwise: Callable[[], None]) -> None:
        """Follow both branches, and choose between what they leave."""
        if not unknown(condition):
            (then if condition else otherwise)()
            return
        condition = self.local(condition)
        outer = self._at
        branches: list[_Branch] = []
        for follow in (then, otherwise):
            self._at = _Branch(outer)
            branches.append(self._at)
            follow()
        self._at = outer
        first, second = branches
        chosen: dict[Key, tuple[Any, Any]] = {}
        for key in {**first.values, **second.values}:
            one, other = first.get(key), second.get(key)
            if one is other or (not unknown(one) and not unknown(other) and _same(one, other)):
                outer.values[key] = one
            else:
                chosen[key] = (one, other)
        parts: dict[tuple[Key, int], tuple[Any, Any]] = {}
        for key, (one, other) in chosen.items():
            if isinstance(one, tuple) and isinstance(other, tuple):
                parts |= {(key, i): pair for i, pair in enumerate(zip(one, other, strict=True))}
            else:
                parts[key, -1] = (one, other)
        for branch in branches:
            if len(branch.body) < UNCONDITIONAL and all(_pure(s) for s in branch.body):
                outer.body += branch.body
                branch.body = []
        found = {place: self._meet(condition, *pair, branches) for place, pair in parts.items()}
        if first.body or second.body:
            yes, no = tuple(first.body), tuple(second.body)
            outer.body.append(If(condition, yes, no) if yes else If(Unary(UnaryOp.NOT, condition), no))
        for key, (one, _) in chosen.items():
            whole = isinstance(one, tuple) and (key, 0) in found
            outer.values[key] = tuple(found[key, i] for i in range(len(one))) if whole else found[key, -1]

    def _meet(self, condition: Expr, one: Any, other: Any, branches: list[_Branch]) -> Any:
        """What a variable is after two branches; nothing if one of them has no number for it."""
        kinds = {kind_of(one), kind_of(other)}
        if None in kinds:
            return None
        kind = F64 if F64 in kinds else max(kinds, key=lambda k: k is I32)
        assert kind is not None
        first, second = as_kind(one, kind), as_kind(other, kind)
        if not (branches[0].body or branches[1].body):
            return self.local(Select(condition, first, second))
        target = self._slot(kind)
        if not branches[1].body:
            self._at.body.append(Assign(target, second))
            branches[0].body.append(Assign(target, first))
        elif not branches[0].body:
            self._at.body.append(Assign(target, first))
            branches[1].body.append(Assign(target, second))
        else:
            branches[0].body.append(Assign(target, first))
            branches[1].body.append(Assign(target, second))
        return target

    # Functions and statements.

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Follow a function; what it returns."""
        tree = _tree(function)
        call = _Call(self, next(self._calls), function)
        for parameter, value in zip(tree.args.args, arguments, strict=True):
            self._at.values[call.number, parameter.arg] = self.local(value) if unknown(value) else value
        call.follow(_before(tree.body, None))
        return self._at.get((call.number, "return"))

    def lookup(self, key: Key) -> Any:
        """The value of a local of a call."""
        return self._at.get(key)

    def bind(self, key: Key, value: Any) -> None:
        """Give a local of a call a value."""
        self._at.values[key] = self.local(value) if unknown(value) else value

    # Operations.

    def binary(self, operator: ast.operator, left: Any, right: Any) -> Any:
        """An arithmetic operation."""
        op, known = _ARITHMETIC[type(operator)]
        if not unknown(left) and not unknown(right):
            return known(left, right)
        if op is BinaryOp.MUL and (_is(left, 1.0) or _is(right, 1.0)):
            return right if _is(left, 1.0) else left
        if (op is BinaryOp.SUB and _is(right, 0.0)) or (op is BinaryOp.DIV and _is(right, 1.0)):
            return left
        kinds = {kind_of(left), kind_of(right)}
        kind = F64 if F64 in kinds or op is BinaryOp.DIV else BOOL if kinds == {BOOL} else I32
        return Binary(op, as_kind(left, kind), as_kind(right, kind))

    def compare(self, operator: ast.cmpop, left: Any, right: Any) -> Any:
        """A comparison."""
        op, known = _COMPARISONS[type(operator)]
        if not unknown(left) and not unknown(right):
            return known(left, right)
        kinds = {kind_of(left), kind_of(right)}
        kind = F64 if F64 in kinds else BOOL if kinds == {BOOL} else I32
        if kind is BOOL and BinaryOp.EQ is not op is not BinaryOp.NE:
            raise NotSpecialisedError("an order of truths")
        return Binary(op, as_kind(left, kind), as_kind(right, kind))

    def negated(self, value: Any) -> Any:
        """The opposite of a truth."""
        return Unary(UnaryOp.NOT, value) if unknown(value) else not value


@dataclass(frozen=True, slots=True)
class _Call:
    """A function that is being followed."""

    to: Specialiser
    number: int
    function: Callable[..., Any]

    def follow(self, items: _Items) -> None:
        """Follow statements, one after another, until they end or jump."""
        while items is not None:
            item, items = items
            match item:
                case _Bind(name, value):
                    self.to.bind((self.number, name), value)
                case _End() | ast.Pass():
                    pass
                case ast.Return(value):
                    self.to.bind((self.number, "return"), None if value is None else self.eval(value))
                    return
                case ast.Break() | ast.Continue():
                    items = _after(items, type(item))
                case ast.If(test, body, orelse):
                    items = self._if(self.truth(test), body, orelse, items)
                case ast.For(ast.Name(name), turns, body):
                    items = self._for(name, self.eval(turns), body, items)
                case ast.Assign(targets, value):
                    self._assign(targets[0], self.eval(value))
                case ast.AugAssign(target, operator, value):
                    self._assign(target, self.to.binary(operator, self.eval(target), self.eval(value)))
                case ast.Expr(value):
                    self.eval(value)
                case _:
                    raise self._fault(item)

    def _for(self, name: str, turns: range, body: list[ast.stmt], rest: _Items) -> _Items:
        unrolled: list[_Item] = []
        for turn in turns:
            unrolled += (_Bind(name, turn), *body, _End(ast.Continue))
        return _before([*unrolled, _End(ast.Break)], rest)

    def _if(self, test: Any, body: list[ast.stmt], orelse: list[ast.stmt], rest: _Items) -> _Items:
        """Follow a choice; what is left to do after it."""
        if not unknown(test):
            return _before(body if test else orelse, rest)
        inner, outer = _split(_jumps([*body, *orelse]), rest)
        then, otherwise = _before(body, inner), _before(orelse, inner)
        self.to.branch(test, lambda: self.follow(then), lambda: self.follow(otherwise))
        return outer

    def _assign(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name(name):
                self.to.bind((self.number, name), value)
            case ast.Tuple(targets):
                values = [self.to.local(v) if unknown(v) else v for v in value]
                for part, each in zip(targets, values, strict=True):
                    self._assign(part, each)
            case ast.Subscript(array, index):
                cells, place = self.eval(array), self._index(index)
                if isinstance(cells, Memory):
                    self.to.remember(cells, place[0], value)
                    return
                if not isinstance(cells, Cells) or any(unknown(i) for i in place):
                    raise NotSpecialisedError(f"a place of `{ast.unparse(target)}` that depends on the run")
                self.to.set(cells, place, value)
            case _:
                raise self._fault(target)

    # Expressions.

    def truth(self, node: ast.expr) -> Any:
        """A condition."""
        value = self.eval(node)
        return value if not unknown(value) or value.type is BOOL else self.to.compare(ast.NotEq(), value, 0)

    def eval(self, node: ast.expr) -> Any:
        """The value of an expression."""
        match node:
            case ast.Constant(value):
                return value
            case ast.Name(name):
                found = self.to.lookup((self.number, name))
                return self._global(name) if found is None else found
            case ast.Attribute(value, name):
                return getattr(self.eval(value), name)
            case ast.Subscript(array, index):
                return self._element(self.eval(array), self._index(index))
            case ast.BinOp(left, operator, right):
                return self.to.binary(operator, self.eval(left), self.eval(right))
            case ast.UnaryOp(ast.Not(), operand):
                return self.to.negated(self.truth(operand))
            case ast.UnaryOp(ast.USub(), operand):
                value = self.eval(operand)
                return Unary(UnaryOp.NEG, value) if unknown(value) else -value
            case ast.Compare(left, operators, others):
                return self._comparison(self.eval(left), operators, others)
            case ast.BoolOp(operator, values):
                return self._both_or_either(isinstance(operator, ast.And), values)
            case ast.IfExp(test, body, orelse):
                return self._chosen(self.truth(test), lambda: self.eval(body), lambda: self.eval(orelse))
            case ast.Tuple(elements):
                return tuple(self.eval(element) for element in elements)
            case ast.Call(ast.expr() as function, arguments):
                return self._called(self.eval(function), [self.eval(a) for a in arguments])
            case _:
                raise self._fault(node)

    def _global(self, name: str) -> Any:
        space: dict[str, Any] = self.function.__globals__  # pyright: ignore[reportFunctionMemberAccess]
        return space[name] if name in space else _BUILTINS[name]

    def _index(self, node: ast.expr) -> tuple[Any, ...]:
        place = self.eval(node)
        return place if isinstance(place, tuple) else (place,)

    def _element(self, array: Any, place: tuple[Any, ...]) -> Any:
        if isinstance(array, Cells):
            return self._cell(array, place)
        if isinstance(array, Memory):
            return self.to.local(Place(array.slot, (as_kind(place[0], I64),)))
        if any(unknown(i) for i in place):
            raise NotSpecialisedError("a row of a table that depends on the run")
        found = array[place if len(place) > 1 else place[0]]
        return found.item() if isinstance(found, np.generic) else found

    def _cell(self, cells: Cells, place: tuple[Any, ...]) -> Any:
        if len(place) < len(cells.shape) - len(cells.above):
            if any(unknown(i) for i in place):
                raise NotSpecialisedError("a row of an array that depends on the run")
            return Cells(cells.name, cells.shape, cells.kind, (*cells.above, *place))
        if not unknown(place[0]):
            return self.to.get(cells, *place)
        # The engine reads such a place only where the index is in range.
        row = self.to.local(place[0])
        found = self.to.get(cells, 0, *place[1:])
        for i in range(1, cells.shape[len(cells.above)]):
            here = self.to.compare(ast.Eq(), row, i)
            found = self._select(here, self.to.get(cells, i, *place[1:]), found)
        return found

    def _select(self, test: Any, one: Any, other: Any) -> Any:
        kind = kind_of(one) if unknown(one) else kind_of(other)
        if not unknown(one) and not unknown(other) and _same(one, other):
            return one
        assert kind is not None
        return Select(test, as_kind(one, kind), as_kind(other, kind))

    def _chosen(self, test: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        key = (self.number, object())
        self.to.branch(test, lambda: self.to.bind(key, then()), lambda: self.to.bind(key, otherwise()))
        return self.to.lookup(key)

    def _comparison(self, left: Any, operators: list[ast.cmpop], others: list[ast.expr]) -> Any:
        found: Any = True
        for operator, other in zip(operators, others, strict=True):
            right = self.eval(other)
            test = self.to.compare(operator, left, right)
            found = test if found is True else self._and(found, test)
            left = right
        return found

    def _and(self, one: Any, other: Any) -> Any:
        if not unknown(one) or not unknown(other):
            known, rest = (other, one) if unknown(one) else (one, other)
            return rest if known else False
        return Binary(BinaryOp.AND, one, other)

    def _both_or_either(self, both: bool, values: list[ast.expr]) -> Any:
        """``and`` and ``or``; what need not be looked at is not followed."""
        found = self.truth(values[0])
        if len(values) == 1 or (not unknown(found) and bool(found) is not both):
            return found
        if not unknown(found):
            return self._both_or_either(both, values[1:])
        if both:
            return self._chosen(found, lambda: self._both_or_either(both, values[1:]), lambda: False)
        return self._chosen(found, lambda: True, lambda: self._both_or_either(both, values[1:]))

    def _called(self, function: Any, arguments: list[Any]) -> Any:
        if getattr(function, "__module__", "").startswith(_MODULES):
            return self.to.call(function, *arguments)
        if not any(unknown(a) for a in arguments):
            return function(*arguments)
        values = [self.to.local(a) if unknown(a) else a for a in arguments]
        if function in (max, min):
            found = values[0]
            for value in values[1:]:
                order = ast.Gt() if function is max else ast.Lt()
                found = self._select(self.to.compare(order, value, found), value, found)
            return found
        if function is abs:
            return Unary(UnaryOp.ABS, values[0])
        if function is math.sqrt:
            return Unary(UnaryOp.SQRT, as_kind(values[0], F64))
        if function in (float, int):
            return as_kind(values[0], F64 if function is float else I32)
        raise NotSpecialisedError(f"{function.__name__} of a value of the run")

    def _fault(self, node: object) -> InternalFault:
        text = ast.unparse(node) if isinstance(node, ast.AST) else str(node)
        return InternalFault(f"the engine has a form that is not specialised: {text}")


_BUILTINS: dict[str, Any] = {f.__name__: f for f in (abs, bool, float, int, max, min, range)}


def _pure(stmt: Stmt) -> bool:
    """Whether a statement may as well run where its branch is not taken."""
    return isinstance(stmt, Assign) and not stmt.target.indices


def _same(one: Any, other: Any) -> bool:
    """Whether two known values are the same, the sign of zero included."""
    return type(one) is type(other) and repr(one) == repr(other)


def _is(value: Any, number: float) -> bool:
    return not unknown(value) and isinstance(value, int | float) and value == number


@cache
def _tree(function: Callable[..., Any]) -> ast.FunctionDef:
    tree = ast.parse(dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return tree


def _jumps(statements: Iterable[_Item]) -> set[type]:
    """The jumps that leave some statements: out of a turn, a loop, or the function."""
    found: set[type] = set()
    for statement in statements:
        match statement:
            case ast.Return() | ast.Break() | ast.Continue():
                found.add(type(statement))
            case ast.If(_, body, orelse):
                found |= _jumps([*body, *orelse])
            case ast.For(_, _, body):
                found |= _jumps(body) & {ast.Return}
            case _:
                pass
    return found


def _after(items: _Items, jump: type) -> _Items:
    """What is left after a jump."""
    while items is not None:
        item, items = items
        if isinstance(item, _End) and item.jump is jump:
            break
    return items


def _split(jumps: set[type], rest: _Items) -> tuple[_Items, _Items]:
    """What jumps may leave out, up to where they meet again, and what comes after."""
    if not jumps:
        return None, rest
    inner: list[_Item] = []
    while rest is not None:
        item, rest = rest
        inner.append(item)
        if isinstance(item, _End) and ast.Return not in jumps and (item.jump is ast.Break or ast.Break not in jumps):
            # A jump further on may go farther.
            more = _jumps(inner)
            if ast.Return in more or (ast.Break in more and item.jump is not ast.Break):
                jumps = jumps | more
                continue
            break
    return _before(inner, None), rest
