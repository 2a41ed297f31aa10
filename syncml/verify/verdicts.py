"""Verdicts, counterexamples and the report: what verification hands back.

    verdict ::= proved (method, k, lemmas used, semantics)
              | violated (counterexample)
              | reached (the run that reaches a goal) | unreachable (the proof that none does)
              | unknown (reason, depth without a violation, advice)

A verdict says no more than was shown: the semantics names what numbers mean in it, and a violation is a trace that the
interpreter has replayed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, Span

if TYPE_CHECKING:
    from syncml.verify.derivation import Derivation


class Semantics(Enum):
    """What numbers mean in a proof."""

    STRONGEST = "strongest"
    """As with `REALS`; then each proof over the reals is tried again with the rounding of floats."""
    IDEAL = "ideal"
    """Machine integers are mathematical integers, floats are reals."""
    REALS = "reals"
    """Machine integers wrap at their width; floats are reals, and the verdict says so."""
    MACHINE = "machine"
    """Machine integers wrap at their width; floats round, and have to stay finite."""


Floats: TypeAlias = Literal["", "reals", "machine"]
"""What floats are in a proof: numbers without rounding, or the machine's; nothing where it depends on none."""

REPLAYED = "machine integers, machine floats (replayed)"
"""What numbers mean in a run that the interpreter has replayed."""


class Proofs(Enum):
    """Whether the contract of a node that is called may take the place of its body."""

    AUTO = "auto"
    """Where a moment with all bodies does not decide a property."""
    MODULAR = "modular"
    """At first, and the bodies only where that does not suffice."""
    MONOLITHIC = "monolithic"
    """Never, but for nodes that are abstract."""


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """How to verify.

    Attributes:
        timeout: Seconds in all.
        jobs: Worker processes at a time.
        memory: MiB for each of them; 0 stands for a share of three quarters of what the machine has.
        properties: Names of the properties to report (all if empty); lemmas are used all the same.
        first: Whether to stop at the first violation of a clause that is no invariant.
        engines: Which of ``bmc``, ``runs``, ``induction``, ``spacer``, ``localised``, ``reach`` may run (all if empty).
        semantics: What numbers mean.
        seed: Seed of every solver.
        abstract: Names or labels of nodes to replace by their contract, besides those declared abstract.
        cache: The folder in which verdicts are kept for the next run; None if they are not.
        proofs: Whether the contract of a node that is called may take the place of its body.
        explain: Whether counterexamples are shortened, their inputs that do not matter marked, and explained.
    """

    timeout: float = 60.0
    jobs: int = 2
    memory: int = 0
    properties: tuple[str, ...] = ()
    first: bool = False
    engines: tuple[str, ...] = ()
    semantics: Semantics = Semantics.STRONGEST
    seed: int = 0
    abstract: tuple[str, ...] = ()
    proofs: Proofs = Proofs.AUTO
    explain: bool = False
    cache: Path | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a counterexample; ``values`` has None where it is absent, enumerations by name.

    ``free`` tells of an input, where it is known, at which ticks any other value that meets the assumptions would do.
    """

    name: str
    type: str
    unit: str
    values: tuple[Any, ...]
    input: bool = False
    user: bool = False
    free: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of an explanation: a stream, its value at a tick, and how it comes about.

    Attributes:
        depth: How many steps it is away from the property.
        name: The stream, or the formula of one without a name; of the first line the property.
        formula: The right side of its equation; empty where ``name`` says all.
        value: As in `Stream`, and so is ``type``.
        parts: What the value depends on: name, value and type of each.
        origin: ``input``, ``free input`` (any value that meets the assumptions would do), ``first value`` or empty.
    """

    depth: int
    tick: int
    name: str
    formula: str
    value: Any
    type: str
    parts: tuple[tuple[str, Any, str], ...]
    origin: Literal["", "input", "free input", "first value"]
    span: Span


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A run, replayed by the interpreter, on which a property is false at ``tick`` and all assumptions hold.

    ``explanation`` says why, from the property back to the inputs; it is empty if none was asked for.
    """

    tick: int
    streams: tuple[Stream, ...]
    explanation: tuple[Reason, ...] = ()

    @property
    def ticks(self) -> int:
        """The length of the run: it ends with the violation."""
        return self.tick + 1

    @property
    def inputs(self) -> Mapping[str, tuple[Any, ...]]:
        """The values of the inputs, one a tick."""
        return {s.name: s.values for s in self.streams if s.input}


@dataclass(frozen=True, slots=True)
class Core:
    """What a proof needs: with everything else changed at will, the property is still proved.

    Attributes:
        equations: Where the equations are.
        assumptions: By name.
        lemmas: Other properties, whose own needs are included.
        exact: Whether the solver found it; otherwise it is everything that the property reads.
        minimal: Whether nothing in it can be left out, one piece at a time, in the induction of any of its goals.
    """

    equations: tuple[Span, ...]
    assumptions: tuple[str, ...]
    lemmas: tuple[str, ...]
    exact: bool
    minimal: bool


@dataclass(frozen=True, slots=True)
class Modular:
    """How a proof takes the nodes that are called; by their labels.

    Attributes:
        contracts: Those of which it knows the contract alone.
        bodies: Those with a contract whose body it needs all the same.
        alone: The node that was verified by itself, of whose instances this is one; empty if there is none.
        clause: What this clause is called there.
    """

    contracts: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ()
    alone: str = ""
    clause: str = ""


@dataclass(frozen=True, slots=True)
class Proved:
    """The property holds at every instant of every run that meets the assumptions.

    Attributes:
        method: The engine that found the proof.
        k: The number of instants that its induction looks back.
        using: Other proved properties that the proof rests on.
        semantics: What numbers mean in it.
        floats: What floats are in it.
        margin: With machine floats, by how much the comparisons of the property hold at least; None if it is not known.
        raising: Where floats are real numbers in it and it was tried with machine floats, why that failed.
        invariant: The inductive invariant, where the method finds one of its own.
        core: What the proof needs, where that was asked for.
        cached: Whether the proof was found in an earlier run.
        modular: How it takes the nodes that are called, if not with their bodies.
    """

    method: str
    k: int
    using: tuple[str, ...]
    semantics: str
    invariant: str = ""
    core: Core | None = None
    cached: bool = False
    modular: Modular | None = None
    floats: Floats = ""
    raising: str = ""
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Violated:
    """The property is false on the counterexample; ``rounding`` if it is proved where floats are real numbers."""

    counterexample: Counterexample
    semantics: str = REPLAYED
    rounding: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """The goal is reached at the last tick of the run."""

    counterexample: Counterexample
    semantics: str = REPLAYED


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No run that meets the assumptions reaches the goal; ``proof`` shows it."""

    proof: Proved


@dataclass(frozen=True, slots=True)
class Unknown:
    """Neither proved nor refuted.

    Attributes:
        reason: Why.
        depth: No violation occurs in the first ``depth`` instants.
        advice: What to try.
    """

    reason: str
    depth: int
    advice: str


Verdict: TypeAlias = Proved | Violated | Reached | Unreachable | Unknown


@dataclass(frozen=True, slots=True)
class Result:
    """One property and its verdict.

    Attributes:
        name: The property, with the path of its instance.
        kind: ``ensure``, ``invariant``, ``require``, ``cover``, ``mode``, ``overflow``, ``division``, ``index`` or
            ``domain``.
        node: The label of the node that was verified.
        instance: The path of the instance that states it, empty for the node itself.
        time_s: Seconds that its own queries took, or, where it was decided together with others, from the start of the
            verification of its node to the verdict.
    """

    name: str
    kind: str
    node: str
    span: Span
    requirement: str
    verdict: Verdict
    time_s: float
    instance: str = ""

    @property
    def stated(self) -> tuple[Span, str]:
        """The clause itself, which several instances of its node share."""
        return self.span, self.name.removeprefix(f"{self.instance}.")


def proof_of(verdict: Verdict) -> Proved | None:
    """The proof in a verdict, of a property or that a goal is unreachable."""
    return verdict if isinstance(verdict, Proved) else verdict.proof if isinstance(verdict, Unreachable) else None


def is_ideal(result: Result) -> bool:
    """Whether a result is a proof in which floats are real numbers."""
    proof = proof_of(result.verdict)
    return proof is not None and proof.floats == "reals"


@dataclass(frozen=True, slots=True)
class Tube:
    """What streams can be at each tick of all runs, as reachability found it.

    Attributes:
        node: The label of the node that was verified.
        properties: The names of what was proved with it.
        streams: For each stream its least and greatest value at each tick; None where it is absent or not bounded.
        inputs: For each input with numbers the ranges of its elements at the first tick.
    """

    node: str
    properties: tuple[str, ...]
    streams: Mapping[str, tuple[tuple[float, float] | None, ...]]
    inputs: Mapping[str, tuple[Sequence[float], Sequence[float]]]


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """All verdicts, in the order of the program.

    Attributes:
        warnings: Diagnostics about the contract itself.
        derivations: What the proofs are made of, for certificates and cores.
        unused: With cores, where the equations are that no proof needs, a line each.
        tubes: What reachability found, where it proved something.
        interrupted: Whether the user ended it before its time; what was not decided by then is unknown.
    """

    file: str
    results: tuple[Result, ...]
    warnings: tuple[Diagnostic, ...]
    time_s: float
    derivations: tuple[Derivation, ...] = ()
    unused: tuple[Span, ...] = ()
    tubes: tuple[Tube, ...] = ()
    interrupted: bool = False

    @property
    def proved(self) -> bool:
        """Whether every property is proved and every goal reached, in one of the instances that state it."""
        reached = {r.stated for r in self.results if isinstance(r.verdict, Reached)}
        return all(isinstance(r.verdict, Proved) or r.kind == "mode" or r.stated in reached for r in self.results)

    @property
    def missed(self) -> tuple[Result, ...]:
        """The goals that are unreachable in every instance that states them."""
        open_ = {r.stated for r in self.results if not isinstance(r.verdict, Unreachable)}
        return tuple(r for r in self.results if isinstance(r.verdict, Unreachable) and r.stated not in open_)

    @property
    def violated(self) -> bool:
        """Whether some property is violated, or some goal is unreachable in every instance that states it."""
        missed = any(r.kind == "cover" for r in self.missed)
        return missed or any(isinstance(r.verdict, Violated) for r in self.results)

    @property
    def exit_code(self) -> int:
        """0 if all is proved and reached, 1 if something is violated or cannot be reached, else 3."""
        return 1 if self.violated else 0 if self.proved else 3
