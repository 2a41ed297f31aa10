"""The last tick at which a property can depend on anything but the passing of time.

Rule: the program is run with every float unknown. If its memory comes to be one that was seen before, the ticks since
then repeat for ever, for every run; and where a goal is true at such a tick, it is true whatever the floats are. So a
goal that is true at all repeated ticks has a horizon, and holds at every tick iff it holds up to there. Without memory
every tick is like the first, which is the horizon then.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from syncml.ir.clocks import BASE, conditions
from syncml.ir.equations.syntax import Apply, Equation, Fby, Merge, Node, Property, Var, Wave, When, atoms
from syncml.ir.operators import Op
from syncml.ir.types import FLOATS, element
from syncml.verify.reach.forms import Mask, Symbols
from syncml.verify.reach.inputs import Assumed, value
from syncml.verify.reach.plan import Plan, plan
from syncml.verify.reach.tick import Memory, Tick, initial
from syncml.verify.reach.values import Ints, Truth, Value

LONGEST = 20_000
"""Ticks after which the search for a repetition ends."""


def horizon(plan: Plan, deadline: float) -> int | None:
    """The last tick at which some goal may be false with arbitrary floats, -1 if there is none; None if it recurs.

    Without memory it is 0: what holds at the first tick for all inputs holds at every tick.
    """
    if not plan.remembers:
        # Every tick is like the first.
        return 0
    memory = _without_floats(initial(plan))
    seen: dict[tuple[object, ...], int] = {}
    last, assumed = -1, Assumed(plan, floats=False)
    for tick in range(LONGEST):
        key = _key(memory)
        if key in seen:
            # The ticks from the first visit on repeat.
            return last if last < seen[key] else None
        seen[key] = tick
        symbols = Symbols()
        found = assumed.at(memory)
        step = Tick(plan, memory, {v: value(v, found.get(v), symbols) for v in plan.inputs}, symbols, floats=False)
        step.run(plan.order)
        if any(may_fail(step, plan, i) for i in range(len(plan.goals))):
            last = tick
        memory = _without_floats(step.finished())
        if time.monotonic() > deadline:
            return None
    return None


def timed(node: Node, goal: Property, definitions: Mapping[Var, Equation]) -> Plan | None:
    """What of a goal depends on the passing of time and on nothing else, all other conditions in it being unknown.

    Where that has a horizon, the goal has it too. None if nothing in its Boolean formula does.
    """
    kept: dict[Var, None] = {}
    unknown_: list[Var] = []
    pending: list[Var] = [goal.holds]
    passes = False
    while pending:
        var = pending.pop()
        if var in kept or var in unknown_:
            continue
        pending += conditions(node.clocks.get(var, BASE))
        rhs = definitions[var].rhs if var in definitions else None
        alone = _alone(var, definitions)
        if alone is not None:
            passes = passes or any(isinstance(definitions[v].rhs, Fby | Wave) for v in alone)
            kept |= dict.fromkeys(alone)
        elif isinstance(rhs, When | Merge) or (isinstance(rhs, Apply) and rhs.op in _BOOLEAN):
            kept[var] = None
            pending += [a for a in atoms(rhs) if isinstance(a, Var)]
        else:
            unknown_.append(var)
    if not passes:
        return None
    equations = tuple(e for e in node.equations if kept.keys() & set(e.targets))
    cut = replace(node, inputs=tuple(unknown_), outputs=(), equations=equations, properties=())
    return plan(cut, [goal])


_BOOLEAN = (Op.NOT, Op.AND, Op.OR, Op.COPY, Op.ALL, Op.WHERE)


def _alone(var: Var, definitions: Mapping[Var, Equation]) -> set[Var] | None:
    """What a stream depends on, if that is neither a float nor an input."""
    seen: set[Var] = set()
    pending = [var]
    while pending:
        current = pending.pop()
        equation = definitions.get(current)
        if equation is None or element(current.type) in FLOATS:
            return None
        if current not in seen:
            seen.add(current)
            pending += [*(a for a in atoms(equation.rhs) if isinstance(a, Var)), *conditions(equation.clock or BASE)]
    return seen


def may_fail(step: Tick, plan: Plan, goal: int) -> bool:
    """Whether a goal may be present and false in some box."""
    return bool(failing(step, plan, goal).any())


def failing(step: Tick, plan: Plan, goal: int) -> Mask:
    """The boxes in which a goal may be present and false."""
    holds = plan.goals[goal].holds
    found, here = step.streams[holds], step.present(plan.node.clocks.get(holds, BASE))
    assert isinstance(found, Truth)
    bad: Mask = np.any(found.false & here.true, axis=1)
    return bad


def _without_floats(memory: Memory) -> Memory:
    from syncml.verify.reach.values import unknown

    registers = {v: unknown(v.type) if element(v.type) in FLOATS else x for v, x in memory.registers.items()}
    return Memory(registers, memory.letters, memory.ages)


def _key(memory: Memory) -> tuple[object, ...]:
    """The memory as a value that can be compared; floats are unknown and left out."""
    return (
        tuple(_bytes(x) for v, x in memory.registers.items() if element(v.type) not in FLOATS),
        tuple(memory.letters.items()),
        frozenset(memory.ages.items()),
    )


def _bytes(value_: Value) -> bytes:
    match value_:
        case Truth():
            return value_.true.tobytes() + value_.false.tobytes()
        case Ints():
            return value_.low.tobytes() + value_.high.tobytes()
        case _:
            return b""
