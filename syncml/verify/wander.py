"""Random runs in search of violations: many lanes at once, far into time, where solvers look at each instant.

Rule: each lane draws its inputs by a habit of its own (how often a Boolean is true, how often a number changes), again
where they break a fact or an assumption; a lane that finds none goes on as a copy of one that did. In every second
population the lanes that are far from a violation become copies of those that are near it, by the price of the goal.
What comes back is the inputs of a run, in which numbers may have been rounded: the interpreter decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy

from syncml.dataclass import dataclass
from syncml.verify.candidates import numerals
from syncml.verify.engines import Emit
from syncml.verify.model import Model
from syncml.verify.smt import Term, is_value, value_of, z3
from syncml.verify.solving import Budget
from syncml.verify.vectors import Step, compiled, signed

np: Any = numpy
"""Arrays have the types of their terms, not of Python."""

LANES = 128

LENGTHS = (24, 100, 400, 1000)
"""For how many instants populations run, each longer than the one before; the last length stays."""

TRIES = 6
"""How often inputs are drawn for one instant."""

CHOSEN = 6
"""After so many instants lanes are chosen by their price."""

VISITS, VISITED = 1, 100
"""How many populations show what states there are, and for how many instants at most."""

WORK, SHORTEST = 40_000, 8
"""How many operations on all lanes make a few tenths of a second, and the fewest instants."""

NUMBERS = 200
"""So many numbers of the model are drawn from at most."""


def wander(model: Model, goals: Sequence[str], budget: Budget, emit: Emit, first: int = 0) -> None:
    """Search for runs that violate ``goals``, from the population with the number ``first`` on.

    The event ``run`` has the inputs of a run, as those of a violation; ``roamed`` says where to go on.
    """
    time_ = budget.started()
    claims = [model.full[g] for g in goals]
    step = stepping(model, claims, claims)
    if step is None:
        return
    open_ = list(goals)
    with np.errstate(all="ignore"):
        for number in count(first):
            if time_.left() <= 0:
                emit({"event": "roamed", "number": number})
                return
            aim = goals.index(open_[number // 2 % len(open_)]) if number % 2 else None
            population = Population(model, step, np.random.default_rng([budget.seed, number]))
            for _ in range(min(LENGTHS[min(number // 2, len(LENGTHS) - 1)], budget.depth)):
                if time_.left() <= 0 or not population.advance(aim):
                    break
                for goal in list(open_):
                    if (lane := population.violates(goals.index(goal))) is not None:
                        emit({"event": "run", "goals": [goal], "trace": population.trace(lane)})
                        open_.remove(goal)
                if not open_:
                    return


def stepping(model: Model, shown: Sequence[Term], claims: Sequence[Term] = ()) -> Step | None:
    """One instant of a model that starts in known states; None where lanes do not have its terms."""
    if not all(map(is_value, model.initial.values())):
        return None
    constants = model.constants
    return compiled(
        [constants[n] for n in model.states], [constants[n] for n in model.inputs], model.assumption(),
        [model.following[n] for n in model.states], shown, claims,
    )  # fmt: skip


def instants(step: Step, most: int) -> int:
    """For how many instants a population runs, so that it takes a few tenths of a second on any machine: by work."""
    return max(SHORTEST, min(most, WORK // step.__code__.co_nlocals))


def visited(model: Model, terms: Sequence[Term], seed: int) -> Any:
    """The values of ``terms`` over states in random runs, an array for each; None if there are no runs.

    Bit vectors have a sign.
    """
    step = stepping(model, terms)
    if step is None or not terms:
        return None
    found: list[Any] = []
    with np.errstate(all="ignore"):
        for number in range(VISITS):
            population = Population(model, step, np.random.default_rng([seed, number]))
            for _ in range(instants(step, VISITED)):
                if not population.advance(None):
                    break
                shown = [
                    signed(v, t.size()) if z3.is_bv(t) else v for v, t in zip(population.shown, terms, strict=True)
                ]
                found.append(np.array(shown)[:, population.fits])
    return np.unique(np.concatenate(found, axis=1), axis=1) if found else None


@dataclass(slots=True)
class _Habit:
    """How each lane draws one input.

    Attributes:
        kind: The kind of its sort.
        change: How often a lane draws a new value.
        likely: Of a Boolean, how often it is true.
        numbers: Of a number, which values there are.
        last: The values of the instant before.
    """

    kind: int
    change: Any
    likely: Any
    numbers: Any
    last: Any


class Population:
    """Lanes that run in step.

    Attributes:
        shown: The values of what the step shows, at the last instant.
        fits: In which lanes facts and assumptions hold at the last instant.
    """

    def __init__(self, model: Model, step: Step, source: Any) -> None:
        self._model = model
        self._step = step
        self._source = source
        numbers = np.array([float(x) for x in numerals(model)[:NUMBERS]] or [0.0])
        numbers = np.unique(np.concatenate([numbers, numbers + 1, numbers - 1, -numbers, [0.0, 1.0, 2.0]]))
        ranges = _ranges(model)
        self._habits = [self._habit(model.constants[n].sort(), _within(numbers, ranges.get(n))) for n in model.inputs]
        self._states = [self._first(n, numbers) for n in model.states]
        self._drawn: list[list[Any]] = []
        self._parents: list[Any] = []
        self._next_parents = np.arange(LANES)
        self.shown: list[Any] = []
        self.fits: Any = np.zeros(LANES, dtype=bool)

    def _habit(self, sort: Any, numbers: Any) -> _Habit:
        source, kind = self._source, sort.kind()
        likely = source.choice([0.02, 0.1, 0.5, 0.5, 0.9, 0.98], LANES)
        if kind == z3.Z3_BOOL_SORT:
            change = source.choice([1.0, 1.0, 0.3], LANES)
            return _Habit(kind, change, likely, numbers, source.random(LANES) < likely)
        if kind == z3.Z3_BV_SORT:
            numbers = np.unique(np.clip(np.abs(numbers), 0, 2**62).astype(np.int64) & ((1 << min(62, sort.size())) - 1))
        elif kind == z3.Z3_INT_SORT:
            numbers = np.unique(np.clip(np.floor(numbers), -(2.0**40), 2.0**40).astype(np.int64))
        return _Habit(kind, source.choice([0.02, 0.3, 1.0], LANES), likely, numbers, source.choice(numbers, LANES))

    def _first(self, name: str, numbers: Any) -> Any:
        constant = self._model.constants[name]
        if name not in self._model.initial:
            return self._habit(constant.sort(), numbers).last
        value = value_of(self._model.initial[name])
        return np.full(LANES, float(value) if z3.is_real(constant) else value)

    def advance(self, aim: int | None) -> bool:
        """One instant; False when no lane finds inputs for it. With ``aim``, lanes far from its violation are left."""
        drawn = [self._draw(h) for h in self._habits]
        kept, after, shown, prices = self._step(self._states, drawn)
        for number in range(TRIES):
            fits = np.broadcast_to(kept, (LANES,))
            if fits.all():
                break
            drawn = [
                np.where(fits, d, self._draw(h, evenly=number > 1)) for d, h in zip(drawn, self._habits, strict=True)
            ]
            kept, after, shown, prices = self._step(self._states, drawn)
        fits = np.broadcast_to(kept, (LANES,))
        if not fits.any():
            return False
        self._drawn.append(drawn)
        self._parents.append(self._next_parents)
        self.shown, self.fits = [np.broadcast_to(v, (LANES,)) for v in shown], fits
        self._go_on(fits, None if aim is None else prices[aim], drawn, after)
        return True

    def _go_on(self, fits: Any, price: Any, drawn: Sequence[Any], after: Sequence[Any]) -> None:
        """The lanes of the next instant, as copies of lanes of this one."""
        chosen = np.arange(LANES)
        living = np.flatnonzero(fits)
        if price is not None and len(self._drawn) % CHOSEN == 0:
            tired = np.broadcast_to(price, (LANES,))[living] + 1e-6 * self._source.random(len(living))
            living = living[np.argsort(tired)][: max(1, len(living) // 2)]
        left = ~np.isin(chosen, living)
        chosen[left] = self._source.choice(living, int(left.sum()))
        self._next_parents = chosen
        self._states = [np.broadcast_to(s, (LANES,))[chosen] for s in after]
        for habit, value in zip(self._habits, drawn, strict=True):
            habit.last = np.broadcast_to(value, (LANES,))[chosen]
            if left.any():
                # A copy keeps some of the habits.
                fresh = left & (self._source.random(LANES) < 0.2)
                habit.likely = np.where(
                    fresh, self._source.choice([0.02, 0.1, 0.5, 0.9, 0.98], LANES), habit.likely[chosen]
                )
                habit.change = habit.change[chosen]

    def _draw(self, habit: _Habit, *, evenly: bool = False) -> Any:
        source = self._source
        if habit.kind == z3.Z3_BOOL_SORT:
            new = source.random(LANES) < (0.5 if evenly else habit.likely)
        elif habit.kind == z3.Z3_REAL_SORT:
            ends = source.choice(habit.numbers, LANES)
            between = ends + (source.choice(habit.numbers, LANES) - ends) * source.choice(
                [0.0, 0.5, 0.25, 0.875], LANES
            )
            new = between
        else:
            new = source.choice(habit.numbers, LANES)
        return np.where(source.random(LANES) < (0.5 if evenly else habit.change), new, habit.last)

    def violates(self, goal: int) -> int | None:
        """A lane in which a goal is false at this instant."""
        lanes = np.flatnonzero(self.fits & ~self.shown[goal])
        return int(lanes[0]) if len(lanes) else None

    def trace(self, lane: int) -> list[dict[str, str]]:
        """The inputs of the run of a lane up to this instant."""
        result: list[dict[str, str]] = []
        for drawn, parents in zip(reversed(self._drawn), reversed(self._parents), strict=True):
            values = (np.broadcast_to(d, (LANES,))[lane].item() for d in drawn)
            result.append({n: _text(v) for n, v in zip(self._model.inputs, values, strict=True)})
            lane = int(parents[lane])
        return result[::-1]


def _ranges(model: Model) -> dict[str, tuple[float, float]]:
    """The inputs that a fact or an assumption bounds by numbers, and these."""
    names = set(model.inputs)
    found: dict[str, tuple[float, float]] = {}
    pending = model.assumption()
    while pending:
        term = pending.pop()
        if z3.is_and(term):
            pending += term.children()
            continue
        strict = z3.is_not(term)
        term = term.arg(0) if strict else term
        if z3.is_le(term) or z3.is_ge(term):
            x, bound = term.children()
            if is_value(bound) and z3.is_const(x) and x.decl().name() in names:
                low, high = found.get(x.decl().name(), (-np.inf, np.inf))
                value, above = float(value_of(bound)), z3.is_le(term) != strict
                if strict:
                    beside = abs(value) / 1024 if z3.is_real(x) else 1
                    value += -beside if above else beside
                found[x.decl().name()] = (low, min(high, value)) if above else (max(low, value), high)
    return found


def _within(numbers: Any, bounds: tuple[float, float] | None) -> Any:
    """The numbers in a range, and its ends."""
    if bounds is None:
        return numbers
    low, high = bounds
    return np.unique(
        [
            *numbers[(low <= numbers) & (numbers <= high)],
            *(x for x in bounds if np.isfinite(x)),
            max(low, min(high, 0.0)),
        ]
    )


def _text(value: bool | float) -> str:
    """A value as in the model of a solver; a double is a fraction."""
    if isinstance(value, float):
        above, below = value.as_integer_ratio()
        return f"{above}/{below}"
    return str(value)
