"""The strongest semantics for each property: what is proved over the reals is tried again with the rounding of floats.

Rule: a proof over the reals stands, whatever comes of the second attempt; it is replaced by a proof for machine floats,
or by a run of the interpreter that breaks the property, which is a fault of the exported C. What is unknown over the
reals may still hold by the ranges of machine floats. A proof for machine floats
that uses the contract of an abstract node counts only if that contract is proved for machine floats too. The second
attempt takes at most as long as the first, or `LEAST` seconds, within the time limit; and it ends where another round
of proofs has shown nothing new.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import field, replace

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import Equation, Node, Program, PropertyKind
from syncml.ir.types import FLOATS, element
from syncml.verify.abstraction import callees, opening
from syncml.verify.derivation import Derivation
from syncml.verify.failures import entry_of, failures, keep_failures
from syncml.verify.handed import handed
from syncml.verify.judge import INTERVALS, VACUOUS
from syncml.verify.pool import Pool
from syncml.verify.replay import Replay
from syncml.verify.unit import Key, Unit
from syncml.verify.verdicts import (
    Proved,
    Result,
    Semantics,
    Unknown,
    Unreachable,
    VerifyOptions,
    is_ideal,
    proof_of,
)

LEAST = 5.0
"""Seconds for the attempt with machine floats, where the proofs over the reals took less."""

LITTLE = 0.1
"""With fewer seconds nothing is tried."""

NO_TIME = "there was no time for it"


def raised(
    program: Program, decided: Sequence[tuple[Node | None, Sequence[Result]]], options: VerifyOptions, replay: Replay,
    pool: Pool, started: float, derivations: Sequence[Derivation],
) -> tuple[list[Result], list[Derivation]]:  # fmt: skip
    """Try the proofs over the reals with machine floats.

    Args:
        program: Clocked equations.
        decided: The nodes that were verified, each before those that call it, with the verdicts over the reals; without
            a node what is only reported.
        options: Limits, engines.
        replay: The interpreter.
        pool: The workers.
        started: When, of the monotonic clock, verification began.
        derivations: What the proofs over the reals are made of.
    """
    now = time.monotonic()
    limit = started + options.timeout
    attempt = _Attempt(program, options, replay, pool, min(limit, now + max(LEAST, now - started)))
    found = [
        result
        for i, (node, results) in enumerate(decided)
        for result in attempt.unit(node, results, len(decided) - i)
    ]  # fmt: skip
    gone = {(r.node, r.name) for r in found if not isinstance(r.verdict, Proved | Unreachable)}
    gone |= {(d.node, d.claims[g].name) for d in attempt.derivations for g in d.reported}
    kept = [_without(d, gone) for d in derivations]
    return found, [*kept, *(d for d in attempt.derivations if d.reported)]


def _without(derivation: Derivation, gone: set[Key]) -> Derivation:
    """A derivation that no longer stands for the verdicts that another gives."""
    node, claims = derivation.node, derivation.claims
    return replace(derivation, reported=frozenset(g for g in derivation.reported if (node, claims[g].name) not in gone))


@dataclass(slots=True)
class _Attempt:
    program: Program
    options: VerifyOptions
    replay: Replay
    pool: Pool
    deadline: float
    derivations: list[Derivation] = field(default_factory=list[Derivation])
    _broken: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """For each abstract node what of its contract is not shown for machine floats."""

    def unit(self, node: Node | None, results: Sequence[Result], count: int) -> list[Result]:
        """The verdicts of one node with machine floats where that was shown; of ``count`` nodes it is the first."""
        if node is None:
            return list(results)
        abstract = node.name != self.program.main
        # The outputs of an abstract node have to be numbers, whatever its contract says.
        promises = abstract and any(element(v.type) in FLOATS for v in node.outputs)
        unknown = any(map(_is_open, results))
        if not promises and not unknown and not any(map(is_ideal, results)):
            return list(results)
        called = sorted(callees(self.program, node.name))
        if broken := [f"{name}: {b}" for name in called for b in self._broken.get(name, ())]:
            return self._failed(node, results, f"it rests on the contract of an abstract node: {', '.join(broken)}")
        seconds = (self.deadline - time.monotonic()) / count
        if self.pool.stopped or seconds < LITTLE:
            return self._failed(node, results, NO_TIME)
        (flat, calls), asked = self._flat(node), [(r.name, r.kind) for r in results if is_ideal(r)]
        entry = None
        if self.options.cache is not None:
            entry = entry_of(self.options.cache, flat, asked, self.options.engines)
        given_up = {} if entry is None else failures(entry, seconds)
        names = tuple(dict.fromkeys(name for name, _ in asked if name not in given_up))
        tried = bool(names) or promises
        if not tried and not unknown:
            self._broken[node.name] = [name for name, _ in asked]
            return [_explained(r, f"{given_up[r.name]} (from cache)") if is_ideal(r) else r for r in results]
        options = replace(self.options, semantics=Semantics.MACHINE, properties=names)
        unit = Unit(
            flat, node.label, options, self.replay, self.pool, time.monotonic() + seconds,
            abstract=abstract,
            inputs=handed(calls),
            supposed={(r.name, r.kind) for r in results if isinstance(r.verdict, Proved | Unreachable)},
        )  # fmt: skip
        try:
            if tried:
                unit.decide()
        except KeyboardInterrupt:
            self.pool.stop()
        found = unit.results()
        self.derivations += unit.derivations()
        contract = [r for r in found if r.kind == PropertyKind.ENSURE.value or r.name in unit.wishes.promises]
        broken = [r.name for r in contract if not isinstance(r.verdict, Proved)]
        self._broken[node.name] = broken if tried else [name for name, _ in asked]
        verdicts = {(r.name, r.kind): r for r in found}
        stronger = [_stronger(r, verdicts.get((r.name, r.kind))) for r in results]
        if entry is not None and tried and not given_up and not self.pool.stopped:
            proofs = {r.name: proof_of(r.verdict) for r in stronger if is_ideal(r)}
            keep_failures(entry, {name: p.raising for name, p in proofs.items() if p is not None}, seconds)
        return [
            _explained(r, f"{given_up[r.name]} (from cache)") if r.name in given_up and is_ideal(r) else r
            for r in stronger
        ]  # fmt: skip

    def _failed(self, node: Node, results: Sequence[Result], reason: str) -> list[Result]:
        self._broken[node.name] = ["its contract"]
        return [_explained(r, reason) if is_ideal(r) else r for r in results]

    def _flat(self, node: Node) -> tuple[Node, tuple[Equation, ...]]:
        position = next(i for i, n in enumerate(self.program.nodes) if n.name == node.name)
        within = Program(self.program.nodes[: position + 1], node.name)
        flat, calls = opening(within, frozenset(self.options.abstract))
        return flat.node(flat.main), calls


def _is_open(result: Result) -> bool:
    """Whether it may be shown yet; where no run meets the assumptions nothing is."""
    return isinstance(result.verdict, Unknown) and result.verdict.reason != VACUOUS


def _stronger(ideal: Result, found: Result | None) -> Result:
    """The verdict with machine floats, or the one over the reals and why there is no other."""
    if found is not None and _is_open(ideal):
        held = isinstance(found.verdict, Proved) and found.verdict.method == INTERVALS
        return found if held else ideal
    if not is_ideal(ideal):
        return ideal
    if found is None:
        return _explained(ideal, NO_TIME)
    if isinstance(found.verdict, Unknown):
        return _explained(ideal, found.verdict.reason.removeprefix("proved over the reals; "))
    if isinstance(ideal.verdict, Proved) and isinstance(found.verdict, Proved) and found.verdict.method == INTERVALS:
        # Intervals leave no certificate; the proof over the reals has one, which says what it speaks of.
        both = replace(
            ideal.verdict, method=f"{ideal.verdict.method}; {INTERVALS}", floats="machine",
            semantics=found.verdict.semantics, margin=found.verdict.margin,
        )  # fmt: skip
        return replace(ideal, verdict=both)
    return replace(found, time_s=ideal.time_s + found.time_s)


def _explained(ideal: Result, reason: str) -> Result:
    match ideal.verdict:
        case Proved() as proof:
            return replace(ideal, verdict=replace(proof, raising=reason))
        case Unreachable(proof):
            return replace(ideal, verdict=Unreachable(replace(proof, raising=reason)))
        case _:
            return ideal
