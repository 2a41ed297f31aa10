"""A system with finitely many states as Boolean functions, read from its text.

    Bool        one bit
    Int         a constant that facts bound, as ``0 <= x < n``: as many bits as n needs; a term is, for each number
                that it may be, the condition under which it is that number
    state       the variable of a bit now, and next to it that of the bit at the next instant

Rule: what has another sort, no bounds or an operation that is not in the table makes a system one that is not finite.
States that are equal by induction, or keep their first value, have the bits of one of them, or none: as in `reduction`,
this is the greatest partition that is stable. Variables are ordered as the goals read them.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import pairwise
from typing import Any, TypeAlias

from syncml.dataclass import dataclass
from syncml.verify.finite.diagrams import FALSE, LEVELS, TRUE, Diagrams
from syncml.verify.system import State, System

MOST = 256
"""How many numbers a term may be at most."""

ROUNDS = 50
"""How often classes of states are split at most; what takes longer stays as it is."""

Value: TypeAlias = "int | dict[int, int]"
"""A term: a function, or for each number that it may be the function that tells where it is."""

Term: TypeAlias = "str | tuple[Term, ...]"
"""An expression as it was read: a symbol, or a list; equal parts are one object where the text says so by ``let``."""

_BOUNDS = re.compile(r"\(and \(>= \|([^|]*)\| (\d+)\) \(< \|\1\| (\d+)\)\)")
"""A fact that bounds a constant."""

_TOKEN = re.compile(r"\|[^|]*\||[()]|[^\s()|]+")


class NotFiniteError(Exception):
    """The system is none that this package decides."""


def parsed(text: str) -> Term:
    """Read one term; what ``let`` names is put in place."""
    stack: list[list[Any]] = [[]]
    scopes: list[dict[str, Term]] = []
    for token in _TOKEN.findall(text):
        if token == "(":
            stack.append([])
            continue
        if token != ")":
            naming = not stack[-1] and len(stack) > 2 and stack[-3] == ["let"]
            known = None if naming else next((s[token] for s in reversed(scopes) if token in s), None)
            stack[-1].append(token if known is None else known)
            continue
        done = stack.pop()
        outer = stack[-1]
        if outer[:1] == ["let"] and len(outer) == 1:
            scopes.append(dict(done))
        if done[:1] == ["let"]:
            scopes.pop()
            outer.append(done[2])
        else:
            outer.append(tuple(done))
    return stack[0][0]


@dataclass(frozen=True, slots=True)
class Bits:
    """The bits of a constant, the least first; without bounds it is a truth value.

    Attributes:
        levels: Of each bit the variable; that of the next instant, if it is a state, comes after it.
        low: The least number.
        count: How many numbers there are; 0 for a truth value.
    """

    levels: tuple[int, ...]
    low: int = 0
    count: int = 0

    def text(self, values: Mapping[int, bool]) -> str:
        """The value that some variables stand for, as models write it; variables without a value are false."""
        if not self.count:
            return str(values.get(self.levels[0], False))
        return str(self.low + sum(1 << i for i, level in enumerate(self.levels) if values.get(level, False)))

    def coded(self, value: Any) -> dict[int, bool]:
        """The values of the variables that stand for a value."""
        code = int(value) - self.low
        return {level: bool(code >> i & 1) for i, level in enumerate(self.levels)}


@dataclass(slots=True)
class Finite:
    """A system as functions of the bits of its inputs and states.

    Attributes:
        system: The system.
        diagrams: The functions.
        inputs: The bits of each input.
        states: The bits of each state that stands for itself.
        merged: The state that another one equals, or the text of the value that it keeps.
        initial: Where all states have their first values.
        held: Where facts and assumptions hold.
        goals: Where each goal holds.
        following: For the variable of each bit of a state, its value at the next instant.
    """

    system: System
    diagrams: Diagrams
    inputs: dict[str, Bits] = field(default_factory=dict[str, Bits])
    states: dict[str, Bits] = field(default_factory=dict[str, Bits])
    merged: dict[str, str] = field(default_factory=dict[str, str])
    initial: int = TRUE
    held: int = TRUE
    goals: dict[str, int] = field(default_factory=dict[str, int])
    following: dict[int, int] = field(default_factory=dict[int, int])


def finite(system: System, steps: int) -> Finite:
    """Read a system, whose functions may take so many steps in all.

    Raises:
        NotFiniteError: it has other states and inputs than those above, or too many.
        TooLargeError: its functions take more steps.
    """
    bounds = filter(None, map(_BOUNDS.fullmatch, system.facts))
    ranges = {b[1]: (int(b[2]), int(b[3]) - int(b[2])) for b in bounds}
    for item in (*system.inputs, *system.states):
        if item.sort != "Bool" and (item.sort != "Int" or item.name not in ranges):
            raise NotFiniteError
    return _Reader(system, ranges, Diagrams(steps)).finite()


class _Reader:
    def __init__(self, system: System, ranges: Mapping[str, tuple[int, int]], diagrams: Diagrams) -> None:
        self._system = system
        self._ranges = ranges
        self._diagrams = diagrams
        self._definitions = {d.name: parsed(d.term) for d in system.definitions}
        self._following = {s.name: parsed(s.following) for s in system.states}
        self._facts = [parsed(fact) for fact in system.facts]
        self._bits: dict[str, Bits] = {}

    def finite(self) -> Finite:
        system = self._system
        self._allot()
        place = self._classes()
        values = self._values(place)
        own = {s.name: self._bits[s.name] for s in system.states if place[s.name] == s.name}
        result = Finite(
            system, self._diagrams, {i.name: self._bits[i.name] for i in system.inputs}, own,
            {n: p for n, p in place.items() if n not in own},
        )  # fmt: skip
        for state in system.states:
            if state.name in own and state.initial is not None:
                here = self._constant(state.name)
                result.initial = self._diagrams.both(
                    result.initial, self._same(here, self._evaluated(state.initial, {}))
                )
        facts = [self._truth(self._term(fact, values)) for fact in self._facts]
        result.held = self._diagrams.all_of([*facts, *(self._truth(values[a]) for a in system.assumptions)])
        result.goals = {g: self._truth(values[g]) for g in system.goals}
        for name, bits in own.items():
            after = self._term(self._following[name], values)
            result.following |= zip(bits.levels, self._coded(bits, after), strict=True)
        return result

    # Variables.

    def _allot(self) -> None:
        """Give each constant its variables, in the order in which the goals, then the states that these read, do."""
        known = {x.name: x for x in (*self._system.inputs, *self._system.states)}
        count = 0
        for name in self._read_in_order():
            item = known[name]
            low, numbers = (0, 0) if item.sort == "Bool" else self._ranges[name]
            if numbers < (1 if item.sort != "Bool" else 0) or numbers > MOST:
                raise NotFiniteError
            width = max(1, (numbers - 1).bit_length())
            step = 2 if isinstance(item, State) else 1
            self._bits[name] = Bits(tuple(range(count, count + step * width, step)), low, numbers)
            count += step * width
        if count > LEVELS:
            raise NotFiniteError

    def _read_in_order(self) -> Iterator[str]:
        system = self._system
        states = {s.name for s in system.states}
        others = states | {i.name for i in system.inputs}
        seen: set[str] = set()
        parts: set[int] = set()
        waiting = [*system.goals, *system.assumptions, *(x.name for x in (*system.states, *system.inputs))]
        for root in waiting:
            stack: list[Term] = [f"|{root}|"]
            while stack:
                term = stack.pop()
                if not isinstance(term, str):
                    stack += reversed(term) if id(term) not in parts else ()
                    parts.add(id(term))
                    continue
                name = term.strip("|")
                if name in seen or (name not in others and name not in self._definitions):
                    continue
                seen.add(name)
                if name in self._definitions:
                    stack.append(self._definitions[name])
                else:
                    yield name
                    if name in states:
                        # What a state becomes is near to it.
                        stack.insert(0, self._following[name])

    # Equal states.

    def _classes(self) -> dict[str, str]:
        """For each state the one that stands for it, or the text of its value; itself, if classes do not settle."""
        states = self._system.states
        constant = {s.name: s.initial for s in states if s.initial is not None}
        colour: dict[str, Hashable] = {s.name: (s.sort, s.initial or ("undefined", s.name)) for s in states}
        for _ in range(ROUNDS):
            leader: dict[Hashable, str] = {}
            place = {s.name: constant.get(s.name) or leader.setdefault(colour[s.name], s.name) for s in states}
            values = self._values(place)
            update = {s.name: self._hashed(self._term(self._following[s.name], values)) for s in states}
            wrong = [n for n, text in constant.items() if update[n] != self._hashed(self._evaluated(text, {}))]
            for name in wrong:
                del constant[name]
            number: dict[Hashable, int] = {}
            refined = {n: number.setdefault((colour[n], update[n]), len(number)) for n in update}
            free = [n for n in update if n not in constant]
            if not wrong and len({refined[n] for n in free}) == len({colour[n] for n in free}):
                return place
            colour = dict(refined)
        return {s.name: s.name for s in states}

    @staticmethod
    def _hashed(value: Value) -> Hashable:
        return value if isinstance(value, int) else frozenset(value.items())

    # Terms.

    def _values(self, place: Mapping[str, str]) -> dict[str, Value]:
        """The constants by name, with others, or values, in the place of some states."""
        values: dict[str, Value] = {i.name: self._constant(i.name) for i in self._system.inputs}
        for name, other in place.items():
            values[name] = self._constant(other) if other in self._bits else self._evaluated(other, {})
        for name, term in self._definitions.items():
            values[name] = self._term(term, values)
        return values

    def _constant(self, name: str) -> Value:
        bits = self._bits[name]
        variables = [self._diagrams.variable(level) for level in bits.levels]
        if not bits.count:
            return variables[0]
        return {bits.low + i: self._code(variables, i) for i in range(bits.count)}

    def _code(self, variables: Sequence[int], number: int) -> int:
        return self._diagrams.all_of(v ^ (~number >> i & 1) for i, v in reversed(list(enumerate(variables))))

    def _coded(self, bits: Bits, value: Value) -> list[int]:
        """The bits of a value."""
        if isinstance(value, int):
            return [value]
        if not all(bits.low <= n < bits.low + bits.count for n, f in value.items() if f != FALSE):
            raise NotFiniteError
        return [self._any(f for n, f in value.items() if (n - bits.low) >> i & 1) for i in range(len(bits.levels))]

    def _evaluated(self, text: str, values: Mapping[str, Value]) -> Value:
        return self._term(parsed(text), values)

    def _term(self, term: Term, values: Mapping[str, Value]) -> Value:
        done: dict[int, Value] = {}
        stack = [term]
        while stack:
            current = stack[-1]
            if id(current) in done:
                stack.pop()
            elif isinstance(current, str):
                done[id(current)] = self._symbol(current, values)
                stack.pop()
            elif waiting := [x for x in current[1:] if id(x) not in done]:
                stack += waiting
            else:
                done[id(current)] = self._applied(str(current[0]), [done[id(x)] for x in current[1:]])
                stack.pop()
        return done[id(term)]

    @staticmethod
    def _symbol(symbol: str, values: Mapping[str, Value]) -> Value:
        if symbol in ("true", "false"):
            return TRUE if symbol == "true" else FALSE
        if symbol.isdecimal():
            return {int(symbol): TRUE}
        return values[symbol.strip("|")]

    def _applied(self, operator: str, x: Sequence[Value]) -> Value:
        diagrams = self._diagrams
        match operator:
            case "and":
                return diagrams.all_of(map(self._truth, x))
            case "or":
                return self._any(map(self._truth, x))
            case "not":
                return self._truth(x[0]) ^ 1
            case "=>":
                *premises, last = map(self._truth, x)
                return diagrams.all_of([*premises, last ^ 1]) ^ 1
            case "xor" if len(x) == 2:
                return self._same(x[0], x[1]) ^ 1
            case "=":
                return diagrams.all_of(self._same(a, b) for a, b in pairwise(x))
            case "distinct" if len(x) == 2:
                return self._same(x[0], x[1]) ^ 1
            case "ite":
                return self._chosen(self._truth(x[0]), x[1], x[2])
            case "<=" | "<" | ">=" | ">" if len(x) == 2:
                left, right = (x[0], x[1]) if operator[0] == "<" else (x[1], x[0])
                strict = len(operator) == 1
                return self._any(f for n, f in self._pairs(left, right) if n[0] < n[1] or (not strict and n[0] == n[1]))
            case "+" | "-" if len(x) > 1:
                sign = 1 if operator == "+" else -1
                total = x[0]
                for other in x[1:]:
                    total = self._collected((a + sign * b, f) for (a, b), f in self._pairs(total, other))
                return total
            case "-":
                return self._collected((-b, f) for (_, b), f in self._pairs({0: TRUE}, x[0]))
            case _:
                raise NotFiniteError

    def _truth(self, value: Value) -> int:
        if not isinstance(value, int):
            raise NotFiniteError
        return value

    def _any(self, functions: Iterable[int]) -> int:
        return self._diagrams.all_of(f ^ 1 for f in functions) ^ 1

    def _pairs(self, left: Value, right: Value) -> Iterator[tuple[tuple[int, int], int]]:
        """What two numbers may be together, and where."""
        if isinstance(left, int) or isinstance(right, int):
            raise NotFiniteError
        for a, f in left.items():
            for b, g in right.items():
                if (both := self._diagrams.both(f, g)) != FALSE:
                    yield (a, b), both

    def _collected(self, cases: Iterable[tuple[int, int]]) -> dict[int, int]:
        result: dict[int, int] = {}
        for number, f in cases:
            result[number] = self._diagrams.either(result.get(number, FALSE), f)
            if len(result) > MOST:
                raise NotFiniteError
        return result

    def _same(self, left: Value, right: Value) -> int:
        if isinstance(left, int) and isinstance(right, int):
            return self._diagrams.same(left, right)
        return self._any(f for (a, b), f in self._pairs(left, right) if a == b)

    def _chosen(self, condition: int, left: Value, right: Value) -> Value:
        if isinstance(left, int) and isinstance(right, int):
            return self._diagrams.choice(condition, left, right)
        if isinstance(left, int) or isinstance(right, int):
            raise NotFiniteError
        both = self._diagrams.both
        cases = [(n, both(condition, f)) for n, f in left.items()] + [
            (n, both(condition ^ 1, f)) for n, f in right.items()
        ]
        return self._collected((n, f) for n, f in cases if f != FALSE)
