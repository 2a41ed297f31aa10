"""Which inputs of a run force a violation, as an unsatisfiable core of the solver says."""

from __future__ import annotations

import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from syncml.verify.model import Unrolling
from syncml.verify.prepared import model_of
from syncml.verify.smt import Term, limit, z3
from syncml.verify.system import System


def needed(
    system: System, goal: str, given: Sequence[tuple[int, str, Any]], ticks: int, seed: int, deadline: float
) -> set[int] | None:
    """The positions of values that force a goal to be false at the last tick, as few as time allows; None if none do.

    Args:
        system: The transition system.
        goal: Its goal.
        given: The tick, the input and its value there.
        ticks: How many ticks there are.
        seed: Of the solver.
        deadline: When, of the monotonic clock, time is up.
    """
    model = model_of(system.to_json())
    solver = z3.SimpleSolver(ctx=model.context)
    solver.set("random_seed", seed)
    unrolling = Unrolling(model, solver, initial=True)
    for _ in range(ticks):
        unrolling.extend()
    solver.add(unrolling.goal(goal, ticks - 1))
    switches: list[Term] = []
    for i, (tick, name, value) in enumerate(given):
        switches.append(z3.Bool(f"given!{i}", model.context))
        solver.add(z3.Implies(switches[-1], _equal(model.at(name, tick), value)))

    def core(chosen: Sequence[int]) -> set[int] | None:
        limit(solver, max(0.01, min(0.3, deadline - time.monotonic())))
        if solver.check(*(switches[i] for i in chosen)) != z3.unsat:
            return None
        return {int(s.decl().name().removeprefix("given!")) for s in solver.unsat_core()}

    found = core(range(len(given)))
    # Later values first: the last tick is what is most often looked at.
    for i in sorted(found or ()):
        if found is None or i not in found or time.monotonic() > deadline:
            continue
        found = core(sorted(found - {i})) or found
    return found


def _equal(constant: Term, value: Any) -> Term:
    context = constant.ctx
    if isinstance(value, bool):
        return constant if value else z3.Not(constant)
    if z3.is_bv(constant):
        return constant == z3.BitVecVal(int(value), constant.size(), context)
    if z3.is_int(constant):
        return constant == z3.IntVal(int(value), context)
    number = Fraction(value)
    return constant == z3.RealVal(f"{number.numerator}/{number.denominator}", context)
