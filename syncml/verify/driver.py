"""Verification of a program, node by node.

Rule: the main node is verified with every call inlined and each abstract node replaced by its contract; each abstract
node is verified by itself against that contract, and what was proved with the help of a contract counts only if the
contract is proved too. With machine integers a proof over mathematical integers counts if no operation that it
depends on can overflow; otherwise the property is verified again over bit vectors.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from syncml.diagnostics.model import Diagnostic, DiagnosticError, Label, Severity, error
from syncml.ir.equations.syntax import GOALS, Call, Iterate, Node, Program, Property, PropertyKind, Var
from syncml.ir.types import FLOATS, MACHINE_INTEGERS, Element, element
from syncml.verify.abstraction import abstract_nodes, opened, unknown_nodes
from syncml.verify.checks import Check, Checked, with_checks
from syncml.verify.cone import Cones
from syncml.verify.derivation import Claim, Derivation
from syncml.verify.explain import explanation
from syncml.verify.minimise import Subject, minimised
from syncml.verify.pool import Pool
from syncml.verify.reach.portfolio import Decided, reachability, without
from syncml.verify.replay import Replay, Trace, plain, qualified, replayed
from syncml.verify.session import Session
from syncml.verify.store import Store
from syncml.verify.translate import Translation, translate
from syncml.verify.verdicts import (
    Counterexample,
    Proved,
    Reached,
    Result,
    Semantics,
    Unknown,
    Unreachable,
    Verdict,
    VerificationReport,
    VerifyOptions,
    Violated,
)

ENGINES = ("bmc", "induction", "spacer", "localised", "reach")
"""The engines by the names that options use."""

PATIENCE = 0.1
"""Of the time for all, the part after which a goal that nobody wrote is waited for no longer."""


def verify(program: Program, options: VerifyOptions, replay: Replay) -> VerificationReport:
    """Decide every contract clause and run-time check of a clocked program.

    Args:
        program: Clocked equations that passed the checks.
        options: Limits, engines, semantics.
        replay: The interpreter, which judges every counterexample.

    Raises:
        DiagnosticError: V003 an unknown property, U001 an unknown engine or abstract node.
    """
    started = time.monotonic()
    _check_options(program, options)
    chosen = frozenset(options.abstract)
    # Of a node without a body and promises, such as any value at all, there is nothing to verify.
    promising = (n for n in abstract_nodes(program, chosen) if n.equations or n.properties)
    units = [*promising, program.node(program.main)]
    results: list[Result] = []
    promises: dict[str, list[Result]] = {}
    warnings: list[Diagnostic] = []
    derivations: list[Derivation] = []
    with Pool(options.jobs, options.memory) as pool:
        for i, node in enumerate(units):
            # Each unit gets an equal share of the time that is left.
            left = started + options.timeout - time.monotonic()
            deadline = time.monotonic() + left / (len(units) - i)
            reached = reachability(program, node, options, replay, deadline)
            unit = _Unit(program, node, options, replay, pool, deadline, reached)
            found = _supported([*reached.values(), *unit.results()], _broken(program, node, promises))
            promises[node.name] = [r for r in found if r.kind == PropertyKind.ENSURE.value]
            results += found
            warnings += unit.warnings
            derivations += unit.derivations()
    known = {r.name for r in results}
    if missing := [name for name in options.properties if name not in known]:
        raise DiagnosticError(*(_unknown_property(name, known) for name in missing))
    if options.properties:
        results = [r for r in results if r.name in options.properties]
    main = program.node(program.main)
    return VerificationReport(
        main.span.file, tuple(results), tuple(warnings), time.monotonic() - started, tuple(derivations)
    )


def _check_options(program: Program, options: VerifyOptions) -> None:
    faults = [
        error("U001", f"there is no engine {name!r}", help=f"the engines are {', '.join(ENGINES)}")
        for name in options.engines
        if name not in ENGINES
    ]
    faults += unknown_nodes(program, options.abstract)
    if faults:
        raise DiagnosticError(*faults)


def _unknown_property(name: str, known: Iterable[str]) -> Diagnostic:
    return error("V003", f"there is no property {name!r}", help=f"the properties are {', '.join(sorted(known))}")


def _broken(program: Program, node: Node, promises: Mapping[str, Sequence[Result]]) -> list[Result]:
    """The promises of abstract nodes that ``node`` calls, itself or through others, that are not proved."""
    called: set[str] = set()
    pending = [node.name]
    while pending:
        for equation in program.node(pending.pop()).equations:
            if isinstance(equation.rhs, Call | Iterate) and equation.rhs.node not in called:
                called.add(equation.rhs.node)
                pending.append(equation.rhs.node)
    return [r for name in promises if name in called for r in promises[name] if not isinstance(r.verdict, Proved)]


def _supported(results: Sequence[Result], broken: Sequence[Result]) -> list[Result]:
    """Proofs of a node count only if every promise of the abstract nodes that it calls is proved."""
    if not broken:
        return list(results)
    names = ", ".join(f"{r.node}: {r.name}" for r in broken)
    reason = f"proved only if the contract of an abstract node holds, which is not proved: {names}"
    unsupported = Unknown(reason, 0, "prove or weaken that contract")
    return [replace(r, verdict=unsupported) if isinstance(r.verdict, Proved | Unreachable) else r for r in results]


@dataclass(slots=True)
class _Attempt:
    """One session on one encoding, and which of its proofs count.

    ``numbers`` says what the encoding takes integers for; ``reported`` are the clauses whose verdict comes from here.
    """

    checked: Checked
    flat: Program
    clauses: Sequence[Property]
    session: Session
    inputs: Mapping[str, tuple[str, ...]]
    counted: frozenset[int]
    numbers: str
    reported: set[int] = field(default_factory=set[int])

    def result(self, label: str) -> Derivation:
        """The proofs that count."""
        node, proofs = self.checked.node, self.session.proofs
        assumptions = (p for p in node.properties if p.kind is PropertyKind.ASSUME)
        claims = {_goal(i): self._claim(c) for i, c in enumerate(self.clauses)}
        risks = _risks(self.checked, self.clauses, self.counted)
        return Derivation(
            label,
            self.numbers,
            self.session.system,
            {g: p for g, p in proofs.items() if _index(g) in self.counted},
            claims,
            {f"assumption!{i}": qualified(a) for i, a in enumerate(assumptions)},
            {_goal(i): frozenset(map(_goal, others)) for i, others in risks.items()},
            {t.name: e.span for e in node.equations for t in e.targets},
            frozenset(map(_goal, self.reported)),
        )

    def _claim(self, clause: Property) -> Claim:
        return Claim(qualified(clause), self.kind(clause), clause.span, clause.requirement)

    def kind(self, clause: Property) -> str:
        """What a report calls the clause."""
        check = self.checked.kinds.get(clause.holds)
        return clause.kind.value if check is None else check.value


class _Unit:
    """The verification of one node as the main node."""

    def __init__(
        self, program: Program, node: Node, options: VerifyOptions, replay: Replay, pool: Pool, deadline: float,
        decided: Decided,
    ) -> None:  # fmt: skip
        position = next(i for i, n in enumerate(program.nodes) if n.name == node.name)
        self._flat = opened(Program(program.nodes[: position + 1], node.name), frozenset(options.abstract))
        self._flat = without(self._flat, decided)
        self._label = node.label
        self._abstract = node.name != program.main
        self._options = options
        self._replay = replay
        self._pool = pool
        self._deadline = deadline
        self.warnings: list[Diagnostic] = []
        self._attempts: list[_Attempt] = []

    def derivations(self) -> list[Derivation]:
        """What the proofs among the results are made of."""
        return [a.result(self._label) for a in self._attempts if a.reported & a.counted]

    def results(self) -> list[Result]:
        """A verdict for every clause and check."""
        machine = self._options.semantics is Semantics.MACHINE
        first = self._attempt(wrapping=False, overflow=machine)
        again: _Attempt | None = None
        needs_bits = machine and self._has_machine_integers() and any(
            i not in first.counted and first.checked.kinds.get(c.holds) is not Check.OVERFLOW
            and _goal(i) not in first.session.refuted and self._wants(c) and c.kind is not PropertyKind.MODE
            for i, c in enumerate(first.clauses)
        )  # fmt: skip
        if needs_bits and first.session.vacuous is None:
            again = self._attempt(wrapping=True, overflow=False)
        results: list[Result] = []
        position = 0
        for i, clause in enumerate(first.clauses):
            attempt, index = first, i
            if first.checked.kinds.get(clause.holds) is not Check.OVERFLOW:
                undecided = i not in first.counted and _goal(i) not in first.session.refuted
                if again is not None and undecided and _decided(again, position):
                    attempt, index = again, position
                position += 1
            results.append(self._result(attempt, index))
        return results

    def _wants(self, clause: Property) -> bool:
        """Whether the user asked about ``clause``, or a proof rests on it: the promises of an abstract node."""
        if not self._options.properties or qualified(clause) in self._options.properties:
            return True
        return self._abstract and clause.kind is PropertyKind.ENSURE

    def _has_machine_integers(self) -> bool:
        return any(element(v.type) in MACHINE_INTEGERS for v in self._flat.node(self._flat.main).clocks)

    def _attempt(self, *, wrapping: bool, overflow: bool) -> _Attempt:
        checked = with_checks(self._flat.node(self._flat.main), overflow=overflow)
        translation = translate(checked.node, wrapping=wrapping, bounded=overflow)
        clauses = [p for p in checked.node.properties if p.kind is not PropertyKind.ASSUME]
        flat = Program((checked.node,), checked.node.name)

        def refute(goal: str, trace: Trace) -> Counterexample | str:
            return replayed(flat, clauses[_index(goal)], trace, translation.inputs, self._replay)

        left = max(0.0, self._deadline - time.monotonic())
        # A second attempt over bit vectors may be needed.
        share = 0.5 * left if overflow and self._has_machine_integers() else left
        engines = frozenset(self._options.engines or ENGINES)
        asked = {i for i, c in enumerate(clauses) if self._wants(c)}
        # Operations that must not overflow are part of every question.
        wanted = asked | {i for i, c in enumerate(clauses) if checked.kinds.get(c.holds) is Check.OVERFLOW}

        def settled(session: Session) -> bool:
            broken = [clauses[_index(g)] for g in session.refuted]
            if self._options.first and any(c.kind not in {PropertyKind.INVARIANT, *GOALS} for c in broken):
                return True
            open_ = asked - {_index(g) for g in session.refuted}
            if session.left() <= share * (1 - PATIENCE):
                open_ -= {i for i in asked if clauses[i].kind is PropertyKind.MODE}
            return open_ <= {_index(g) for g in session.proofs} and open_ <= _counted(checked, clauses, session)

        if any(clauses[i].kind is PropertyKind.MODE for i in asked):
            self._pool.alarm = time.monotonic() + share * PATIENCE
        session = Session(
            translation.system, self._pool, refute, time.monotonic() + share, engines, self._options.seed,
            frozenset(map(_goal, wanted)), settled,
        )  # fmt: skip
        store = None if self._options.cache is None else Store(self._options.cache, translation.system, engines)
        if store is not None:
            store.load(session)
        if clauses:
            session.run()
        if store is not None:
            store.save(session)
        self._warn(translation, session)
        kinds = {element(v.type) for v in checked.node.clocks}
        attempt = _Attempt(
            checked,
            flat,
            clauses,
            session,
            translation.inputs,
            _counted(checked, clauses, session),
            _numbers(kinds, wrapping, overflow),
        )
        self._attempts.append(attempt)
        return attempt

    def _warn(self, translation: Translation, session: Session) -> None:
        assumptions = [p for p in self._flat.node(self._flat.main).properties if p.kind is PropertyKind.ASSUME]
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

    def _result(self, attempt: _Attempt, index: int) -> Result:
        clause = attempt.clauses[index]
        attempt.reported.add(index)
        return Result(
            qualified(clause),
            attempt.kind(clause),
            self._label,
            clause.span,
            clause.requirement,
            _of_goal(self._verdict(attempt, index)) if clause.kind in GOALS else self._verdict(attempt, index),
            self._time(attempt.session, index),
            clause.instance,
        )

    @staticmethod
    def _time(session: Session, index: int) -> float:
        goal = _goal(index)
        if goal in session.proofs:
            return session.proofs[goal].time_s
        return session.refuted[goal][1] if goal in session.refuted else 0.0

    def _verdict(self, attempt: _Attempt, index: int) -> Verdict:
        session, goal = attempt.session, _goal(index)
        depth = session.depth.get(goal, 0)
        if goal in session.refuted:
            return Violated(self._told(attempt, index, session.refuted[goal][0]))
        if session.vacuous is not None:
            return Unknown("the assumptions contradict each other", depth, "weaken an assumption")
        if goal in session.spurious:
            reason = f"violated over the reals, but not in floats: {session.spurious[goal]}"
            return Unknown(reason, depth, "state the property with a tolerance")
        if goal in session.proofs and index in attempt.counted:
            proof = session.proofs[goal]
            names = tuple(qualified(attempt.clauses[_index(g)]) for g in proof.using)
            return Proved(
                proof.method, proof.k, names, self._numbers(attempt, index), proof.invariant, cached=proof.cached
            )
        if goal in session.proofs:
            reason = "proved only as long as no integer operation overflows, which is not proved"
            depth = max(depth, min((session.depth.get(g, 0) for g in session.open()), default=0))
            return Unknown(reason, depth, "bound the integers that it depends on")
        reason = "time is up" if session.left() <= 0 else "no engine decided it"
        if session.failures:
            reason = f"{reason}; {session.failures[-1]}"
        return Unknown(reason, depth, "state a lemma with invariant(...), or give more time with --timeout")

    def _told(self, attempt: _Attempt, index: int, found: Counterexample) -> Counterexample:
        """A counterexample without what does not matter, and with the reason why it is one."""
        if not self._options.explain or not self._wants(attempt.clauses[index]):
            return found
        clause = attempt.clauses[index]
        subject = Subject(attempt.flat, clause, _goal(index), attempt.session.system, attempt.inputs, self._replay)
        found = minimised(subject, found, self._options.seed)
        column = cache(self._replay(attempt.flat, found.inputs, found.ticks).column)

        def value(var: Var, tick: int) -> object:
            return plain(column(var.name).at(tick))

        return replace(found, explanation=explanation(attempt.checked.node, clause, found, value))

    def _numbers(self, attempt: _Attempt, index: int) -> str:
        """What numbers mean in a proof, as far as the property depends on numbers at all."""
        cone = Cones(attempt.checked.node).of(attempt.clauses[index].holds)
        kinds = {element(v.type) for v in cone}
        parts: list[str] = []
        if kinds & MACHINE_INTEGERS:
            machine = self._options.semantics is Semantics.MACHINE
            parts.append("machine integers" if machine else "ideal integers")
        if kinds & FLOATS:
            parts.append("ideal reals for floats")
        return ", ".join(parts) or "exact"


def _of_goal(verdict: Verdict) -> Verdict:
    """What a verdict on the claim that a goal is never reached says of the goal."""
    match verdict:
        case Violated(run, semantics):
            return Reached(run, semantics)
        case Proved():
            return Unreachable(verdict)
        case _:
            return verdict


def _decided(attempt: _Attempt, index: int) -> bool:
    return index in attempt.counted or _goal(index) in attempt.session.refuted


def _goal(index: int) -> str:
    return f"goal!{index}"


def _index(goal: str) -> int:
    return int(goal.removeprefix("goal!"))


def _counted(checked: Checked, clauses: Sequence[Property], session: Session) -> frozenset[int]:
    """The proofs that count: what they depend on, through data and lemmas, cannot overflow."""
    proved = {_index(g): p for g, p in session.proofs.items()}
    risks = _risks(checked, clauses, proved)
    counted = set(proved)
    while True:
        failing = {
            i for i in counted
            if not risks[i] <= counted or any(_index(g) not in counted for g in proved[i].using)
        }  # fmt: skip
        if not failing:
            return frozenset(counted)
        counted -= failing


def _risks(checked: Checked, clauses: Sequence[Property], chosen: Iterable[int]) -> dict[int, set[int]]:
    """For each of the ``chosen`` clauses those that say that no operation it depends on overflows."""
    operations: Mapping[Var, int] = {
        checked.checked[c.holds]: i for i, c in enumerate(clauses) if checked.kinds.get(c.holds) is Check.OVERFLOW
    }
    if not operations:
        return {i: set() for i in chosen}
    cones = Cones(checked.node)
    return {i: {operations[v] for v in cones.of(clauses[i].holds) if v in operations} for i in chosen}


def _numbers(kinds: set[Element], wrapping: bool, overflow: bool) -> str:
    """What the numbers of a system stand for."""
    parts: list[str] = []
    if kinds & MACHINE_INTEGERS:
        exact = "Int is a machine integer that is proved not to overflow" if overflow else "Int is an ideal integer"
        parts.append("BitVec is a machine integer" if wrapping else exact)
    if kinds & FLOATS:
        parts.append("Real is a float without rounding")
    return "; ".join(parts) or "exact"
