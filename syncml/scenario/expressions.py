"""Expressions over parameters, as scenario files write them in ``${...}``.

    expression ::= number | $name | name | function "(" expression, ... ")" | - expression | not expression
                 | expression operator expression | "(" expression ")"
    operator   ::= or | and | < <= > >= == != | + - | * / %          (from loose to tight; equals from the left)
    function   ::= abs sign min max sqrt pow round floor ceil

Rule: an expression has the value that binary64 arithmetic gives it, for one set of parameters or, element by element,
for arrays of them; truth is 1 and falsehood 0, and what is not 0 is true. A value that is not finite is a fault.
An expression is kept as a list in postfix order, so nothing recurses on its depth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Span, error

Value = NDArray[np.float64]
Values = Mapping[str, Value]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|\$?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)"
    r"|(?P<mark><=|>=|==|!=|[-+*/%()<>,]))"
)


def _rounded(value: Value) -> Value:
    return np.floor(value + 0.5)


def _truth(holds: Any) -> Value:
    return np.asarray(holds, dtype=np.float64)


_BINARY: dict[str, tuple[int, Callable[[Value, Value], Value]]] = {
    "or": (1, lambda a, b: _truth((a != 0) | (b != 0))),
    "and": (2, lambda a, b: _truth((a != 0) & (b != 0))),
    "<": (4, lambda a, b: _truth(a < b)),
    "<=": (4, lambda a, b: _truth(a <= b)),
    ">": (4, lambda a, b: _truth(a > b)),
    ">=": (4, lambda a, b: _truth(a >= b)),
    "==": (4, lambda a, b: _truth(a == b)),
    "!=": (4, lambda a, b: _truth(a != b)),
    "+": (5, lambda a, b: a + b),
    "-": (5, lambda a, b: a - b),
    "*": (6, lambda a, b: a * b),
    "/": (6, lambda a, b: a / b),
    "%": (6, np.fmod),
}
_UNARY: dict[str, tuple[int, Callable[[Value], Value]]] = {"not": (3, lambda a: _truth(a == 0)), "-": (7, np.negative)}
_FUNCTIONS: dict[str, tuple[int, Callable[..., Value]]] = {
    "abs": (1, np.abs),
    "sign": (1, np.sign),
    "sqrt": (1, np.sqrt),
    "floor": (1, np.floor),
    "ceil": (1, np.ceil),
    "round": (1, _rounded),
    "min": (2, np.minimum),
    "max": (2, np.maximum),
    "pow": (2, np.power),
}


@dataclass(frozen=True, slots=True)
class _Call:
    """An operator or function in postfix order, with the number of its arguments."""

    name: str
    arity: int
    apply: Callable[..., Value]


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, from the text at a place of a file.

    Attributes:
        text: As the user wrote it.
        code: Numbers, names of parameters and calls in postfix order.
        scale: What the value is multiplied by: the unit, in units of the SI.
    """

    text: str
    code: tuple[float | str | _Call, ...]
    scale: float = 1.0
    span: Span | None = field(default=None, compare=False)

    @property
    def names(self) -> frozenset[str]:
        """The parameters that it reads."""
        return frozenset(item for item in self.code if isinstance(item, str))

    def value(self, parameters: Values) -> Value:
        """The value for each set of parameters.

        Raises:
            DiagnosticError: S007 a parameter that is not declared, or a value that is not finite.
        """
        missing = sorted(self.names - parameters.keys())
        if missing:
            declared = ", ".join(sorted(parameters)) or "none"
            message = f"`{self.text}` reads `{missing[0]}`, which is no parameter"
            raise DiagnosticError(error("S007", message, self.span, help=f"the parameters with numbers: {declared}"))
        stack: list[Value] = []
        with np.errstate(all="ignore"):
            for item in self.code:
                if isinstance(item, _Call):
                    arguments = stack[-item.arity :]
                    del stack[-item.arity :]
                    stack.append(item.apply(*arguments))
                else:
                    given = parameters[item] if isinstance(item, str) else item
                    stack.append(np.asarray(given, dtype=np.float64))
            found = stack[0] * self.scale
        if not np.isfinite(found).all():
            wrong = {name: np.broadcast_to(parameters[name], found.shape) for name in sorted(self.names)}
            at = tuple(int(i) for i in np.argwhere(~np.isfinite(found))[0]) if found.shape else ()
            given = ", ".join(f"{name} = {values[at]:g}" for name, values in wrong.items())
            message = f"`{self.text}` has no finite value" + (f" for {given}" if given else "")
            raise DiagnosticError(error("S007", message, self.span, help="keep divisors away from zero"))
        return found


def constant(value: float) -> Expression:
    """The expression that is always ``value``."""
    return Expression(f"{value:g}", (float(value),))


def plus(expression: Expression, number: float) -> Expression:
    """An expression plus a number in units of the SI."""
    scaled = (*expression.code, expression.scale, _Call("*", 2, _BINARY["*"][1]))
    return Expression(expression.text, (*scaled, number, _Call("+", 2, _BINARY["+"][1])), 1.0, expression.span)


def times(expression: Expression, factor: float) -> Expression:
    """An expression times a number."""
    return replace(expression, scale=expression.scale * factor)


def between(first: Expression, second: Expression, part: float) -> Expression:
    """An expression ``part`` of the way from one to another."""

    def weighed(expression: Expression, weight: float) -> tuple[float | str | _Call, ...]:
        return (*expression.code, expression.scale * weight, _Call("*", 2, _BINARY["*"][1]))

    code = (*weighed(first, 1.0 - part), *weighed(second, part), _Call("+", 2, _BINARY["+"][1]))
    return Expression(second.text, code, 1.0, second.span)


def spliced(expression: Expression, definitions: Mapping[str, Expression]) -> Expression:
    """An expression with names replaced by what defines them."""
    if not expression.names & definitions.keys():
        return expression
    code: list[float | str | _Call] = []
    for item in expression.code:
        if isinstance(item, str) and item in definitions:
            defined = definitions[item]
            code += [*defined.code, defined.scale, _Call("*", 2, _BINARY["*"][1])]
        else:
            code.append(item)
    return Expression(expression.text, tuple(code), expression.scale, expression.span)


def parse(text: str, span: Span | None = None, scale: float = 1.0) -> Expression:
    """Read an expression, with or without ``${...}`` around it.

    Raises:
        DiagnosticError: S007, it is none.
    """
    inside = text.strip()
    if inside.startswith("${") and inside.endswith("}"):
        inside = inside[2:-1]
    try:
        return Expression(text, tuple(_postfix(inside)), scale, span)
    except ValueError as fault:
        advice = "write numbers, parameters, + - * / %, comparisons, and, or, not, abs, sign, min, max, sqrt, pow"
        raise DiagnosticError(error("S007", f"`{text}` is no expression: {fault}", span, help=advice)) from None


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"`{text[position:].strip()[:20]}` is not understood")
        kind = match.lastgroup or ""
        found.append((kind, match[kind]))
        position = match.end()
    return found


@dataclass(slots=True)
class _Open:
    """An operator that waits for its right side, or an open bracket (with the function it belongs to)."""

    name: str
    level: int
    arity: int = 0
    commas: int = 0


def _postfix(text: str) -> list[float | str | _Call]:
    """Operators after their operands, by the stack of operators that wait."""
    code: list[float | str | _Call] = []
    waiting: list[_Open] = []
    tokens = _tokens(text)
    operand_next = True

    def close(level: int) -> None:
        while waiting and waiting[-1].level >= level:
            last = waiting.pop()
            table = _UNARY if last.arity == 1 else _BINARY
            code.append(_Call(last.name, last.arity, table[last.name][1]))

    for index, (kind, word) in enumerate(tokens):
        function = word in _FUNCTIONS and index + 1 < len(tokens) and tokens[index + 1][1] == "("
        if operand_next:
            if kind == "number":
                code.append(float(word))
                operand_next = False
            elif word in _UNARY or word == "+":
                if word != "+":
                    waiting.append(_Open(word, _UNARY[word][0], arity=1))
            elif word == "(":
                caller = tokens[index - 1][1] if index and tokens[index - 1][1] in _FUNCTIONS else ""
                waiting.append(_Open(caller, 0))
            elif function:
                pass  # Its bracket comes next.
            elif kind == "name" and word not in _BINARY:
                code.append({"true": 1.0, "false": 0.0}.get(word, word))
                operand_next = False
            else:
                raise ValueError(f"a value is missing before `{word}`")
        elif word == ")" or word == ",":
            close(1)
            if not waiting or (word == "," and not waiting[-1].name):
                raise ValueError(f"`{word}` has no bracket")
            if word == ",":
                waiting[-1].commas += 1
                operand_next = True
            else:
                bracket = waiting.pop()
                if bracket.name:
                    arity, apply = _FUNCTIONS[bracket.name]
                    if bracket.commas + 1 != arity:
                        raise ValueError(f"{bracket.name} takes {arity} arguments, not {bracket.commas + 1}")
                    code.append(_Call(bracket.name, arity, apply))
        elif word in _BINARY:
            close(_BINARY[word][0])
            waiting.append(_Open(word, _BINARY[word][0], arity=2))
            operand_next = True
        else:
            raise ValueError(f"an operator is missing before `{word}`")
    if operand_next:
        raise ValueError("a value is missing at its end")
    close(1)
    if waiting:
        raise ValueError("a bracket is not closed")
    return code
