"""What was proved about one transition system, and what each proof rests on: the material of certificates and cores.

Rule: proofs are kept in the order in which they were found, and a proof uses at the same instant only goals before
it. Goals that were proved together use each other one instant earlier, so they stand next to each other: a *block* is
the smallest stretch of that order in which no proof uses a goal after the stretch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.verify.proof import Proof
from syncml.verify.system import System

if TYPE_CHECKING:
    from syncml.verify.reach.cells import Table

_SYMBOL = re.compile(r"\|[^|]*\||[^\s()|]+")


@dataclass(frozen=True, slots=True)
class Claim:
    """A clause as the user knows it."""

    name: str
    kind: str
    span: Span
    requirement: str


@dataclass(frozen=True, slots=True)
class Derivation:
    """The proofs about one system.

    Attributes:
        node: The label of the node that was verified.
        numbers: What the sorts of the system stand for.
        system: The system as it was translated, before any engine changed it.
        proofs: What is proved, by goal, in the order in which it was found; only proofs that count.
        claims: The clause of each goal.
        assumed: The name of each assumption.
        rests: For each goal those that say that the integers it depends on stay in range.
        places: Where each stream of the node is defined.
        reported: The goals whose verdict comes from here.
        tables: What it assumes of networks that it does not contain.
    """

    node: str
    numbers: str
    system: System
    proofs: Mapping[str, Proof]
    claims: Mapping[str, Claim]
    assumed: Mapping[str, str]
    rests: Mapping[str, frozenset[str]]
    places: Mapping[str, Span]
    reported: frozenset[str]
    tables: tuple[Table, ...] = ()

    def supports(self, goal: str) -> frozenset[str]:
        """The goals that the proof of ``goal`` rests on, directly or not, itself included."""
        found: set[str] = set()
        pending = [goal]
        while pending:
            current = pending.pop()
            if current not in found:
                found.add(current)
                pending += [*self.proofs[current].using, *self.rests.get(current, ())]
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Block:
    """Goals that are proved together by an induction over ``k`` instants.

    Attributes:
        goals: In the order in which they may be used at the same instant.
        auxiliary: Formulas over the constants of the system that are proved with them, and come first.
        lemmas: Goals of earlier blocks, used at every instant.
        uses: For each goal the goals and lemmas that its proof uses.
        k: How many instants the induction looks back.
        distinct: Whether the step is about runs that visit no state twice.
        methods: The engines that found the proofs.
        roundings: Instances of the laws of rounding that the proofs use, over constants of instants 0 and 1.
    """

    goals: tuple[str, ...]
    auxiliary: tuple[str, ...]
    lemmas: tuple[str, ...]
    uses: Mapping[str, frozenset[str]]
    k: int
    distinct: bool
    methods: tuple[str, ...]
    roundings: tuple[str, ...] = ()


def blocks(derivation: Derivation, goals: Iterable[str]) -> list[Block]:
    """The proofs of ``goals``, which contain what they rest on, as blocks of which each uses only earlier ones."""
    chosen = set(goals)
    order = [g for g in derivation.proofs if g in chosen]
    position = {g: i for i, g in enumerate(order)}
    result: list[Block] = []
    start = 0
    while start < len(order):
        last = end = start
        while end <= last:
            last = max(last, *(position[u] for u in (*derivation.proofs[order[end]].using, order[end])))
            end += 1
        result.append(_block(derivation, order[start:end]))
        start = end
    return result


def _block(derivation: Derivation, goals: Sequence[str]) -> Block:
    proofs = [derivation.proofs[g] for g in goals]
    formulas = [f for p in proofs for f in (*p.auxiliary, p.invariant) if f]
    lemmas = [u for p in proofs for u in p.using if u not in goals]
    return Block(
        tuple(goals), tuple(dict.fromkeys(formulas)), tuple(dict.fromkeys(lemmas)),
        {g: frozenset(p.using) for g, p in zip(goals, proofs, strict=True)}, max(p.k for p in proofs),
        any(p.distinct for p in proofs), tuple(dict.fromkeys(p.method for p in proofs)),
        tuple(dict.fromkeys(r for p in proofs for r in p.roundings)),
    )  # fmt: skip


_INSTANT = re.compile(r"@(\d+)(?![^\s()|])")


def instants(text: str) -> frozenset[int]:
    """The instants that SMT-LIB text over constants ``x@0``, ``x@1``, .. speaks of."""
    return frozenset(int(n) for name in symbols(text) for n in _INSTANT.findall(name))


def timeless(text: str) -> str:
    """The same text over the constants of a system."""
    return _INSTANT.sub("", text)


def symbols(text: str) -> frozenset[str]:
    """The names that occur in SMT-LIB text, without quotes."""
    return frozenset(s.strip("|") for s in _SYMBOL.findall(text))


def renamed(text: str, names: Mapping[str, str]) -> str:
    """SMT-LIB text with other names, quoted, in place of some."""

    def other(found: re.Match[str]) -> str:
        new = names.get(found[0].strip("|"))
        return found[0] if new is None else f"|{new}|"

    return _SYMBOL.sub(other, text)


@dataclass(frozen=True, slots=True)
class Reads:
    """A system, and what each part of its text reads.

    Attributes:
        reads: The constants in each definition, and in the initial and next value of each state.
        facts: Each fact with the constants in it.
    """

    system: System
    reads: Mapping[str, frozenset[str]]
    facts: tuple[tuple[str, frozenset[str]], ...]

    @property
    def known(self) -> frozenset[str]:
        """The names of all constants."""
        return frozenset({i.name for i in self.system.inputs} | self.reads.keys())

    @staticmethod
    def of(system: System) -> Reads:
        """Read the text of a system."""
        reads = {d.name: symbols(d.term) for d in system.definitions}
        reads |= {s.name: symbols(f"{s.following} {s.initial or ''}") for s in system.states}
        known = {i.name for i in system.inputs} | reads.keys()
        facts = tuple((fact, symbols(fact) & known) for fact in system.facts)
        return Reads(system, {name: read & known for name, read in reads.items()}, facts)

    def cone(self, goals: Iterable[str], formulas: Iterable[str] = ()) -> System:
        """The system of what ``goals``, ``formulas`` and the assumptions depend on."""
        system, kept = self.system, frozenset(goals)
        known = self.known
        needed = self.needed([*system.assumptions, *kept, *(s for f in formulas for s in symbols(f) & known)])
        return System(
            tuple(i for i in system.inputs if i.name in needed),
            tuple(s for s in system.states if s.name in needed),
            tuple(d for d in system.definitions if d.name in needed),
            tuple(f for f, names in self.facts if names & needed),
            system.assumptions,
            tuple(g for g in system.goals if g in kept),
            system.nonlinear,
            tuple(n for n in system.nearest if n.names <= needed),
        )

    def needed(self, names: Iterable[str]) -> set[str]:
        """What ``names`` depend on, themselves included, also through facts."""
        found: set[str] = set()
        pending = list(names)
        while pending:
            while pending:
                name = pending.pop()
                if name not in found:
                    found.add(name)
                    pending += self.reads.get(name, ())
            pending = [n for _, read in self.facts if read & found for n in read - found]
        return found


def cone(system: System, goals: Iterable[str], formulas: Iterable[str] = ()) -> System:
    """The part of a system that ``goals``, ``formulas`` and the assumptions depend on, from its text alone."""
    return Reads.of(system).cone(goals, formulas)
