"""From a flat clocked node to a transition system.

Rule: each register is a state, each other equation a definition of the same instant; sampling is the identity and a
merge a choice, because terms are total. A register is read after its resets: the old value, or its first one. The
presence of a clock is a Boolean term: a register keeps its value where its clock is absent, and a clause of a contract
speaks only where it is present. The words over one clock share one counter of its instants, from which their letters
are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf, lcm
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from syncml.diagnostics.model import InternalFault
from syncml.ir.clocks import ALWAYS, Base, Clock, On, Periodic, Word, compose
from syncml.ir.constants import Const
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
    PropertyKind,
    Var,
    Wave,
    When,
)
from syncml.ir.types import (
    MACHINE_INTEGERS,
    Element,
    EnumType,
    element,
    integer_range,
    shape,
)
from syncml.verify.deadline import check_time, in_time
from syncml.verify.encoding import Encoder
from syncml.verify.order import ordered
from syncml.verify.sharing import shared
from syncml.verify.slicing import Register, sliced
from syncml.verify.smt import Term, is_constant, is_value, sort_of, z3
from syncml.verify.system import Definition, Input
from syncml.verify.terms import Terms, array_of
from syncml.verify.translation import Translation, element_names

LARGEST_CHOICE = 100
"""How many terms are looked at to see that a choice is within the range of a type."""

if TYPE_CHECKING:
    from syncml.verify.floats.ranges import Ranges

NONE: Mapping[Var, Var] = MappingProxyType({})

LONGEST_CYCLE = 5000
"""Words over one clock share a counter up to this hyperperiod; beyond it, each word counts for itself."""


def translate(
    node: Node, *, wrapping: bool, bounded: bool, rounded: Ranges | None = None, finite: Mapping[Var, Var] = NONE,
    deadline: float = inf,
) -> Translation:  # fmt: skip
    """The transition system of a flat node without calls.

    The clauses of kind ASSUME become assumptions; of the others, clause ``i`` becomes the goal ``goal!i``. Lemmas come
    first among the goals, because a goal may be proved with the help of those before it.

    Args:
        node: Clocked equations that passed the checks.
        wrapping: Encode machine integers as bit vectors.
        bounded: Without ``wrapping``, take each register of a machine integer type to be in range: right as long as
            no overflow has happened, so the proof of each goal rests on the goals that say so.
        rounded: Round float operations; what intervals know of the node.
        finite: With ``rounded``, the streams that say that an operation is finite, and the operation of each.
        deadline: When, of the monotonic clock, time is up.

    Raises:
        TimeUpError: the deadline came first.
    """
    return _Translator(node, wrapping, bounded, rounded, finite, deadline).translation()


class _Translator:
    def __init__(
        self, node: Node, wrapping: bool, bounded: bool, rounded: Ranges | None, finite: Mapping[Var, Var],
        deadline: float,
    ) -> None:  # fmt: skip
        self._node = node
        self._deadline = deadline
        self._bounded = bounded
        self._finite = finite
        self._encoder = Encoder(wrapping, self._unknown, self._fact, machine=rounded is not None)
        self._safe: dict[Var, Terms] = {}
        self._rounding = None
        if rounded is not None:
            from syncml.verify.floats.rounding import Rounding

            self._rounding = Rounding(rounded, self._encoder, self._named, self._safe)
        self._sorts: dict[str, Any] = {}
        self._inputs: list[Input] = []
        self._registers: list[Register] = []
        self._definitions: list[tuple[Definition, Term]] = []
        self._terms: dict[str, Term] = {}
        """The definitions by name."""
        self._facts: list[Term] = []
        self._ranges: dict[str, tuple[int, int]] = {}
        """The least and the greatest value of constants that a fact bounds."""
        self._values: dict[Var, Terms] = {}
        self._presence: dict[Clock, Term] = {}
        self._letters: dict[tuple[Clock, Word], Term] = {}
        self._counters: dict[tuple[Clock, Word | None], tuple[Term, int, int]] = {}
        self._updates: list[tuple[Var, Fby, Clock]] = []
        self._stored: dict[Var, Terms] = {}
        self._phases = 0

    def translation(self) -> Translation:
        """Translate the whole node, then keep what its goals depend on."""
        check_time(self._deadline)
        order = ordered(self._node.equations)
        check_time(self._deadline)
        same = shared(self._node, order)
        names = {v.name: self._declare_input(v) for v in self._node.inputs}
        for equation in order:
            if isinstance(equation.rhs, Fby) and same[equation.target] is equation.target:
                self._declare_register(equation.target, equation.rhs, _clock(equation))
        self._plan_counters(order)
        for equation in in_time(order, self._deadline):
            target = equation.target
            if same[target] is not target and same[target] in self._values:
                self._values[target] = self._values[same[target]]
            elif isinstance(equation.rhs, Fby):
                self._reset_register(target, equation.rhs)
            else:
                self._define_target(equation)
        for var, rhs, clock in in_time(self._updates, self._deadline):
            self._update(var, rhs, clock)
        assumptions, goals = self._clauses()
        rounded = () if self._rounding is None else self._rounding.points()
        system = sliced(
            self._inputs, self._registers, self._definitions, self._facts, assumptions, goals, rounded,
            deadline=self._deadline,
        )  # fmt: skip
        return Translation(system, names)

    # Constants and definitions.

    def _constant(self, name: str, sort: str) -> Term:
        if sort not in self._sorts:
            self._sorts[sort] = sort_of(sort)
        return z3.Const(name, self._sorts[sort])

    def _unknown(self, sort: str) -> Term:
        name = f"unknown!{len(self._inputs)}"
        self._inputs.append(Input(name, sort))
        return self._constant(name, sort)

    def _fact(self, fact: Term) -> None:
        self._facts.append(fact)

    def _named(self, name: str, term: Term) -> Term:
        return self._define(name, "Real", term)

    def _define(self, name: str, sort: str, term: Term, named: bool = False) -> Term:
        if is_value(term) or is_constant(term):
            return term
        self._definitions.append((Definition(name, sort, term.sexpr(), named), term))
        self._terms[name] = term
        return self._constant(name, sort)

    def _declare_input(self, var: Var) -> tuple[str, ...]:
        kind = element(var.type)
        names = tuple(element_names(var))
        terms: list[Term] = []
        for name in names:
            sort = self._encoder.sort(kind)
            self._inputs.append(Input(name, sort))
            terms.append(self._constant(name, sort))
            self._range(terms[-1], kind, bounded=True)
        self._values[var] = array_of(terms, shape(var.type))
        if self._rounding is not None:
            self._rounding.known(var, self._values[var])
        return names

    def _declare_register(self, var: Var, rhs: Fby, clock: Clock) -> None:
        kind = element(var.type)
        terms = [self._constant(name, self._encoder.sort(kind)) for name in element_names(var)]
        for term in terms:
            self._range(term, kind, bounded=self._bounded)
        self._stored[var] = self._values[var] = array_of(terms, shape(var.type))
        if self._rounding is not None:
            self._rounding.known(var, self._values[var])
        self._updates.append((var, rhs, clock))

    def _reset_register(self, var: Var, rhs: Fby) -> None:
        """The value of a register after its resets."""
        if not rhs.resets:
            return
        fires = self._fires(rhs.resets)
        kind = element(var.type)
        sort = self._encoder.sort(kind)
        items: list[Term] = []
        for name, stored, first in zip(
            element_names(var), self._stored[var].flat, self._initial(var, rhs), strict=True
        ):
            start = first
            if start is None:
                start = self._unknown(sort)
                self._range(start, kind, bounded=True)
            items.append(self._define(f"{name}!now", sort, z3.If(fires, start, stored)))
        self._values[var] = array_of(items, shape(var.type))

    def _fires(self, resets: tuple[Var, ...]) -> Term:
        """Whether one of ``resets`` is present and true."""
        return z3.simplify(z3.Or([z3.And(self._present(self._node.clocks[r]), self._values[r][()]) for r in resets]))

    def _initial(self, var: Var, rhs: Fby) -> list[Term | None]:
        """The first value of each element; None where it is undefined."""
        count = self._stored[var].size
        if rhs.init is None:
            return [None] * count
        initial: list[Term | None] = list(self._encoder.constant(rhs.init).flat)
        return initial * (count // len(initial))

    def _range(self, term: Term, kind: Element, *, bounded: bool) -> None:
        if isinstance(kind, EnumType):
            self._fact(z3.And(term >= 0, term < len(kind.constructors)))
        elif bounded and kind in MACHINE_INTEGERS and not self._encoder.wrapping:
            low, high = integer_range(kind)
            self._ranges[term.decl().name()] = (low, high)
            self._fact(z3.And(term >= low, term <= high))

    # Equations.

    def _define_target(self, equation: Equation) -> None:
        target, rhs = equation.target, equation.rhs
        match rhs:
            case Apply():
                arguments = tuple(map(self._atom, rhs.arguments))
                types = tuple(a.type for a in rhs.arguments)
                value = self._encoder.apply(rhs.op, arguments, types, rhs.attribute, target.type)
                if self._rounding is not None:
                    value = self._rounding.result(equation, value, arguments)
                    value = self._safe.get(self._finite.get(target, target), value) if target in self._finite else value
            case When():
                value = self._atom(rhs.source)
            case Merge():
                value = self._merge(rhs)
            case Wave():
                letter = self._phase(target, rhs) if rhs.resets else self._letter(_clock(equation), rhs.word)
                value = array_of([letter], ())
            case Fby() | Call() | Iterate() | Buffer() | Post() | Pack():
                raise InternalFault(f"{target.name} has no definition within an instant")
        sort = self._encoder.sort(element(target.type))
        items = [
            self._define(name, sort, term, target.user)
            for name, term in zip(element_names(target), value.flat, strict=True)
        ]
        self._values[target] = array_of(items, shape(target.type))

    def _atom(self, atom: Atom) -> Terms:
        return self._encoder.constant(atom) if isinstance(atom, Const) else self._values[atom]

    def _merge(self, rhs: Merge) -> Terms:
        *others, (_, last) = rhs.branches
        result = list(self._atom(last).flat)
        for constructor, atom in reversed(others):
            here = self._selects(rhs.condition, constructor)
            result = [z3.If(here, x, y) for x, y in zip(self._atom(atom).flat, result, strict=True)]
        return array_of(result, shape(last.type))

    def _selects(self, condition: Var, constructor: bool | str) -> Term:
        term = self._values[condition][()]
        if isinstance(condition.type, EnumType):
            return term == condition.type.constructors.index(str(constructor))
        return term if constructor is True else z3.Not(term)

    def _update(self, var: Var, rhs: Fby, clock: Clock) -> None:
        present = self._present(clock)
        sort = self._encoder.sort(element(var.type))
        following = self._atom(rhs.following)
        following = array_of(list(following.flat) * (self._values[var].size // following.size), shape(var.type))
        for stored, now, first, after in zip(
            self._stored[var].flat, self._values[var].flat, self._initial(var, rhs), following.flat, strict=True
        ):
            kept = self._in_range(after, element(var.type))
            gated = kept if z3.is_true(present) else z3.If(present, kept, now)
            self._registers.append(Register(stored, sort, first, gated))

    def _in_range(self, term: Term, kind: Element) -> Term:
        """``term``, or any value of ``kind`` where it is out of range.

        A register is taken to be in range; without this, an overflow would end the run, and what is false only after
        it would be proved.
        """
        if not self._bounded or kind not in MACHINE_INTEGERS or self._encoder.wrapping:
            return term
        low, high = integer_range(kind)
        if self._is_ranged(term, low, high):
            return term
        wrapped = self._unknown("Int")
        self._range(wrapped, kind, bounded=True)
        return z3.If(z3.And(term >= low, term <= high), term, wrapped)

    def _is_ranged(self, term: Term, low: int, high: int) -> bool:
        """Whether ``term`` is a choice, of moderate size, among numbers and constants that are in a range."""
        pending, seen = [term], 0
        while pending:
            current, seen = pending.pop(), seen + 1
            if seen > LARGEST_CHOICE:
                return False
            if z3.is_app_of(current, z3.Z3_OP_ITE):
                pending += current.children()[1:]
            elif is_value(current):
                if not low <= current.as_long() <= high:
                    return False
            elif (name := current.decl().name()) in self._terms and current.num_args() == 0:
                pending.append(self._terms[name])
            elif not (name in self._ranges and low <= self._ranges[name][0] and self._ranges[name][1] <= high):
                return False
        return True

    # Clocks.

    def _present(self, clock: Clock) -> Term:
        pending = [clock]
        while pending:
            current = pending[-1]
            if current in self._presence:
                pending.pop()
            elif isinstance(current, Base):
                self._presence[current] = z3.BoolVal(True)
            elif current.parent not in self._presence:
                pending.append(current.parent)
            else:
                match current:
                    case On():
                        here = self._selects(current.condition, current.constructor)
                    case Periodic():
                        here = self._letter(current.parent, current.word)
                term = z3.simplify(z3.And(self._presence[current.parent], here))
                self._presence[current] = self._define(f"clock!{len(self._presence)}", "Bool", term)
        return self._presence[clock]

    def _plan_counters(self, order: Iterable[Equation]) -> None:
        """Decide, for each clock that words are read on, one counter for all of them, or one for each."""
        read: dict[Clock, list[Word]] = {}
        waves = [(_clock(e), e.rhs.word) for e in order if isinstance(e.rhs, Wave) and not e.rhs.resets]
        for clock in dict.fromkeys((*self._node.clocks.values(), *(_clock(e) for e in order))):
            current = clock
            while not isinstance(current, Base):
                if isinstance(current, Periodic):
                    waves.append((current.parent, current.word))
                current = current.parent
        for clock, word in waves:
            parent, whole = _rooted(clock, word)
            if whole not in read.setdefault(parent, []):
                read[parent].append(whole)
        for parent, words in read.items():
            prefix = max(len(w.prefix) for w in words)
            period = lcm(*(len(w.period) for w in words))
            if prefix + period <= LONGEST_CYCLE:
                self._counter(parent, None, prefix, period)
            else:
                for word in words:
                    self._counter(parent, word, len(word.prefix), len(word.period))

    def _counter(self, parent: Clock, word: Word | None, prefix: int, period: int) -> None:
        """Declare a counter 0, 1, .., prefix + period - 1, prefix, ..; its update waits until all terms exist."""
        term = self._constant(f"count!{len(self._counters)}", "Int")
        self._counters[parent, word] = (term, prefix, period)
        self._fact(z3.And(term >= 0, term < prefix + period))

    def _letter(self, clock: Clock, word: Word) -> Term:
        parent, whole = _rooted(clock, word)
        if whole == ALWAYS:
            return z3.BoolVal(True)
        if (parent, whole) not in self._letters:
            term, prefix, period = self._counters.get((parent, None)) or self._counters[parent, whole]
            ones = [i for i in range(prefix + period) if whole.at(i)]
            zeros = [i for i in range(prefix + period) if not whole.at(i)]
            letter = z3.Or([term == i for i in ones]) if len(ones) <= len(zeros) else z3.And([term != i for i in zeros])
            name = f"letter!{len(self._letters)}"
            self._letters[parent, whole] = self._define(name, "Bool", z3.simplify(letter))
        return self._letters[parent, whole]

    def _phase(self, target: Var, wave: Wave) -> Term:
        """The letter of a word that may be reset, read from a counter of its own."""
        prefix, period = len(wave.word.prefix), len(wave.word.period)
        self._phases += 1
        stored = self._constant(f"phase!{self._phases}", "Int")
        self._fact(z3.And(stored >= 0, stored < prefix + period))
        now = z3.If(self._fires(wave.resets), z3.IntVal(0), stored)
        now = self._define(f"{stored.decl().name()}!now", "Int", now)
        after = z3.If(now == prefix + period - 1, z3.IntVal(prefix), now + 1)
        present = self._present(self._node.clocks[target])
        gated = after if z3.is_true(present) else z3.If(present, after, now)
        self._registers.append(Register(stored, "Int", z3.IntVal(0), gated))
        return z3.simplify(z3.Or([now == i for i in range(prefix + period) if wave.word.at(i)]))

    def _close_counters(self) -> None:
        for (parent, _), (term, prefix, period) in self._counters.items():
            present = self._present(parent)
            following = z3.If(term == prefix + period - 1, z3.IntVal(prefix), term + 1)
            gated = following if z3.is_true(present) else z3.If(present, following, term)
            self._registers.append(Register(term, "Int", z3.IntVal(0), gated))

    # Contracts.

    def _clauses(self) -> tuple[list[str], list[str]]:
        assumptions: list[str] = []
        goals: list[str] = []
        for clause in self._node.properties:
            present = self._present(self._node.clocks[clause.holds])
            elements: list[Term] = list(self._values[clause.holds].flat)
            holds: Term = z3.And(elements) if shape(clause.holds.type) else elements[0]
            term: Term = holds if z3.is_true(present) else z3.Implies(present, holds)
            kind = "assumption" if clause.kind is PropertyKind.ASSUME else "goal"
            names = assumptions if clause.kind is PropertyKind.ASSUME else goals
            names.append(f"{kind}!{len(names)}")
            self._definitions.append((Definition(names[-1], "Bool", term.sexpr(), named=True), term))
        self._close_counters()
        claims = [p for p in self._node.properties if p.kind is not PropertyKind.ASSUME]
        lemmas = [g for g, p in zip(goals, claims, strict=True) if p.kind is PropertyKind.INVARIANT]
        return assumptions, [*lemmas, *(g for g in goals if g not in lemmas)]


def _rooted(clock: Clock, word: Word) -> tuple[Clock, Word]:
    """A word on a periodic clock as a word on the clock's parent; equal where the periodic clock is present."""
    if isinstance(clock, Periodic):
        return clock.parent, compose(clock.word, word)
    return clock, word


def _clock(equation: Equation) -> Clock:
    if equation.clock is None:
        raise InternalFault(f"{equation.targets[0].name} is verified before its clock is known")
    return equation.clock
