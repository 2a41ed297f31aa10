"""Unification of clocks.

    ck ::= base | 'a | ck on C(x) | ck every w

Rule: two clocks unify iff a substitution of the unknowns 'a makes them equal. ``on`` unifies with the same constructor
of the same condition only. ``every`` is compared by its composed word: where an unknown stands below a word, the
comparison waits until the unknown is known; at the end a strictly periodic solution is tried, and what is then still
unknown becomes base.

Terms are numbers in a union-find forest. A clock has at most one parent, so whether an unknown occurs in a clock is
whether it is the clock's last ancestor; a second forest (`_below`) answers that in almost constant time.
"""

from __future__ import annotations

from enum import Enum
from typing import Generic, TypeVar

from syncml.ir.clocks import ALWAYS, BASE, Clock, On, Periodic, Word, compose, steps, word
from syncml.ir.equations.syntax import Var


class _Kind(Enum):
    UNKNOWN = "'a"
    BASE = "base"
    ON = "on"
    PERIODIC = "every"
    FAULTY = "?"


_Label = Word | tuple[Var, bool | str] | None
Reason = TypeVar("Reason")


class Outcome(Enum):
    """What a comparison of two clocks showed."""

    EQUAL = "equal"
    DIFFERENT = "different"
    WAITING = "waiting"


class Solver(Generic[Reason]):
    """The clocks of one node while they are being found; a term is a number.

    The term `faulty` stands for a clock about which an error has been reported: it equals everything.
    """

    def __init__(self) -> None:
        self._kind: list[_Kind] = []
        self._link: list[int] = []
        self._below: list[int] = []
        self._parent: list[int] = []
        self._label: list[_Label] = []
        self._waiting: list[tuple[int, int, Reason]] = []
        self._composed: dict[tuple[Word, Word], Word] = {}
        self._clocks: dict[int, Clock] = {}
        self._interned: dict[tuple[int, Word | Var, object], Clock] = {}
        self.base = self._new(_Kind.BASE, None, None)
        self.faulty = self._new(_Kind.FAULTY, None, None)
        self._clocks[self.base] = BASE

    def unknown(self) -> int:
        """A new unknown."""
        return self._new(_Kind.UNKNOWN, None, None)

    def select(self, parent: int, selection: Word | tuple[Var, bool | str]) -> int:
        """The instants of ``parent`` that ``selection`` (in normal form) selects."""
        if isinstance(selection, Word):
            return parent if selection == ALWAYS else self._new(_Kind.PERIODIC, parent, selection)
        return self._new(_Kind.ON, parent, selection)

    def term(self, clock: Clock) -> int:
        """A known clock as a term."""
        result = self.base
        for step in steps(clock):
            selected = step.word if isinstance(step, Periodic) else (step.condition, step.constructor)
            result = self.select(result, selected)
        return result

    def is_known(self, term: int) -> bool:
        """Whether anything is known about ``term``, be it that it is faulty."""
        return self._kind[self._view(term)] is not _Kind.UNKNOWN

    def side(self, term: int) -> tuple[int, Word]:
        """``term`` as a word of another term, which no word selects."""
        root = self._view(term)
        if self._kind[root] is _Kind.PERIODIC:
            return self._view(self._parent[root]), self._word(root)
        return root, ALWAYS

    def sampled_from(self, term: int) -> int:
        """The clock of which ``term`` selects some instants; ``term`` itself if it selects none."""
        root = self._view(term)
        return self._view(self._parent[root]) if self._kind[root] in (_Kind.PERIODIC, _Kind.ON) else root

    def waiting(self) -> list[tuple[int, int]]:
        """The comparisons of words below unknowns that wait to be decided."""
        return [(left, right) for left, right, _ in self._waiting]

    def is_faulty(self, term: int) -> bool:
        """Whether an error about ``term``, or about a clock that it is made from, has been reported."""
        return self._kind[self._last(term)] is _Kind.FAULTY

    def unify(self, left: int, right: int, reason: Reason) -> bool:
        """Make two clocks equal. False if they differ; a comparison that has to wait is kept for `settle`."""
        outcome = self._unify(left, right)
        if outcome is Outcome.WAITING:
            self._waiting.append((left, right, reason))
        return outcome is not Outcome.DIFFERENT

    def decide(self) -> list[tuple[int, int, Reason]]:
        """Decide what waits, as far as a guess at unknown parents decides it.

        Returns:
            The comparisons that failed, in the order in which they were asked for.
        """
        return self._retry(guess=False) + self._retry(guess=True)

    def settle(self) -> list[tuple[int, int, Reason]]:
        """Put every clock that is still unknown on base and decide what waits; the result is as of `decide`."""
        failed = self.decide()
        for term, kind in enumerate(self._kind):
            if kind is _Kind.UNKNOWN and self._link[term] == term:
                self._bind(term, self.base)
        return failed + self._retry(guess=False)

    def clock(self, term: int) -> Clock | None:
        """The clock of a term after `settle`; None if it is faulty. Equal clocks are the same object."""
        path: list[int] = []
        root = self._view(term)
        while root not in self._clocks:
            if self._kind[root] is _Kind.FAULTY:
                return None
            path.append(root)
            root = self._view(self._parent[root])
        result = self._clocks[root]
        for step in reversed(path):
            label = self._label[step]
            if isinstance(label, Word):
                result = self._interned.setdefault((id(result), label, None), Periodic(result, label))
            elif label is not None:
                result = self._interned.setdefault((id(result), *label), On(result, *label))
            self._clocks[step] = result
        return result

    def same(self, left: int, right: int) -> bool:
        """Whether two clocks are known to be equal, be they unknown otherwise."""
        while (left := self._view(left)) != (right := self._view(right)):
            kind = self._kind[left]
            if kind not in (_Kind.ON, _Kind.PERIODIC) or self._kind[right] is not kind:
                return False
            if self._label[left] != self._label[right]:
                return False
            left, right = self._parent[left], self._parent[right]
        return True

    def contains(self, outer: int, inner: int) -> bool:
        """Whether ``inner`` is ``outer`` or is known to be made of some of its instants."""
        while not self.same(outer, inner):
            inner = self._view(inner)
            if self._kind[inner] not in (_Kind.ON, _Kind.PERIODIC):
                return False
            inner = self._parent[inner]
        return True

    def depth(self, term: int) -> int:
        """The number of steps of a clock that are known."""
        found = 0
        root = self._view(term)
        while self._kind[root] in (_Kind.ON, _Kind.PERIODIC):
            root = self._view(self._parent[root])
            found += 1
        return found

    def _new(self, kind: _Kind, parent: int | None, label: _Label) -> int:
        number = len(self._kind)
        above = number if parent is None else parent
        self._kind.append(kind)
        self._link.append(number)
        self._below.append(above)
        self._parent.append(above)
        self._label.append(label)
        return number

    def _find(self, term: int) -> int:
        return _root(self._link, term)

    def _last(self, term: int) -> int:
        """The base clock, the unknown or the faulty clock from which ``term`` is made."""
        return self._find(_root(self._below, term))

    def _bind(self, unknown: int, term: int) -> None:
        self._link[unknown] = term
        self._below[unknown] = term

    def _view(self, term: int) -> int:
        """The representative of ``term``, with nested words composed."""
        root = self._find(term)
        if self._kind[root] is not _Kind.PERIODIC:
            return root
        nested = [root]
        while self._kind[above := self._find(self._parent[nested[-1]])] is _Kind.PERIODIC:
            nested.append(above)
        for outer, inner in zip(reversed(nested[1:]), reversed(nested[:-1]), strict=True):
            self._label[inner] = self._compose(self._word(outer), self._word(inner))
            self._parent[inner] = self._parent[outer]
        return self._find(root)

    def _word(self, term: int) -> Word:
        label = self._label[term]
        assert isinstance(label, Word)  # the label of a PERIODIC term
        return label

    def _compose(self, outer: Word, inner: Word) -> Word:
        if (outer, inner) not in self._composed:
            self._composed[outer, inner] = compose(outer, inner)
        return self._composed[outer, inner]

    def _unify(self, left: int, right: int) -> Outcome:
        """Compare along both chains of ancestors; nothing changes unless the whole comparison succeeds."""
        same: list[tuple[int, int]] = []
        while True:
            left, right = self._view(left), self._view(right)
            if left == right:
                break
            kinds = (self._kind[left], self._kind[right])
            if _Kind.UNKNOWN in kinds:
                unknown, other = (left, right) if kinds[0] is _Kind.UNKNOWN else (right, left)
                if self._last(other) == unknown:
                    return Outcome.DIFFERENT
                self._bind(unknown, other)
                break
            if self.is_faulty(left) or self.is_faulty(right):
                break
            if kinds == (_Kind.PERIODIC, _Kind.PERIODIC):
                parents = self._view(self._parent[left]), self._view(self._parent[right])
                if parents[0] != parents[1] and any(self._kind[p] is _Kind.UNKNOWN for p in parents):
                    return Outcome.WAITING
            if kinds[0] is not kinds[1] or self._label[left] != self._label[right]:
                return Outcome.DIFFERENT
            same.append((left, right))
            left, right = self._parent[left], self._parent[right]
        for one, other in same:
            self._link[one] = other
        return Outcome.EQUAL

    def _retry(self, *, guess: bool) -> list[tuple[int, int, Reason]]:
        """Ask again what waits, until nothing changes."""
        failed: list[tuple[int, int, Reason]] = []
        progress = True
        while progress and self._waiting:
            waiting, self._waiting = self._waiting, []
            progress = False
            for left, right, reason in waiting:
                if guess and not progress:
                    progress = self._guess(left, right)
                outcome = self._unify(left, right)
                if outcome is Outcome.WAITING:
                    self._waiting.append((left, right, reason))
                    continue
                progress = True
                if outcome is Outcome.DIFFERENT:
                    failed.append((left, right, reason))
        return failed

    def _guess(self, left: int, right: int) -> bool:
        """Put the unknown parent of one side on the strictly periodic clock that makes both equal, if one does."""
        for one, other in ((left, right), (right, left)):
            one, other = self._view(one), self._view(other)
            parent = self._view(self._parent[one])
            if self._kind[parent] is _Kind.UNKNOWN and self._last(other) != parent:
                quotient = strict_quotient(self._word(other), self._word(one))
                if quotient is not None:
                    self._bind(parent, self.select(self._parent[other], quotient))
                    return True
        return False


def strict_quotient(whole: Word, inner: Word) -> Word | None:
    """The word ``0^p (1 0^(k-1))`` with p < k that composed with ``inner`` is ``whole``, if there is one."""
    if not whole.rate or not inner.rate:
        return None
    spacing = inner.rate / whole.rate
    phase = _first_one(whole) - spacing * _first_one(inner)
    if spacing.denominator != 1 or not 0 <= phase < spacing:
        return None
    candidate = word((0,) * int(phase), (1,) + (0,) * (int(spacing) - 1))
    return candidate if compose(candidate, inner) == whole else None


def _first_one(w: Word) -> int:
    """The index of the first one of a word that has one in its period."""
    return (w.prefix + w.period).index(1)


def _root(forest: list[int], start: int) -> int:
    """Follow ``forest`` to its fixed point, shortening the way."""
    while forest[start] != start:
        forest[start] = forest[forest[start]]
        start = forest[start]
    return start
