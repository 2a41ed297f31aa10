"""VNN-LIB: which inputs and outputs of a network together are unsafe.

    file  ::= (declare-const X_i Real)* (declare-const Y_j Real)* (assert f)*
    f     ::= (<= e e) | (>= e e) | (< e e) | (> e e) | (= e e) | (and f*) | (or f*)
    e     ::= number | X_i | Y_j | (+ e*) | (- e e*) | (* e e)          linear

Rule: the conjunction of all assertions is a disjunction of `Case`s; a network meets the specification if no input
satisfies any of them together with the outputs of the network. Terms are reduced where their parenthesis closes, so
nothing recurses on the depth of a formula.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from typing import NoReturn, TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, Label, Span, error

MOST_CASES = 10_000
"""More cases than this are refused: conjunctions of disjunctions multiply."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """``sum of coefficients times variables + constant <= 0``, or ``< 0`` if strict."""

    coefficients: Mapping[str, Fraction]
    constant: Fraction
    strict: bool = False

    def holds(self, values: Mapping[str, Fraction]) -> bool:
        """Whether it holds for exact values of the variables."""
        value = self.constant + sum((c * values[name] for name, c in self.coefficients.items()), Fraction(0))
        return value < 0 if self.strict else value <= 0


Case: TypeAlias = tuple[Constraint, ...]
"""Constraints that hold together."""


@dataclass(frozen=True, slots=True)
class Specification:
    """The unsafe cases of a network with so many inputs and outputs."""

    path: str
    inputs: int
    outputs: int
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    at: Span


@dataclass(frozen=True, slots=True)
class _Sum:
    """A linear expression."""

    coefficients: Mapping[str, Fraction]
    constant: Fraction


@dataclass(frozen=True, slots=True)
class _Formula:
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class _Done:
    """A command that was carried out."""


_Item: TypeAlias = _Token | _Sum | _Formula | _Done
_LEXEME = re.compile(r";[^\n]*|\s+|(?P<token>[()]|[^\s();]+)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMPARISONS = ("<=", ">=", "<", ">", "=")


def read_vnnlib(text: str, path: str) -> Specification:
    """Read a specification.

    Raises:
        DiagnosticError: D007, with the line and column of what cannot be read.
    """
    return _Reader(path).read(text)


@dataclass(slots=True)
class _Reader:
    path: str
    declared: dict[str, Span] = field(default_factory=dict[str, Span])
    cases: tuple[Case, ...] = ((),)

    def read(self, text: str) -> Specification:
        stack: list[list[_Item]] = [[]]
        opened: list[Span] = []
        last = Span.point(self.path)
        for token in _tokens(text, self.path):
            last = token.at
            if token.text == "(":
                stack.append([])
                opened.append(token.at)
            elif token.text == ")":
                if not opened:
                    _refuse(token.at, "there is no parenthesis that this one closes")
                items, start = stack.pop(), opened.pop()
                stack[-1].append(self._reduced(items, start, top=not opened))
            else:
                stack[-1].append(token)
        if opened:
            _refuse(opened[-1], "this parenthesis is never closed")
        for item in stack[0]:
            if not isinstance(item, _Done):
                _refuse(item.at if isinstance(item, _Token) else last, "this is no command", "write (assert ...)")
        return Specification(self.path, self._count("X"), self._count("Y"), self.cases)

    def _count(self, letter: str) -> int:
        numbers = {int(name[2:]): at for name, at in self.declared.items() if name[0] == letter}
        if not numbers:
            what = "inputs X_0, X_1, ..." if letter == "X" else "outputs Y_0, Y_1, ..."
            _refuse(Span.point(self.path), f"no {what} are declared", f"write (declare-const {letter}_0 Real)")
        for i in range(len(numbers)):
            if i not in numbers:
                _refuse(numbers[max(numbers)], f"{letter}_{i} is not declared, but {letter}_{max(numbers)} is")
        return len(numbers)

    def _reduced(self, items: Sequence[_Item], at: Span, *, top: bool) -> _Item:
        if not items or not isinstance(items[0], _Token):
            _refuse(at, "an operator or a command is missing after this parenthesis")
        head, rest = items[0], items[1:]
        match head.text:
            case "declare-const" if top:
                return self._declare(head, rest)
            case "assert" if top:
                if len(rest) != 1:
                    _refuse(head.at, f"assert takes one formula, not {len(rest)}")
                self.cases = _both(self.cases, self._formula(rest[0], head).cases, head)
                return _Done()
            case "and":
                cases: tuple[Case, ...] = ((),)
                for item in rest:
                    cases = _both(cases, self._formula(item, head).cases, head)
                return _Formula(cases)
            case "or":
                return _Formula(tuple(case for item in rest for case in self._formula(item, head).cases))
            case text if text in _COMPARISONS:
                return self._comparison(head, [self._sum(item, head) for item in rest])
            case "+" | "-" | "*":
                return _arithmetic(head, [self._sum(item, head) for item in rest])
            case _:
                pass
        known = "commands: declare-const, assert; formulas: and, or, <=, >="
        raise DiagnosticError(error("D007", f"{head.text!r} is not read here", at=head.at, help=known))

    def _declare(self, head: _Token, rest: Sequence[_Item]) -> _Done:
        words = [item for item in rest if isinstance(item, _Token)]
        if len(words) != 2 or len(rest) != 2:
            _refuse(head.at, "a declaration has a name and a type", "write (declare-const X_0 Real)")
        name, kind = words
        if not re.fullmatch(r"[XY]_\d+", name.text):
            _refuse(name.at, f"{name.text!r} is neither an input X_i nor an output Y_j")
        if kind.text != "Real":
            _refuse(kind.at, f"a variable is Real, not {kind.text}")
        if name.text in self.declared:
            raise DiagnosticError(
                error(
                    "D007",
                    f"{name.text} is declared twice",
                    at=name.at,
                    secondary=[Label(self.declared[name.text], "here first")],
                )
            )
        self.declared[name.text] = name.at
        return _Done()

    def _formula(self, item: _Item, head: _Token) -> _Formula:
        if not isinstance(item, _Formula):
            _refuse(
                item.at if isinstance(item, _Token) else head.at, f"{head.text} takes formulas", "such as (<= X_0 1.0)"
            )
        return item

    def _sum(self, item: _Item, head: _Token) -> _Sum:
        if isinstance(item, _Sum):
            return item
        if not isinstance(item, _Token):
            _refuse(head.at, f"{head.text} takes numbers and variables, not formulas")
        if _NUMBER.fullmatch(item.text):
            return _Sum({}, Fraction(item.text))
        if item.text not in self.declared:
            known = ", ".join(list(self.declared)[:8]) or "none"
            _refuse(item.at, f"{item.text!r} is neither a number nor a declared variable", f"declared are {known}")
        return _Sum({item.text: Fraction(1)}, Fraction(0))

    def _comparison(self, head: _Token, sides: list[_Sum]) -> _Formula:
        if len(sides) != 2:
            _refuse(head.at, f"{head.text} compares two expressions, not {len(sides)}")
        left, right = sides
        less, more = _linear(left, right, Fraction(-1)), _linear(right, left, Fraction(-1))
        strict = head.text in ("<", ">")
        chosen = {"<": [less], "<=": [less], ">": [more], ">=": [more], "=": [less, more]}[head.text]
        return _Formula((tuple(Constraint(s.coefficients, s.constant, strict) for s in chosen),))


def _tokens(text: str, path: str) -> Iterator[_Token]:
    line, start = 1, 0
    for match in _LEXEME.finditer(text):
        found = match.group("token")
        if found is not None:
            column = match.start() - start + 1
            yield _Token(found, Span(path, line, column, line, column + len(found)))
        lines = match.group().count("\n")
        if lines:
            line, start = line + lines, match.start() + match.group().rindex("\n") + 1


def _both(first: tuple[Case, ...], second: tuple[Case, ...], head: _Token) -> tuple[Case, ...]:
    if len(first) * len(second) > MOST_CASES:
        _refuse(head.at, f"the formula has more than {MOST_CASES} cases", "split it into several files")
    return tuple((*a, *b) for a in first for b in second)


def _linear(left: _Sum, right: _Sum, factor: Fraction) -> _Sum:
    """``left + factor * right``."""
    coefficients = dict(left.coefficients)
    for name, value in right.coefficients.items():
        coefficients[name] = coefficients.get(name, Fraction(0)) + factor * value
    return _Sum({n: c for n, c in coefficients.items() if c}, left.constant + factor * right.constant)


def _arithmetic(head: _Token, terms: list[_Sum]) -> _Sum:
    if not terms:
        _refuse(head.at, f"{head.text} has no operands")
    if head.text == "*":
        result = _Sum({}, Fraction(1))
        for term in terms:
            if result.coefficients and term.coefficients:
                _refuse(head.at, "a product of two variables is not linear")
            variable, number = (result, term.constant) if result.coefficients else (term, result.constant)
            result = _linear(_Sum({}, Fraction(0)), variable, number)
        return result
    if head.text == "-" and len(terms) == 1:
        return _linear(_Sum({}, Fraction(0)), terms[0], Fraction(-1))
    result = terms[0]
    for term in terms[1:]:
        result = _linear(result, term, Fraction(1 if head.text == "+" else -1))
    return result


def _refuse(at: Span, message: str, help_: str = "") -> NoReturn:
    raise DiagnosticError(error("D007", message, at=at, help=help_))
