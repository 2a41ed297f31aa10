"""Random runs of a model, by compiling its terms to Python once: many cheap states that candidates must hold on.

Inputs are random: Booleans true with a probability that changes from run to run (a vector of events is often to have
one), numbers near the constants of the model. An instant that breaks a fact or an assumption is tried again with other
inputs, and the run ends if none fits. Nothing rests on these runs but the choice of candidates; a term that is not
known here means that there are none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import floor
from typing import Any

from syncml.verify.model import Model
from syncml.verify.smt import Term, is_value, value_of, z3

RUNS, LENGTH, TRIES = 12, 30, 12
"""How many runs of how many instants, and how often inputs are chosen for one."""

LARGEST = 6000
"""Models with more terms than this are not compiled."""

_INFIX = {
    z3.Z3_OP_AND: "and", z3.Z3_OP_OR: "or", z3.Z3_OP_ADD: "+", z3.Z3_OP_MUL: "*", z3.Z3_OP_LE: "<=",
    z3.Z3_OP_GE: ">=", z3.Z3_OP_LT: "<", z3.Z3_OP_GT: ">", z3.Z3_OP_EQ: "==", z3.Z3_OP_IFF: "==",
    z3.Z3_OP_XOR: "!=", z3.Z3_OP_SUB: "-",
}  # fmt: skip


def states_seen(model: Model, wanted: Sequence[Term], seed: int) -> list[tuple[Any, ...]]:
    """The values of ``wanted``, terms over states, at the states of random runs."""
    if any(n not in model.initial for n in model.states):
        return []
    step = _compiled(model, wanted)
    if step is None:
        return []
    start = {n: value_of(t) for n, t in model.initial.items() if is_value(t)}
    if len(start) < len(model.states):
        return []
    return list(_runs(model, step, [start[n] for n in model.states], random.Random(seed)))


def _runs(
    model: Model, step: Callable[[list[Any], list[Any]], Any], start: list[Any], chance: random.Random
) -> dict[tuple[Any, ...], None]:
    sorts = [model.constants[n].sort().kind() for n in model.inputs]
    pool = [-1, 0, 1, 2, *numerals(model)]
    seen: dict[tuple[Any, ...], None] = {}
    for _ in range(RUNS):
        state = start
        likely = chance.choice((0.5, 0.1, 0.9, 1 / max(2, len(sorts))))
        for _ in range(LENGTH):
            for _ in range(TRIES):
                values = [_random(kind, likely, pool, chance) for kind in sorts]
                held, following, shown = step(state, values)
                if held:
                    break
            else:
                break
            seen[shown] = None
            state = following
    return seen


def _random(kind: int, likely: float, pool: Sequence[Any], chance: random.Random) -> Any:
    if kind == z3.Z3_BOOL_SORT:
        return chance.random() < likely
    value = chance.choice(pool) + chance.choice((0, 0, 1, -1))
    return Fraction(value) if kind == z3.Z3_REAL_SORT else int(value)


def numerals(model: Model) -> list[Any]:
    """The numbers that occur in a model, in order."""
    found: set[Any] = set()
    seen: set[int] = set()
    stack: list[Term] = [*model.following.values(), *model.full.values(), *model.facts]
    while stack:
        t = stack.pop()
        if t.get_id() not in seen:
            seen.add(t.get_id())
            if is_value(t) and not z3.is_bool(t):
                found.add(value_of(t))
            stack.extend(t.children())
    return sorted(found)


def _compiled(model: Model, wanted: Sequence[Term]) -> Callable[[list[Any], list[Any]], Any] | None:
    """The step function: from states and inputs to whether facts hold, the next states, and the ``wanted`` values."""
    names = {model.constants[n].get_id(): f"s[{i}]" for i, n in enumerate(model.states)}
    names |= {model.constants[n].get_id(): f"u[{i}]" for i, n in enumerate(model.inputs)}
    lines: list[str] = []
    roots = [*model.facts, *model.following.values(), *wanted]
    stack = list(reversed(roots))
    while stack:
        t = stack[-1]
        if t.get_id() in names:
            stack.pop()
            continue
        children = t.children()
        if missing := [c for c in children if c.get_id() not in names]:
            stack.extend(missing)
            continue
        stack.pop()
        text = _expression(t, [names[c.get_id()] for c in children])
        if text is None or len(lines) > LARGEST:
            return None
        names[t.get_id()] = f"t{len(lines)}"
        lines.append(f"    t{len(lines)} = {text}")
    held = " and ".join(names[t.get_id()] for t in model.facts) or "True"
    after = ", ".join(names[t.get_id()] for t in model.following.values())
    shown = "".join(f"{names[t.get_id()]}, " for t in wanted)
    source = "\n".join(["def step(s, u):", *lines, f"    return {held}, [{after}], ({shown})"])
    space: dict[str, Any] = {"F": Fraction, "floor": floor}
    exec(compile(source, "<model>", "exec"), space)
    return space["step"]


def _expression(t: Term, parts: Sequence[str]) -> str | None:
    if is_value(t):
        value = value_of(t)
        return f"F({value.numerator}, {value.denominator})" if isinstance(value, Fraction) else repr(value)
    kind = t.decl().kind()
    if kind in _INFIX and len(parts) >= 2:
        return f" {_INFIX[kind]} ".join(parts)
    match kind:
        case z3.Z3_OP_NOT:
            return f"not {parts[0]}"
        case z3.Z3_OP_IMPLIES:
            return f"not {parts[0]} or {parts[1]}"
        case z3.Z3_OP_ITE:
            return f"{parts[1]} if {parts[0]} else {parts[2]}"
        case z3.Z3_OP_UMINUS:
            return f"-{parts[0]}"
        case z3.Z3_OP_DISTINCT if len(parts) == 2:
            return f"{parts[0]} != {parts[1]}"
        case z3.Z3_OP_TO_REAL:
            return f"F({parts[0]})"
        case z3.Z3_OP_TO_INT:
            return f"floor({parts[0]})"
        case z3.Z3_OP_IDIV:
            # Rounded so that the remainder is not negative; by zero, anything will do.
            return f"({parts[0]} // {parts[1]} if {parts[1]} > 0 else -({parts[0]} // -({parts[1]} or 1)))"
        case z3.Z3_OP_MOD:
            return f"{parts[0]} % abs({parts[1]} or 1)"
        case z3.Z3_OP_DIV:
            return f"F({parts[0]}) / ({parts[1]} or 1)"
        case _:
            return None
