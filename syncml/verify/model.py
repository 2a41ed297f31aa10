"""A transition system as solver terms, and its unrolling over instants.

Definitions are inlined, into one shared graph of terms over inputs and states; an instant is a substitution on
that graph, never a new construction. Instant ``k`` of the constant ``x`` is the constant ``x@k``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any

from syncml.dataclass import dataclass
from syncml.verify.smt import Term, bundle, is_value, sort_of, value_of, with_numerals, z3
from syncml.verify.system import Definition, Input, State, System, sort_text


@dataclass(frozen=True, slots=True)
class Named:
    """The terms of a system over definitions, as they were written.

    Attributes:
        definitions: Each definition by name.
        following: The next value of each state by name.
        facts: What holds at every instant.
        nearest: The exact result and the nearest number of each rounding.
    """

    definitions: Mapping[str, Term]
    following: Mapping[str, Term]
    facts: Sequence[Term]
    nearest: Sequence[tuple[Term, Term]]

    @staticmethod
    def of(model: Model) -> Named:
        """Read the text of the system again, with a constant for each definition."""
        system = model.system
        lines = [_declaration(item) for item in (*system.inputs, *system.states, *system.definitions)]
        lines += [f"(assert (= {symbol(d.name)} {d.term}))" for d in system.definitions]
        lines += [f"(assert (= {symbol(s.name)} {s.following}))" for s in system.states]
        lines += [f"(assert {f})" for f in system.facts]
        lines += ["(declare-fun nearest! (Real Real) Bool)"] if system.nearest else []
        lines += [f"(assert (nearest! {n.exact} {n.result}))" for n in system.nearest]
        terms = iter(with_numerals(z3.parse_smt2_string("\n".join(lines), ctx=model.context)))
        definitions = {d.name: next(terms).arg(1) for d in system.definitions}
        following = {s.name: next(terms).arg(1) for s in system.states}
        facts = [next(terms) for _ in system.facts]
        nearest = [(pair.arg(0), pair.arg(1)) for pair in terms]
        return Named(definitions, following, facts, nearest)


def _declaration(item: Input | State | Definition) -> str:
    return f"(declare-const {symbol(item.name)} {sort_text(item.sort)})"


class Model:
    """The terms of a system in one solver context.

    Attributes:
        constants: Each input, state and definition by name.
        full: Each goal and assumption over inputs and states.
        initial: The first value of each state that has one.
        following: The next value of each state, over inputs and states.
        facts: Formulas that hold at every instant, over inputs and states.
        inputs: The names of the inputs, in order.
        states: The names of the states, in order.
        goals: The names of the goals, in order.
        assumptions: The names of the user's assumptions.
        narrowed: Whether runs that the user's assumptions allow are left out: they violate no goal.
        cache: What engines derive from the model and use again.
    """

    def __init__(self, system: System, context: Any = None) -> None:
        self.system = system
        self.cache: dict[Any, Any] = {}
        self.context: Any = context if context is not None else z3.Context()
        items = (*system.inputs, *system.states, *system.definitions)
        sorts = {name: sort_of(name, self.context) for name in dict.fromkeys(item.sort for item in items)}
        self.constants: dict[str, Term] = {item.name: z3.Const(item.name, sorts[item.sort]) for item in items}
        lines = [_declaration(item) for item in (*system.inputs, *system.states)]
        # The solver's parser puts a definition in the place of its name, and shares it.
        lines += [f"(define-fun {symbol(d.name)} () {sort_text(d.sort)} {d.term})" for d in system.definitions]
        lines += [f"(assert (= {symbol(s.name)} {s.initial}))" for s in system.states if s.initial is not None]
        lines += [f"(assert (= {symbol(s.name)} {s.following}))" for s in system.states]
        lines += [f"(assert {f})" for f in system.facts]
        spoken = (*system.assumptions, *system.goals)
        lines += ["(declare-const clause! Bool)", *(f"(assert (= clause! {symbol(n)}))" for n in spoken)]
        terms = iter(z3.parse_smt2_string("\n".join(lines), ctx=self.context))
        self.initial = {s.name: z3.simplify(next(terms).arg(1)) for s in system.states if s.initial is not None}
        self.following = {s.name: next(terms).arg(1) for s in system.states}
        self.facts = [next(terms) for _ in system.facts]
        self.full = {n: next(terms).arg(1) for n in spoken}
        self.inputs = tuple(i.name for i in system.inputs)
        self.states = tuple(s.name for s in system.states)
        self.goals = system.goals
        self.assumptions = system.assumptions
        self.narrowed = False

    def derived(
        self,
        goals: Mapping[str, Term],
        held: Sequence[Term],
        initial: Mapping[str, Term],
        following: Mapping[str, Term],
        *,
        narrowed: bool = False,
    ) -> Model:
        """A model over some of the same constants, with other terms; ``held`` are its facts and assumptions."""
        other = copy(self)
        other.cache = {}
        other.full = dict(goals)
        other.facts = list(held)
        other.initial = {n: t for n, t in initial.items() if n in following}
        other.following = dict(following)
        other.states = tuple(n for n in self.states if n in following)
        other.goals = tuple(goals)
        other.assumptions = ()
        other.narrowed = self.narrowed or narrowed
        return other

    def parsed(self, texts: Sequence[str]) -> list[Term]:
        """Formulas over states from their text."""
        lines = [*map(_declaration, self.system.states), *(f"(assert {t})" for t in texts)]
        return list(z3.parse_smt2_string("\n".join(lines), ctx=self.context)) if texts else []

    @cached_property
    def named(self) -> Named:
        """The same terms over definitions, as they were written."""
        return Named.of(self)

    def at(self, name: str, instant: int) -> Term:
        """The constant that stands for ``name`` at ``instant``."""
        return z3.Const(f"{name}@{instant}", self.constants[name].sort())

    def assumption(self) -> list[Term]:
        """What holds at every instant: facts and the user's assumptions, over inputs and states."""
        return [*self.facts, *(self.full[a] for a in self.assumptions)]


def symbol(name: str) -> str:
    """A name as an SMT-LIB symbol."""
    return f"|{name}|"


def substitute_all(terms: Sequence[Term], pairs: Sequence[tuple[Term, Term]], *, simplify: bool = False) -> list[Term]:
    """Substitute in many terms at once, so that their shared parts are visited once."""
    if not terms or not (pairs or simplify):
        return list(terms)
    packed = bundle(terms)
    if pairs:
        packed = z3.substitute(packed, *pairs)
    if simplify:
        packed = z3.simplify(packed)
    return [packed.arg(i) for i in range(len(terms))]


class Unrolling:
    """Instants 0, 1, .. of a model inside of a solver.

    Each new instant asserts the facts and assumptions; a next state that is not a plain value gets a constant.
    """

    def __init__(self, model: Model, solver: Any, *, initial: bool) -> None:
        self.model = model
        self._solver = solver
        self.length = 0
        self.states: list[dict[str, Term]] = []
        self._goals: list[dict[str, Term]] = []
        first = {n: model.at(n, 0) for n in model.states}
        self._next: dict[str, Term] = {**first, **model.initial} if initial else first

    def extend(self, unless: Sequence[Term] = ()) -> int:
        """Add one instant, at which facts and assumptions hold unless one of some terms does; returns its index."""
        model, k = self.model, self.length
        state = self._next
        self.states.append(state)
        pairs = [(model.constants[n], t) for n, t in state.items()]
        pairs += [(model.constants[n], model.at(n, k)) for n in model.inputs]
        goals = model.goals
        held = model.assumption()
        terms = [*held, *(model.full[g] for g in goals), *model.following.values()]
        folded = substitute_all(terms, pairs, simplify=any(is_value(t) for t in state.values()))
        for term in folded[: len(held)]:
            self._solver.add(z3.Or([*unless, term]) if unless else term)
        self._goals.append(dict(zip(goals, folded[len(held) :], strict=False)))
        self._next = {}
        for name, term in zip(model.following, folded[len(held) + len(goals) :], strict=True):
            if is_value(term):
                self._next[name] = term
            else:
                self._next[name] = model.at(name, k + 1)
                self._solver.add(self._next[name] == term)
        self.length += 1
        return k

    @property
    def following(self) -> Mapping[str, Term]:
        """The states after the last instant."""
        return self._next

    def goal(self, name: str, instant: int) -> Term:
        """The goal called ``name`` at an instant that exists."""
        return self._goals[instant][name]

    def falsified(self, names: Iterable[str], instant: int, answer: Any) -> list[str]:
        """Which of the goals are false at ``instant`` in a solver's model."""
        return [n for n in names if z3.is_false(answer.eval(self.goal(n, instant), model_completion=True))]

    def trace(self, answer: Any) -> list[dict[str, str]]:
        """The values of the inputs at each instant in a solver's model."""
        return input_trace(self.model, answer, self.length)


def input_trace(model: Model, answer: Any, length: int) -> list[dict[str, str]]:
    """The values of the inputs at the instants below ``length`` in a solver's model; numbers as fractions."""
    return [
        {n: str(value_of(answer.eval(model.at(n, k), model_completion=True))) for n in model.inputs}
        for k in range(length)
    ]


def pairs_at(model: Model, names: Mapping[str, Term], instant: int) -> list[tuple[Term, Term]]:
    """The substitution that takes the constants of ``names`` to ``instant``."""
    return [(term, model.at(name, instant)) for name, term in names.items()]
