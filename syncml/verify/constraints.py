"""Constraints of the demand-driven engine: all that is known at a few instants, in small named pieces.

Rule: each definition, update of a register, fact, assumption and goal is one constraint at each instant. A definition
that the user did not name and that has one reader is part of that reader; a register that takes a plain value is
another name for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from syncml.dataclass import dataclass
from syncml.verify.margin import with_margin
from syncml.verify.model import Model, substitute_all
from syncml.verify.query import Query
from syncml.verify.slicing import reading_of
from syncml.verify.smt import Term, is_value, z3
from syncml.verify.smt import constants_of as occurring
from syncml.verify.system import Nearest


@dataclass(frozen=True, slots=True)
class Constraint:
    """One formula that holds at an instant.

    Attributes:
        name: The clause and the instant, ``goal!3@1``; of a definition, ``=`` and the constant.
        reads: The constants that occur in it.
        linear: Whether it is free of products of unknowns.
        defines: The constant that it defines, where it is a definition.
    """

    name: str
    term: Term
    reads: frozenset[str]
    linear: bool
    defines: str = ""


@dataclass(frozen=True, slots=True)
class Universe:
    """All that may be known at a number of instants, built once for all queries of that shape.

    Attributes:
        clauses: Each assumption and goal at each instant.
        others: Definitions, updates of registers, and facts.
        nearest: Each rounding at each instant: the exact result, and the nearest number.
        last: The constants at the last instant, for the negated goal.
        spelt: Each Boolean definition in terms of what compares numbers, where a margin is asked for.
    """

    clauses: Mapping[tuple[str, int], Constraint]
    others: Sequence[Constraint]
    nearest: Sequence[tuple[Nearest, Term, Term]]
    last: Sequence[tuple[Term, Term]]
    spelt: Mapping[str, Term]

    @staticmethod
    def of(model: Model, length: int, *, initial: bool, margin: str = "0") -> Universe:
        """The universe of a shape, from the model's cache if it has it."""
        key = (length, initial, margin)
        if key not in model.cache:
            model.cache[key] = _universe(model, length, initial, Fraction(margin))
        return model.cache[key]


def constraints_of(model: Model, query: Query) -> tuple[list[Constraint], Term]:
    """All constraints of a query, and its negated goal."""
    universe = Universe.of(model, query.length, initial=query.initial, margin=query.margin)
    last = query.length - 1
    always = (*model.system.assumptions, *query.lemmas)
    names = [(n, k) for k in range(last) for n in dict.fromkeys((*always, *query.hypotheses))]
    names += [(n, last) for n in dict.fromkeys(always) if n != query.goal]
    if margin := Fraction(query.margin):
        spelt = with_margin(z3.Not(universe.spelt[query.goal]), margin)
        negated = substitute_all([spelt], universe.last)[0]
    else:
        negated = z3.Not(universe.clauses[query.goal, last].term)
    return [*universe.others, *(universe.clauses[key] for key in names)], negated


def _universe(model: Model, length: int, initial: bool, margin: Fraction) -> Universe:
    system = model.system
    grouped = _grouped(model)
    named, following = grouped.named, grouped.following
    spelt = _spelt_out(model, grouped.absorbed) if margin else {}
    if margin:
        named |= {a: with_margin(spelt[a], margin) for a in system.assumptions}
    # A clause stands for its term, so that what it says is seen at once.
    holding = [*system.assumptions, *system.goals]
    names = [n for n in named if n not in set(holding)]
    clauses: dict[tuple[str, int], Constraint] = {}
    others: list[Constraint] = []
    nearest: list[tuple[Nearest, Term, Term]] = []
    now = {n: model.at(n, 0) for n in model.constants}
    if initial:
        now |= _at_first(model, named)
    pairs: list[tuple[Term, Term]] = []
    for k in range(length):
        pairs = [(c, now[n]) for n, c in model.constants.items()]
        rounded = model.named.nearest
        groups = (
            [named[n] for n in names], [named[h] for h in holding], model.named.facts, list(following.values()),
            [exact for exact, _ in rounded], [result for _, result in rounded],
        )  # fmt: skip
        definitions, held, facts, updates, exacts, results = _substituted(groups, pairs)
        nearest += zip(system.nearest, exacts, results, strict=True)
        others += [_definition(model.at(n, k), t) for n, t in zip(names, definitions, strict=True)]
        others += [_constraint(f"fact!{i}@{k}", t) for i, t in enumerate(facts)]
        clauses |= {(h, k): _constraint(f"{h}@{k}", t) for h, t in zip(holding, held, strict=True)}
        if k == 0 and initial:
            others += [_definition(model.at(n, 0), t) for n, t in model.initial.items()]
        now = {n: model.at(n, k + 1) for n in model.constants}
        for name, term in zip(following, updates, strict=True) if k < length - 1 else ():
            if term.num_args() == 0:
                # The register is another name for what it was given.
                now[name] = term
            else:
                others.append(_definition(now[name], term))
    return Universe(clauses, others, nearest, pairs, spelt)


def _at_first(model: Model, named: Mapping[str, Term]) -> dict[str, Term]:
    """The streams that have a value at the first instant which follows from the first values of registers.

    So a product with one of them is none of two unknowns. What is rounded of a value is a value, too.
    """
    known = {n: t for n, t in model.initial.items() if is_value(t)}
    rounded = {n.exact.strip("|"): (n.result.strip("|"), n.format) for n in model.system.nearest}
    for name, term in named.items():
        pairs = [(model.constants[n], known[n]) for n in constants_read(term) if n in known]
        value = z3.simplify(z3.substitute(term, *pairs) if pairs else term)
        if not is_value(value):
            continue
        known[name] = value
        result, form = rounded.get(name, ("", ""))
        if result in model.constants:
            # Loaded where it is needed: it brings NumPy.
            from syncml.verify.floats.formats import nearest_of

            number = nearest_of(form, Fraction(value.numerator_as_long(), value.denominator_as_long()))
            known[result] = z3.RealVal(f"{number.numerator}/{number.denominator}", model.context)
    return known


def _substituted(groups: Sequence[Sequence[Term]], pairs: Sequence[tuple[Term, Term]]) -> list[list[Term]]:
    """`substitute_all` on several lists at once."""
    terms = iter(substitute_all([t for group in groups for t in group], pairs))
    return [[next(terms) for _ in group] for group in groups]


def _constraint(name: str, term: Term) -> Constraint:
    return Constraint(name, term, constants_read(term), not reading_of(term).product)


def _definition(constant: Term, term: Term) -> Constraint:
    name = constant.decl().name()
    return Constraint(f"={name}", constant == term, constants_read(term) | {name}, not reading_of(term).product, name)


def constants_read(term: Term) -> frozenset[str]:
    """The names of the constants that occur in a term."""
    return frozenset(c.decl().name() for c in occurring([term]))


def _spelt_out(model: Model, absorbed: Mapping[str, Term]) -> dict[str, Term]:
    """The Boolean definitions, with what defines the Booleans and the ``absorbed`` that they read in their place."""
    result: dict[str, Term] = {}
    for name, term in model.named.definitions.items():
        if z3.is_bool(term):
            parts = [(model.constants[n], result.get(n, absorbed.get(n))) for n in constants_read(term)]
            parts = [(constant, part) for constant, part in parts if part is not None]
            result[name] = z3.substitute(term, *parts) if parts else term
    return result


@dataclass(frozen=True, slots=True)
class _Grouped:
    """Definitions and next values; ``absorbed`` are the definitions that became part of their only reader."""

    named: dict[str, Term]
    following: dict[str, Term]
    absorbed: dict[str, Term]


def _grouped(model: Model) -> _Grouped:
    """Definitions and next values in which each unnamed definition with one reader is part of that reader."""
    readers: dict[str, int] = {}
    for term in (*model.named.definitions.values(), *model.named.following.values(), *model.named.facts):
        for name in constants_read(term):
            readers[name] = readers.get(name, 0) + 1
    # What is rounded stays visible, and so does the result.
    readers |= {name: 2 for pair in model.named.nearest for term in pair for name in constants_read(term)}
    absorbed: dict[str, Term] = {}
    named: dict[str, Term] = {}

    def grown(term: Term) -> Term:
        parts = [(model.constants[n], absorbed[n]) for n in constants_read(term) if n in absorbed]
        return z3.substitute(term, *parts) if parts else term

    for definition in model.system.definitions:
        term = grown(model.named.definitions[definition.name])
        if definition.named or readers.get(definition.name, 0) != 1:
            named[definition.name] = term
        else:
            absorbed[definition.name] = term
    following = {name: grown(term) for name, term in model.named.following.items()}
    return _Grouped(named, following, absorbed)
