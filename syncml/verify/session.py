"""One transition system, all engines: who runs when, and what follows from what they report.

First, k-induction on all goals together and bounded model checking run side by side. What stays open goes to Spacer,
goal by goal, where arithmetic is linear, and to demand-driven proofs: every open goal is assumed at the instant
before, each is proved from the others, and those that fail are dropped until the rest stands without them. A model
that violates a goal is replayed at once; where rounding undoes it, a violation with a margin is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from syncml.verify.pool import Pool
from syncml.verify.query import Query
from syncml.verify.system import System
from syncml.verify.verdicts import Counterexample

Refute: TypeAlias = Callable[[str, Sequence[dict[str, str]]], Counterexample | str]
"""Replays a model of a goal's violation; a counterexample, or why it is none."""

MARGINS = ("1/16", "1/1000", "1/1000000")
"""How much room a violation is asked for, one after the other."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof in the ideal sense of the system; ``using`` names goals."""

    method: str
    k: int
    using: tuple[str, ...]
    invariant: str
    time_s: float


@dataclass(slots=True)
class Session:
    """The state of the search; the attributes that are not options are its outcome.

    Attributes:
        proofs: The goals that are proved.
        refuted: The goals that are violated, with the replayed run.
        spurious: Why the models of some violations did not count.
        depth: For each goal the number of instants without a violation.
        vacuous: The instant from which on the assumptions exclude every run.
        failures: What became of solvers that did not end by themselves.
    """

    system: System
    pool: Pool
    refute: Refute
    deadline: float
    engines: frozenset[str]
    seed: int
    depth_limit: int = 300
    proofs: dict[str, Proof] = field(default_factory=dict[str, Proof])
    refuted: dict[str, tuple[Counterexample, float]] = field(default_factory=dict[str, tuple[Counterexample, float]])
    spurious: dict[str, str] = field(default_factory=dict[str, str])
    depth: dict[str, int] = field(default_factory=dict[str, int])
    vacuous: int | None = None
    failures: list[str] = field(default_factory=list[str])
    _text: str = ""
    _started: float = 0.0
    _refine: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    def run(self) -> None:
        """Decide as many goals as time allows."""
        self._started = time.monotonic()
        self._text = self.system.to_json()
        self._together()
        self._margins()
        if self.system.nonlinear and "localised" in self.engines:
            # Quick proofs, then shallow violations, then whatever time is left for both.
            for seconds, depth in ((4.0, 4), (15.0, 8), (60.0, 20)):
                self._inductive(seconds)
                self._shallow(depth, seconds)
                self._margins()

    def open(self) -> list[str]:
        """Goals that are neither proved nor refuted nor known to be false ideally, in order."""
        decided = self.proofs.keys() | self.refuted.keys() | self.spurious.keys()
        return [g for g in self.system.goals if g not in decided] if self.vacuous is None else []

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def _submit(self, engine: str, seconds: float, *, each: float = 0.0, depth: int = 0, **more: Any) -> int:
        """Queue a task of at most ``seconds``, ``each`` second per query and ``depth`` instants."""
        budget = {"seconds": max(0.05, min(seconds, self.left())), "query": each, "depth": depth, "seed": self.seed}
        # The budget is processor time; on a busy machine it may take four times as long by the clock.
        limit = max(0.05, min(4 * seconds, self.left()))
        return self.pool.submit({"engine": engine, "system": self._text, "budget": budget, "limit": limit, **more})

    # All goals together, and Spacer for those that induction leaves open.

    def _together(self) -> None:
        goals, hard = self.open(), self.system.nonlinear
        share, each = self.left() * (0.1 if hard else 0.4), 0.3 if hard else 3.0
        tasks: set[int] = set()
        inductive = 0
        if "induction" in self.engines:
            inductive = self._submit("induction", share, each=each, depth=12, goals=goals)
            tasks.add(inductive)
        if "bmc" in self.engines:
            tasks.add(self._submit("bmc", share, each=each, depth=self.depth_limit, goals=goals))
        if not inductive:
            tasks |= self._reachability()
        for number, event in self.pool.events():
            self._take(event)
            if number == inductive and event["event"] == "done":
                tasks |= self._reachability()
            elif event["event"] == "reachable" and "bmc" in self.engines:
                tasks.add(self._submit("bmc", self.left(), each=self.left(), depth=5000, goals=event["goals"]))
            if not self.open():
                for task in tasks:
                    self.pool.cancel(task)

    def _reachability(self) -> set[int]:
        goals = self.open()
        if self.system.nonlinear or "spacer" not in self.engines:
            return set()
        share = self.left() * 0.8 * self.pool.jobs / max(self.pool.jobs, len(goals))
        lemmas = list(self.proofs)
        return {self._submit("spacer", share, each=share, goals=[g], lemmas=lemmas) for g in goals}

    def _take(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "holds":
                for goal in event["goals"]:
                    self.depth[goal] = max(self.depth.get(goal, 0), event["depth"])
            case "violated":
                for goal in event["goals"]:
                    self._violation(goal, event["trace"])
            case "proved":
                invariant = event.get("invariant", "")
                for goal in event["goals"]:
                    others = [g for g in event["goals"] if g != goal]
                    self._prove(goal, event["method"], event["k"], [*event["using"], *others], invariant)
            case "vacuous":
                self.vacuous = event["depth"]
            case "failed":
                self.failures.append(event["reason"])
            case _:
                pass

    def _prove(self, goal: str, method: str, k: int, using: Sequence[str], invariant: str = "") -> None:
        if goal not in self.proofs and goal not in self.refuted:
            elapsed = time.monotonic() - self._started
            self.proofs[goal] = Proof(method, k, tuple(dict.fromkeys(using)), invariant, elapsed)

    def _violation(self, goal: str, trace: Sequence[dict[str, str]]) -> None:
        if goal in self.refuted or goal in self.proofs:
            return
        outcome = self.refute(goal, trace)
        if isinstance(outcome, Counterexample):
            self.refuted[goal] = (outcome, time.monotonic() - self._started)
            self.spurious.pop(goal, None)
        elif goal not in self.spurious:
            self._refine.append((goal, len(trace)))
            self.spurious[goal] = outcome

    # Demand-driven queries.

    def _ask(self, query: Query, seconds: float) -> int:
        return self._submit("localised", seconds, query=asdict(query))

    def _margins(self) -> None:
        """Ask for violations that rounding cannot undo."""
        for margin in MARGINS if self._refine else ():
            for goal, length in self._refine:
                if goal in self.spurious and self.left() > 0:
                    self._ask(Query(goal, length, True, (), tuple(self.proofs), margin), min(5.0, self.left() / 4))
            self._collect()
        self._refine.clear()

    def _shallow(self, depth: int, seconds: float) -> None:
        """Search for violations of the open goals in the first ``depth`` instants."""
        for length in range(1, depth + 1):
            for goal in self.open() if self.left() > 0 else ():
                if self.depth.get(goal, 0) < length:
                    self._ask(Query(goal, length, True, (), tuple(self.proofs)), seconds)
            self._collect()

    def _collect(self) -> None:
        for _, event in self.pool.events():
            if event["event"] == "invalid" and event["trace"] is not None:
                self._violation(event["goal"], event["trace"])
            elif event["event"] == "valid":
                self.depth[event["goal"]] = max(self.depth.get(event["goal"], 0), event["depth"])

    def _inductive(self, seconds: float) -> None:
        """Prove the open goals from each other, one instant after the other; drop those that fail."""
        standing = self.open()
        proofs: dict[str, list[str]] = {}
        bases: dict[str, list[str]] = {}
        asked: dict[int, tuple[str, bool]] = {}

        def ask(goal: str, *, initial: bool) -> None:
            before = tuple(standing[: standing.index(goal)])
            query = Query(goal, 1 if initial else 2, initial, tuple(standing), (*self.proofs, *before))
            asked[self._ask(query, seconds)] = (goal, initial)

        def drop(goal: str) -> None:
            standing.remove(goal)
            for other in [g for g, using in proofs.items() if goal in using]:
                del proofs[other]
                if other in standing:
                    ask(other, initial=False)

        for goal in standing if self.left() > 0 else ():
            if self.depth.get(goal, 0) < 1:
                ask(goal, initial=True)
            ask(goal, initial=False)
        for number, event in self.pool.events():
            goal, initial = asked[number]
            if initial and event["event"] == "valid":
                bases[goal] = event["using"]
            if goal not in standing or (initial and event["event"] == "valid"):
                continue
            match event["event"]:
                case "valid" if all(g in standing or g in self.proofs for g in event["using"]):
                    proofs[goal] = event["using"]
                case "valid" if self.left() > 0:
                    ask(goal, initial=initial)
                case "invalid":
                    if event["trace"] is not None:
                        self._violation(goal, event["trace"])
                    drop(goal)
                case "stuck" | "failed" | "valid":
                    drop(goal)
                case _:
                    pass
        for goal, using in sorted(bases.items(), key=lambda item: self.system.goals.index(item[0])):
            if all(g in self.proofs or self.depth.get(g, 0) for g in using):
                self.depth[goal] = max(self.depth.get(goal, 0), 1)
        # What rests on an unproved first instant does not stand either.
        while failing := [g for g in standing if g not in proofs or not self.depth.get(g, 0)
                          or any(u not in standing and u not in self.proofs for u in proofs[g])]:  # fmt: skip
            standing = [g for g in standing if g not in failing]
        for goal in standing:
            self._prove(goal, "k-induction, demand-driven", 1, proofs[goal])
