"""Verdicts by reachability.

Rule: a goal that has a horizon is proved if from every box of initial values nothing is reached, up to the horizon, at
which it may be false; after the horizon it is true whatever the floats are. It is violated if the interpreter confirms
a run that the search found. Goals are followed together, and then one by one if that does not decide them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.constants import zero
from syncml.ir.equations.syntax import Node, Program, Property, Var
from syncml.ir.types import element, shape
from syncml.verify.reach import horizon as horizons
from syncml.verify.reach.explore import Explored, explore, start
from syncml.verify.reach.falsify import Inputs, falsify, shaped
from syncml.verify.reach.hull import Hull
from syncml.verify.reach.inputs import unbounded
from syncml.verify.reach.plan import Plan, plan
from syncml.verify.reach.values import UnsupportedError
from syncml.verify.replay import Replay, counterexample, qualified
from syncml.verify.verdicts import Counterexample, Proved, Tube, Unknown, Verdict, Violated

METHOD = "reachability"
SEMANTICS = "machine integers, machine floats"

_BLIND = 40
"""Ticks in which violations of a property without a horizon are sought."""

_AT_LEAST = 5.0
"""Seconds in which the horizon of one property is sought, as long as there are any left for that."""

_ADVICE = "bound the initial values, state the property for a number of ticks, or give more time with --timeout"


@dataclass(frozen=True, slots=True)
class Reached:
    """The verdict on a goal, by its name and kind, and the seconds that it took."""

    goal: tuple[str, str]
    verdict: Verdict
    seconds: float


def decide(
    emit: Callable[[Reached | Tube], None], node: Node, goals: Sequence[Property], replay: Replay, seconds: float,
    seed: int, timed: bool,
) -> None:  # fmt: skip
    """Emit verdicts on goals of a flat node, as far as reachability gives them, and the tubes of its proofs.

    Args:
        emit: Takes them.
        node: The node.
        goals: Clauses of it.
        replay: The interpreter.
        seconds: How long it may take.
        seed: For random runs.
        timed: Whether it is only about the goals that the passing of time makes true.
    """
    run = _Run(emit, node, replay, time.monotonic() + seconds, seed)
    try:
        run.together(goals, timed=timed)
    except UnsupportedError as missing:
        run.give_up(goals, f"reachability has no sets for {missing}")


class _Run:
    """The search for verdicts on some goals of one node."""

    def __init__(
        self, emit: Callable[[Reached | Tube], None], node: Node, replay: Replay, deadline: float, seed: int
    ) -> None:
        self._emit = emit
        self._node = node
        self._program = Program((node,), node.name)
        self._replay = replay
        self._deadline = deadline
        self._seed = seed
        self._started = time.monotonic()
        self._decided: set[Property] = set()

    def give_up(self, goals: Sequence[Property], reason: str, depth: int = 0) -> None:
        """Goals that are undecided, and why."""
        for goal in goals:
            if goal not in self._decided:
                self._tell(goal, Unknown(reason, depth, _ADVICE))

    def together(self, goals: Sequence[Property], *, timed: bool) -> None:
        """Decide what can be decided."""
        bounded: list[Property] = []
        recurring: list[Property] = []
        last: dict[Property, int] = {}
        known_by = time.monotonic() + 0.5 * (self._deadline - time.monotonic())
        definitions = {t: e for e in self._node.equations for t in e.targets}
        for i, goal in enumerate(goals):
            now = time.monotonic()
            share = max((known_by - now) / (len(goals) - i), min(_AT_LEAST, known_by - now))
            by_time = horizons.timed(self._node, goal, definitions)
            found = None if by_time is None else horizons.horizon(by_time, now + share)
            if found is None and not timed:
                found = horizons.horizon(plan(self._node, [goal]), now + share)
            if found is None:
                recurring.append(goal)
            else:
                bounded.append(goal)
                last[goal] = found
        if timed:
            recurring = []
        if recurring:
            now = time.monotonic()
            self._search(plan(self._node, recurring), _BLIND, now + 0.1 * (self._deadline - now))
            self.give_up(recurring, "the property has no horizon: it is not true by itself from some tick on")
        if not bounded:
            return
        whole = plan(self._node, bounded)
        most = max(last.values())
        left = self._deadline - time.monotonic()
        self._search(whole, most, time.monotonic() + 0.25 * left)
        groups = [[g for g in bounded if g not in self._decided]]
        while groups and time.monotonic() < self._deadline:
            group = groups.pop(0)
            if not group:
                continue
            share = self._deadline - time.monotonic()
            until = self._deadline if len(group) == 1 and not groups else time.monotonic() + share / (2 + len(groups))
            depth = max(last[g] for g in group)
            whole = plan(self._node, group)
            hull = Hull(whole)
            explored = explore(whole, depth, until, hull=hull)
            if explored.proved:
                if whole.remembers:
                    self._emit(hull.tube(group, start(whole).found))
                for goal in group:
                    boxes = f"{explored.done} box{'es' if explored.done > 1 else ''}"
                    until_ = f"to tick {last[goal]}" if plan(self._node, [goal]).remembers else "at every tick"
                    text = f"{METHOD} {until_}, {boxes}"
                    self._tell(goal, Proved(text, last[goal] + 1, (), SEMANTICS, floats="machine"))
            elif len(group) > 1:
                groups += [[g] for g in group]
            else:
                self.give_up(group, self._reason(group[0], explored), explored.tick)
        self.give_up(bounded, "time is up for reachability")

    def _search(self, whole: Plan, last: int, until: float) -> None:
        """Look for violations up to a tick."""
        falsify(whole, last, lambda g, i, n: self._confirm(whole, g, i, n), until, self._seed)

    def _reason(self, goal: Property, explored: Explored) -> str:
        """Why a goal is undecided."""
        begin = start(plan(self._node, [goal]))
        if free := unbounded(begin.found):
            return f"the first value of {', '.join(v.name for v in free)} has no bounds"
        return (
            f"what is reached may violate it at tick {explored.tick} from {explored.left} of "
            f"{explored.left + explored.done} boxes of initial values"
        )

    def _tell(self, goal: Property, verdict: Verdict) -> None:
        self._decided.add(goal)
        key = qualified(goal), goal.kind.value
        self._emit(Reached(key, verdict, time.monotonic() - self._started))

    def _confirm(self, whole: Plan, goal: int, inputs: Inputs, ticks: int) -> bool:
        """Replay a run."""
        clause = whole.goals[goal]
        given: dict[str, list[Any]] = {}
        for var in self._node.inputs:
            rows = inputs.get(var.name)
            given[var.name] = [_default(var)] * ticks if rows is None else [shaped(var, r) for r in rows[:ticks]]
        found = counterexample(self._program, clause, given, ticks, self._replay)
        if isinstance(found, Counterexample):
            self._tell(clause, Violated(found))
        return isinstance(found, Counterexample)


def _default(var: Var) -> Any:
    value = zero(element(var.type))
    plain: Any = value.value if not shape(var.type) else np.full(shape(var.type), value.machine())
    return plain
