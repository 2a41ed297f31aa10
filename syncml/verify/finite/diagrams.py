"""Boolean functions as reduced ordered decision diagrams (Bryant, 1986), with complemented edges.

    function ::= 2 * node + (1 if complemented)        node ::= (level, low, high), high not complemented

Rule: equal functions are equal numbers, so that tests for equality, truth and falsehood take no time. Every operation
recurses on levels only, of which there are at most `LEVELS`, and counts its steps: it ends at a limit of steps, which
does not depend on the load of the machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from syncml.dataclass import dataclass

TRUE, FALSE = 0, 1

LEVELS = 240
"""How many variables there are at most: operations recurse as deep as that."""

_LEAF = 1 << 30
"""The level of the constant, below all others."""


class TooLargeError(Exception):
    """The limit of steps was reached."""


@dataclass(slots=True)
class Diagrams:
    """The diagrams of functions of variables 0, 1, .., which are tested in this order.

    Attributes:
        steps: How many more steps operations may take.
    """

    steps: int
    _level: list[int] = field(default_factory=lambda: [_LEAF])
    _low: list[int] = field(default_factory=lambda: [TRUE])
    _high: list[int] = field(default_factory=lambda: [TRUE])
    _nodes: dict[tuple[int, int, int], int] = field(default_factory=dict[tuple[int, int, int], int])
    _ands: dict[tuple[int, int], int] = field(default_factory=dict[tuple[int, int], int])
    _choices: dict[tuple[int, int, int], int] = field(default_factory=dict[tuple[int, int, int], int])

    def variable(self, level: int) -> int:
        """The function that is one variable."""
        return self._node(level, FALSE, TRUE)

    def _node(self, level: int, low: int, high: int) -> int:
        if low == high:
            return low
        flip = high & 1
        key = (level, low ^ flip, high ^ flip)
        found = self._nodes.get(key)
        if found is None:
            if not self.steps:
                raise TooLargeError
            self.steps -= 1
            found = self._nodes[key] = 2 * len(self._level)
            self._level.append(level)
            self._low.append(low ^ flip)
            self._high.append(high ^ flip)
        return found ^ flip

    def parts(self, f: int) -> tuple[int, int, int]:
        """The first variable that a function tests, and what it is where that is false and where it is true."""
        node, flip = f >> 1, f & 1
        return self._level[node], self._low[node] ^ flip, self._high[node] ^ flip

    def both(self, f: int, g: int) -> int:
        """The conjunction."""
        if f == g or g == TRUE:
            return f
        if f == TRUE:
            return g
        if FALSE in (f, g) or f ^ 1 == g:
            return FALSE
        key = (f, g) if f < g else (g, f)
        found = self._ands.get(key)
        if found is None:
            if not self.steps:
                raise TooLargeError
            self.steps -= 1
            level, f0, f1, g0, g1 = self._split(f, g)
            found = self._ands[key] = self._node(level, self.both(f0, g0), self.both(f1, g1))
        return found

    def _split(self, f: int, g: int) -> tuple[int, int, int, int, int]:
        """The first variable that one of two functions tests, and their halves."""
        first, f0, f1 = self.parts(f)
        second, g0, g1 = self.parts(g)
        if first < second:
            return first, f0, f1, g, g
        if second < first:
            return second, f, f, g0, g1
        return first, f0, f1, g0, g1

    def either(self, f: int, g: int) -> int:
        """The disjunction."""
        return self.both(f ^ 1, g ^ 1) ^ 1

    def same(self, f: int, g: int) -> int:
        """Where two functions have the same value."""
        return self.choice(f, g, g ^ 1)

    def choice(self, c: int, f: int, g: int) -> int:
        """``f`` where ``c`` holds, and ``g`` elsewhere."""
        if c & 1:
            c, f, g = c ^ 1, g, f
        if c == TRUE or f == g:
            return f
        if f in (TRUE, c):
            return self.either(c, g)
        if f in (FALSE, c ^ 1):
            return self.both(c ^ 1, g)
        if g in (FALSE, c):
            return self.both(c, f)
        if g in (TRUE, c ^ 1):
            return self.either(c ^ 1, f)
        if f & 1:
            return self.choice(c, f ^ 1, g ^ 1) ^ 1
        key = (c, f, g)
        found = self._choices.get(key)
        if found is None:
            if not self.steps:
                raise TooLargeError
            self.steps -= 1
            level = min(self._level[x >> 1] for x in key)
            (c0, c1), (f0, f1), (g0, g1) = (self._halves(x, level) for x in key)
            found = self._choices[key] = self._node(level, self.choice(c0, f0, g0), self.choice(c1, f1, g1))
        return found

    def _halves(self, f: int, level: int) -> tuple[int, int]:
        first, low, high = self.parts(f)
        return (low, high) if first == level else (f, f)

    def all_of(self, functions: Iterable[int]) -> int:
        """The conjunction of many."""
        result = TRUE
        for f in functions:
            result = self.both(result, f)
        return result

    def joined(self, f: int, g: int, hidden: frozenset[int]) -> int:
        """Whether there are values of the ``hidden`` variables with which both hold: the relational product."""
        return self._joined(f, g, hidden, {})

    def _joined(self, f: int, g: int, hidden: frozenset[int], known: dict[tuple[int, int], int]) -> int:
        if FALSE in (f, g) or f ^ 1 == g:
            return FALSE
        if f == g == TRUE:
            return TRUE
        key = (f, g) if f < g else (g, f)
        found = known.get(key)
        if found is None:
            if not self.steps:
                raise TooLargeError
            self.steps -= 1
            level, f0, f1, g0, g1 = self._split(f, g)
            found = self._joined(f0, g0, hidden, known)
            if level not in hidden:
                found = self._node(level, found, self._joined(f1, g1, hidden, known))
            elif found != TRUE:
                found = self.either(found, self._joined(f1, g1, hidden, known))
            known[key] = found
        return found

    def renamed(self, f: int, names: Mapping[int, int]) -> int:
        """The function of other variables, which come in the same order."""
        return self._renamed(f, names, {})

    def _renamed(self, f: int, names: Mapping[int, int], known: dict[int, int]) -> int:
        if f <= FALSE:
            return f
        regular = f & ~1
        if regular not in known:
            level, low, high = self.parts(regular)
            known[regular] = self._node(
                names[level], self._renamed(low, names, known), self._renamed(high, names, known)
            )
        return known[regular] ^ (f & 1)

    def composed(self, f: int, functions: Mapping[int, int]) -> int:
        """A function with others in the place of some variables."""
        return self._composed(f, functions, {})

    def _composed(self, f: int, functions: Mapping[int, int], known: dict[int, int]) -> int:
        if f <= FALSE:
            return f
        regular = f & ~1
        if regular not in known:
            level, low, high = self.parts(regular)
            condition = functions[level] if level in functions else self.variable(level)
            known[regular] = self.choice(
                condition, self._composed(high, functions, known), self._composed(low, functions, known)
            )
        return known[regular] ^ (f & 1)

    def holds(self, f: int, values: Mapping[int, bool]) -> bool:
        """Whether a function is true with some values; variables without a value are false."""
        while f > FALSE:
            level, low, high = self.parts(f)
            f = high if values.get(level, False) else low
        return f == TRUE

    def point(self, f: int) -> dict[int, bool]:
        """Values with which a function that is not false is true, of the variables that matter to it."""
        values: dict[int, bool] = {}
        while f != TRUE:
            level, low, high = self.parts(f)
            values[level] = low == FALSE
            f = high if low == FALSE else low
        return values

    def support(self, f: int) -> frozenset[int]:
        """The variables on which a function depends."""
        return frozenset(level for level, _, _ in map(self.parts, self.under(f)))

    def under(self, f: int) -> list[int]:
        """The nodes of a function, without complement, those that are tested first before others."""
        seen: set[int] = set()
        pending = [f & ~1]
        while pending:
            current = pending.pop()
            if current > FALSE and current not in seen:
                seen.add(current)
                pending += [x & ~1 for x in self.parts(current)[1:]]
        return sorted(seen, key=lambda x: (self._level[x >> 1], x))
