"""Reachability: all states that some run comes to, as one function of their bits (McMillan, 1993).

    layer 0      the first states
    layer k+1    the states after layer k, by inputs with which facts and assumptions hold, that no layer before has

Rule: a goal that some state of layer k violates, with such inputs, is violated by a run of k + 1 instants and by none
that is shorter; the run is read backwards through the layers. When a layer is empty, all states are known, and every
goal that is left holds at each instant of every run: the known states are an inductive invariant. That is a text over
the states, which anyone may check. Assumptions that end every run within `CONSISTENT` instants contradict each other;
then nothing is proved.

The next states are a conjunction of a relation for each bit, taken part by part; a variable is hidden as soon as no
later part reads it (Burch, Clarke and Long, 1991).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from syncml.verify.finite.diagrams import FALSE, Diagrams, TooLargeError
from syncml.verify.finite.reading import Bits, Finite, NotFiniteError, finite
from syncml.verify.search import Outcome
from syncml.verify.system import System

METHOD = "reachable states"
"""What a report calls a proof."""

CLUSTER = 300
"""Relations are joined as long as they have no more nodes than this."""

STEPS_PER_SECOND = 500_000
"""About so many steps take a second of processor time."""

CONSISTENT = 20
"""For how many instants it is asked whether a run can meet the assumptions."""

Emit: TypeAlias = Callable[[dict[str, Any]], None]


def decide(system: System, goals: Sequence[str], steps: int, emit: Emit) -> Outcome:
    """Decide the ``goals`` of a system with finitely many states, as far as so many steps suffice."""
    try:
        _Search(finite(system, steps), goals, emit).run()
    except NotFiniteError:
        return Outcome.INFINITE
    except TooLargeError:
        return Outcome.TOO_LARGE
    return Outcome.DECIDED


class _Search:
    def __init__(self, problem: Finite, goals: Sequence[str], emit: Emit) -> None:
        self._problem = problem
        self._diagrams = problem.diagrams
        self._open = [g for g in problem.system.goals if g in goals]
        self._emit = emit
        self._after = {level: level + 1 for level in problem.following}
        self._parts: list[tuple[int, frozenset[int]]] = []
        self._early: frozenset[int] = frozenset()
        self._layers: list[int] = []

    def run(self) -> None:
        """Layer after layer, until one is empty or no goal is left."""
        known = layer = self._problem.initial
        while layer != FALSE:
            self._layers.append(layer)
            self._violations(layer)
            self._emit({"event": "holds", "goals": list(self._open), "depth": len(self._layers)})
            if not self._open:
                break
            layer = self._diagrams.both(self._image(layer), known ^ 1)
            known = self._diagrams.either(known, layer)
        if self._is_consistent() and self._open:
            text = invariant(self._problem, known)
            for goal in self._open:
                self._emit(
                    {"event": "proved", "goals": [goal], "method": METHOD, "k": 1, "using": [], "invariant": text}
                )

    def _violations(self, layer: int) -> None:
        reached = self._diagrams.both(layer, self._problem.held)
        violated = [g for g in self._open if self._diagrams.both(reached, self._problem.goals[g] ^ 1) != FALSE]
        for goal in violated:
            self._open.remove(goal)
            self._emit({"event": "violated", "goals": [goal], "trace": self._trace(goal)})

    def _is_consistent(self) -> bool:
        """Whether some run meets the assumptions at its first instants."""
        layer = self._problem.initial
        for k in range(CONSISTENT if self._problem.system.assumptions else 0):
            if self._diagrams.both(layer, self._problem.held) == FALSE:
                self._emit({"event": "holds", "goals": self._open, "depth": k})
                self._emit({"event": "vacuous", "depth": k})
                return False
            before, layer = layer, self._image(layer)
            if layer == before:
                break
        return True

    # The next states.

    def _image(self, layer: int) -> int:
        diagrams = self._diagrams
        if not self._parts:
            self._plan()
        current = diagrams.joined(layer, self._problem.held, self._early)
        for relation, hidden in self._parts:
            current = diagrams.joined(current, relation, hidden)
        return diagrams.renamed(current, {after: level for level, after in self._after.items()})

    def _plan(self) -> None:
        """The parts of the relation, and what each of them is the last to read."""
        diagrams = self._diagrams
        clusters: list[int] = []
        for level, after in self._problem.following.items():
            each = diagrams.same(diagrams.variable(self._after[level]), after)
            joined = diagrams.both(clusters[-1], each) if clusters else each
            if clusters and len(diagrams.under(joined)) <= CLUSTER:
                clusters[-1] = joined
            else:
                clusters.append(each)
        bits = (*self._problem.inputs.values(), *self._problem.states.values())
        later = frozenset(level for b in bits for level in b.levels)
        parts: list[tuple[int, frozenset[int]]] = []
        reads = [diagrams.support(c) for c in clusters]
        for i, relation in enumerate(clusters):
            last = (reads[i] & later).difference(*reads[i + 1 :])
            parts.append((relation, last))
        self._early = later.difference(*reads)
        self._parts = parts

    # Runs.

    def _trace(self, goal: str) -> list[dict[str, str]]:
        """The inputs of a run that violates ``goal`` at the last of the layers."""
        diagrams, problem = self._diagrams, self._problem
        bad = diagrams.all_of([self._layers[-1], problem.held, problem.goals[goal] ^ 1])
        points: list[Mapping[int, bool]] = []
        for layer in reversed(self._layers):
            if points:
                # The states before the next one, and inputs that lead there.
                state = points[-1]
                bad = diagrams.both(layer, problem.held)
                for level, after in problem.following.items():
                    bad = diagrams.both(bad, after if state.get(level, False) else after ^ 1)
            points.append(diagrams.point(bad))
        return [{n: b.text(point) for n, b in problem.inputs.items()} for point in reversed(points)]


# The invariant as text.


def invariant(problem: Finite, states: int) -> str:
    """That a state is one of some, as SMT-LIB text over the states of the system."""
    equal = [f"(= |{n}| {f'|{other}|' if other in problem.states else other})" for n, other in problem.merged.items()]
    claims = [_written(problem.diagrams, states, problem.states), *equal]
    return f"(and {' '.join(claims)})"


def _written(diagrams: Diagrams, function: int, constants: Mapping[str, Bits]) -> str:
    """A function of the bits of constants: a choice for each node, those that are tested last before others."""
    bit = {level: _bit(name, bits, i) for name, bits in constants.items() for i, level in enumerate(bits.levels)}
    nodes = diagrams.under(function)
    names = {node: f"set!{i}" for i, node in enumerate(nodes)}

    def edge(f: int) -> str:
        text = "true" if f <= FALSE else names[f & ~1]
        return f"(not {text})" if f & 1 else text

    text = edge(function)
    for level, members in _by_level(diagrams, nodes):
        definitions = " ".join(
            f"({names[m]} {_choice(bit[level], *map(edge, diagrams.parts(m)[1:]))})" for m in members
        )
        text = f"(let ({definitions}) {text})"
    return text


def _by_level(diagrams: Diagrams, nodes: Iterable[int]) -> list[tuple[int, list[int]]]:
    levels: dict[int, list[int]] = {}
    for node in nodes:
        levels.setdefault(diagrams.parts(node)[0], []).append(node)
    return sorted(levels.items())


def _choice(condition: str, low: str, high: str) -> str:
    return f"(ite {condition} {high} {low})"


def _bit(name: str, bits: Bits, position: int) -> str:
    if not bits.count:
        return f"|{name}|"
    numbers = [bits.low + n for n in range(bits.count) if n >> position & 1]
    return f"(or false {' '.join(f'(= |{name}| {n})' for n in numbers)})"
