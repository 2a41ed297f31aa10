"""Functions of the engine as step code: what is known before the run is computed now, the rest is written down.

Rule: a statement whose condition is known is the branch that it takes, and a loop is as many copies of its body as it
has turns. Where a condition is not known, both branches are followed, and what they leave differently is chosen between
by it. So the step code of a storyboard computes what the engine computes, operation for operation, and there is no
second text that says what a storyboard means.

A jump out of a branch takes the rest of the turn, the loop or the function, which it leaves out, into the other branch.
"""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Callable, Iterable
from functools import cache
from itertools import count
from textwrap import dedent
from typing import Any, TypeAlias

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import InternalFault
from syncml.ir.step.syntax import Binary, BinaryOp, Place, Select, Unary, UnaryOp
from syncml.ir.types import BOOL, F64, I32, I64
from syncml.scenario.variables import (
    Cells,
    Memory,
    NotSpecialisedError,
    Variables,
    as_kind,
    kind_of,
    same,
    several,
    unknown,
)

_MODULES = "syncml.scenario."


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


class Specialiser(Variables):
    """Follows functions and writes step code."""

    def __init__(self) -> None:
        super().__init__()
        self._calls = count()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Follow a function; what it returns."""
        tree = _tree(function)
        call = _Call(self, next(self._calls), function)
        for parameter, value in zip(tree.args.args, arguments, strict=True):
            self.bind((call.number, parameter.arg), value)
        call.follow(_before(tree.body, None))
        return self.lookup((call.number, "return"))


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
        place: Any = self.eval(node)
        return place if several(place) else (place,)

    def _element(self, array: Any, place: tuple[Any, ...]) -> Any:
        if isinstance(array, Cells):
            return self._cell(array, place)
        if isinstance(array, Memory):
            return self.to.local(Place(array.slot, (as_kind(place[0], I64),)))
        if any(unknown(i) for i in place):
            raise NotSpecialisedError("a row of a table that depends on the run")
        key: Any = place[0] if len(place) == 1 else place
        found: Any = array[key]
        return found.item() if _is_scalar(found) else found

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
        if not unknown(one) and not unknown(other) and same(one, other):
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


def _is_scalar(value: Any) -> bool:
    return isinstance(value, np.generic)


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
