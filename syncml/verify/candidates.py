"""Candidates for invariants: what may be true of the states at every instant, weakened by each state seen.

    literal   a Boolean state, or a comparison that the model makes of states alone; or its negation
    clause    one literal, or two of which one is true
    bound     form <= c, where form is x, -x, x - y, x + y or -x - y, and x may be a difference that the model computes,
              or a sum of more where there are few; also under a literal (mode => fact)
    equality  c0 + c1 x1 + .. + cn xn = 0: all that hold of the states seen so far (`equalities`)

A bit vector is read as a number with a sign; of its forms only x and -x have bounds, as others wrap.

A candidate that a state violates is weakened: a clause is dropped, a bound raised to the next constant of the model,
the space of equalities reduced. Each is weakened finitely often, so that asking for violations comes to an end.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import Any, TypeAlias

from syncml.dataclass import dataclass
from syncml.verify.equalities import Equations, grouped
from syncml.verify.model import Model
from syncml.verify.smt import Term, constants_of, is_value, number_of, value_of, z3

LITERALS = 40
"""How many literals are combined at most."""

NUMBERS = 12
"""How many numeric states are compared with each other at most; twice as many have bounds."""

FORMS = 2500
"""How many bounds are tried at most."""

SUMMED = 6
"""Up to so many numeric states, sums and differences of any of them have bounds."""

POINTS = 50
"""How many of many states are asked for equalities."""

RAISES = 3
"""How often a bound is raised at most, before it is dropped."""

Number: TypeAlias = int | Fraction

Form: TypeAlias = tuple[tuple[int, int], ...]
"""A linear form: positions of numeric states and their coefficients."""

_COMPARISONS = (
    z3.Z3_OP_LE, z3.Z3_OP_GE, z3.Z3_OP_LT, z3.Z3_OP_GT, z3.Z3_OP_EQ, z3.Z3_OP_SLEQ, z3.Z3_OP_ULEQ,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sample:
    """A state: the truth of each literal and the value of each numeric state."""

    literals: tuple[bool, ...]
    numbers: tuple[Number, ...]


class Candidates:
    """What may be true of all states, given those seen; ``many`` candidates find more, and take longer.

    Attributes:
        literals: Formulas over states.
        numbers: The numeric states and bit vectors, then differences and sums of two that the model computes.
    """

    def __init__(self, model: Model, *, many: bool = False) -> None:
        self._context = model.context
        states = [model.constants[n] for n in model.states]
        self.numbers = [s for s in states if _is_number(s) or z3.is_bv(s)][: 2 * NUMBERS]
        self._states = len(self.numbers)
        self.numbers += _differences(model, NUMBERS - len(self.numbers))
        compared, self._thresholds = _compared(model)
        self.literals = [*(s for s in states if z3.is_bool(s)), *compared][:LITERALS]
        signed = [x for i in range(1, len(self.literals) + 1) for x in (i, -i)]
        self._clauses = [(x, x) for x in signed] + [(x, y) for x, y in combinations(signed, 2) if x != -y]
        self._bounds: dict[tuple[int, Form], Number | None] = {}
        self._raises: dict[tuple[int, Form], int] = {}
        self._built: dict[Hashable, Term] = {}
        self._equations: list[tuple[list[int], Equations]] = [
            (g, Equations([self.numbers[i] for i in g])) for g in grouped(self.numbers[: self._states])
        ]
        self._keys = self._forms(many=many)

    def see_all(self, literals: Any, numbers: Any) -> None:
        """Weaken what many states violate, given as arrays with a row for each literal and each numeric state.

        Numbers are integers: what is rounded would weaken bounds that hold.
        """
        count = literals.shape[1] if len(literals) else numbers.shape[1]
        truth = {i + 1: row for i, row in enumerate(literals)} | {-i - 1: ~row for i, row in enumerate(literals)}
        self._clauses = [c for c in self._clauses if (truth[c[0]] | truth[c[1]]).all()]
        values: dict[Form, Any] = {}
        for key in self._keys:
            guard, form = key
            if form not in values:
                values[form] = sum(c * numbers[i] for i, c in form)
            shown = values[form][truth[guard]] if guard else values[form]
            if shown.size and (bound := self._bounds.get(key, shown[0])) is not None:
                self._bounds[key] = max(bound, int(shown.max()))
        for k in range(0, count, max(1, count // POINTS)):
            self._equate([int(row[k]) for row in numbers])

    def see(self, sample: Sample) -> None:
        """Weaken what ``sample`` violates."""
        truth = {0: True}
        for i, value in enumerate(sample.literals, 1):
            truth[i], truth[-i] = value, not value
        self._clauses = [c for c in self._clauses if truth[c[0]] or truth[c[1]]]
        for key in self._keys:
            guard, form = key
            if truth[guard]:
                self._raise(key, sum(c * sample.numbers[i] for i, c in form))
        self._equate(sample.numbers)

    def _equate(self, numbers: Sequence[Number]) -> None:
        for group, equations in self._equations:
            equations.see([numbers[i] for i in group])

    def _raise(self, key: tuple[int, Form], value: Number) -> None:
        if key not in self._bounds:
            self._bounds[key] = value
        elif (bound := self._bounds[key]) is not None and value > bound:
            at = bisect_left(self._thresholds, value)
            self._raises[key] = self._raises.get(key, 0) + 1
            known = at < len(self._thresholds) and self._raises[key] <= RAISES
            self._bounds[key] = self._thresholds[at] if known else None

    def terms(self) -> dict[Hashable, Term]:
        """Each candidate, under a key that tells it from those that it replaces."""
        keys: list[Any] = [("clause", *clause) for clause in self._clauses]
        keys += [("bound", guard, form, bound) for (guard, form), bound in self._bounds.items() if bound is not None]
        keys += [("equality", i, row) for i, (_, e) in enumerate(self._equations) for row in e.rows()]
        for key in keys:
            if key not in self._built:
                self._built[key] = self._term(key)
        return {key: self._built[key] for key in keys}

    def _term(self, key: tuple[Any, ...]) -> Term:
        match key:
            case ("clause", x, y):
                return self._literal(x) if x == y else z3.Or(self._literal(x), self._literal(y))
            case ("bound", guard, form, bound):
                fact = self._bound(form, bound)
                return z3.Implies(self._literal(guard), fact) if guard else fact
            case _:
                group: int = key[1]
                return self._equations[group][1].term(key[2])

    def _forms(self, *, many: bool) -> list[tuple[int, Form]]:
        """Which forms have bounds, and under which literals; the less simple ones up to `FORMS`, if ``many``."""
        literals = range(1, len(self.literals) + 1)
        modes = [x for i in literals if self.literals[i - 1].num_args() == 0 for x in (i, -i)]
        compared = [x for i in literals if i not in modes for x in (i, -i)]
        single: list[Form] = [((i, c),) for i in range(len(self.numbers)) for c in (1, -1)]
        pairs: list[Form] = [
            ((i, c), (j, d))
            for i, j in combinations(range(min(NUMBERS, len(self.numbers))), 2)
            if self.numbers[i].sort() == self.numbers[j].sort() and not z3.is_bv(self.numbers[i])
            for c, d in ((1, -1), (-1, 1), (1, 1), (-1, -1))
        ]
        sums: list[Form] = []
        arithmetic = {t.sort().name() for t in self.numbers[: self._states]}
        if self._states <= SUMMED and len(arithmetic) == 1 and not z3.is_bv(self.numbers[0]):
            for signs in product((0, 1, -1), repeat=self._states):
                form = tuple((i, c) for i, c in enumerate(signs) if c)
                sums += [form] if len(form) > 2 else []
        keys = [(0, form) for form in (*single, *pairs)]
        keys += [(mode, form) for mode in modes for form in single]
        for more in (
            [(x, form) for x in compared for form in single],
            [(0, form) for form in sums],
            [(x, form) for x in (*modes, *compared) for form in pairs],
        ):
            keys += more if many and len(keys) + len(more) <= FORMS else []
        return keys

    def _literal(self, number: int) -> Term:
        term = self.literals[abs(number) - 1]
        return term if number > 0 else z3.Not(term)

    def _value(self, form: Form) -> Term:
        parts = [self.numbers[i] if c == 1 else -self.numbers[i] for i, c in form]
        return z3.Sum(parts) if len(parts) > 1 else parts[0]

    def _bound(self, form: Form, bound: Number) -> Term:
        number = self.numbers[form[0][0]]
        if z3.is_bv(number):
            limit = int(bound) * form[0][1]
            if not -(2 ** (number.size() - 1)) <= limit < 2 ** (number.size() - 1):
                return z3.BoolVal(True, self._context)
            numeral = z3.BitVecVal(limit, number.size(), self._context)
            return number <= numeral if form[0][1] > 0 else number >= numeral
        numeral = z3.RealVal(str(bound), self._context) if z3.is_real(number) else z3.IntVal(int(bound), self._context)
        return self._value(form) <= numeral


def _is_number(term: Term) -> bool:
    return bool(z3.is_int(term) or z3.is_real(term))


def _differences(model: Model, most: int) -> list[Term]:
    """Sums and differences of two states that the model computes, of their present or their next values."""
    states = {model.constants[n].get_id() for n in model.states if _is_number(model.constants[n])}
    found: dict[tuple[int, int, int], Term] = {}
    for term in _subterms(model):
        if len(found) >= most:
            break
        if not z3.is_add(term) or term.num_args() > 3:
            continue
        parts: list[tuple[int, Term]] = []
        for part in term.children():
            negated = z3.is_mul(part) and part.num_args() == 2 and is_value(part.arg(0)) and value_of(part.arg(0)) == -1
            read = [c for c in constants_of([part]) if c.get_id() in states]
            if not is_value(part):
                parts += [(-1 if negated else 1, c) for c in read] if len(read) == 1 else [(0, part)]
        if len(parts) == 2 and all(sign for sign, _ in parts) and parts[0][1].sort() == parts[1][1].sort():
            (sign, x), (other, y) = sorted(parts, key=lambda p: p[1].get_id())
            if x.get_id() != y.get_id():
                found.setdefault((x.get_id(), y.get_id(), sign * other), x + y if sign == other else x - y)
    return list(found.values())


def _subterms(model: Model) -> Iterator[Term]:
    """Each term of the model once."""
    seen: set[int] = set()
    stack: list[Term] = [*model.full.values(), *model.facts, *model.following.values()]
    while stack:
        term = stack.pop()
        if term.get_id() not in seen:
            seen.add(term.get_id())
            yield term
            stack.extend(term.children())


def numerals(model: Model) -> list[Any]:
    """The numbers that occur in a model, in order; bit vectors without a sign."""
    return sorted({value_of(t) for t in _subterms(model) if is_value(t) and not z3.is_bool(t)})


def thresholds(model: Model) -> list[Number]:
    """The numbers that a model has, their neighbours and opposites, in order."""
    return _compared(model)[1]


def _compared(model: Model) -> tuple[list[Term], list[Number]]:
    """The comparisons that the model makes of states alone, and the constants that it has, with their neighbours."""
    states = {model.constants[n].get_id() for n in model.states}
    found: list[Term] = []
    values: set[Any] = {-1, 0, 1}
    for term in _subterms(model):
        if is_value(term):
            if not z3.is_bool(term):
                value = number_of(term)
                values |= {value - 1, value, value + 1, -value}
        elif term.decl().kind() in _COMPARISONS and not z3.is_bool(term.arg(0)):
            read = [c.get_id() for c in constants_of([term])]
            if read and all(r in states for r in read):
                found.append(term)
    return found, sorted(values)
