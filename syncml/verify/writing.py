"""From a flat clocked node of truth values, enumerations and mathematical numbers to a transition system.

Rule: the system is that of `verify.translate`, with the same names: each register a state, each other equation a
definition, a register that keeps its value where its clock is absent. But its terms are written as text at once, which
takes a third of the time, and no solver is loaded for it. What has another type, is an array, reads a word, or
multiplies or divides two unknowns has no such system.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import Base, Clock, On
from syncml.ir.constants import Array, Const, exact
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Merge, Node, PropertyKind, Var, When
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, MATHEMATICAL, EnumType, Scalar, Type
from syncml.verify.cone import Cones
from syncml.verify.order import ordered
from syncml.verify.sharing import shared
from syncml.verify.system import Definition, Input, State, System
from syncml.verify.translation import Translation, element_names

_OPERATORS = {
    Op.AND: "and",
    Op.OR: "or",
    Op.XOR: "xor",
    Op.NOT: "not",
    Op.EQ: "=",
    Op.NE: "distinct",
    Op.WHERE: "ite",
    Op.ADD: "+",
    Op.SUB: "-",
    Op.NEG: "-",
    Op.LT: "<",
    Op.LE: "<=",
    Op.GT: ">",
    Op.GE: ">=",
}
"""What a function of the solver does; of numbers, truth values and constructors, each where the types allow it."""

_OTHERS = frozenset({Op.COPY, Op.MUL, Op.DIV, Op.FLOORDIV, Op.MOD, Op.ABS, Op.MIN, Op.MAX, Op.CAST})

_TRUTH = frozenset({Op.AND, Op.OR, Op.XOR, Op.NOT})
"""On integers they are operations on bits."""

_NUMERAL = r"([\d.]+|\(/ [\d.]+ [\d.]+\))"

_VALUE = re.compile(rf"true|false|{_NUMERAL}|\(- {_NUMERAL}\)")
"""A truth value or numeral."""


class _UnwrittenError(Exception):
    """A term that this module does not write."""


def written_translation(node: Node) -> Translation | None:
    """The translation of a flat node without calls; None if its contract depends on more than this module knows.

    As there, the clauses of kind ASSUME are assumptions; of the others, clause ``i`` is the goal ``goal!i``.
    """
    cone = Cones(node).within(p.holds for p in node.properties)
    if not all(_is_plain(v.type) for v in cone):
        return None
    equations = tuple(e for e in node.equations if not cone.isdisjoint(e.targets))
    if not all(map(_is_known, equations)) or not all(_is_on_conditions(node.clocks[v]) for v in cone):
        return None
    inputs = tuple(v for v in node.inputs if v in cone)
    try:
        system = _Writer(replace(node, inputs=inputs, equations=equations)).system()
    except _UnwrittenError:
        return None
    return Translation(system, {v.name: tuple(element_names(v)) for v in node.inputs})


def _is_plain(type_: Type) -> bool:
    return type_ is BOOL or isinstance(type_, EnumType) or type_ in MATHEMATICAL


def _is_known(equation: Equation) -> bool:
    match equation.rhs:
        case Apply(op, arguments):
            bits = op in _TRUTH and any(a.type is not BOOL for a in arguments)
            return (op in _OPERATORS or op in _OTHERS) and not bits and all(_is_plain(a.type) for a in arguments)
        case When() | Merge() | Fby():
            return True
        case _:
            return False


def _is_on_conditions(clock: Clock) -> bool:
    while isinstance(clock, On):
        clock = clock.parent
    return isinstance(clock, Base)


class _Writer:
    def __init__(self, node: Node) -> None:
        self._node = node
        self._inputs: list[Input] = []
        self._states: list[State] = []
        self._definitions: list[Definition] = []
        self._facts: list[str] = []
        self._values: dict[Var, str] = {}
        self._presence: dict[Clock, str] = {}

    def system(self) -> System:
        node = self._node
        order = ordered(node.equations)
        same = shared(node, order)
        for var in node.inputs:
            self._values[var] = self._input(f"${var.name}", var)
        registers = [e for e in order if isinstance(e.rhs, Fby) and same[e.target] is e.target]
        for equation in registers:
            self._values[equation.target] = self._bounded(f"${equation.target.name}", equation.target)
        for equation in order:
            target, rhs = equation.target, equation.rhs
            if same[target] is not target and same[target] in self._values:
                self._values[target] = self._values[same[target]]
            elif isinstance(rhs, Fby):
                self._reset(target, rhs)
            else:
                self._values[target] = self._defined(f"${target.name}", target, self._term(equation), named=target.user)
        for equation in registers:
            self._update(equation)
        assumptions, goals = self._clauses()
        return System(
            tuple(self._inputs), tuple(self._states), tuple(self._definitions), tuple(self._facts),
            tuple(assumptions), tuple(goals),
        )  # fmt: skip

    # Constants and definitions.

    def _input(self, name: str, var: Var) -> str:
        self._inputs.append(Input(name, _sort(var)))
        return self._bounded(name, var)

    def _bounded(self, name: str, var: Var) -> str:
        """A constant in the range of its type."""
        if isinstance(var.type, EnumType):
            self._facts.append(f"(and (>= |{name}| 0) (< |{name}| {len(var.type.constructors)}))")
        return f"|{name}|"

    def _defined(self, name: str, var: Var, term: str, *, named: bool = False) -> str:
        if not term.startswith("(") or _VALUE.fullmatch(term):
            return term
        self._definitions.append(Definition(name, _sort(var), term, named))
        return f"|{name}|"

    # Equations.

    def _atom(self, atom: Atom) -> str:
        return _constant(atom) if isinstance(atom, Const) else self._values[atom]

    def _term(self, equation: Equation) -> str:
        match equation.rhs:
            case Apply(op, arguments):
                operands = list(map(self._atom, arguments))
                if op in _OPERATORS:
                    return f"({_OPERATORS[op]} {' '.join(operands)})"
                return _computed(op, operands, arguments[0].type, equation.target.type)
            case When(source):
                return self._atom(source)
            case Merge(condition, branches):
                *others, (_, last) = branches
                result = self._atom(last)
                for constructor, atom in reversed(others):
                    result = _choice(self._selects(condition, constructor), self._atom(atom), result)
                return result
            case _:
                raise InternalFault(f"{equation.target.name} has no definition within an instant")

    def _selects(self, condition: Var, constructor: bool | str) -> str:
        text = self._values[condition]
        if isinstance(condition.type, EnumType):
            return f"(= {text} {condition.type.constructors.index(str(constructor))})"
        return text if constructor is True else _not(text)

    def _reset(self, var: Var, rhs: Fby) -> None:
        """The value of a register after its resets."""
        if rhs.resets:
            name = f"${var.name}"
            fires = _any([_all([self._present(self._node.clocks[r]), self._values[r]]) for r in rhs.resets])
            first = self._input(f"unknown!{len(self._inputs)}", var) if rhs.init is None else _constant(rhs.init)
            self._values[var] = self._defined(f"{name}!now", var, _choice(fires, first, f"|{name}|"))

    def _update(self, equation: Equation) -> None:
        var, rhs = equation.target, equation.rhs
        assert isinstance(rhs, Fby)
        initial = None if rhs.init is None else _constant(rhs.init)
        following = _choice(self._present(self._node.clocks[var]), self._atom(rhs.following), self._values[var])
        self._states.append(State(f"${var.name}", _sort(var), initial, following))

    def _present(self, clock: Clock) -> str:
        """Whether a clock is present; each clock is defined once."""
        pending: list[On] = []
        while isinstance(clock, On) and clock not in self._presence:
            pending.append(clock)
            clock = clock.parent
        present = self._presence.get(clock, "true")
        for each in reversed(pending):
            present = _all([present, self._selects(each.condition, each.constructor)])
            if present.startswith("("):
                name = f"clock!{len(self._presence)}"
                self._definitions.append(Definition(name, "Bool", present))
                present = f"|{name}|"
            self._presence[each] = present
        return present

    # Contracts.

    def _clauses(self) -> tuple[list[str], list[str]]:
        assumptions: list[str] = []
        goals: list[str] = []
        lemmas: set[str] = set()
        for clause in self._node.properties:
            present, holds = self._present(self._node.clocks[clause.holds]), self._values[clause.holds]
            assumed = clause.kind is PropertyKind.ASSUME
            names = assumptions if assumed else goals
            names.append(f"{'assumption' if assumed else 'goal'}!{len(names)}")
            lemmas |= {names[-1]} if clause.kind is PropertyKind.INVARIANT else set()
            self._definitions.append(Definition(names[-1], "Bool", _any([_not(present), holds]), named=True))
        # As everywhere, lemmas come first.
        return assumptions, sorted(goals, key=lambda g: g not in lemmas)


def _computed(op: Op, x: Sequence[str], kind: Type, result: Type) -> str:
    """What is no function of the solver, as `verify.encoding` has it.

    Raises:
        _UnwrittenError: a product or quotient of two unknowns, or a division by zero.
    """
    match op:
        case Op.COPY:
            return x[0]
        case Op.MUL if any(map(_VALUE.fullmatch, x)):
            return f"(* {x[0]} {x[1]})"
        case Op.ABS:
            return f"(ite (< {x[0]} {_number(0, kind)}) (- {x[0]}) {x[0]})"
        case Op.MIN:
            return f"(ite (< {x[1]} {x[0]}) {x[1]} {x[0]})"
        case Op.MAX:
            return f"(ite (< {x[0]} {x[1]}) {x[1]} {x[0]})"
        case Op.CAST:
            return _cast(x[0], kind, result)
        case Op.DIV if kind is Scalar.REAL and _VALUE.fullmatch(x[1]) and (divisor := _read(x[1])):
            return f"(* {x[0]} {_number(1 / divisor, kind)})"
        case Op.FLOORDIV | Op.MOD if kind is Scalar.INT and _VALUE.fullmatch(x[1]) and (divisor := _read(x[1])):
            # The solver rounds so that the remainder is not negative; with a positive divisor that is down.
            quotient = f"(div {x[0]} {x[1]})" if divisor > 0 else f"(div (- {x[0]}) {_number(-divisor, kind)})"
            return quotient if op is Op.FLOORDIV else f"(- {x[0]} (* {x[1]} {quotient}))"
        case _:
            raise _UnwrittenError


def _cast(x: str, source: Type, target: Type) -> str:
    if source is target:
        return x
    if source is BOOL:
        return f"(ite {x} {_number(1, target)} {_number(0, target)})"
    if target is BOOL:
        return f"(distinct {x} {_number(0, source)})"
    return f"(to_real {x})" if target is Scalar.REAL else f"(ite (>= {x} 0.0) (to_int {x}) (- (to_int (- {x}))))"


def _sort(var: Var) -> str:
    return {BOOL: "Bool", Scalar.REAL: "Real"}.get(var.type, "Int") if isinstance(var.type, Scalar) else "Int"


def _constant(const: Const) -> str:
    if isinstance(const.element, EnumType):
        return str(const.element.constructors.index(str(const.value)))
    if const.element is BOOL:
        return "true" if const.value else "false"
    if isinstance(const.value, Array):
        raise _UnwrittenError
    return _number(exact(const.value), const.element)


def _number(value: Fraction | int, kind: Type) -> str:
    """A numeral, as the solver writes it."""
    size, point = abs(Fraction(value)), ".0" if kind is Scalar.REAL else ""
    whole = f"{size.numerator}{point}"
    text = whole if size.denominator == 1 else f"(/ {whole} {size.denominator}{point})"
    return f"(- {text})" if value < 0 else text


def _read(text: str) -> Fraction:
    """The number of a numeral."""
    parts = [Fraction(p) for p in re.findall(r"[\d.]+", text)]
    return (-1 if text.startswith("(-") else 1) * (parts[0] / parts[1] if len(parts) > 1 else parts[0])


def _not(term: str) -> str:
    return {"true": "false", "false": "true"}.get(term) or f"(not {term})"


def _all(terms: Sequence[str]) -> str:
    return _joined("and", terms, "true", "false")


def _any(terms: Sequence[str]) -> str:
    return _joined("or", terms, "false", "true")


def _joined(operator: str, terms: Sequence[str], neutral: str, absorbing: str) -> str:
    kept = [t for t in terms if t != neutral]
    if absorbing in kept:
        return absorbing
    return f"({operator} {' '.join(kept)})" if len(kept) > 1 else kept[0] if kept else neutral


def _choice(condition: str, yes: str, no: str) -> str:
    return {"true": yes, "false": no}.get(condition) or f"(ite {condition} {yes} {no})"
