"""The verification of one node as the main node: a ladder of attempts, each with numbers closer to the machine's.

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
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from syncml.diagnostics.model import Diagnostic, Label, Severity
from syncml.ir.equations.syntax import GOALS, Node, Program, Property, PropertyKind, Var
from syncml.ir.types import FLOATS, MACHINE_INTEGERS, element
from syncml.verify.abstraction import opened
from syncml.verify.attempt import (
    Attempt,
    Numbers,
    counted,
    goal_of,
    index_of,
    kind_of,
    meaning,
    numbers_of,
    rests_on,
    supported,
)
from syncml.verify.checks import Check
from syncml.verify.cone import Cones
from syncml.verify.derivation import Derivation
from syncml.verify.explain import explanation
from syncml.verify.instrument import instrumented
from syncml.verify.minimise import Subject, minimised
from syncml.verify.pool import Pool
from syncml.verify.reach.portfolio import Decided, without
from syncml.verify.replay import Replay, Trace, counterexample, plain, qualified, replayed
from syncml.verify.session import Session
from syncml.verify.store import Store
from syncml.verify.translate import translate
from syncml.verify.verdicts import (
    Counterexample,
    Proved,
    Reached,
    Result,
    Semantics,
    Unknown,
    Unreachable,
    Verdict,
    VerifyOptions,
    Violated,
)

if TYPE_CHECKING:
    from syncml.verify.floats.exactness import Exactness
    from syncml.verify.floats.ranges import Ranges

ENGINES = ("bmc", "induction", "spacer", "localised", "reach")
"""The engines by the names that options use."""

PATIENCE = 0.1
"""Of the time for all, the part after which a goal that nobody wrote is waited for no longer."""

SHARES = {Numbers.IDEAL: 0.5, Numbers.BITS: 0.6, Numbers.FLOATS: 0.9}
"""The part of the time left that an attempt may take, where another may be needed after it."""

SEARCH_SECONDS = 4.0
"""Processor time for each of two rounds of random runs, at most a tenth of the time that is left."""


INTERRUPTED = "interrupted"
"""Why a property is not decided that was not decided when the user interrupted."""

WITHOUT_NEED = 1.0
"""Seconds for another proof of what intervals prove."""

LONGEST_TOLD = 400
"""Longer counterexamples are not made shorter: each step would be a replay."""


class Unit:
    """The verification of one node as the main node."""

    def __init__(
        self, program: Program, node: Node, options: VerifyOptions, replay: Replay, pool: Pool, deadline: float,
        decided: Decided,
    ) -> None:  # fmt: skip
        position = next(i for i, n in enumerate(program.nodes) if n.name == node.name)
        flat = opened(Program(program.nodes[: position + 1], node.name), frozenset(options.abstract))
        flat = without(flat, decided)
        self._node = flat.node(flat.main)
        self._label = node.label
        self._abstract = node.name != program.main
        self._options = options
        self._replay = replay
        self._pool = pool
        self._deadline = deadline
        self.warnings: list[Diagnostic] = []
        self._machine = options.semantics is not Semantics.IDEAL
        self._rounds = options.semantics is Semantics.MACHINE
        kinds = {element(v.type) for v in self._node.clocks}
        self._integers = bool(kinds & MACHINE_INTEGERS)
        self._floats = self._rounds and bool(kinds & FLOATS)
        self._checked, self._ranges = instrumented(
            self._node, machine=self._machine, rounds=self._rounds, promising=self._abstract
        )
        self._exactness = None if self._ranges is None else _exactness(self._checked.node, self._ranges)
        self._clauses = [p for p in self._checked.node.properties if p.kind is not PropertyKind.ASSUME]
        self._program = Program((self._checked.node,), self._checked.node.name)
        self._cones = Cones(self._checked.node)
        self._attempts: list[Attempt] = []
        self._refuted: dict[str, tuple[Counterexample, float]] = {}

    @property
    def promises(self) -> frozenset[str]:
        """The checks that the contract of an abstract node rests on, by name: that its outputs are numbers."""
        outputs = set(self._node.outputs) if self._abstract else set[Var]()
        return frozenset(h.name for h, v in self._checked.checked.items()
                         if v in outputs and self._checked.kinds[h] is Check.FINITE)  # fmt: skip

    def derivations(self) -> list[Derivation]:
        """What the proofs among the results are made of."""
        return [a.result(self._label) for a in self._attempts if a.reported & a.counted]

    # The ladder.

    def decide(self) -> None:
        """Climb the ladder as far as time allows; an interrupt ends it, and what is known then stays."""
        bits = [c for c in self._clauses if not self._is(c, Check.OVERFLOW)]
        if self._machine and self._integers and not self._floats:
            # A moment for each encoding: what takes long with integers is often nothing with bits, and conversely.
            self._try(Numbers.IDEAL, self._clauses, wrapping=False, brief=True)
            if self._needs_bits():
                self._try(Numbers.BITS, bits, wrapping=True, brief=True)
            if not any(map(self._wants, self._open())):
                return
        self._try(Numbers.IDEAL, self._clauses, wrapping=False)
        if self._vacuous() is None:
            if self._needs_bits():
                self._try(Numbers.BITS, bits, wrapping=True)
            if self._floats:
                self._follow_floats()

    def _needs_bits(self) -> bool:
        """Whether a question is open that bit vectors may decide."""
        return self._machine and self._integers and self._vacuous() is None and any(
            self._wants(c) and not self._ideally(c) and c.kind is not PropertyKind.MODE for c in self._open()
        )  # fmt: skip

    def results(self) -> list[Result]:
        """A verdict for every clause and check."""
        return [self._result(c) for c in self._clauses if self._reports(c)]

    def _reports(self, clause: Property) -> bool:
        """Of an abstract node the contract counts, and that its outputs are numbers, whatever happens within."""
        return not (self._abstract and self._is(clause, Check.FINITE)) or clause.holds.name in self.promises

    def _follow_floats(self) -> None:
        """Random runs, then the rounding of floats for what is proved over the reals."""
        self._search()
        if any(self._wants(c) and self._ideally(c) for c in self._open()):
            wrapping = self._integers and any(
                self._wants(c) and self._proof(c, Numbers.IDEAL) is None for c in self._open() if self._ideally(c)
            )
            self._try(Numbers.FLOATS, self._askable(wrapping), wrapping=wrapping)
            self._search()

    def _askable(self, wrapping: bool) -> list[Property]:
        """What is proved over the reals, and every check that such a proof may rest on."""
        return [
            c for c in self._clauses
            if not self._by_intervals(c) and (self._ideally(c) or self._is_risk(c, Numbers.FLOATS, wrapping))
        ]  # fmt: skip

    def _open(self) -> list[Property]:
        """The clauses without a verdict; none if the user wants to know no more."""
        broken = [c for c in self._clauses if c.holds.name in self._refuted]
        if self._options.first and any(c.kind not in {PropertyKind.INVARIANT, *GOALS} for c in broken):
            return []
        return [
            c for c in self._clauses
            if c not in broken and self._found(c) is None and not (self._attempts and self._by_intervals(c))
        ]  # fmt: skip

    def _is(self, clause: Property, check: Check) -> bool:
        return self._checked.kinds.get(clause.holds) is check

    def _is_risk(self, clause: Property, numbers: Numbers, wrapping: bool) -> bool:
        held = clause.holds
        return held in self._checked.kinds and rests_on(self._checked, held, numbers, wrapping=wrapping)

    def _wants(self, clause: Property) -> bool:
        """Whether the user asked about ``clause``, or a proof rests on it: the promises of an abstract node."""
        if not self._options.properties or qualified(clause) in self._options.properties:
            return True
        return self._abstract and (clause.kind is PropertyKind.ENSURE or clause.holds.name in self.promises)

    def _by_intervals(self, clause: Property) -> bool:
        return self._ranges is not None and self._ranges.truth(clause.holds) is True

    def _proof(self, clause: Property, *numbers: Numbers) -> tuple[Attempt, int] | None:
        """A proof that counts in one of some attempts."""
        for attempt in self._attempts:
            index = attempt.position(clause)
            if index is not None and attempt.numbers in numbers and index in attempt.counted:
                return attempt, index
        return None

    def _ideally(self, clause: Property) -> bool:
        return self._proof(clause, Numbers.IDEAL, Numbers.BITS) is not None

    def _found(self, clause: Property) -> tuple[Attempt, int] | None:
        """A proof that holds for the semantics that was asked for."""
        for attempt in self._attempts:
            index = attempt.position(clause)
            if index is not None and index in attempt.machine:
                return attempt, index
        return None

    def _vacuous(self) -> int | None:
        return next((a.session.vacuous for a in self._attempts if a.session.vacuous is not None), None)

    # One attempt.

    def _try(self, numbers: Numbers, clauses: Sequence[Property], *, wrapping: bool, brief: bool = False) -> None:
        if self._pool.stopped:
            return
        rounded = numbers is Numbers.FLOATS
        node = self._checked.excused if rounded else self._checked.node
        assumed = tuple(p for p in node.properties if p.kind is PropertyKind.ASSUME)
        node = replace(node, properties=(*assumed, *clauses))
        bounded = self._machine and not wrapping
        translation = translate(
            node, wrapping=wrapping, bounded=bounded, rounded=self._ranges if rounded else None,
            finite=self._checked.finite,
        )  # fmt: skip

        def refute(goal: str, trace: Trace) -> Counterexample | str:
            return replayed(self._program, clauses[index_of(goal)], trace, translation.inputs, self._replay)

        known = frozenset(i for i, c in enumerate(clauses) if self._by_intervals(c))
        open_ = {c.holds.name for c in self._open()}
        asked = {i for i, c in enumerate(clauses) if self._wants(c) and c.holds.name in open_}
        # Operations whose failure is not followed are part of every question.
        wanted = asked | {
            i for i, c in enumerate(clauses) if self._is_risk(c, numbers, wrapping) and c.holds.name in open_
        }

        def settled(session: Session) -> bool:
            broken = [clauses[index_of(g)] for g in session.refuted]
            if self._options.first and any(c.kind not in {PropertyKind.INVARIANT, *GOALS} for c in broken):
                return True
            left = asked - {index_of(g) for g in session.refuted}
            if session.left() <= share * (1 - PATIENCE):
                left -= {i for i in asked if clauses[i].kind is PropertyKind.MODE}
            return left <= {index_of(g) for g in session.proofs} and left <= counted(
                self._checked, clauses, session, numbers, wrapping=wrapping, known=known
            )

        last = not self._machine or not (self._integers or self._floats)
        share = self._left() * (1.0 if last else SHARES[numbers])
        if all(self._by_intervals(clauses[i]) for i in wanted):
            # A proof that leaves a certificate would be better, but there is one.
            share = min(share, WITHOUT_NEED)
        engines = frozenset(self._options.engines or ENGINES)
        if any(clauses[i].kind is PropertyKind.MODE for i in asked):
            self._pool.alarm = time.monotonic() + share * PATIENCE
        session = Session(
            translation.system, self._pool, refute, time.monotonic() + share,
            engines, self._options.seed, frozenset(map(goal_of, wanted)), settled, brief=brief,
        )  # fmt: skip
        store = None if self._options.cache is None else Store(self._options.cache, translation.system, engines)
        if store is not None:
            store.load(session)
        if clauses:
            session.run()
        if store is not None:
            store.save(session)
        self._warn(session)
        kinds = {element(v.type) for v in self._checked.node.clocks}
        stands = meaning(kinds, numbers, wrapping=wrapping, overflow=bounded)
        valid = counted(self._checked, clauses, session, numbers, wrapping=wrapping, known=known)
        machine = valid
        if self._exactness is not None and numbers is not Numbers.FLOATS:
            # What is proved over the reals holds for floats if nothing rounds in it, nor in what its proof uses.
            exact = self._exactness
            machine = supported(frozenset(i for i in valid if exact.holds(clauses[i].holds)), session)
        self._attempts.append(
            Attempt(
                numbers, wrapping, self._checked, clauses, session, translation.inputs, stands, valid, machine, known
            )
        )
        for goal, found in session.refuted.items():
            self._refuted.setdefault(clauses[index_of(goal)].holds.name, found)

    def _left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def _search(self) -> None:
        """Random runs of the machine against what is open."""
        open_ = [c for c in self._open() if self._wants(c)]
        seconds = min(SEARCH_SECONDS, self._left() / 10)
        if (
            self._pool.stopped
            or self._ranges is None
            or not open_
            or seconds < 0.1
            or "bmc" not in (self._options.engines or ENGINES)
        ):
            return
        # Loaded where it is needed: it brings the elementary functions.
        from syncml.verify.floats.falsify import falsified

        started = time.monotonic()
        runs = falsified(self._checked.node, self._ranges, [c.holds for c in open_], seconds, self._options.seed)
        for clause in open_:
            if clause.holds not in runs or (self._options.first and not self._open()):
                continue
            inputs, ticks = runs[clause.holds]
            outcome = counterexample(self._program, clause, inputs, ticks, self._replay)
            if isinstance(outcome, Counterexample):
                self._refuted[clause.holds.name] = (outcome, time.monotonic() - started)

    def _warn(self, session: Session) -> None:
        assumptions = [p for p in self._node.properties if p.kind is PropertyKind.ASSUME]
        # Without an assumption it is an overflow that ends every run; that is a property of its own.
        if session.vacuous is None or self.warnings or not assumptions:
            return
        at, *others = assumptions
        message = f"no run of {self._label} meets all assumptions at tick {session.vacuous}"
        self.warnings.append(Diagnostic(
            "V002", Severity.WARNING, message, Label(at.span, f"{at.name}"),
            tuple(Label(p.span, p.name) for p in others),
            help="weaken one of the assumptions: whatever is proved under these says nothing",
        ))  # fmt: skip

    # Verdicts.

    def _result(self, clause: Property) -> Result:
        verdict, seconds = self._decided(clause)
        if clause.kind in GOALS:
            verdict = _of_goal(verdict)
        return Result(
            qualified(clause), kind_of(self._checked, clause), self._label, clause.span, clause.requirement, verdict,
            seconds, clause.instance,
        )  # fmt: skip

    def _decided(self, clause: Property) -> tuple[Verdict, float]:
        if clause.holds.name in self._refuted:
            found, seconds = self._refuted[clause.holds.name]
            return Violated(self._told(clause, found)), seconds
        depth = max((a.session.depth.get(goal_of(i), 0) for a in self._attempts
                     if (i := a.position(clause)) is not None), default=0)  # fmt: skip
        if self._vacuous() is not None:
            return Unknown("the assumptions contradict each other", depth, "weaken an assumption"), 0.0
        if (found := self._found(clause)) is not None:
            attempt, index = found
            attempt.reported.add(index)
            proof = attempt.session.proofs[goal_of(index)]
            names = tuple(qualified(attempt.clauses[index_of(g)]) for g in proof.using)
            numbers = self._numbers(clause)
            verdict = Proved(proof.method, proof.k, names, numbers, proof.invariant, cached=proof.cached)
            return verdict, proof.time_s
        if self._by_intervals(clause):
            return Proved("intervals", 1, (), self._numbers(clause)), 0.0
        return self._undecided(clause, depth), 0.0

    def _told(self, clause: Property, found: Counterexample) -> Counterexample:
        """A counterexample without what does not matter, and with the reason why it is one."""
        if self._pool.stopped or not self._options.explain or not self._wants(clause):
            return found
        attempt = self._attempts[0]
        index = attempt.position(clause)
        assert index is not None
        subject = Subject(
            self._program, clause, goal_of(index), attempt.session.system, attempt.inputs, self._replay
        )  # fmt: skip
        if found.ticks <= LONGEST_TOLD:
            found = minimised(subject, found, self._options.seed)
        column = cache(self._replay(self._program, found.inputs, found.ticks).column)

        def value(var: Var, tick: int) -> object:
            return plain(column(var.name).at(tick))

        return replace(found, explanation=explanation(self._checked.node, clause, found, value))

    def _undecided(self, clause: Property, depth: int) -> Unknown:
        if self._pool.stopped:
            return Unknown(INTERRUPTED, depth, "run it again")
        for attempt in self._attempts:
            index = attempt.position(clause)
            if index is not None and goal_of(index) in attempt.session.spurious and not self._ideally(clause):
                reason = f"violated over the reals, but not in floats: {attempt.session.spurious[goal_of(index)]}"
                return Unknown(reason, depth, "state the property with a tolerance")
        if self._ideally(clause):
            return self._unrounded(clause, depth)
        if any((i := a.position(clause)) is not None and goal_of(i) in a.session.proofs for a in self._attempts):
            reason = "proved only as long as no integer operation overflows, which is not proved"
            return Unknown(reason, depth, "bound the integers that it depends on")
        reason = "time is up" if self._left() <= 0 else "no engine decided it"
        if failures := [f for a in self._attempts for f in a.session.failures]:
            reason = f"{reason}; {failures[-1]}"
        return Unknown(reason, depth, "state a lemma with invariant(...), or give more time with --timeout")

    def _unrounded(self, clause: Property, depth: int) -> Unknown:
        """Proved over the reals, but not for floats."""
        cone = self._cones.of(clause.holds)
        broken = [
            c.name for c in self._clauses
            if self._is_risk(c, Numbers.FLOATS, wrapping=True) and self._checked.checked[c.holds] in cone
            and self._found(c) is None and not self._by_intervals(c)
        ]  # fmt: skip
        if broken:
            reason = f"proved over the reals; for floats it rests on what is not proved: {', '.join(broken)}"
            return Unknown(reason, depth, "bound the inputs with assume(...) or require(...)")
        reason = "proved over the reals; with the rounding of floats neither proved nor violated"
        advice = "state it and its lemmas with a tolerance, or ask for --semantics reals"
        return Unknown(reason, depth, advice)

    def _numbers(self, clause: Property) -> str:
        """What numbers mean in a proof, as far as the property depends on numbers at all."""
        kinds = {element(v.type) for v in self._cones.of(clause.holds)}
        floats = "{} floats" if self._rounds else "ideal reals for floats"
        return numbers_of(kinds, machine=self._machine, floats=floats)


def _of_goal(verdict: Verdict) -> Verdict:
    """What a verdict on the claim that a goal is never reached says of the goal."""
    match verdict:
        case Violated(run, semantics):
            return Reached(run, semantics)
        case Proved():
            return Unreachable(verdict)
        case _:
            return verdict


def _exactness(node: Node, ranges: Ranges) -> Exactness:
    from syncml.verify.floats.exactness import Exactness

    return Exactness(node, ranges)
