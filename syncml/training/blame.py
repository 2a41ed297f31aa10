"""Where a number that is not finite came from: the stream that made it, from numbers that were finite.

Rule: the ticks since the last good moment run again in the interpreter, which knows every stream. From the first value
of the loss, or of a parameter, that is not finite, the way goes back to what it was computed from, as long as that is
not finite either: at the same instant, at the one before for a delay, at the next one for a look ahead.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import lcm

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, Label, error
from syncml.ir.clocks import Periodic, steps
from syncml.ir.equations.inline import inline
from syncml.ir.equations.syntax import Equation, Fby, Node, Pack, Post, Var, Wave, atoms
from syncml.ir.types import FLOATS, element
from syncml.sim.interpreter import Interpreter
from syncml.sim.trace import Trace
from syncml.training.learner import Learner
from syncml.training.run import Moment

LONGEST = 20_000
"""Ticks that the interpreter runs again; a longer stretch is not explained."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The stream that was the first one not to be finite, and when."""

    var: Var
    tick: int


def not_finite(learner: Learner, since: Moment, kept: str) -> Diagnostic:
    """S018: the loss or a parameter is not finite; with the stream that it began with, if that can be found.

    Args:
        learner: The program.
        since: A moment at which all was finite.
        kept: What of the run there still is.
    """
    found = _origin(learner, since)
    what = f"`{learner.loss.name}` or a parameter is not finite any more"
    notes = [kept] if kept else []
    if found is None:
        notes.insert(0, f"it happened after tick {since.at}, at tick {learner.at} at the latest")
        help_ = "lower the rate of learning, or limit the gradient: descend(..., limit=1.0)"
        return error("S018", what, learner.loss.span, notes=notes, help=help_)
    name = f"`{found.var.name}`" if found.var.user else "this"
    label = f"{name} is the first that is not, at tick {found.tick}"
    return error("S018", what, found.var.span, label, secondary=(Label(learner.loss.span, "the loss"),), notes=notes,
                 help="guard the operation, lower the rate of learning, or limit the gradient: "
                      "descend(..., limit=1.0)")  # fmt: skip


def _origin(learner: Learner, since: Moment) -> Origin | None:
    node = inline(learner.checked.program).node(learner.checked.main.name)
    # The interpreter starts words anew, and what is in a segment; so it starts where all of them begin.
    state = _registers(learner, since) if since.at % _period(node) == 0 else None
    start = since.at if state is not None else 0
    ticks = learner.at - start
    if ticks > LONGEST:
        return None
    trace = Interpreter(node, state).run(learner.data.window(start, ticks), ticks).trace
    tick = _first(trace, learner.loss)
    goals = [(tick, learner.loss)] if tick is not None else []
    goals += [(t, p.var) for p in node.parameters if (t := _first(trace, p.var)) is not None]
    if not goals:
        return None
    tick, var = min(goals, key=lambda goal: goal[0])
    return _followed(node, trace, var, tick, start)


def _period(node: Node) -> int:
    """After how many ticks all words of a node are where they were, if none has a prefix; 0 cannot be reached."""
    words = [e.rhs.word for e in node.equations if isinstance(e.rhs, Wave)]
    words += [s.word for clock in set(node.clocks.values()) for s in steps(clock) if isinstance(s, Periodic)]
    return lcm(1, *(len(word.period) for word in words))


def _registers(learner: Learner, since: Moment) -> dict[str, object] | None:
    """The registers of the program at a moment; those of sweeps begin anew with each segment."""
    simulation = learner.simulation
    now = simulation.saved()
    simulation.restore(since.saved)
    found = dict(simulation.state())
    simulation.restore(now)
    node = inline(learner.checked.program).node(learner.checked.main.name)
    for equation in node.equations:
        if isinstance(equation.rhs, Fby) and equation.target.name not in found:
            if not equation.rhs.resets:
                return None
            first = equation.rhs.init
            found[equation.target.name] = None if first is None else first.machine()
    return found if all(value is not None for value in found.values()) else None


def _first(trace: Trace, var: Var) -> int | None:
    """The first tick at which a stream is not finite."""
    bad = _bad(trace, var)
    return int(np.argmax(bad)) if bad.any() else None


def _bad(trace: Trace, var: Var) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    column = trace.column(var.name)
    values = np.asarray(column.values)
    finite = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    return ~finite & column.present


def _followed(node: Node, trace: Trace, var: Var, tick: int, start: int) -> Origin:
    """Back from a value to the first one."""
    definition = {target: equation for equation in node.equations for target in equation.targets}
    visited: set[tuple[Var, int]] = set()
    while (var, tick) not in visited:
        visited.add((var, tick))
        equation = definition.get(var)
        before = None if equation is None else next(_causes(trace, equation, tick), None)
        if before is None:
            break
        var, tick = before
    return Origin(var, start + tick)


def _causes(trace: Trace, equation: Equation, tick: int) -> Iterator[tuple[Var, int]]:
    """What is not finite among what a value was computed from."""
    rhs = equation.rhs
    shift = -1 if isinstance(rhs, Fby) else 1 if isinstance(rhs, Post) else 0
    sources = (rhs.following,) if isinstance(rhs, Fby | Post) else atoms(rhs)
    for atom in sources:
        if not isinstance(atom, Var) or element(atom.type) not in FLOATS:
            continue
        bad = _bad(trace, atom)
        if shift or isinstance(rhs, Pack):
            there = np.flatnonzero(bad[:tick] if shift < 0 or isinstance(rhs, Pack) else bad[tick + 1 :])
            if there.size:
                yield atom, int(there[-1] if shift < 0 else there[0] + (tick + 1 if shift > 0 else 0))
            if isinstance(rhs, Pack) and bad[tick]:
                yield atom, tick
        elif bad[tick]:
            yield atom, tick
