"""Reduction: a smaller model in which the same goals have the same violations.

Four steps, each of which keeps every run that could violate a goal:

first instant   A state that is true exactly at the first instant splits every term in two. At the first instant the
                states have their initial values; what no term reads there may have any value.
equal states    States with equal first values and equal updates are equal, by induction over instants; a state that is
                updated to its own first value is constant. This is the greatest partition that is stable.
latches         Where each goal is ``E => Q``, and E is a stream that stays false once it is false, then E has been true
                at every instant before a violation: E becomes an assumption. (``env = Sofar(A)`` is assumed, not
                guessed.)
cone            What no goal and no assumption reads is dropped.

What the steps rest on is itself inductive; `Reduction.invariants` says it in terms of the states of the system, so
that a proof can be checked from the system alone.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.verify.model import Model, substitute_all
from syncml.verify.smt import Term, constants_of, is_value, limit, z3

LONGEST = 100
"""How often classes of states are split at most; what takes longer stays as it is."""

LATCHES = 4
"""How many latches are sought, one after the other."""

Root: TypeAlias = tuple[str, str]
"""What a term is for: ``next`` of a state, ``held``, ``goal`` or ``lemma``, and a name."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """A reduced model and what it rests on.

    Attributes:
        model: The reduced model; its constants are those of the system.
        guard: Formulas over states: where one holds, the model says nothing (the first instant, a latch that is false).
        equal: What each state that was merged equals unless a formula of its guard holds.
        whole: The model that was reduced.
    """

    model: Model
    guard: tuple[Term, ...]
    equal: Mapping[str, tuple[Term, tuple[Term, ...]]]
    whole: Model

    def invariants(self) -> list[str]:
        """Inductive facts of the system itself on which the reduction rests, as SMT-LIB text over its states."""
        constants, needed = self.model.constants, self._cone()
        initial = [constants[n] == t for n, t in self.whole.initial.items() if n in needed]
        found = [z3.Implies(self.guard[0], z3.And(initial)).sexpr()] if self.guard and initial else []
        return [*found, *(_unless(guard, constants[n] == t) for n, (t, guard) in self.equal.items() if n in needed)]

    def _cone(self) -> set[str]:
        """The states on which the goals, the assumptions and what is said of states depend."""
        whole = self.whole
        needed: set[str] = set()
        pending = [*whole.assumption(), *self.guard, *(whole.full[g] for g in self.model.goals)]
        while pending:
            fresh = [n for n in _names(pending) if n in whole.following and n not in needed]
            needed.update(fresh)
            pending = [whole.following[n] for n in fresh] + [self.equal[n][0] for n in fresh if n in self.equal]
        return needed

    def exported(self, invariant: Term) -> str:
        """An inductive formula of the reduced model as one of the system."""
        return _unless(self.guard, invariant)


def _unless(guard: Sequence[Term], fact: Term) -> str:
    return str(z3.Or([*guard, fact]).sexpr() if guard else fact.sexpr())


@dataclass(frozen=True, slots=True)
class _Terms:
    """The terms of a model at the first instant and after it.

    Attributes:
        flag: The state that tells the first instant, and its value there; without one, ``first`` is ``later``.
        unread: States whose first value no term reads.
        latches: States that have been true wherever a goal is violated.
        merged: What each state that was removed equals, unless a formula holds.
    """

    model: Model
    flag: tuple[str, Term] | None
    unread: frozenset[str]
    first: Mapping[Root, Term]
    later: Mapping[Root, Term]
    latches: tuple[str, ...] = ()
    merged: Mapping[str, tuple[Term, tuple[Term, ...]]] = field(
        default_factory=dict[str, tuple[Term, tuple[Term, ...]]]
    )

    def guard(self) -> tuple[Term, ...]:
        """Where one of these formulas over states holds, the terms after the first instant say nothing."""
        constants = self.model.constants
        first = () if self.flag is None else (constants[self.flag[0]] == self.flag[1],)
        return (*first, *(z3.Not(constants[n]) for n in self.latches))

    def states(self) -> list[str]:
        """The states that remain, without the flag."""
        return [n for kind, n in self.later if kind == "next" and (self.flag is None or n != self.flag[0])]

    def put(self, place: Mapping[str, Term]) -> _Terms:
        """Remove states; after the first instant each is the given term."""
        pairs = [(self.model.constants[n], t) for n, t in place.items()]
        gone = {("next", n) for n in place}
        roots = [r for r in self.later if r not in gone]
        later = dict(zip(roots, substitute_all([self.later[r] for r in roots], pairs, simplify=True), strict=True))
        first = {r: self.first[r] for r in roots} if self.flag else later
        return replace(self, first=first, later=later, unread=self.unread - place.keys())


def reduced(model: Model, goals: Sequence[str], lemmas: Sequence[Term] = ()) -> Reduction:
    """The reduced model of ``goals``; of ``lemmas``, which hold at every instant, those that speak of its states."""
    terms = _merged(_split(model, goals, lemmas))
    for _ in range(LATCHES):
        latch = _latch(terms)
        if latch is None:
            break
        assumed = {("held", latch): terms.first["next", latch]}, {("held", latch): terms.later["next", latch]}
        terms = replace(
            terms,
            first={**terms.first, **assumed[0]},
            later={**terms.later, **assumed[1]},
            latches=(*terms.latches, latch),
        )
        terms = _merged(terms.put({latch: z3.BoolVal(True, model.context)}))
    return _result(terms)


# The first instant.


def _split(model: Model, goals: Sequence[str], lemmas: Sequence[Term]) -> _Terms:
    roots: dict[Root, Term] = {("next", n): model.following[n] for n in model.states}
    roots |= {("held", str(i)): t for i, t in enumerate(model.assumption())}
    roots |= {("goal", g): model.full[g] for g in goals} | {("lemma", str(i)): t for i, t in enumerate(lemmas)}
    flag = _flag(model)
    if flag is None:
        later = dict(zip(roots, substitute_all(list(roots.values()), [], simplify=True), strict=True))
        return _Terms(model, None, frozenset(), later, later)
    start = [(model.constants[n], t) for n, t in model.initial.items()]
    after = [(model.constants[flag[0]], _opposite(flag[1]))]
    first, later = (
        dict(zip(roots, substitute_all(list(roots.values()), pairs, simplify=True), strict=True))
        for pairs in (start, after)
    )
    read = set(_names(first.values()))
    unread = frozenset(n for n in model.states if n not in model.initial and n not in read)
    return _Terms(model, flag, unread, first, later)


def _flag(model: Model) -> tuple[str, Term] | None:
    """A Boolean state that has one value at the first instant and the other at every later one."""
    for name in model.states:
        start = model.initial.get(name)
        if start is not None and is_value(start) and z3.is_bool(start):
            after = z3.simplify(model.following[name])
            if after.eq(_opposite(start)):
                return name, start
    return None


def _opposite(value: Term) -> Term:
    return z3.BoolVal(not z3.is_true(value), value.ctx)


def _names(terms: Iterable[Term]) -> list[str]:
    return [c.decl().name() for c in constants_of(terms)]


# Equal states.


def _merged(terms: _Terms) -> _Terms:
    """Put one state, or a value, in the place of each class of equal states."""
    constants = terms.model.constants
    classes = _stable(terms)
    place = {n: t for n, t in classes.items() if not t.eq(constants[n])}
    if not place:
        return terms
    guard = terms.guard()
    return replace(terms.put(place), merged={**terms.merged, **{n: (t, guard) for n, t in place.items()}})


def _stable(terms: _Terms) -> dict[str, Term]:
    """For each state the term of its class; nothing if the classes do not become stable soon."""
    names, constants = terms.states(), terms.model.constants
    value: dict[str, Term] = {}
    colour: dict[str, Hashable] = {}
    for n in names:
        start, second = terms.model.initial.get(n), terms.first["next", n]
        guess = second if n in terms.unread else start
        if guess is not None and is_value(guess) and (terms.flag is None or second.eq(guess)):
            value[n] = guess
        known = "unread" if n in terms.unread else ("unknown", n) if start is None else start.sexpr()
        colour[n] = (str(constants[n].sort()), known)
    for _ in range(LONGEST):
        leader: dict[Hashable, str] = {}
        place = {n: value[n] if n in value else constants[leader.setdefault(colour[n], n)] for n in names}
        pairs = [(constants[n], t) for n, t in place.items()]
        later = substitute_all([terms.later["next", n] for n in names], pairs, simplify=True)
        wrong = [n for n, t in zip(names, later, strict=True) if n in value and not t.eq(value[n])]
        for n in wrong:
            del value[n]
        number: dict[Hashable, int] = {}
        update = {
            n: (terms.first["next", n].get_id() if terms.flag else 0, t.get_id())
            for n, t in zip(names, later, strict=True)
        }
        refined = {n: number.setdefault((colour[n], update[n]), len(number)) for n in names}
        free = [n for n in names if n not in value]
        if not wrong and len({refined[n] for n in free}) == len({colour[n] for n in free}):
            return _joined(terms, place, update)
        colour = dict(refined)
    return {}


def _joined(terms: _Terms, place: dict[str, Term], update: Mapping[str, tuple[int, int]]) -> dict[str, Term]:
    """The classes, where one whose first value nobody reads joins another with the same updates."""
    constants = terms.model.constants
    leaders = [n for n, t in place.items() if t.eq(constants[n])]
    owner = {update[n]: constants[n] for n in leaders if n not in terms.unread}
    moved = {n: owner[update[n]] for n in leaders if n in terms.unread and update[n] in owner}
    return {n: t if is_value(t) else moved.get(t.decl().name(), t) for n, t in place.items()}


# Latches.


def _latch(terms: _Terms) -> str | None:
    """A state that stays false once it is false, and without which no goal is violated.

    It tells whether a stream has been true so far: its next value is that stream, and implies the state.
    """
    if terms.flag is None:
        return None
    goals = [r for r in terms.later if r[0] == "goal"]
    for name in terms.states():
        state, start = terms.model.constants[name], terms.model.initial.get(name)
        opened, latch = terms.first["next", name], terms.later["next", name]
        true_at_first = name in terms.unread or (start is not None and z3.is_true(start))
        if not z3.is_bool(state) or not true_at_first or name not in _names([latch]):
            continue
        claims = [
            z3.Implies(latch, state),
            *(z3.Or(latch, terms.later[g]) for g in goals),
            *(z3.Or(opened, terms.first[g]) for g in goals),
        ]
        if all(map(_valid, claims)):
            return name
    return None


def _valid(claim: Term) -> bool:
    solver = z3.SimpleSolver(ctx=claim.ctx)
    limit(solver, 0.02)
    solver.add(z3.Not(claim))
    return bool(solver.check() == z3.unsat)


# The result.


def _result(terms: _Terms) -> Reduction:
    model = terms.model
    whole = dict(terms.later)
    if terms.flag is not None:
        flag, start = terms.flag
        for root, later in terms.later.items():
            if not later.eq(terms.first[root]) and root != ("next", flag):
                whole[root] = z3.If(model.constants[flag] == start, terms.first[root], later)
    needed: set[str] = set()
    pending = [t for (kind, _), t in whole.items() if kind in ("goal", "held")]
    while pending:
        fresh = [n for n in _names(pending) if ("next", n) in whole and n not in needed]
        needed.update(fresh)
        pending = [whole["next", n] for n in fresh]
    lemmas = [
        t for (kind, _), t in whole.items()
        if kind == "lemma" and all(n in needed for n in _names([t]) if n in model.following)
    ]  # fmt: skip
    initial = {n: model.initial[n] if n in model.initial else _zero(model.constants[n]) for n in needed
               if n in model.initial or n in terms.unread}  # fmt: skip
    small = model.derived(
        {n: t for (kind, n), t in whole.items() if kind == "goal"},
        [*(t for (kind, _), t in whole.items() if kind == "held" and not z3.is_true(t)), *lemmas],
        initial,
        {n: whole["next", n] for n in model.states if n in needed},
        narrowed=bool(terms.latches),
    )
    return Reduction(small, terms.guard(), terms.merged, model)


def _zero(constant: Term) -> Term:
    if z3.is_bool(constant):
        return z3.BoolVal(False, constant.ctx)
    return z3.BitVecVal(0, constant.size(), constant.ctx) if z3.is_bv(constant) else _number(constant)


def _number(constant: Term) -> Term:
    return z3.RealVal(0, constant.ctx) if z3.is_real(constant) else z3.IntVal(0, constant.ctx)
