"""One transition system, all engines: who runs when, and what follows from what they report.

Where arithmetic is linear, k-induction on all goals together and bounded model checking run side by side, and what
stays open goes to Spacer, goal by goal; bounded model checking takes the time that is left in the end. Where it is
not, demand-driven proofs come first: every open goal is assumed at the instant before, each is proved from the others,
and those that fail are dropped until the rest stands without them. A model that violates a goal is replayed at once;
where rounding undoes it, a violation with a margin is sought.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from syncml.verify.pool import Pool
from syncml.verify.proof import Proof
from syncml.verify.query import Part, Query
from syncml.verify.system import System
from syncml.verify.verdicts import Counterexample

Refute: TypeAlias = Callable[[str, Sequence[dict[str, str]]], Counterexample | str]
"""Replays a model of a goal's violation; a counterexample, or why it is none."""

Settled: TypeAlias = Callable[["Session"], bool]
"""Whether all that the user asked for is decided."""

GROUPS = 6
"""How many goals one task of the demand-driven engine takes."""

SETUP = 15.0
"""Seconds by the clock for what a task builds before its first query, on a busy machine."""

AT_ONCE, AT_FIRST = 0.2, 0.5
"""Seconds for a query where floats are rounded: without an induction, and in the first one."""

QUICK = 1.5
"""Seconds of the first attempt."""

BUSY = 8
"""How many times as long as it should a task may take by the clock."""

ROUNDS = (2.0, 6.0, 20.0, 60.0, 200.0, 600.0)
"""Seconds of processor time for each engine, round after round."""

NUMBERS = frozenset({"Int", "Real"})
"""The sorts of states that may have bounds."""

LONGEST_RUN = 1000
"""How many instants a random run has at most."""

DEEPEST = 100_000
"""How many instants are searched at most, however much time is left."""

GRACE = 2.0
"""Seconds behind the deadline in which models of violations are still replayed."""

CONSISTENT = 20
"""For how many instants it is asked whether a run can meet the assumptions, where arithmetic is linear."""

MARGINS = ("1/16", "1/1000", "1/1000000")
"""How much room a violation is asked for, one after the other."""


@dataclass(slots=True)
class Session:
    """The state of the search; the attributes that are not options are its outcome.

    Attributes:
        wanted: The goals whose violations are searched for; every goal is tried as a lemma.
        settled: Ends the search before every goal is decided.
        deadline: When, of the monotonic clock, time is up.
        roams: Whether random runs are searched for violations; where errors of rounding are inputs they show nothing.
        tried: Whether it has run.
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
    deadline: float = 0.0
    roams: bool = True
    tried: bool = False
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
    _populations: int = 0
    _background: dict[str, int] = field(default_factory=dict[str, int])
    _consistency: int = 0
    _spent: dict[str, float] = field(default_factory=dict[str, float])
    _groups: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    _refine: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    def run(self, *, brief: bool = False) -> None:
        """Decide as many goals as time allows, or until the user interrupts; may be called again.

        Args:
            brief: Make the quick attempt on a linear system, and no more.
        """
        try:
            self._run(brief)
            # What nobody waits for ends here: its events would be taken for those of another system.
            self.pool.cancel_all()
        except KeyboardInterrupt:
            self.pool.stop()

    def _run(self, brief: bool) -> None:
        self._started = time.monotonic()
        self.tried = True
        if (self.proofs or self.refuted) and not self.open():
            return
        self._text = self.system.to_json()
        if brief:
            if not self.system.nonlinear:
                self._quick()
            return
        if (self.system.nonlinear or self.system.nearest) and "localised" in self.engines:
            if self.system.assumptions:
                self._consistency = self._submit("consistency", min(3.0, self.left() / 8))
            if self.system.nearest:
                self._at_once()
                self._inductive(AT_FIRST, again=True)
            # Quick proofs, then shallow violations, then whatever time is left for both.
            for seconds, depth in ((1.0, 2), (4.0, 4), (15.0, 8), (60.0, 20)) if self.system.nonlinear else ():
                self._wander(3 * seconds)
                self._inductive(seconds, again=seconds > 1.0 or bool(self.system.nearest))
                self._shallow(depth, seconds)
                self._margins()
        self._together()
        self._margins()
        self._to_the_end()

    def open(self) -> list[str]:
        """Goals that are neither proved nor refuted nor known to be false ideally, in order; none if all is settled."""
        if self.vacuous is not None or (not self._refine and self.settled(self)):
            return []
        decided = self.proofs.keys() | self.refuted.keys() | self.spurious.keys()
        return [g for g in self.system.goals if g not in decided]

    def _sought(self) -> list[str]:
        """Open goals whose violations are wanted."""
        return [g for g in self.open() if g in self.wanted]

    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def _submit(self, engine: str, seconds: float, *, each: float = 0.0, depth: int = 0, **more: Any) -> int:
        """Queue a task of at most ``seconds``, ``each`` second per query and ``depth`` instants."""
        budget = {"seconds": max(0.05, min(seconds, self.left())), "query": each, "depth": depth, "seed": self.seed}
        # The budget is processor time; on a busy machine it takes several times as long by the clock.
        limit = max(0.05, min(BUSY * seconds, self.left()))
        return self.pool.submit({"engine": engine, "system": self._text, "budget": budget, "limit": limit, **more})

    # All goals together, and Spacer for those that induction leaves open.

    def _together(self) -> None:
        if not self._quickly:
            self._quick()
        for seconds in ROUNDS:
            if self.left() < 0.5 or not self.open():
                break
            self._round(min(seconds, self.left()))

    def _quick(self) -> None:
        """A moment for k-induction: it decides most properties."""
        self._quickly = True
        if goals := self.open():
            if self.system.assumptions and not self.system.nonlinear:
                self._consistency = self._submit("consistency", min(1.0, self.left() / 8), each=1.0, depth=CONSISTENT)
            quick = QUICK if not self.system.nonlinear else 0.1 * self.left()
            if "induction" in self.engines:
                self._submit("quick", quick, depth=12, goals=goals)
            elif "bmc" in self.engines:
                self._submit("bmc", quick, depth=8, goals=self._sought())
            self._wander(quick)
            self._gather()

    def _round(self, seconds: float) -> None:
        """Give each engine about ``seconds``; what they find is known in the next round."""
        wanted = self._sought()
        lemmas, known = list(self.proofs), list(self._invariants)
        if "induction" in self.engines:
            self._submit(
                "induction", seconds, each=seconds / 4, depth=20, goals=self.open(), lemmas=lemmas, known=known
            )
        if "bmc" in self.engines and wanted:
            self._submit("bmc", seconds / 2, depth=self.depth_limit, goals=wanted, lemmas=lemmas)
        if "spacer" in self.engines and not self.system.nonlinear:
            for goal in wanted:
                share = max(0.2, seconds / len(wanted))
                self._submit("spacer", share, each=share, goals=[goal], lemmas=lemmas, known=known)
        self._wander(seconds)
        self._bound(3 * seconds)
        self._gather()

    def _bound(self, seconds: float) -> None:
        """Look for bounds of numeric states, until they are found."""
        if "induction" in self.engines and not self._bounded and any(s.sort in NUMBERS for s in self.system.states):
            self._beside("bounds", seconds, each=seconds, goals=self.open())

    def _wander(self, seconds: float) -> None:
        """Random runs, where violations are wanted."""
        if "bmc" in self.engines and self.roams and (wanted := self._sought()):
            self._beside("runs", seconds, depth=LONGEST_RUN, goals=wanted, first=self._populations)

    def _beside(self, engine: str, seconds: float, **more: Any) -> None:
        """Queue a task that nobody waits for, unless the last one of its engine has not ended."""
        if self._background.get(engine) not in self.pool.pending():
            self._background[engine] = self._submit(engine, seconds, lemmas=list(self.proofs), **more)

    def _gather(self) -> None:
        """Take what tasks report until they are done, or all is decided."""
        for _, event in self.pool.events(self.deadline):
            self._take(event)
            if not self.open():
                # Whether any run meets the assumptions is asked in every case.
                self.pool.cancel_all(keep=self._consistency)
            elif self._is_done(event):
                return

    def _is_done(self, event: Mapping[str, Any]) -> bool:
        """Whether nothing is left to wait for."""
        return event["event"] == "done" and self.pool.pending() <= set(self._background.values())

    def _to_the_end(self) -> None:
        """Search for violations of what is open in whatever time is left."""
        if self.vacuous and "bmc" in self.engines:
            # No run is longer, but a shorter one may be a violation.
            self._submit("bmc", self.left(), depth=self.vacuous, goals=sorted(self.wanted - self.refuted.keys()))
            for _, event in self.pool.events(self.deadline):
                self._take(event)
            return
        if "bmc" not in self.engines or self.left() < 1.0 or not (goals := self._sought()):
            return
        self._submit("bmc", self.left(), depth=DEEPEST, goals=goals)
        self._gather()
        self._margins()

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

    # Demand-driven queries.

    def _ask(self, groups: Sequence[Sequence[Query]], seconds: float) -> None:
        """Queue groups of queries, a few for each task: a model is built once for a task."""
        size = max(1, min(GROUPS, len(groups) // (2 * self.pool.jobs)))
        for start in range(0, len(groups), size):
            part = groups[start : start + size]
            budget = {"seconds": seconds, "query": 0.0, "depth": 0, "seed": self.seed}
            limit = SETUP + 4 * seconds * sum(map(len, part))
            data = [[q.to_data() for q in group] for group in part]
            task = {"engine": "localised", "system": self._text, "budget": budget, "limit": limit, "queries": data}
            self._groups[self.pool.submit(task)] = [q.goal for group in part for q in group]

    def _answers(self) -> Iterator[tuple[str, Part, dict[str, Any]]]:
        """The answers to the queries; a goal whose solver failed is stuck."""
        for number, event in self.pool.events(self.deadline):
            if not self._refine and not self.open():
                # Whether any run meets the assumptions is asked in every case.
                self.pool.cancel_all(keep=self._consistency)
            if number not in self._groups:
                self._take(event)
                if self._is_done(event):
                    return
            elif event["event"] == "failed":
                self.failures.append(event["reason"])
                for goal in dict.fromkeys(self._groups[number]):
                    yield goal, Part.STEP, {"event": "failed"}
            elif self._is_done(event):
                return
            elif "part" in event:
                self._spent[event["goal"]] = self._spent.get(event["goal"], 0.0) + event["seconds"]
                yield event["goal"], Part(event["part"]), event

    def _margins(self) -> None:
        """Ask for violations that rounding cannot undo."""
        for margin in MARGINS if self._refine else ():
            pending = [(g, n) for g, n in self._refine if g in self.spurious]
            self._ask([[Query(g, n, Part.SEARCH, (), (), margin)] for g, n in pending], 3.0)
            self._collect()
        self._refine.clear()

    def _shallow(self, depth: int, seconds: float) -> None:
        """Search for violations of the open goals in the first ``depth`` instants."""
        for length in range(1, depth + 1):
            wanted = [(g, "0") for g in self._sought() if self.depth.get(g, 0) < length]
            # What rounding undid may have room in a longer run.
            wanted += [(g, MARGINS[1]) for g in self.spurious if self.depth.get(g, 0) + 1 < length]
            self._ask([[Query(g, length, Part.SEARCH, (), (), margin)] for g, margin in wanted], 2 * seconds)
            self._collect()

    def _collect(self) -> None:
        for goal, _, event in self._answers():
            if event["event"] == "invalid":
                self._violation(goal, event["trace"])
            elif event["event"] == "valid" and event["depth"] == self.depth.get(goal, 0) + 1:
                self.depth[goal] = event["depth"]

    def _at_once(self) -> None:
        """Prove what follows at each instant from the facts alone, such as from the ranges of floats."""
        self._ask([[Query(g, 1, Part.LOCAL, (), tuple(self.proofs))] for g in self.open()], AT_ONCE)
        for goal, _, event in self._answers():
            if event["event"] == "valid":
                self.depth[goal] = max(self.depth.get(goal, 0), 1)
                self._prove(goal, {**event, "method": "k-induction, demand-driven", "k": 1}, event["using"])

    def _inductive(self, seconds: float, *, again: bool) -> None:
        """Prove the open goals from each other, one instant after the other; drop those that fail.

        Args:
            seconds: For each query.
            again: Whether to ask again about goals whose proofs used one that was dropped.
        """
        standing = self.open()
        proofs: dict[str, list[str]] = {}
        roundings: dict[str, list[str]] = {}
        bases: dict[str, list[str]] = {g: [] for g in self.depth if self.depth[g]}

        # With rounding, what follows at one instant was asked before.
        local = () if self.system.nearest else (Part.LOCAL,)

        def queries(goal: str, *parts: Part) -> list[Query]:
            # Earlier goals hold at the same instant: the first violation of any has no earlier one beside it.
            lemmas = (*self.proofs, *standing[: standing.index(goal)])
            return [
                Query(goal, 2 if p is Part.STEP else 1, p, tuple(standing) if p is Part.STEP else (), lemmas)
                for p in parts
            ]

        def drop(goal: str) -> None:
            standing.remove(goal)
            broken = [g for g in standing if goal in proofs.get(g, ())]
            for other in broken:
                del proofs[other]
            if again:
                self._ask([queries(g, *local, Part.STEP) for g in broken], seconds)

        self._ask([queries(g, *local, Part.BASE, Part.STEP) for g in standing], seconds)
        for goal, part, event in self._answers():
            answer = event["event"]
            roundings.setdefault(goal, []).extend(event.get("roundings", ()))
            if answer == "valid" and part is not Part.STEP:
                bases.setdefault(goal, event["using"])
            if answer == "valid" and part is not Part.BASE and goal in standing:
                if all(g in standing or g in self.proofs for g in event["using"]):
                    proofs[goal] = event["using"]
                elif again:
                    self._ask([queries(goal, *local, Part.STEP)], seconds)
            if answer == "invalid" and part is Part.BASE:
                self._violation(goal, event["trace"])
            if answer != "valid" and part is not Part.LOCAL and goal in standing:
                drop(goal)
        self._conclude([g for g in standing if g in proofs], proofs, bases, roundings)

    def _conclude(
        self,
        standing: Sequence[str],
        proofs: Mapping[str, list[str]],
        bases: Mapping[str, list[str]],
        roundings: Mapping[str, list[str]],
    ) -> None:
        """Record what holds at the first instant, and the proofs that rest on nothing unproved."""
        for goal in self.system.goals:
            if goal in bases and all(g in self.proofs or self.depth.get(g, 0) for g in bases[goal]):
                self.depth[goal] = max(self.depth.get(goal, 0), 1)
        while failing := {g for g in standing if not self.depth.get(g, 0)
                          or any(u not in standing and u not in self.proofs for u in proofs[g])}:  # fmt: skip
            standing = [g for g in standing if g not in failing]
        for goal in standing:
            found = {"method": "k-induction, demand-driven", "k": 1, "roundings": roundings.get(goal, ())}
            self._prove(goal, found, [g for g in proofs[goal] if g != goal])
