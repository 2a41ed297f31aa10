"""Verdicts against the machine: what is proved is never broken by a run, what is violated is broken by its own.

An alarm of the compiled C is looked at by the interpreter before it counts as a fault of a verdict: exact sums that
do not fit 64 bits are checked exactly there. Where the two disagree on a clause of a contract, that is a fault as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from syncml.ir.equations.syntax import Node, Program
from syncml.sim.inputs import Raw, prepare
from syncml.sim.interpreter import replay
from syncml.verify import (
    Proved,
    Result,
    Semantics,
    VerificationReport,
    VerifyOptions,
    Violated,
    first_violation,
    verify,
)
from syncml.verify.replay import qualified
from tests.soundness.inputs import legal_run, rows
from tests.soundness.machine import Arrays, Machine

MACHINE_CHECKS = ("overflow", "division", "index", "domain")


@dataclass(slots=True)
class Tally:
    """What was looked at, and the faults that were found."""

    programs: int = 0
    proved: int = 0
    violated: int = 0
    unknown: int = 0
    steps: int = 0
    faults: list[str] = field(default_factory=list[str])

    def __iadd__(self, other: Tally) -> Tally:
        self.programs += other.programs
        self.proved += other.proved
        self.violated += other.violated
        self.unknown += other.unknown
        self.steps += other.steps
        self.faults += other.faults
        return self

    def __str__(self) -> str:
        return (
            f"{self.programs} programs: {self.proved} proved, {self.violated} violated, {self.unknown} unknown; "
            f"{self.steps} steps; {len(self.faults)} faults"
        )


def judged(
    node: Node, report: VerificationReport, folder: Path, steps: int, seed: int, run_ticks: int = 500, tries: int = 20
) -> Tally:
    """Hold the verdicts on a flat node against at least ``steps`` steps of its C.

    Args:
        node: What the report is about, opened.
        run_ticks: The length of a run.
        tries: How often the rest of a run that leaves the assumptions is drawn anew.
    """
    tally = Tally(programs=1)
    results = {r.name: r for r in report.results if r.node == node.label}
    machine = Machine.of(node, folder)
    clauses = machine.clauses()
    program = Program((node,), node.name)
    proved = {name for name, r in results.items() if isinstance(r.verdict, Proved)}
    tally.proved, tally.unknown = len(proved), len(results) - len(proved)
    for name, result in results.items():
        if isinstance(result.verdict, Violated):
            tally.violated, tally.unknown = tally.violated + 1, tally.unknown - 1
            found = result.verdict.counterexample
            if first_violation(program, name, found.inputs, found.ticks, replay) != found.tick:
                tally.faults.append(f"{name}: its counterexample does not violate it in the interpreter")
            elif result.kind not in MACHINE_CHECKS and not _breaks(machine, name, found.inputs, found.ticks):
                tally.faults.append(f"{name}: its counterexample does not violate it in C")
    generator = np.random.default_rng(seed)
    watched = [clauses[name] for name in sorted(proved)]
    while watched and tally.steps < steps and not tally.faults:
        inputs, length = legal_run(machine, generator, min(run_ticks, steps), tries)
        if not length:
            return tally
        tally.steps += length
        held = machine.run(inputs, min(run_ticks, steps))
        for clause in watched:
            failed = np.flatnonzero(~held[clause][:length])
            if failed.size:
                tally.faults += _confirmed(machine, results[qualified(clause)], inputs, int(failed[0]))
    return tally


def decided(node: Node, seconds: float, seed: int = 0) -> VerificationReport:
    """The verdicts on a flat node, with machine numbers: those of a proof over the reals are no claim about runs."""
    options = VerifyOptions(timeout=seconds, seed=seed, semantics=Semantics.MACHINE)
    return verify(Program((node,), node.name), options, replay)


def _breaks(machine: Machine, name: str, inputs: Raw, ticks: int) -> bool:
    given = {v.name: c.values for v, c in prepare(machine.node, inputs, ticks).items()}
    return not machine.run(given, ticks)[machine.clauses()[name]].all()


def _confirmed(machine: Machine, result: Result, inputs: Arrays, tick: int) -> Iterator[str]:
    program = Program((machine.node,), machine.node.name)
    exact = first_violation(program, result.name, rows(inputs, machine.node, tick + 1), tick + 1, replay)
    if exact is not None:
        yield f"{result.name}: proved, but false at tick {exact} of {rows(inputs, machine.node, exact + 1)}"
    elif result.kind not in MACHINE_CHECKS:
        yield f"{result.name}: false at tick {tick} in C, true in the interpreter"
