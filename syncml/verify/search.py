"""What a search knows of its goals, and what it takes from the reports of tasks.

Rule: a goal is proved by the first proof that is reported, and refuted by a model only once it was replayed; a model
that rounding undoes leaves its goal to be refined.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import Any, TypeAlias

from syncml.dataclass import dataclass
from syncml.verify.pool import Pool
from syncml.verify.proof import Proof
from syncml.verify.system import System
from syncml.verify.verdicts import Counterexample

Refute: TypeAlias = Callable[[str, Sequence[dict[str, str]]], Counterexample | str]
"""Replays a model of a goal's violation; a counterexample, or why it is none."""

Settled: TypeAlias = Callable[["Search"], bool]
"""Whether all that the user asked for is decided."""

BUSY = 8
"""How many times as long as it should a task may take by the clock."""

GRACE = 2.0
"""Seconds behind the deadline in which models of violations are still replayed."""


class Outcome(Enum):
    """What became of an attempt to look at all states of a system."""

    DECIDED = "decided"
    TOO_LARGE = "too large"
    INFINITE = "infinite"


@dataclass(slots=True)
class Search:
    """The state of the search; the attributes that are not options are its outcome.

    Attributes:
        wanted: The goals whose violations are searched for; every goal is tried as a lemma.
        settled: Ends the search before every goal is decided.
        satisfied: Whether all that the user stated is decided, and what is left nobody asked for by name.
        deadline: When, of the monotonic clock, time is up.
        roams: Whether random runs are searched for violations; where errors of rounding are inputs they show nothing.
        patient: Whether the search goes on where a round of proofs has shown nothing new, and for violations.
        first: The goals that all other proofs rest on: without them none counts.
        tried: Whether it has run.
        abandoned: Whether all that is left is what nobody stated, and gets a part of the time only.
        proofs: The goals that are proved.
        refuted: The goals that are violated, with the replayed run.
        traces: The models of the goals that are violated.
        spurious: Why the models of some violations did not count.
        depth: For each goal the number of instants without a violation.
        vacuous: The instant from which on the assumptions exclude every run.
        failures: What became of solvers that did not end by themselves.
    """

    system: System
    pool: Pool
    refute: Refute
    engines: frozenset[str]
    seed: int
    wanted: frozenset[str] = frozenset()
    settled: Settled = lambda _: False
    satisfied: Settled = lambda _: False
    deadline: float = 0.0
    roams: bool = True
    patient: bool = True
    first: frozenset[str] = frozenset()
    tried: bool = False
    abandoned: bool = False
    depth_limit: int = 300
    proofs: dict[str, Proof] = field(default_factory=dict[str, Proof])
    refuted: dict[str, tuple[Counterexample, float]] = field(default_factory=dict[str, tuple[Counterexample, float]])
    traces: dict[str, Sequence[Mapping[str, str]]] = field(default_factory=dict[str, Sequence[Mapping[str, str]]])
    spurious: dict[str, str] = field(default_factory=dict[str, str])
    depth: dict[str, int] = field(default_factory=dict[str, int])
    vacuous: int | None = None
    failures: list[str] = field(default_factory=list[str])
    _text: str = ""
    _invariants: dict[str, None] = field(default_factory=dict[str, None])
    _started: float = 0.0
    _quickly: bool = False
    _bounded: bool = False
    _states: Outcome | None = None
    _shown: int = -1
    _populations: int = 0
    _background: dict[str, int] = field(default_factory=dict[str, int])
    _consistency: int = 0
    _efforts: int = 0
    _spent: dict[str, float] = field(default_factory=dict[str, float])
    _groups: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    _refine: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    def open(self) -> list[str]:
        """Goals that are neither proved nor refuted nor known to be false ideally, in order; none if all is settled."""
        if self.vacuous is not None or (not self._refine and self.settled(self)):
            return []
        decided = self.proofs.keys() | self.refuted.keys() | self.spurious.keys()
        return [g for g in self.system.goals if g not in decided]

    def _sought(self) -> list[str]:
        """Open goals whose violations are wanted."""
        return [g for g in self.open() if g in self.wanted]

    def _searched(self, goals: Sequence[str]) -> int:
        """Before which instant none of ``goals`` is violated."""
        return min((self.depth.get(g, 0) for g in goals), default=0)

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def _submit(self, engine: str, seconds: float, *, each: float = 0.0, depth: int = 0, **more: Any) -> int:
        """Queue a task of at most ``seconds``, ``each`` second per query and ``depth`` instants."""
        budget = {"seconds": max(0.05, min(seconds, self.left())), "query": each, "depth": depth, "seed": self.seed}
        # The budget is processor time; on a busy machine it takes several times as long by the clock.
        limit = max(0.05, min(BUSY * seconds, self.left()))
        return self.pool.submit({"engine": engine, "system": self._text, "budget": budget, "limit": limit, **more})

    def _is_done(self, event: Mapping[str, Any]) -> bool:
        """Whether nothing is left to wait for."""
        return event["event"] == "done" and self.pool.pending() <= set(self._background.values())

    def _take(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "holds":
                for goal in event["goals"]:
                    self.depth[goal] = max(self.depth.get(goal, 0), event["depth"])
            case "violated":
                for goal in event["goals"]:
                    self._violation(goal, event["trace"])
            case "proved":
                for goal in event["goals"]:
                    others = [g for g in event["goals"] if g != goal]
                    self._prove(goal, event, [*event["using"], *others])
            case "run":
                for goal in event["goals"]:
                    if goal in self.open():
                        self.replay(goal, event["trace"])
            case "invariants":
                self._invariants.update(dict.fromkeys(event["invariants"]))
            case "roamed":
                self._populations = event["number"]
            case "bounded":
                self._bounded = True
            case "vacuous":
                self.vacuous = event["depth"]
            case "failed":
                self.failures.append(event["reason"])
            case _:
                pass

    def _prove(self, goal: str, found: Mapping[str, Any], using: Sequence[str]) -> None:
        if goal not in self.proofs and goal not in self.refuted:
            self.proofs[goal] = Proof(
                found["method"], found["k"], tuple(dict.fromkeys(using)), found.get("invariant", ""), self._time(goal),
                found.get("distinct", False), tuple(found.get("auxiliary", ())),
                roundings=tuple(dict.fromkeys(found.get("roundings", ()))),
            )  # fmt: skip

    def _violation(self, goal: str, trace: Sequence[dict[str, str]]) -> None:
        if goal in self.refuted or goal in self.proofs or self.left() < -GRACE:
            return
        outcome = self.refute(goal, trace)
        if isinstance(outcome, Counterexample):
            self.refuted[goal] = (outcome, self._time(goal))
            self.traces[goal] = trace
            self.spurious.pop(goal, None)
        elif goal not in self.spurious:
            self._refine.append((goal, len(trace)))
            self.spurious[goal] = outcome

    def replay(self, goal: str, trace: Sequence[dict[str, str]]) -> None:
        """Take a run that may be a violation, if it is one; otherwise the goal stays open."""
        outcome = self.refute(goal, trace)
        if isinstance(outcome, Counterexample):
            self.refuted[goal] = (outcome, self._time(goal) if self._started else 0.0)
            self.traces[goal] = trace

    def _time(self, goal: str) -> float:
        """Processor time of the queries about one goal, or the time since the start if it was one of many."""
        return self._spent.get(goal, time.monotonic() - self._started)
