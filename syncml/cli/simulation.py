"""One simulation: the trace of a program on inputs, and what it shows of each contract."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics import Diagnostic, Label, Severity
from syncml.ir.equations.syntax import Wave
from syncml.ir.types import FLOATS, MACHINE_INTEGERS, element
from syncml.sim.monitor import ClauseResult, monitor, stream_names

if TYPE_CHECKING:
    from syncml.cli.stimulus import Stimulus
    from syncml.ir.equations.syntax import Node
    from syncml.pipeline import Checked
    from syncml.scenario.closed_loop import Ran, Scene
    from syncml.scenario.movement import Movement
    from syncml.scenario.runners import RunOne
    from syncml.sim.trace import Column, Trace


@dataclass(frozen=True, slots=True)
class Simulation:
    """A run: the streams to show, the clauses of all contracts, a diagnostic for each that failed, and its actors."""

    node: Node
    trace: Trace
    clauses: tuple[ClauseResult, ...]
    findings: tuple[Diagnostic, ...]
    time_s: float
    scene: Scene | None = None

    @property
    def failures(self) -> list[tuple[str, int]]:
        """The clauses that failed, each with its first failing tick."""
        return [(c.name, c.first_failure) for c in self.clauses if c.first_failure is not None and not c.is_goal]


@dataclass(frozen=True, slots=True)
class Extent:
    """The range of a stream of numbers over the ticks at which it is present."""

    column: Column
    low: float
    high: float
    last: float


def simulate(checked: Checked, driven: Stimulus, run: RunOne, *, every_stream: bool) -> Simulation:
    """Run the main node from its initial state.

    Raises:
        DiagnosticError: S001 to S003 where the inputs do not fit.
    """
    start = time.perf_counter()
    ran = run(driven.values, driven.ticks, driven.scene)
    return simulation_of(checked, ran, time.perf_counter() - start, every_stream=every_stream)


def simulation_of(checked: Checked, ran: Ran, seconds: float, *, every_stream: bool) -> Simulation:
    """What a run of the main node, alone or in a scene, shows."""
    shown = ran.trace if every_stream else ran.trace.only(stream_names(checked.flat))
    clauses = monitor(checked.flat, ran.trace)
    found = tuple(findings(clauses, checked.main, ran.collision))
    return Simulation(checked.main, shown, clauses, found, seconds, ran.scene)


def from_above(shown: Simulation) -> Movement | None:
    """Where the actors of a run were, or None if it has none."""
    from syncml.scenario.movement import movement

    return None if shown.scene is None else movement(shown.scene, shown.trace)


def worth_drawing(shown: Simulation) -> Trace:
    """Return the streams that the main node itself names and that change during the run."""
    node = shown.node
    own = {v.name for v in (*node.inputs, *node.outputs)}
    own |= {t.name for e in node.equations for t in e.targets if t.user and not isinstance(e.rhs, Wave)}
    changing = (c.name for c in shown.trace.columns if c.name in own and _changes(c))
    return shown.trace.only(tuple(changing))


def _changes(column: Column) -> bool:
    values = column.values[column.present]
    return bool(values.size and np.any(values != values[0]))


def extents(trace: Trace) -> list[Extent]:
    """Return the ranges of the streams of scalar numbers."""
    found: list[Extent] = []
    for column in trace.columns:
        values = column.values[column.present]
        if values.ndim == 1 and values.size and element(column.type) in FLOATS | MACHINE_INTEGERS:
            low, high = float(np.min(values)), float(np.max(values))
            found.append(Extent(column, low, high, float(values[-1])))
    return found


def findings(clauses: Sequence[ClauseResult], node: Node, collision: int | None = None) -> list[Diagnostic]:
    """Return a diagnostic for each clause that failed, and for a collision of the ego.

    A failed assumption is a warning, and so is every promise that fails with it or later: the run has left what the
    program was made for.
    """
    left = min(
        (at for clause in clauses if clause.is_assumption and (at := clause.first_failure) is not None), default=None
    )
    found = [
        _finding(clause, at, left)
        for clause in clauses
        if (at := clause.first_failure) is not None and not clause.is_goal
    ]
    return found if collision is None else [*found, _collision(node, collision, left)]


def _finding(result: ClauseResult, at: int, left: int | None) -> Diagnostic:
    clause = result.clause
    excused = left is not None and at >= left
    notes = [f"it fails at {result.failures} of the {result.instants} ticks at which it is present"]
    if excused and not result.is_assumption:
        notes.append(f"an assumption fails at tick {left}, so the program promises nothing from there on")
    return Diagnostic(
        "S004",
        Severity.WARNING if excused else Severity.ERROR,
        f"{clause.kind.value} {result.name!r} fails at tick {at}",
        Label(clause.span, f"false at tick {at}"),
        notes=tuple(notes),
    )


def _collision(node: Node, at: int, left: int | None) -> Diagnostic:
    """Whatever a program promises, its ego is to touch nobody."""
    from syncml.scenario.suite import COLLISION

    excused = left is not None and left <= at
    notes = (f"an assumption fails at tick {left}, so the program promises nothing from there on",) if excused else ()
    severity = Severity.WARNING if excused else Severity.ERROR
    label = Label(node.span, "the program of the ego")
    return Diagnostic("S004", severity, f"{COLLISION} from tick {at} on", label, notes=notes)
