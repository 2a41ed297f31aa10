"""Demand-driven proofs: every open goal is assumed at the instant before, and each is proved from the others.

Rule: those that fail are dropped until the rest stands without them. What one query needs of the system is found by
the task that answers it; here it is decided what is asked, and what follows from the answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from syncml.verify.query import Part, Query
from syncml.verify.search import Search

GROUPS = 6
"""How many goals one task of the demand-driven engine takes."""

SETUP = 15.0
"""Seconds by the clock for what a task builds before its first query, on a busy machine."""

AT_ONCE, AT_FIRST = 0.2, 0.5
"""Seconds for a query where floats are rounded: without an induction, and in the first one."""

BRIEFLY, BRIEFLY_FIRST = 0.05, 0.15
"""The same where there is little time: most proofs need less."""

MANY = 2000
"""With more open goals than this, what is said of each of them to each other takes longer than asking all together."""

MARGINS = ("1/16", "1/1000", "1/1000000")
"""How much room a violation is asked for, one after the other."""


class Demand(Search):
    """The part of a session that asks about one goal at a time."""

    __slots__ = ()

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

    def _at_once(self, seconds: float = AT_ONCE) -> None:
        """Prove what follows at each instant from the facts alone, such as from the ranges of floats."""
        self._ask([[Query(g, 1, Part.LOCAL, (), tuple(self.proofs))] for g in self.open()], seconds)
        for goal, _, event in self._answers():
            if event["event"] == "valid":
                self.depth[goal] = max(self.depth.get(goal, 0), 1)
                self._prove(goal, {**event, "method": "k-induction, demand-driven", "k": 1}, event["using"])

    def _inductive(self, seconds: float, *, again: bool, among: frozenset[str] | None = None) -> None:
        """Prove the open goals from each other, one instant after the other; drop those that fail.

        Args:
            seconds: For each query.
            again: Whether to ask again about goals whose proofs used one that was dropped.
            among: The goals to prove, where that is not all.
        """
        standing = [g for g in self.open() if among is None or g in among]
        if len(standing) > MANY:
            return
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
