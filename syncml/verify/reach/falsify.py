"""A search for a violation: many runs at once, those that came nearest are varied.

Rule: runs are computed in binary64, near to what the program computes; how far a goal is from false is the least
margin of its comparisons. What comes to be false, or nearly so, is only a candidate: the interpreter decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from syncml.ir.clocks import BASE
from syncml.ir.constants import dtype
from syncml.ir.equations.syntax import Var
from syncml.ir.types import BOOL, FLOATS, EnumType, element, shape, size
from syncml.verify.networks.rounding import Floats
from syncml.verify.reach.forms import Symbols, points
from syncml.verify.reach.inputs import Assumed
from syncml.verify.reach.plan import Plan
from syncml.verify.reach.tick import Tick, initial
from syncml.verify.reach.values import Ints, Truth, Value

RUNS = 64
ROUNDS = 4
_NEAR = 1e-3
"""A goal whose margin is below this may be false in the program's own arithmetic."""
_FAR = 100.0
"""Inputs without bounds are sought up to here."""

Inputs = Mapping[str, list[Any]]
Confirm = Callable[[int, Inputs, int], bool]
"""Takes a goal, inputs and the number of ticks; tells whether no more runs are wanted for that goal."""


def falsify(plan: Plan, last: int, confirm: Confirm, deadline: float, seed: int) -> None:
    """Look for runs on which a goal is false at or before tick ``last``."""
    rng = np.random.default_rng(seed)
    axes = sum(size(v.type) for v in plan.inputs)
    found: set[int] = set()
    shares = rng.random((RUNS, last + 1, axes))
    # Corners, held for the whole run or changing, come first.
    shares[: RUNS // 4] = rng.integers(0, 2, (RUNS // 4, 1, axes))
    shares[RUNS // 4 : RUNS // 2] = rng.integers(0, 2, (RUNS // 4, last + 1, axes))
    for spread in np.geomspace(0.3, 0.003, ROUNDS):
        margins, inputs = _run(plan, last, shares, deadline)
        if margins is None:
            return
        for goal in set(range(len(plan.goals))) - found:
            best = int(np.argmin(margins[goal].min(axis=1)))
            if margins[goal][best].min() < _NEAR and confirm(goal, _chosen(inputs, best), last + 1):
                found.add(goal)
        still = [g for g in range(len(plan.goals)) if g not in found]
        if not still or not axes or time.monotonic() > deadline:
            return
        worst = np.min([margins[g].min(axis=1) for g in still], axis=0)
        elite = shares[np.argsort(worst, kind="stable")[: RUNS // 8]]
        moves = rng.normal(scale=spread, size=(7, RUNS // 8, 1, axes)) + rng.normal(
            scale=0.3 * spread, size=(7, RUNS // 8, last + 1, axes)
        )
        shares = np.concatenate([elite, np.clip(elite + moves, 0.0, 1.0).reshape(-1, last + 1, axes)])


def _run(plan: Plan, last: int, shares: Floats, deadline: float) -> tuple[list[Floats] | None, dict[str, list[Any]]]:
    """The margin of each goal at each tick, infinite where it is absent, and the inputs of all runs."""
    symbols = Symbols(concrete=True)
    memory = initial(plan)
    margins = [np.full(shares.shape[:2], np.inf) for _ in plan.goals]
    inputs: dict[str, list[Any]] = {v.name: [] for v in plan.inputs}
    assumed = Assumed(plan)
    for tick in range(last + 1):
        if time.monotonic() > deadline:
            return None, inputs
        bounds = assumed.at(memory)
        given: dict[Var, Value] = {}
        start = 0
        for var in plan.inputs:
            end = start + size(var.type)
            given[var], column = _values(var, bounds.get(var), shares[:, tick, start:end])
            inputs[var.name].append(column)
            start = end
        step = Tick(plan, memory, given, symbols)
        step.run(plan.order)
        for goal, clause in enumerate(plan.goals):
            holds, here = step.streams[clause.holds], step.present(plan.node.clocks.get(clause.holds, BASE))
            assert isinstance(holds, Truth)
            if holds.margin is not None and here.true.any():
                margins[goal][:, tick] = np.where(here.true[:, 0], holds.margin.min(axis=1), np.inf)
        memory = step.finished()
    return margins, inputs


def _values(var: Var, bounds: tuple[Floats, Floats] | None, share: Floats) -> tuple[Value, Any]:
    """An input at a tick for all runs, as a value and in its own type, (runs, elements)."""
    kind = element(var.type)
    if kind is BOOL or bounds is None:
        truth = share < 0.5
        return Truth(truth, ~truth, np.where(truth, 1.0, -1.0)), truth
    low = np.where(np.isfinite(bounds[0]), bounds[0], np.minimum(-_FAR, np.nan_to_num(bounds[1], posinf=0.0) - _FAR))
    high = np.where(np.isfinite(bounds[1]), bounds[1], np.maximum(_FAR, low + _FAR))
    numbers = np.minimum(low + share * (high - low), high)
    if kind in FLOATS:
        machine = numbers.astype(dtype(kind))
        return points(machine.astype(np.float64)), machine
    whole = np.clip(np.round(numbers), bounds[0], bounds[1]).astype(np.int64)
    return Ints(whole, whole), whole


def _chosen(inputs: Mapping[str, list[Any]], run: int) -> Inputs:
    """The inputs of one run."""
    return {name: [column[min(run, column.shape[0] - 1)] for column in columns] for name, columns in inputs.items()}


def shaped(var: Var, row: Any) -> Any:
    """The elements of an input at a tick as the interpreter takes them."""
    kind = element(var.type)
    if isinstance(kind, EnumType):
        names = np.array([kind.constructors[int(i)] for i in row], dtype=object)
        return names.reshape(shape(var.type)) if shape(var.type) else str(names[0])
    typed = np.asarray(row).astype(dtype(kind)).reshape(shape(var.type))
    return typed if shape(var.type) else typed.item()
