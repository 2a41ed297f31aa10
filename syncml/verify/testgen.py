"""Test suites from the program: few short runs that reach every goal which can be reached.

Rule: of each goal it is claimed that no run reaches it (`traps`), and the claims are verified. A counterexample is a
run that reaches the goal, a proof says that no test can. An assumption may make a claim depend on most of the program;
what is left open is therefore claimed once more alone, with only those clauses that depend on nothing beyond what the
goal depends on: a proof without an assumption is one with it. Every run, those of the solver and random ones, is
replayed by the interpreter, which says what goals it reaches while all assumptions hold; only that counts. Of all runs
those are kept that reach most of what the others before them do not, each up to the last instant at which it reaches
something new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import Node, Program, PropertyKind
from syncml.ir.types import EnumType, element, shape
from syncml.verify.abstraction import opened
from syncml.verify.cone import Cones
from syncml.verify.driver import verify
from syncml.verify.replay import Replay
from syncml.verify.sampling import sample
from syncml.verify.traps import Goal, Trap, trapped
from syncml.verify.verdicts import Proved, Unknown, VerifyOptions, Violated

Inputs: TypeAlias = Mapping[str, Sequence[Any]]

RANDOM_RUNS = 24
RANDOM_TICKS = 40
RANDOM_TRIES = 12

_KEPT = (PropertyKind.ASSUME, PropertyKind.INVARIANT)
"""The clauses that may help a proof: what may be taken for granted, and lemmas, which are proved with it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One test: its inputs, and the tick at which it first reaches each of the goals that are its own."""

    inputs: Inputs
    ticks: int
    reaches: Mapping[Goal, int]


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No run that meets the assumptions reaches the goal."""

    method: str
    semantics: str


@dataclass(frozen=True, slots=True)
class NotReached:
    """No test was found; none of at most ``depth`` ticks exists."""

    depth: int
    reason: str


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests, and what became of each goal, in the order of the source: the number of a test if it is reached."""

    node: Node
    runs: tuple[Run, ...]
    goals: Mapping[Goal, int | Unreachable | NotReached]

    @property
    def open(self) -> tuple[Goal, ...]:
        """The goals of which it is not known whether they can be reached."""
        return tuple(g for g, found in self.goals.items() if isinstance(found, NotReached))


def generate(program: Program, options: VerifyOptions, replay: Replay, *, pairs: bool = False) -> Suite:
    """A suite for the main node of a clocked program that passed the checks.

    Args:
        program: Abstract nodes are tested with their bodies.
        options: As for `verify`; with one job the same seed gives the same suite.
        replay: The interpreter.
        pairs: Whether the operands of conjunctions and disjunctions are goals, too.
    """
    whole = replace(program, nodes=tuple(replace(n, abstract=False) for n in program.nodes))
    flat = opened(whole)
    node, traps = trapped(flat.node(flat.main), pairs=pairs)
    if not traps:
        return Suite(node, (), {})
    claiming = Program((node,), node.name)
    names = tuple(t.clause for t in traps)
    report = verify(claiming, replace(options, properties=names, first=False, abstract=()), replay)
    verdicts = {r.name: r.verdict for r in report.results}
    watch = _Watch(claiming, traps, replay)
    for verdict in verdicts.values():
        if isinstance(verdict, Violated):
            watch.run(verdict.counterexample.inputs, verdict.counterexample.ticks)
    settled = watch.reached | {t.goal for t in traps if isinstance(verdicts[t.clause], Proved)}
    generator = np.random.default_rng(options.seed)
    for _ in range(RANDOM_RUNS if {t.goal for t in traps} - settled else 0):
        watch.sample(generator)
    left = [t for t in traps if isinstance(verdicts[t.clause], Unknown) and t.goal not in watch.reached]
    for trap in left:
        lone = replace(options, properties=(trap.clause,), abstract=(), timeout=options.timeout / len(left))
        report = verify(_alone(claiming, trap), lone, replay)
        (found,) = (r.verdict for r in report.results if r.name == trap.clause)
        if isinstance(found, Proved):
            verdicts[trap.clause] = found
        elif isinstance(found, Violated):
            watch.run(found.counterexample.inputs, found.counterexample.ticks)
    runs = _fewest(watch.runs)
    goals: dict[Goal, int | Unreachable | NotReached] = {}
    by_goal: dict[Goal, list[Trap]] = {}
    for trap in traps:
        by_goal.setdefault(trap.goal, []).append(trap)
    for goal, group in by_goal.items():
        test = next((i for i, run in enumerate(runs) if goal in run.reaches), None)
        goals[goal] = test if test is not None else _missing([verdicts[t.clause] for t in group])
    return Suite(node, tuple(runs), goals)


def _alone(program: Program, trap: Trap) -> Program:
    """One claim with what it depends on, and the clauses that speak of nothing else."""
    node = program.node(program.main)
    cones = Cones(node)
    (claim,) = (p for p in node.properties if p.name == trap.clause)
    around = cones.within([claim.holds])
    lone = tuple(p for p in node.properties if p is claim or (p.kind in _KEPT and cones.within([p.holds]) <= around))
    equations = tuple(e for e in node.equations if not around.isdisjoint(e.targets))
    return Program((replace(node, equations=equations, outputs=(), properties=lone),), node.name)


def _missing(verdicts: Sequence[object]) -> Unreachable | NotReached:
    """What is known of a goal that no run reaches: unreachable if it is so in every instance."""
    proofs = [v for v in verdicts if isinstance(v, Proved)]
    if len(proofs) == len(verdicts):
        return Unreachable(proofs[0].method, proofs[0].semantics)
    unknown = [v for v in verdicts if isinstance(v, Unknown)]
    return NotReached(min((u.depth for u in unknown), default=0), next((u.reason for u in unknown), "not replayed"))


class _Watch:
    """Runs and what they reach."""

    def __init__(self, program: Program, traps: Sequence[Trap], replay: Replay) -> None:
        self._program = program
        self._replay = replay
        node = program.node(program.main)
        holds = {p.name: p.holds.name for p in node.properties}
        self._streams = [(t.goal, holds[t.clause]) for t in traps]
        self._assumed = [p.holds.name for p in node.properties if p.kind is PropertyKind.ASSUME]
        self.runs: list[Run] = []
        self.reached: set[Goal] = set()

    def sample(self, generator: np.random.Generator) -> None:
        """Try random inputs; where an assumption fails, the rest of the run is drawn anew, a few times."""
        node = self._program.node(self._program.main)
        kept, legal = sample(node, RANDOM_TICKS, generator), 0
        drawn = kept
        for _ in range(RANDOM_TRIES):
            reached = self.run(_given(node, drawn), RANDOM_TICKS)
            if reached == RANDOM_TICKS:
                return
            if reached >= legal:
                kept, legal = drawn, reached
            drawn = sample(node, RANDOM_TICKS, generator)
            for name, values in kept.items():
                drawn[name][:legal] = values[:legal]

    def run(self, inputs: Inputs, ticks: int) -> int:
        """Replay inputs; what counts comes before the first tick at which an assumption fails, which is the result."""
        trace = self._replay(self._program, inputs, ticks)
        legal = min(
            (t for name in self._assumed if (t := _first_false(trace.column(name), ticks)) is not None), default=ticks
        )
        reaches: dict[Goal, int] = {}
        for goal, name in self._streams:
            tick = _first_false(trace.column(name), legal)
            if tick is not None:
                reaches[goal] = min(tick, reaches.get(goal, tick))
        if reaches:
            self.runs.append(Run(inputs, ticks, reaches))
            self.reached |= reaches.keys()
        return legal


def _given(node: Node, drawn: Mapping[str, Any]) -> Inputs:
    """Sampled inputs as the interpreter takes them: enumerations by name."""
    found: dict[str, Sequence[Any]] = {}
    for var in node.inputs:
        kind, values = element(var.type), drawn[var.name]
        if isinstance(kind, EnumType):
            values = np.array(kind.constructors, dtype=np.object_)[values]
        found[var.name] = list(values) if shape(var.type) else values.tolist()
    return found


def _first_false(column: Any, ticks: int) -> int | None:
    return next((t for t in range(ticks) if (v := column.at(t)) is not None and not bool(np.all(v))), None)


def _fewest(runs: Sequence[Run]) -> list[Run]:
    """A greedy cover: at each step the run that reaches most new goals, the shorter one of two."""
    left = {goal for run in runs for goal in run.reaches}
    chosen: list[Run] = []
    while left:
        # The first of equals in the order of the runs, so that the choice is the same every time.
        best = max(runs, key=lambda run: (len(left & run.reaches.keys()), -_length(run, left)))
        new = {g: t for g, t in best.reaches.items() if g in left}
        ticks = max(new.values()) + 1
        chosen.append(Run({name: values[:ticks] for name, values in best.inputs.items()}, ticks, new))
        left -= new.keys()
    return chosen


def _length(run: Run, wanted: set[Goal]) -> int:
    return max((t for g, t in run.reaches.items() if g in wanted), default=0)
