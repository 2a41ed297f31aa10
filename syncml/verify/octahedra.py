"""Bounds of sums: invariants ``x1 + x2 - x3 <= c`` over quantities that depend on each other.

A quantity is a numeric state, or a linear term over states that the model computes (the integrator of a controller is
often one, whose parts are states). Quantities whose next values read each other form a group. All sums and differences
of up to three of a group are bounded at once: by the largest values that random runs show, rounded up to numbers of the
model or, between them, to a few binary digits. Then, as long as some instant leads out of the bounds, those that it
breaks are raised. What is left holds initially and is kept by each instant, which the last answer of the solver says
for each group; one group is taken after those that it reads, whose bounds are known by then.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from math import floor, log2
from typing import Any, TypeAlias

import numpy

from syncml.ir.graphs import components
from syncml.verify.candidates import thresholds
from syncml.verify.model import Model, substitute_all
from syncml.verify.smt import Term, applications, constants_of, is_value, names_of, value_of, z3
from syncml.verify.solving import Clockwork, simple_solver
from syncml.verify.wander import Population, instants, stepping

np: Any = numpy
"""Arrays have the types of their terms, not of Python."""

WIDEST = 3
"""Sums of so many quantities at most."""

FORMS = 150
"""Groups with more sums have those of fewer quantities only."""

PARTS = 12
"""Linear terms with more parts are no quantities."""

RUNS, INSTANTS = 3, 150
"""How many populations are run, and for how many instants."""

DIGITS = 3
"""Bounds between the numbers of the model have so many binary digits after the first."""

SLACK = 64
"""A value that is no number of the model is taken to be larger by so many parts of 64."""

RAISES = 40
"""How often a bound is raised before it is dropped."""

Form: TypeAlias = tuple[tuple[int, int], ...]
"""A sum: positions of quantities, and their signs."""


def octahedra(model: Model, time_: Clockwork) -> Iterator[tuple[list[Term], bool]]:
    """Inductive formulas over the states of ``model``, in two steps, and whether there was time for all groups."""
    limits = [Fraction(x) for x in thresholds(model)]
    known: list[Term] = []
    for quantities in _families(model):
        complete = _family(model, quantities, known, limits, time_)
        yield list(known), complete


def _family(
    model: Model, quantities: Sequence[Term], known: list[Term], limits: Sequence[Fraction], time_: Clockwork
) -> bool:
    """Add the bounds of some quantities to what is ``known``; whether there was time for all groups."""
    after = substitute_all(quantities, [(model.constants[n], t) for n, t in model.following.items()])
    start = _start(model, quantities)
    complete = True
    settled: dict[Hashable, list[Fraction | None]] = {}
    for members in _groups(quantities, after):
        forms = _forms(members)
        if not all(i in start for i in members):
            continue
        # Instances of one node are alike: what is kept by one will do for the next.
        alike = _operations([after[i] for i in members])
        if alike not in settled:
            part = _part(model, [*(quantities[i] for i in members), *(after[i] for i in members)])
            settled[alike] = _most(part, quantities, forms, time_)
        bounds: dict[Form, Fraction] = {}
        for form, seen in zip(forms, settled[alike], strict=True):
            if seen is not None:
                # The first instant is within the bounds, whatever they come from.
                bounds[form] = _above(max(seen, sum((sign * start[i] for i, sign in form), Fraction(0))), limits)
        if _Search(model, members, bounds, quantities, after, known, limits, time_).settle():
            settled[alike] = [bounds.get(form) for form in forms]
            known += (_bound(quantities, form, limit) for form, limit in bounds.items())
        else:
            complete = False
    return complete


def _start(model: Model, quantities: Sequence[Term]) -> dict[int, Fraction]:
    """The first values of the quantities that have one."""
    pairs = [(model.constants[n], t) for n, t in model.initial.items()]
    terms = substitute_all(quantities, pairs, simplify=True)
    return {i: Fraction(value_of(t)) for i, t in enumerate(terms) if is_value(t)}


def _part(model: Model, terms: Sequence[Term]) -> Model:
    """What of a model some terms depend on, with the facts and assumptions that speak of nothing else."""
    read: set[str] = set()
    pending = list(terms)
    while pending:
        fresh = set(names_of(pending)) - read
        read |= fresh
        pending = [model.following[n] for n in fresh if n in model.following]
    held = [t for t in model.assumption() if set(names_of([t])) <= read]
    part = model.derived({}, held, model.initial, {n: t for n, t in model.following.items() if n in read})
    part.inputs = tuple(n for n in model.inputs if n in read)
    return part


class _Search:
    """Raises ``bounds`` until they are kept."""

    def __init__(
        self, model: Model, members: Sequence[int], bounds: dict[Form, Fraction], quantities: Sequence[Term],
        after: Sequence[Term], known: Sequence[Term], limits: Sequence[Fraction], time_: Clockwork,
    ) -> None:  # fmt: skip
        self._members = members
        self._bounds = bounds
        self._raises: dict[Form, int] = {}
        self._quantities = quantities
        self._after = after
        self._limits = limits
        self._time = time_
        self._solver = simple_solver(model.context, time_.seed)
        read = set(names_of([after[i] for i in members]))
        self._solver.add(*(t for t in (*model.assumption(), *known) if set(names_of([t])) <= read))

    def settle(self) -> bool:
        """Raise what an instant breaks until none does; False if time is up."""
        bounds = self._bounds
        while bounds and self._time.left() > 0:
            self._solver.push()
            self._solver.add(*(_bound(self._quantities, f, c) for f, c in bounds.items()))
            self._solver.add(z3.Or([z3.Not(_bound(self._after, f, c)) for f, c in bounds.items()]))
            self._time.set(self._solver)
            answer = self._solver.check()
            model = self._solver.model() if answer == z3.sat else None
            self._solver.pop()
            if answer == z3.unsat:
                return True
            if model is None:
                return False
            self._raise(
                {i: Fraction(value_of(model.eval(self._after[i], model_completion=True))) for i in self._members}
            )
        return False

    def _raise(self, values: dict[int, Fraction]) -> None:
        bounds, raises = self._bounds, self._raises
        for form, limit in list(bounds.items()):
            value = sum((sign * values[i] for i, sign in form), Fraction(0))
            if value > limit:
                raises[form] = raises.get(form, 0) + 1
                bounds[form] = _above(value, self._limits, raises[form])
                if raises[form] > RAISES:
                    del bounds[form]


def _operations(terms: Sequence[Term]) -> Hashable:
    """How often each operation occurs in some terms."""
    return frozenset(Counter(kind for _, kind, _ in applications(terms)).items())


def _above(value: Fraction, limits: Sequence[Fraction], raises: int = 0) -> Fraction:
    """The least number of the model, or with a few binary digits, that is no less than ``value``.

    What is no number of the model is taken to be a little larger, and the more so the more often it was raised.
    """
    at = bisect_left(limits, value)
    known = limits[at] if at < len(limits) else None
    if value in (0, known):
        return value
    value += abs(value) * (4 + raises) / SLACK
    unit = Fraction(2) ** (floor(log2(abs(value))) - DIGITS)
    short = -(-value // unit) * unit
    return short if known is None else min(known, short)


def _bound(quantities: Sequence[Term], form: Form, limit: Fraction) -> Term:
    parts = [quantities[i] if sign > 0 else -quantities[i] for i, sign in form]
    total = z3.Sum(parts) if len(parts) > 1 else parts[0]
    if z3.is_int(total):
        return total <= z3.IntVal(floor(limit), total.ctx)
    return total <= z3.RealVal(str(limit), total.ctx)


def _forms(members: Sequence[int]) -> list[Form]:
    """The sums of a group, without the opposite order of the same quantities."""
    result: list[Form] = []
    for count in range(1, WIDEST + 1):
        more: list[Form] = [
            tuple(zip(chosen, signs, strict=True))
            for chosen in combinations(members, count)
            for signs in product((1, -1), repeat=count)
        ]
        if count > 1 and len(result) + len(more) > FORMS:
            break
        result += more
    return result


def _families(model: Model) -> list[list[Term]]:
    """The linear terms that the model computes, if they are no part of others, with the other states; all states."""
    states = {model.constants[n].get_id() for n in model.states}
    linear: dict[int, bool] = {}
    found: list[Term] = []
    covered: set[int] = set()
    stack: list[tuple[Term, bool]] = [
        (t, False) for t in (*model.full.values(), *model.assumption(), *model.following.values())
    ]
    seen: set[int] = set()
    while stack:
        term, inside = stack.pop()
        here = _is_linear(term, states, linear)
        if here and not inside and term.get_id() not in covered and not is_value(term):
            read = list(constants_of([term]))
            if 1 < len(read) <= PARTS:
                found.append(term)
            covered.add(term.get_id())
        if term.get_id() not in seen:
            seen.add(term.get_id())
            stack.extend((c, here) for c in term.children())
    read = {t.get_id(): frozenset(names_of([t])) for t in found}
    found = [t for t in found if not any(read[t.get_id()] < other for other in read.values())]
    parts = {c.get_id() for t in found for c in constants_of([t])}
    numbers = [s for s in (model.constants[n] for n in model.states) if z3.is_arith(s)]
    sums = [*found, *(s for s in numbers if s.get_id() not in parts)]
    return [sums, numbers] if found else [numbers]


def _is_linear(term: Term, states: set[int], known: dict[int, bool]) -> bool:
    """Whether a term is a sum of numeric states with coefficients, and numbers."""
    stack = [term]
    while stack:
        t = stack[-1]
        if t.get_id() in known:
            stack.pop()
            continue
        children = t.children()
        if not z3.is_arith(t):
            known[t.get_id()] = False
        elif not children:
            known[t.get_id()] = is_value(t) or t.get_id() in states
        elif not (z3.is_add(t) or z3.is_sub(t) or (z3.is_mul(t) and len(children) == 2 and is_value(children[0]))):
            known[t.get_id()] = False
        elif missing := [c for c in children if c.get_id() not in known]:
            stack.extend(missing)
            continue
        else:
            known[t.get_id()] = all(known[c.get_id()] for c in children)
        stack.pop()
    return known[term.get_id()]


def _most(model: Model, quantities: Sequence[Term], forms: Sequence[Form], time_: Clockwork) -> list[Fraction | None]:
    """The largest values of sums in random runs; None where there are no runs, or no bound."""
    nothing: list[Fraction | None] = [None] * len(forms)
    members = sorted({i for form in forms for i, _ in form})
    wanted = [quantities[i] for i in members]
    step = stepping(model, wanted)
    if step is None:
        return nothing
    matrix = np.zeros((len(forms), len(members)))
    for row, form in enumerate(forms):
        for i, sign in form:
            matrix[row, members.index(i)] = sign
    most = np.full(len(forms), -np.inf)
    with np.errstate(all="ignore"):
        for number in range(RUNS):
            population = Population(model, step, np.random.default_rng([time_.seed, number]))
            for _ in range(instants(step, INSTANTS)):
                if time_.left() <= 0 or not population.advance(None):
                    break
                values = np.array([np.asarray(v, dtype=float) for v in population.shown])[:, population.fits]
                most = np.maximum(most, (matrix @ values).max(axis=1))
    return [Fraction(x) if np.isfinite(x) else None for x in most.tolist()]


def _groups(quantities: Sequence[Term], after: Sequence[Term]) -> list[list[int]]:
    """The strongly connected components of quantities of one sort, each after those that it reads."""
    owners: dict[str, list[int]] = {}
    for i, term in enumerate(quantities):
        for name in names_of([term]):
            owners.setdefault(name, []).append(i)
    reads = [sorted({j for n in names_of([t]) for j in owners.get(n, ())}) for t in after]
    return [group for part in components(reads) for group in _of_one_sort(part, quantities)]


def _of_one_sort(part: Sequence[int], quantities: Sequence[Term]) -> list[list[int]]:
    whole = [i for i in part if z3.is_int(quantities[i])]
    real = [i for i in part if z3.is_real(quantities[i])]
    return [g for g in (whole, real) if g]
