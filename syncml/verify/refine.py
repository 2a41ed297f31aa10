"""Demand-driven proofs over a linear relaxation: constraints and lemmas, as models of the negated goal ask for them.

Rule: products are unknowns, and roundings are known by their bounds. A model of the active constraints that violates
another one adds it, nearest ones first; one that is wrong about the order of products or roundings adds that, before
constraints that bring new streams; tangents and secants come a few at a time, and without end only when there is no
other constraint. What is refuted is a proof: constraints and lemmas are all true. A model that violates nothing is a
counterexample, as products and roundings are what they stand for in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from syncml.dataclass import dataclass
from syncml.verify.constraints import Constraint, Universe, constants_read, constraints_of
from syncml.verify.laws import Laws, Rounding
from syncml.verify.model import Model
from syncml.verify.products import Product, Relaxation
from syncml.verify.query import Query
from syncml.verify.smt import Term, limit, z3

SECONDS = 3.0
"""The limit of one query of the linear solver."""

STEPS_PER_SECOND = 400_000
"""About how many elementary steps it makes."""

FIRST = 0.4
"""The part of the time for the search that looks at definitions first."""

TANGENTS = 3
"""How often tangents are added before constraints that bring new streams."""


@dataclass(frozen=True, slots=True)
class Refuted:
    """The negated goal has no model: the constraints, by name, and the roundings that show it."""

    used: frozenset[str]
    roundings: tuple[str, ...]


def prepare(model: Model) -> None:
    """Build what the queries of an induction share, once for all of them."""
    for length, initial in ((1, False), (1, True), (2, False)):
        _Relaxed.of(model, length, initial=initial, margin="0")


def refuted(model: Model, query: Query, deadline: float, seed: int) -> Refuted | Any | None:
    """Refute the negated goal, or find a model of it and of all constraints; None if there is neither in time."""
    now = time.process_time()
    quick = _Refinement(model, query, seed, eager=False).run(now + (deadline - now) * FIRST)
    return _Refinement(model, query, seed, eager=True).run(deadline) if quick is None else quick


@dataclass(slots=True)
class _Relaxed:
    """A universe without products, for all its queries."""

    relaxation: Relaxation
    terms: dict[str, Term]
    points: list[tuple[Rounding, frozenset[str]]]
    products: list[tuple[Product, frozenset[str]]]

    @staticmethod
    def of(model: Model, length: int, *, initial: bool, margin: str) -> _Relaxed:
        """That of a shape, from the model's cache if it has it."""
        key = ("relaxed", length, initial, margin)
        if key not in model.cache:
            universe = Universe.of(model, length, initial=initial, margin=margin)
            points = {(n.format, e.get_id(), r.get_id()): Rounding(n, e, r) for n, e, r in universe.nearest}
            placed = [(p, constants_read(p.exact) | constants_read(p.result)) for p in points.values()]
            relaxation = Relaxation()
            every = (*universe.others, *universe.clauses.values())
            terms = {c.name: c.term if c.linear else relaxation.relaxed(c.term) for c in every}
            model.cache[key] = _Relaxed(relaxation, terms, placed, [])
        return model.cache[key]

    def known_products(self) -> list[tuple[Product, frozenset[str]]]:
        """The products so far, and the constants in their factors."""
        for p in self.relaxation.products[len(self.products) :]:
            self.products.append((p, constants_read(p.left) | constants_read(p.right)))
        return self.products


class _Refinement:
    """One search; if it is not ``eager``, definitions go before all lemmas but those about the same operations."""

    def __init__(self, model: Model, query: Query, seed: int, *, eager: bool) -> None:
        relaxed = _Relaxed.of(model, query.length, initial=query.initial, margin=query.margin)
        constraints, negated = constraints_of(model, query)
        self._solver = z3.SimpleSolver(ctx=negated.ctx)
        self._solver.set("random_seed", seed)
        self._solver.add(relaxed.relaxation.relaxed(negated))
        self._rest = {c.name: (c, relaxed.terms[c.name]) for c in constraints}
        self._known = set(constants_read(negated))
        self._switches: list[Term] = []
        self._laws = Laws()
        self._roundings = dict[int, str]()
        self._products = relaxed.known_products()
        self._points = relaxed.points
        self._solver.add(*relaxed.relaxation.facts)
        self._stalled = 0
        self._eager = eager

    def run(self, deadline: float) -> Refuted | Any | None:
        while (left := deadline - time.process_time()) > 0:
            limit(self._solver, min(SECONDS, left), STEPS_PER_SECOND)
            answer = self._solver.check(*self._switches)
            if answer == z3.unsat:
                core = {s.decl().name() for s in self._solver.unsat_core()}
                used = frozenset(n.removeprefix("use ") for n in core if n.startswith("use "))
                return Refuted(used, tuple(text for key, text in self._roundings.items() if f"rounding {key}" in core))
            if answer != z3.sat:
                return None
            found = self._solver.model()
            if not self._refined(found):
                return found
        return None

    def _refined(self, found: Any) -> bool:
        """Add what a model violates; False if that is nothing."""
        known = self._known
        tiers: Sequence[Callable[[Constraint], bool]] = (
            lambda c: c.reads <= known,
            lambda c: c.defines in known,
            lambda c: not c.defines and bool(c.reads & known),
            lambda c: not c.defines,
        )
        for number, tier in enumerate(tiers):
            group = [c for c, term in self._rest.values()
                     if tier(c) and not z3.is_true(found.eval(term, model_completion=False))]  # fmt: skip
            if group:
                self._stalled = 0
                self._activate(group)
                return True
            last = number == len(tiers) - 1
            if self._learn(found, twins=not self._eager and number < 1, tangents=self._stalled < TANGENTS or last):
                return True
        return False

    def _activate(self, group: Iterable[Constraint]) -> None:
        for c in group:
            term = self._rest.pop(c.name)[1]
            self._known |= c.reads
            # A goal is switched on, so that the core tells which were used.
            self._solver.add(self._switched(f"use {c.name}", term) if c.name.startswith("goal!") else term)

    def _switched(self, name: str, term: Term) -> Term:
        self._switches.append(z3.Bool(name, term.ctx))
        return z3.Implies(self._switches[-1], term)

    def _learn(self, found: Any, *, twins: bool, tangents: bool) -> bool:
        products = [p for p, names in self._products if names <= self._known]
        points = [p for p, names in self._points if names <= self._known]
        roundings = self._laws.roundings(found, points, twins=twins)
        for lemma in roundings:
            number = len(self._roundings)
            self._roundings[number] = lemma.sexpr()
            self._solver.add(self._switched(f"rounding {number}", lemma))
        others = [] if roundings else self._laws.products(found, products)
        if not roundings and not others and tangents and not twins:
            self._stalled += 1
            others = self._laws.tangents(found, products)
        self._solver.add(*others)
        return bool(roundings or others)
