"""Words become counters: clocked equations without periodic words.

Rule: for each clock ``ck`` and each pair of a prefix length and a period length used on it with the same resets, one
register counts the instants of ``ck`` round the period; a word is a comparison of that counter (or a constant table for
an irregular pattern), and ``ck every w`` becomes ``ck on c`` with the Boolean ``c`` that reads ``w``. A word and its
complement share one Boolean, so that the two sides of a merge become the two branches of one test.

The result has the same trace. A word sampled by another word is one counter of the outer clock, so the clock of such a
stream no longer mentions the clock of its source: the clock checker, which knows words, is for programs before this
pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import ALWAYS, Base, Clock, On, Periodic, Word, complement, word
from syncml.ir.constants import Array, Const
from syncml.ir.equations.conditions import Conditions, conditions_of
from syncml.ir.equations.syntax import Apply, Atom, Equation, Fby, Merge, Node, Program, Rhs, Var, Wave, When
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, Scalar, Type

_COUNTER = Scalar.U32


def count_words(program: Program) -> Program:
    """``program`` with every word replaced by counters; clocks must be inferred."""
    conditions = conditions_of(program)
    return replace(program, nodes=tuple(_Counters(node, conditions[node.name]).result() for node in program.nodes))


@dataclass(frozen=True, slots=True)
class _Reading:
    """The Boolean that reads a word, and the value that it has at the ones of the word."""

    condition: Var
    constructor: bool


class _Counters:
    """The rewriting of one node."""

    def __init__(self, node: Node, conditions: Conditions) -> None:
        self._node = node
        self._conditions = conditions
        self._names = {v.name for v in node.inputs} | {t.name for e in node.equations for t in e.targets}
        self._added: list[Equation] = []
        self._clocks: dict[Clock, Clock] = {}
        self._new_clocks: dict[Var, Clock] = {}
        self._readings: dict[tuple[Clock, Word, tuple[Var, ...]], _Reading] = {}
        self._counts: dict[tuple[Clock, int, int, tuple[Var, ...]], Var] = {}

    def result(self) -> Node:
        """The node without words."""
        node = self._node
        waves: dict[int, Rhs] = {}
        for position, equation in enumerate(node.equations):
            if isinstance(equation.rhs, Wave):
                waves[position] = self._wave(equation, equation.rhs)
        equations = [
            replace(e, rhs=waves[i] if i in waves else self._rhs(e, e.rhs), clock=self._clock(_known(e)))
            for i, e in enumerate(node.equations)
        ]
        clocks = {v: self._clock(c) for v, c in node.clocks.items()}
        return replace(
            node,
            equations=(*self._added, *equations),
            clocks=MappingProxyType({**clocks, **self._new_clocks}),
        )

    def _wave(self, equation: Equation, wave: Wave) -> Rhs:
        """The new right-hand side of an equation that reads a word; the first one names the word's Boolean."""
        clock, target = self._clock(_known(equation)), equation.target
        letters = word(wave.word.prefix, wave.word.period)
        if letters in (ALWAYS, complement(ALWAYS)):
            return Apply(Op.COPY, (Const(letters == ALWAYS, BOOL),))
        known = self._readings.get((clock, letters, wave.resets))
        if known is None:
            self._remember(clock, letters, wave.resets, target)
            return self._test(clock, letters, wave.resets)
        return Apply(Op.COPY if known.constructor else Op.NOT, (known.condition,))

    def _remember(self, clock: Clock, letters: Word, resets: tuple[Var, ...], condition: Var) -> _Reading:
        reading = self._readings[clock, letters, resets] = _Reading(condition, True)
        self._readings[clock, complement(letters), resets] = _Reading(condition, False)
        return reading

    def _clock(self, clock: Clock) -> Clock:
        steps: list[On | Periodic] = []
        while not isinstance(clock, Base) and clock not in self._clocks:
            steps.append(clock)
            clock = clock.parent
        result = self._clocks.get(clock, clock)
        for step in reversed(steps):
            if isinstance(step, Periodic):
                reading = self._reading(result, step.word)
                result = On(result, reading.condition, reading.constructor)
            else:
                result = On(result, step.condition, step.constructor)
            self._clocks[step] = result
        return result

    def _reading(self, clock: Clock, letters: Word) -> _Reading:
        known = self._readings.get((clock, letters, ()))
        if known is not None:
            return known
        condition = self._variable(_word_name(letters), BOOL, clock)
        self._define(condition, self._test(clock, letters, ()), clock)
        return self._remember(clock, letters, (), condition)

    def _test(self, clock: Clock, letters: Word, resets: tuple[Var, ...]) -> Rhs:
        """The Boolean expression that is true at the ones of the word."""
        pattern = letters.prefix + letters.period
        ones = sum(pattern)
        if not ones:
            # A clock that is never present; a plain constant would make it another name of its parent.
            return Apply(Op.AND, (Const(False, BOOL), Const(False, BOOL)))
        count = self._count(clock, len(letters.prefix), len(letters.period), resets)
        if ones == 1:
            return _compare(Op.EQ, count, pattern.index(1))
        if ones == len(pattern) - 1:
            return _compare(Op.NE, count, pattern.index(0))
        first_zero, first_one = pattern.index(0), pattern.index(1)
        if not any(pattern[first_zero:]):
            return _compare(Op.LT, count, first_zero)
        if all(pattern[first_one:]):
            return _compare(Op.GE, count, first_one)
        table = Const(Array.of(np.array(pattern, dtype=np.bool_), BOOL), BOOL, "pattern")
        return Apply(Op.AT, (table, count))

    def _count(self, clock: Clock, prefix: int, period: int, resets: tuple[Var, ...]) -> Var:
        """The register that counts the instants of ``clock`` from 0 to the end of the word and back to its period."""
        key = (clock, prefix, period, resets)
        if key in self._counts:
            return self._counts[key]
        last = prefix + period - 1
        count = self._counts[key] = self._variable(f"count_{prefix + period}", _COUNTER, clock)
        wraps = self._variable(f"{count.name}_wraps", BOOL, clock)
        after = self._variable(f"{count.name}_after", _COUNTER, clock)
        following = self._variable(f"{count.name}_next", _COUNTER, clock)
        self._define(count, Fby(Const(0, _COUNTER), following, resets), clock)
        self._define(wraps, _compare(Op.GE, count, last), clock)
        self._define(after, Apply(Op.ADD, (count, Const(1, _COUNTER))), clock)
        self._define(following, Apply(Op.WHERE, (wraps, Const(prefix, _COUNTER), after)), clock)
        return count

    def _variable(self, name: str, type_: Type, clock: Clock) -> Var:
        unique, number = name, 1
        while unique in self._names:
            number += 1
            unique = f"{name}_{number}"
        self._names.add(unique)
        var = Var(unique, type_, self._node.span)
        self._new_clocks[var] = clock
        return var

    def _define(self, target: Var, rhs: Rhs, clock: Clock) -> None:
        self._added.append(Equation((target,), rhs, self._node.span, clock))

    def _rhs(self, equation: Equation, rhs: Rhs) -> Rhs:
        """Merges and samplings name the same conditions as the clocks of their branches."""
        clock = _known(equation)
        match rhs:
            case When():
                fast = self._node.clocks.get(rhs.condition, clock)
                sampled = self._clock(self._conditions.on(fast, rhs.condition, rhs.constructor))
                if isinstance(sampled, On) and sampled.parent == self._clock(fast):
                    return When(rhs.source, sampled.condition, sampled.constructor)
                return rhs
            case Merge():
                return self._merge(clock, rhs)
            case _:
                return rhs

    def _merge(self, clock: Clock, rhs: Merge) -> Rhs:
        parent = self._clock(clock)
        branches: list[tuple[Clock, Atom]] = [
            (self._clock(self._conditions.on(clock, rhs.condition, constructor)), atom)
            for constructor, atom in rhs.branches
        ]
        for branch, atom in branches:
            if branch == parent:
                return Apply(Op.COPY, (atom,))
        tests = [(c.condition, c.constructor, a) for c, a in branches if isinstance(c, On) and c.parent == parent]
        if len(tests) < len(branches) or any(condition is not tests[0][0] for condition, _, _ in tests):
            return rhs
        return Merge(tests[0][0], tuple((constructor, a) for _, constructor, a in tests))


def _compare(op: Op, count: Var, position: int) -> Apply:
    return Apply(op, (count, Const(position, _COUNTER)))


def _word_name(letters: Word) -> str:
    """A name that says which instants are meant, such as ``every_10`` or ``every_10_from_3``."""
    if letters.prefix or sum(letters.period) != 1:
        return f"pattern_{len(letters.prefix) + len(letters.period)}"
    phase = letters.period.index(1)
    return f"every_{len(letters.period)}" + (f"_from_{phase}" if phase else "")


def _known(equation: Equation) -> Clock:
    if equation.clock is None:
        raise InternalFault(f"{equation.targets} is lowered before its clock is known")
    return equation.clock


def clock_texts(program: Program) -> Mapping[tuple[str, str], str]:
    """The clock in words of each variable, by node and variable, as it is before the words become counters."""
    texts: dict[Clock, str] = {}
    found: dict[tuple[str, str], str] = {}
    for node in program.nodes:
        for var, clock in node.clocks.items():
            found[node.name, var.name] = texts.setdefault(clock, str(clock))
    return found
