"""The verification of one node as the main node: a ladder of attempts, each with numbers closer to the machine's.

    linear     what depends on no product of streams, by itself, for a moment
    ideal      mathematical integers and reals: quick, and the source of most violations
    bits       bit vectors for integers, where a proof over mathematical integers would need the absence of an overflow
    floats     reals with a bounded error for each rounding, for what is proved over the reals

Rule: what is asked for says which attempts there are. With machine floats a proof counts if it speaks of the machine:
its integers wrap or are proved not to overflow, and its floats are rounded, or nothing that it depends on rounds. A
violation is a run of the interpreter, wherever it was found; between the attempts random runs of the machine are
searched for one. What is proved over the reals only is then unknown, and says so.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from syncml.diagnostics.model import Diagnostic
from syncml.ir.equations.syntax import GOALS, Node, Program, Property, PropertyKind, Var
from syncml.ir.types import FLOATS, MACHINE_INTEGERS, element
from syncml.verify.apart import linear_part, within
from syncml.verify.attempt import Attempt, Numbers, contradiction, goal_of, index_of, kind_of, meaning
from syncml.verify.checks import Check
from syncml.verify.cone import Cones
from syncml.verify.deadline import TimeUpError
from syncml.verify.derivation import Derivation
from syncml.verify.enough import PATIENCE, Enough
from syncml.verify.findings import Findings
from syncml.verify.handed import Handed, founded
from syncml.verify.instrument import instrumented
from syncml.verify.judge import Judge, telling
from syncml.verify.machine import Machine
from syncml.verify.pool import Pool
from syncml.verify.replay import Replay, Replayed, Trace, qualified, remembering, replayed
from syncml.verify.session import Session
from syncml.verify.verdicts import Counterexample, Proved, Result, Semantics, VerifyOptions
from syncml.verify.wishes import Wishes
from syncml.verify.writing import written_translation

if TYPE_CHECKING:
    from syncml.verify.floats.exactness import Exactness
    from syncml.verify.floats.ranges import Ranges

Key: TypeAlias = tuple[str, str]
"""A clause or check: its qualified name, and what a report calls it."""

Decided: TypeAlias = Mapping[Key, Result]
"""What is decided."""

NOTHING: Decided = MappingProxyType({})

ENGINES = ("states", "bmc", "runs", "induction", "spacer", "localised", "reach")
"""The engines by the names that options use."""

SHARES = {Numbers.IDEAL: 0.5, Numbers.BITS: 0.6, Numbers.FLOATS: 0.6}
"""The part of the time left that an attempt may take, where another may be needed after it."""

RAISING = 0.8
"""The same where all that is left is the rounding of floats."""

FIRST_TURN = 0.35
"""The part for mathematical integers before bit vectors have their turn."""

WITHOUT_NEED = 1.0
"""Seconds for another proof of what intervals prove."""


class Unit:
    """The verification of one node as the main node; ``label`` is its name, ``checked`` the node with its checks."""

    def __init__(
        self, flat: Node, label: str, options: VerifyOptions, replay: Replay, pool: Pool, deadline: float, *,
        abstract: bool, decided: Decided = NOTHING, supposed: Collection[Key] | None = None,
        inputs: Handed = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """Prepare the verification of an opened node; of what is ``decided`` already, the result is reported.

        With ``supposed``, which is proved over the reals already, only the rounding of floats is left; ``inputs`` are
        what abstract nodes are handed.
        """
        self._inputs = inputs
        self._node = flat
        self.label = label
        self._abstract = abstract
        self._decided = dict(decided)
        self._options = options
        self._replay = remembering(replay)
        self._pool = pool
        self._deadline = deadline
        # What is translated is kept, so that goes on when a moment is over.
        self._end = deadline
        self.warnings: list[Diagnostic] = []
        self._machine = options.semantics is not Semantics.IDEAL
        self._rounds = options.semantics is Semantics.MACHINE
        kinds = {element(v.type) for v in self._node.clocks}
        self._integers = bool(kinds & MACHINE_INTEGERS)
        self._floats = self._rounds and bool(kinds & FLOATS)
        self.checked, self._ranges = instrumented(
            self._node, machine=self._machine, rounds=self._rounds, promising=self._abstract
        )
        self.wishes = Wishes(self.checked, options, abstract=abstract)
        self._exactness: Exactness | None = None
        if self._ranges is not None:
            from syncml.verify.floats.exactness import Exactness

            self._exactness = Exactness(self.checked.node, self._ranges)
        self._stated = [p for p in self.checked.node.properties if p.kind is not PropertyKind.ASSUME]
        self._clauses = [p for p in self._stated if self._key(p) not in decided]
        self._program = Program((self.checked.node,), self.checked.node.name)
        self._raising = supposed is not None
        # Over the reals every number is finite.
        known = {c.holds.name for c in self._clauses
                 if supposed is not None and (self._key(c) in supposed or self._is(c, Check.FINITE))}  # fmt: skip
        self._known = Findings(
            self.checked, self._clauses, self._ranges, Cones(self.checked.node), frozenset(known)
        )  # fmt: skip
        self._on_machine = Machine(self._known, self._program, self._replay, self._pool, options.seed)
        self._first: dict[tuple[Numbers, bool], Attempt] = {}

    def derivations(self) -> list[Derivation]:
        """What the proofs among the results are made of."""
        return [a.result(self.label) for a in self._known.attempts if a.reported & a.counted]

    def clauses(self) -> dict[Key, Property]:
        """The clauses and checks, without those that have their name and kind in common."""
        keys = list(map(self._key, self._stated))
        count = Counter(keys)
        return {k: c for k, c in zip(keys, self._stated, strict=True) if count[k] == 1}

    def undecided(self) -> frozenset[Key]:
        """The clauses that are asked for and have no verdict; none where the assumptions exclude every run."""
        if self._known.vacuous() is not None:
            return frozenset()
        return frozenset(self._key(c) for c in self._open() if self.wishes.asked(c))

    def proved(self) -> frozenset[Key]:
        """The clauses that are known to hold."""
        if self._known.vacuous() is not None:
            return frozenset()
        known, held = self._known, frozenset(k for k, r in self._decided.items() if isinstance(r.verdict, Proved))
        return held.union(self._key(c) for c in self._clauses if known.is_proved(c))

    def settle(self, found: Decided) -> None:
        """Take verdicts that were found elsewhere: they are reported, and not asked for any more."""
        self._decided |= found

    def replayed(self, key: Key, inputs: Mapping[str, Sequence[Any]], ticks: int) -> Replayed:
        """A run of the node; if it violates the clause ``key``, that is its verdict."""
        clause = next(c for c in self._clauses if self._key(c) == key)
        self._on_machine.confirm(clause, inputs, ticks, time.monotonic())
        return self._replay(self._program, inputs, ticks)

    # The ladder.

    def attempt(self, seconds: float) -> None:
        """A moment on the first steps of the ladder, as much as decides most clauses."""
        deadline, self._deadline = self._deadline, min(self._deadline, time.monotonic() + seconds)
        self._climb(brief=True)
        self._deadline = deadline

    def decide(self) -> None:
        """Climb the ladder as far as time allows; an interrupt ends it, and what is known then stays."""
        self._climb(brief=False)

    def _climb(self, *, brief: bool) -> None:
        if any(map(self.wishes.asked, self._open())):
            with suppress(TimeUpError):
                self._rungs(brief=brief)

    def _rungs(self, *, brief: bool) -> None:
        if self._raising:
            self._follow_floats()
            return
        if linear := linear_part(self.checked.node, self._known.cones, self._clauses):
            attempt = self._begun(Numbers.IDEAL, linear, wrapping=False, apart=True)
            if not attempt.session.tried:
                self._run(attempt, brief=True)
        ideal = self._begun(Numbers.IDEAL, self._clauses, wrapping=False)
        if not (self._machine and self._integers):
            self._run(ideal, brief=brief, products=brief)
        else:
            # A moment for each encoding: what takes long with integers is often nothing with bits, and conversely.
            self._run(ideal, brief=True, products=brief)
            bits = None
            if self._needs_bits():
                clauses = [c for c in self._clauses if not self._is(c, Check.OVERFLOW)]
                bits = self._begun(Numbers.BITS, clauses, wrapping=True)
                self._run(bits, brief=True)
            if brief:
                return
            for attempt, share in self._turns(ideal, bits):
                if self._needs_bits() if attempt is bits else any(map(self.wishes.asked, self._open())):
                    self._run(attempt, share=share)
        if self._floats and not brief and self._known.vacuous() is None:
            self._follow_floats()

    def _turns(self, ideal: Attempt, bits: Attempt | None) -> list[tuple[Attempt, float]]:
        """Which encoding of integers goes on when, and the part of the time left that it may take."""
        if bits is None:
            return [(ideal, SHARES[Numbers.IDEAL])]
        stated = (c for c in self._open() if self.wishes.asked(c) and not self._is(c, Check.OVERFLOW))
        last = SHARES[Numbers.BITS] if self._floats else 1.0
        if all(self._known.doomed(c, ideal) for c in stated):
            return [(bits, SHARES[Numbers.BITS]), (ideal, last)]
        return [(ideal, FIRST_TURN), (bits, SHARES[Numbers.BITS]), (ideal, last)]

    def _needs_bits(self) -> bool:
        """Whether a question is open that bit vectors may decide."""
        if not (self._machine and self._integers) or self._known.vacuous() is not None:
            return False
        wishes = self.wishes
        wanted = (c for c in self._open() if wishes.asked(c) and not wishes.can_wait(c, Numbers.BITS))
        return not all(map(self._known.ideally, wanted))

    def results(self) -> list[Result]:
        """A verdict for every clause and check."""
        judge = Judge(
            self._known, self._program, self.label, self._options, self._replay, self._pool, self._deadline,
            self.wishes.asked, telling(len(self._known.refuted), self._left()),
        )  # fmt: skip
        results = [
            (c, self._decided.get(self._key(c)) or judge.result(c)) for c in self._stated if self.wishes.reported(c)
        ]
        return [r for _, r in results] if self._ranges is None else founded(results, self._known, self._inputs)

    def _key(self, clause: Property) -> Key:
        return qualified(clause), kind_of(self.checked, clause)

    def _follow_floats(self) -> None:
        """Random runs, then the rounding of floats for what is proved over the reals, then the theory of floats."""
        engines = self._options.engines or ENGINES
        machine = self._on_machine

        def enough() -> bool:
            return self._options.first and not self._open()

        if "runs" in engines:
            machine.search(self._sought(), self._left(), enough)
        if any(self.wishes.asked(c) and self._known.ideally(c) for c in self._open()):
            self._round(self._integers and self._needs_wrapping())
            if "runs" in engines:
                machine.search(self._sought(), self._left(), enough)
        if "induction" in engines:
            machine.exactly(self._sought(), self._left())

    def _needs_wrapping(self) -> bool:
        """Whether something that is proved over the reals is not proved without overflow."""
        if self._raising:
            return any(self._is(c, Check.OVERFLOW) and not self._known.ideally(c) for c in self._clauses)
        proved = (c for c in self._open() if self.wishes.asked(c) and self._known.ideally(c))
        return any(self._known.proof(c, Numbers.IDEAL) is None for c in proved)

    def _round(self, wrapping: bool) -> None:
        """The rounding of floats: within ranges that rest on few clauses, then on all that hold over the reals.

        A proof counts only if the clauses of its ranges are proved with it, so the first attempt asks for as little
        as makes every register finite; with more, errors are smaller.
        """
        from syncml.verify.floats.ranges import bounding, ranges_of

        assert self._ranges is not None
        known, node = self._known, self.checked.node
        claims = [c.holds for c in self._clauses if c.kind not in {PropertyKind.MODE, *GOALS}
                  and (known.ideally(c) or known.by_intervals(c))]  # fmt: skip
        tried: list[frozenset[Var]] = []
        for held in (bounding(node, self._ranges, claims), claims):
            ranges = ranges_of(node, held) if held else self._ranges
            if ranges.held not in tried and any(self.wishes.asked(c) and known.ideally(c) for c in self._open()):
                attempt = self._begun(Numbers.FLOATS, self._askable(wrapping), wrapping=wrapping, ranges=ranges)
                self._run(attempt)
                if attempt.held <= attempt.counted:
                    known.shown.append(ranges)
                tried.append(ranges.held)

    def _askable(self, wrapping: bool) -> list[Property]:
        """What is proved over the reals, and every check that such a proof may rest on."""
        known = self._known
        return [
            c for c in self._clauses
            if not known.by_intervals(c) and (known.ideally(c) or known.is_risk(c, Numbers.FLOATS, wrapping))
        ]  # fmt: skip

    def _open(self) -> list[Property]:
        """The clauses without a verdict; none if the user wants to know no more."""
        if self._options.first and self._is_broken():
            return []
        return [c for c in self._known.open() if self._key(c) not in self._decided]

    def _is_broken(self, also: Collection[str] = ()) -> bool:
        """Whether a clause that is no lemma and no goal is violated; ``also`` are names of what does not hold."""
        broken = {*self._known.refuted, *also}
        return any(c.holds.name in broken and c.kind not in {PropertyKind.INVARIANT, *GOALS} for c in self._clauses)

    def _is(self, clause: Property, check: Check) -> bool:
        return self.checked.kinds.get(clause.holds) is check

    # One attempt.

    def _begun(
        self, numbers: Numbers, clauses: Sequence[Property], *, wrapping: bool, ranges: Ranges | None = None,
        apart: bool = False,
    ) -> Attempt:  # fmt: skip
        """An attempt, which has not run unless it is one of the first; with ``ranges`` floats are rounded.

        One that is ``apart`` is of a part of the clauses, beside that of all.
        """
        if (numbers, apart) in self._first:
            return self._first[numbers, apart]
        rounded = numbers is Numbers.FLOATS
        node = self.checked.excused if rounded else self.checked.node
        assumed = tuple(p for p in node.properties if p.kind is PropertyKind.ASSUME)
        node = replace(node, properties=(*assumed, *clauses))
        if apart:
            node = within(node, self._known.cones)
        bounded = self._machine and not wrapping
        translation = written_translation(node)
        if translation is None:
            # Loaded where it is needed: it brings the solver.
            from syncml.verify.translate import translate

            translation = translate(
                node, wrapping=wrapping, bounded=bounded, rounded=ranges,
                finite=self.checked.finite, deadline=self._end,
            )  # fmt: skip

        def refute(goal: str, trace: Trace) -> Counterexample | str:
            return replayed(self._program, clauses[index_of(goal)], trace, translation.inputs, self._replay)

        session = Session(
            translation.system, self._pool, refute, frozenset(self._options.engines or ENGINES), self._options.seed,
            roams=not rounded, patient=not self._raising,
        )  # fmt: skip
        kinds = {element(v.type) for v in self.checked.node.clocks}
        stands = meaning(kinds, numbers, wrapping=wrapping, overflow=bounded)
        known = frozenset(i for i, c in enumerate(clauses) if self._known.by_intervals(c))
        attempt = Attempt(
            numbers, wrapping, self.checked, clauses, session, translation.inputs, stands, known, self._known.cones,
            frozenset(i for i, c in enumerate(clauses) if ranges is not None and c.holds in ranges.held),
        )  # fmt: skip
        self._known.attempts.append(attempt)
        if not rounded:
            self._first[numbers, apart] = attempt
        return attempt

    def _run(
        self, attempt: Attempt, *, brief: bool = False, products: bool = False, share: float | None = None
    ) -> None:
        """Run an attempt, from where it was, on what is open.

        Args:
            attempt: The attempt.
            brief: For a moment.
            products: For a moment, of products too.
            share: The part of the time left that it may take; usually all if no attempt follows.
        """
        clauses, session = attempt.clauses, attempt.session
        open_ = {c.holds.name for c in self._open()}
        asked = {i for i, c in enumerate(clauses) if self.wishes.asked(c) and c.holds.name in open_}
        # Operations whose failure is not followed are part of every question.
        wanted = asked | {
            i for i, c in enumerate(clauses)
            if c.holds.name in open_ and self._known.is_risk(c, attempt.numbers, attempt.wrapping)
        } | attempt.held  # fmt: skip
        if share is None:
            last = not self._machine or not (self._integers or self._floats)
            share = 1.0 if last or products else RAISING if self._raising else SHARES[attempt.numbers]
        share *= self._left()
        if all(self._known.by_intervals(clauses[i]) for i in wanted):
            # A proof that leaves a certificate would be better, but there is one.
            share = min(share, WITHOUT_NEED)

        waiting = frozenset(i for i in asked if self.wishes.can_wait(clauses[i], attempt.numbers))
        stated = frozenset(i for i in asked if self.wishes.stated(clauses[i]))

        def broken(refuted: frozenset[int]) -> bool:
            return self._options.first and self._is_broken([clauses[i].holds.name for i in refuted])

        enough = Enough(attempt, frozenset(asked), waiting, stated if self.wishes.states else None, share, broken)
        if waiting:
            self._pool.alarm = time.monotonic() + share * PATIENCE
        session.wanted = frozenset(map(goal_of, wanted))
        session.settled, session.satisfied = enough.settled, enough.satisfied
        session.first = frozenset(map(goal_of, attempt.held))
        session.deadline = time.monotonic() + share
        if clauses and not self._pool.stopped and not session.explore():
            with self._remembered(session):
                session.run(brief=brief, products=products)
        if session.vacuous is not None and not self.warnings:
            self.warnings += contradiction(self._node, self.label, session.vacuous)
        attempt.count(self._exactness)
        for goal, found in session.refuted.items():
            self._known.refuted.setdefault(clauses[index_of(goal)].holds.name, found)

    def _remembered(self, session: Session) -> AbstractContextManager[object]:
        """A session begins with what was kept, and in the end keeps what it found, where that is wished."""
        if self._options.cache is None:
            return nullcontext()
        # Loaded where it is needed: it brings the solver.
        from syncml.verify.store import remembered

        return remembered(session, self._options.cache)

    def _left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def _sought(self) -> Sequence[Property]:
        """What is asked for and open, where time is left for it."""
        return () if self._pool.stopped else [c for c in self._open() if self.wishes.asked(c)]
