"""A transition system as solver terms, and its unrolling over instants.

Definitions are inlined once, into one shared graph of terms over inputs and states; an instant is a substitution on
that graph, never a new construction. Instant ``k`` of the constant ``x`` is the constant ``x@k``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from syncml.verify.smt import Term, constants_of, is_value, sort_of, value_of, with_numerals, z3
from syncml.verify.system import System, sort_text


class Model:
    """The terms of a system in one solver context.

    Attributes:
        constants: Each input, state and definition by name.
        named: Each definition over the constants that it reads directly.
        full: Each definition over inputs and states only.
        initial: The first value of each state that has one.
        following: The next value of each state, over inputs and states.
        facts: Formulas that hold at every instant, over inputs and states.
        cache: What engines derive from the model and use again.
    """

    def __init__(self, system: System, context: Any = None) -> None:
        self.system = system
        self.cache: dict[Any, Any] = {}
        self.context: Any = context if context is not None else z3.Context()
        self.constants: dict[str, Term] = {}
        lines: list[str] = []
        for item in (*system.inputs, *system.states, *system.definitions):
            self.constants[item.name] = z3.Const(item.name, sort_of(item.sort, self.context))
            lines.append(f"(declare-const {symbol(item.name)} {sort_text(item.sort)})")
        lines += [f"(assert (= {symbol(d.name)} {d.term}))" for d in system.definitions]
        lines += [f"(assert (= {symbol(s.name)} {s.initial}))" for s in system.states if s.initial is not None]
        lines += [f"(assert (= {symbol(s.name)} {s.following}))" for s in system.states]
        lines += [f"(assert {f})" for f in system.facts]
        terms = iter(with_numerals(z3.parse_smt2_string("\n".join(lines), ctx=self.context)))
        self.named = {d.name: next(terms).arg(1) for d in system.definitions}
        self.initial = {s.name: next(terms).arg(1) for s in system.states if s.initial is not None}
        self.next_named = {s.name: next(terms).arg(1) for s in system.states}
        self.facts_named = list(terms)
        self.full: dict[str, Term] = {}
        for name, term in self.named.items():
            self.full[name] = self._inlined(term)
        self.following = {name: self._inlined(term) for name, term in self.next_named.items()}
        self.facts = [self._inlined(f) for f in self.facts_named]

    def _inlined(self, term: Term) -> Term:
        read = [(c, self.full[c.decl().name()]) for c in constants_of([term]) if c.decl().name() in self.full]
        return z3.substitute(term, *read) if read else term

    def at(self, name: str, instant: int) -> Term:
        """The constant that stands for ``name`` at ``instant``."""
        return z3.Const(f"{name}@{instant}", self.constants[name].sort())

    def assumption(self) -> list[Term]:
        """What holds at every instant: facts and the user's assumptions, over inputs and states."""
        return [*self.facts, *(self.full[a] for a in self.system.assumptions)]


def symbol(name: str) -> str:
    """A name as an SMT-LIB symbol."""
    return f"|{name}|"


def substitute_all(terms: Sequence[Term], pairs: Sequence[tuple[Term, Term]], *, simplify: bool = False) -> list[Term]:
    """Substitute in many terms at once, so that their shared parts are visited once."""
    if not terms or not (pairs or simplify):
        return list(terms)
    context = terms[0].ctx
    pack = z3.Function("pack!", *(t.sort() for t in terms), z3.BoolSort(context))
    packed = pack(*terms)
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
        first = {s.name: model.at(s.name, 0) for s in model.system.states}
        self._next: dict[str, Term] = {**first, **model.initial} if initial else first

    def extend(self) -> int:
        """Add one instant; returns its index."""
        model, k = self.model, self.length
        state = self._next
        self.states.append(state)
        pairs = [(model.constants[n], t) for n, t in state.items()]
        pairs += [(model.constants[i.name], model.at(i.name, k)) for i in model.system.inputs]
        goals = list(model.system.goals)
        held = model.assumption()
        terms = [*held, *(model.full[g] for g in goals), *model.following.values()]
        folded = substitute_all(terms, pairs, simplify=any(is_value(t) for t in state.values()))
        for term in folded[: len(held)]:
            self._solver.add(term)
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
        {i.name: str(value_of(answer.eval(model.at(i.name, k), model_completion=True))) for i in model.system.inputs}
        for k in range(length)
    ]


def pairs_at(model: Model, names: Mapping[str, Term], instant: int) -> list[tuple[Term, Term]]:
    """The substitution that takes the constants of ``names`` to ``instant``."""
    return [(term, model.at(name, instant)) for name, term in names.items()]
