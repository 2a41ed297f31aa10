"""Periodic clocks as conditions, for the body of an instance that may be reset.

Rule: after a reset the words of an instance start again, so that within their caller they are no longer periodic. Each
clock ``ck every w`` of the body becomes ``ck on c`` with one Boolean ``c = word w`` for each clock and word,
complements sharing theirs; inlining gives that word the resets of the instance. A stream on ``ck every u`` that is
sampled by a word, or merged by one, goes through ``ck``, for there ``u on v`` is one word. The ends of a segment on
``ck every u`` are ``ck on c on last``, as the segment has them.

The result has the same trace and obeys the clock rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from syncml.diagnostics.model import InternalFault, Span
from syncml.ir.clocks import ALWAYS, Base, Clock, On, Periodic, Word, complement, every, steps, word
from syncml.ir.constants import zero
from syncml.ir.equations.conditions import Conditions
from syncml.ir.equations.syntax import (
    Apply,
    Atom,
    Buffer,
    Call,
    Equation,
    Fby,
    Iterate,
    Merge,
    Node,
    Pack,
    Post,
    Rhs,
    Segment,
    Var,
    Wave,
    When,
)
from syncml.ir.operators import Op
from syncml.ir.types import BOOL, Type


def has_words(node: Node) -> bool:
    """Whether a word is read anywhere in a clocked ``node``."""
    clocks: set[Clock] = set(node.clocks.values())
    return any(isinstance(s, Periodic) for c in clocks for s in steps(c)) or any(
        isinstance(e.rhs, Wave) for e in node.equations
    )


def without_words(node: Node, conditions: Conditions) -> Node:
    """A clocked ``node``, whose interface has no periodic clock, without periodic clocks."""
    return _Restart(node, conditions).result() if has_words(node) else node


class _Restart:
    def __init__(self, node: Node, conditions: Conditions) -> None:
        self._node = node
        self._conditions = conditions
        self._names = {v.name for v in node.clocks}
        self._added: list[Equation] = []
        self._new_clocks: dict[Var, Clock] = {}
        self._clocks: dict[Clock, Clock] = {}
        self._resets: dict[Var, Var] = {}
        self._readings: dict[tuple[Clock, Word], tuple[Var, bool]] = {}
        self._ends: dict[Clock, Var] = {}

    def result(self) -> Node:
        """The node without periodic clocks."""
        node = self._node
        # The end of a segment stands for its word, in clocks and in the segment alike.
        ends = {e.rhs.segment.last for e in node.equations if isinstance(e.rhs, Post | Pack)}
        for end in ends:
            fast, letters = node.clocks[end], self._conditions.select(end, True)
            if isinstance(fast, Periodic) and isinstance(letters, Word) and letters != ALWAYS:
                self._ends[every(fast, letters)] = end
        for equation in sorted(node.equations, key=lambda e: ends.isdisjoint(e.targets)):
            rhs, clock = equation.rhs, equation.clock
            # A word that starts again within the body is read by nobody else.
            if isinstance(rhs, Wave) and not rhs.resets and clock is not None and not isinstance(clock, Periodic):
                self._remember(self._clock(clock), rhs.word, equation.target)
        equations = [
            replace(e, rhs=self._rhs(e), clock=None if e.clock is None else self._clock(e.clock))
            for e in node.equations
        ]
        clocks: Mapping[Var, Clock] = {v: self._clock(c) for v, c in node.clocks.items()}
        return replace(
            node, equations=(*self._added, *equations), clocks=MappingProxyType({**clocks, **self._new_clocks})
        )

    def _clock(self, clock: Clock) -> Clock:
        pending: list[On | Periodic] = []
        while not isinstance(clock, Base) and clock not in self._clocks:
            pending.append(clock)
            clock = clock.parent
        result = self._clocks.get(clock, clock)
        for step in reversed(pending):
            if isinstance(step, Periodic):
                result = self._path(step)[-1]
            else:
                result = On(result, step.condition, step.constructor)
            self._clocks[step] = result
        return result

    def _path(self, clock: Periodic) -> tuple[On, ...]:
        """The new clocks below that of the parent of ``clock``, down to its own."""
        end = self._ends.get(clock)
        if end is None:
            parent = self._clock(clock.parent)
            return (On(parent, *self._reading(parent, clock.word)),)
        fast = self._node.clocks[end]
        assert isinstance(fast, Periodic)
        above = self._path(fast)
        return (*above, On(above[-1], end, True))

    def _reading(self, clock: Clock, letters: Word) -> tuple[Var, bool]:
        """The Boolean on the new ``clock`` that reads a word, and its value at the ones of the word."""
        if (clock, letters) not in self._readings:
            self._remember(clock, letters, self._define("phase", BOOL, Wave(letters), clock, self._node.span))
        return self._readings[clock, letters]

    def _remember(self, clock: Clock, letters: Word, var: Var) -> None:
        letters = word(letters.prefix, letters.period)
        self._readings.setdefault((clock, letters), (var, True))
        self._readings.setdefault((clock, complement(letters)), (var, False))

    def _define(self, name: str, type_: Type, rhs: Rhs, clock: Clock, span: Span) -> Var:
        unique, number = name, 1
        while unique in self._names:
            number += 1
            unique = f"{name}_{number}"
        self._names.add(unique)
        var = Var(unique, type_, span)
        self._new_clocks[var] = clock
        self._added.append(Equation((var,), rhs, span, clock))
        return var

    def _rhs(self, equation: Equation) -> Rhs:
        rhs = equation.rhs
        match rhs:
            case When():
                selection = self._conditions.select(rhs.condition, rhs.constructor)
                fast = self._node.clocks[rhs.condition]
                return self._when(equation, rhs.source, fast, selection) if isinstance(selection, Word) else rhs
            case Merge():
                words = [(self._conditions.select(rhs.condition, c), a) for c, a in rhs.branches]
                letters = [(w, a) for w, a in words if isinstance(w, Word)]
                if equation.clock is None:
                    raise InternalFault(f"{equation.target.name} is inlined before its clock is known")
                return self._merge(equation, equation.clock, letters) if letters else rhs
            case Fby() | Wave() | Call() | Iterate():
                return replace(rhs, resets=tuple(self._reset(r, equation.span) for r in rhs.resets))
            case Apply() | Buffer():
                return rhs
            case Post():
                return replace(rhs, segment=self._segment(rhs.segment))
            case Pack():
                resets = tuple(self._reset(r, equation.span) for r in rhs.resets)
                return replace(rhs, segment=self._segment(rhs.segment), resets=resets)

    def _segment(self, segment: Segment) -> Segment:
        """A segment whose borders are the Booleans that stand for their words in clocks."""
        clock = self._node.clocks[segment.last]
        if isinstance(clock, Periodic):
            return segment
        borders = [self._border(self._clock(clock), border) for border in (segment.first, segment.last)]
        return replace(segment, first=borders[0], last=borders[1])

    def _border(self, clock: Clock, border: Var) -> Var:
        letters = self._conditions.select(border, True)
        if not isinstance(letters, Word):
            return border
        found, holds = self._reading(clock, letters)
        return found if holds else border

    def _reset(self, reset: Var, span: Span) -> Var:
        """A reset on a periodic clock covers what it resets by its instants alone, so it goes to the parent."""
        clock = self._node.clocks[reset]
        if not isinstance(clock, Periodic):
            return reset
        if reset not in self._resets:
            lifted = self._lifted(reset, clock, span)
            assert isinstance(lifted, Var)
            self._resets[reset] = lifted
        return self._resets[reset]

    def _when(self, equation: Equation, source: Atom, fast: Clock, letters: Word) -> Rhs:
        sampled, rhs = every(fast, letters), equation.rhs
        if sampled == fast:
            return Apply(Op.COPY, (source,))
        assert isinstance(sampled, Periodic) and isinstance(rhs, When)
        if isinstance(fast, Periodic):
            if rhs.condition is self._ends.get(sampled):
                return rhs
            source = self._lifted(source, fast, equation.span)
        return self._sampled(equation, source, sampled)

    def _sampled(self, equation: Equation, source: Atom, clock: Periodic) -> When:
        """``source``, which is on the parent of ``clock``, at the instants of ``clock``."""
        *above, last = self._path(clock)
        target = equation.target
        for step in above:
            rhs = When(source, step.condition, step.constructor)
            source = self._define(target.name, target.type, rhs, step, equation.span)
        return When(source, last.condition, last.constructor)

    def _merge(self, equation: Equation, clock: Clock, branches: list[tuple[Word, Atom]]) -> Rhs:
        whole = next((atom for letters, atom in branches if letters == ALWAYS), None)
        if whole is not None:
            return Apply(Op.COPY, (whole,))
        (letters, one), (_, other) = (b for b in branches if any(b[0].period) or any(b[0].prefix))
        parent = clock.parent if isinstance(clock, Periodic) else clock
        parts = [(every(clock, w), atom) for w, atom in ((letters, one), (complement(letters), other))]
        condition, here = self._reading(self._clock(parent), _word_below(parts[0][0]))
        if parent == clock and not any(part in self._ends for part, _ in parts):
            return Merge(condition, ((here, one), (not here, other)))
        sides = [self._lifted(atom, part, equation.span) for part, atom in parts]
        chosen = Apply(Op.WHERE, (condition, *(sides if here else reversed(sides))))
        if not isinstance(clock, Periodic):
            return chosen
        both = self._define(equation.target.name, equation.target.type, chosen, self._clock(parent), equation.span)
        return self._sampled(equation, both, clock)

    def _lifted(self, atom: Atom, clock: Clock, span: Span) -> Atom:
        """``atom`` on the parent of its periodic ``clock``; zero where it was absent, which nobody reads."""
        if not isinstance(atom, Var):
            return atom
        assert isinstance(clock, Periodic)
        for step in reversed(self._path(clock)):
            here = bool(step.constructor)
            rhs = Merge(step.condition, ((here, atom), (not here, zero(atom.type))))
            atom = self._define(atom.name, atom.type, rhs, step.parent, span)
        return atom


def _word_below(clock: Clock) -> Word:
    """The word of a periodic clock."""
    assert isinstance(clock, Periodic)
    return clock.word
