"""One attempt at the clauses of a node: one encoding of numbers, one session, and which of its proofs count.

Rule: a proof counts if what it rests on counts: the lemmas that it uses, and the checks of the operations that it
depends on, through data and clocks, whose failure the encoding does not follow. Over mathematical integers that is
overflow; where floats are rounded, also what would yield an infinity or NaN.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from syncml.ir.equations.syntax import Property, PropertyKind, Var
from syncml.ir.types import FLOATS, MACHINE_INTEGERS, Element, element
from syncml.verify.checks import Check, Checked
from syncml.verify.cone import Cones
from syncml.verify.derivation import Claim, Derivation
from syncml.verify.replay import qualified
from syncml.verify.session import Session


class Numbers(Enum):
    """What numbers are in an attempt."""

    IDEAL = "ideal"
    """Mathematical integers, and reals for floats."""
    BITS = "bits"
    """Bit vectors, and reals for floats."""
    FLOATS = "floats"
    """Reals with the rounding of each operation."""


@dataclass(slots=True)
class Attempt:
    """One session on one encoding.

    Attributes:
        numbers: What floats are.
        wrapping: Whether integers are bit vectors.
        checked: The node with its checks.
        clauses: What was asked: goal ``i`` of the session is clause ``i``.
        session: The search, after it has run.
        inputs: For each input stream the names of its elements in the system.
        meaning: What the sorts of the system stand for.
        counted: The proofs that count, if numbers are what they are here.
        machine: The proofs that count for the semantics that was asked for.
        known: The checks that hold by intervals.
        reported: The clauses whose verdict comes from here.
    """

    numbers: Numbers
    wrapping: bool
    checked: Checked
    clauses: Sequence[Property]
    session: Session
    inputs: Mapping[str, tuple[str, ...]]
    meaning: str
    counted: frozenset[int]
    machine: frozenset[int]
    known: frozenset[int]
    reported: set[int] = field(default_factory=set[int])

    def position(self, clause: Property) -> int | None:
        """The number of a clause here, if it was asked."""
        return next((i for i, c in enumerate(self.clauses) if c.holds.name == clause.holds.name), None)

    def result(self, label: str) -> Derivation:
        """The proofs that count."""
        node, proofs, valid = self.checked.node, self.session.proofs, self.counted
        assumptions = (p for p in node.properties if p.kind is PropertyKind.ASSUME)
        claims = {goal_of(i): self._claim(c) for i, c in enumerate(self.clauses)}
        risks = _risks(self.checked, self.clauses, valid, self.numbers, wrapping=self.wrapping, known=self.known)
        return Derivation(
            label,
            self.meaning,
            self.session.system,
            {g: p for g, p in proofs.items() if index_of(g) in valid},
            claims,
            {f"assumption!{i}": qualified(a) for i, a in enumerate(assumptions)},
            {goal_of(i): frozenset(map(goal_of, others)) for i, others in risks.items()},
            {t.name: e.span for e in node.equations for t in e.targets},
            frozenset(map(goal_of, self.reported)),
        )

    def _claim(self, clause: Property) -> Claim:
        return Claim(qualified(clause), kind_of(self.checked, clause), clause.span, clause.requirement)


def kind_of(checked: Checked, clause: Property) -> str:
    """What a report calls a clause."""
    check = checked.kinds.get(clause.holds)
    return clause.kind.value if check is None else check.value


def goal_of(index: int) -> str:
    """The goal of a clause."""
    return f"goal!{index}"


def index_of(goal: str) -> int:
    """The clause of a goal."""
    return int(goal.removeprefix("goal!"))


def counted(
    checked: Checked,
    clauses: Sequence[Property],
    session: Session,
    numbers: Numbers,
    *,
    wrapping: bool,
    known: frozenset[int],
) -> frozenset[int]:
    """The proofs that count; ``known`` are the checks that hold in the machine by intervals."""
    proved = {index_of(g): p for g, p in session.proofs.items()}
    risks = _risks(checked, clauses, proved, numbers, wrapping=wrapping, known=known)
    valid = set(proved)
    while True:
        failing = {
            i for i in valid
            if not risks[i] <= valid or any(index_of(g) not in valid for g in proved[i].using)
        }  # fmt: skip
        if not failing:
            return frozenset(valid)
        valid -= failing


def supported(chosen: frozenset[int], session: Session) -> frozenset[int]:
    """Those of the ``chosen`` proofs that use no others."""
    valid = set(chosen)
    while True:
        failing = {i for i in valid if any(index_of(g) not in valid for g in session.proofs[goal_of(i)].using)}
        if not failing:
            return frozenset(valid)
        valid -= failing


def _risks(
    checked: Checked,
    clauses: Sequence[Property],
    chosen: Iterable[int],
    numbers: Numbers,
    *,
    wrapping: bool,
    known: frozenset[int],
) -> dict[int, set[int]]:
    """For each of the ``chosen`` clauses the checks that its proof rests on."""
    operations: dict[Var, set[int]] = {}
    for i, clause in enumerate(clauses):
        if (
            i not in known
            and clause.holds in checked.kinds
            and rests_on(checked, clause.holds, numbers, wrapping=wrapping)
        ):
            operations.setdefault(checked.checked[clause.holds], set()).add(i)
    if not operations:
        return {i: set() for i in chosen}
    cones = Cones(checked.node)
    return {
        i: {n for v in cones.of(clauses[i].holds) if v in operations for n in operations[v]} for i in chosen
    }  # fmt: skip


def rests_on(checked: Checked, holds: Var, numbers: Numbers, *, wrapping: bool) -> bool:
    """Whether proofs rest on a check, because the encoding does not follow what happens where it fails."""
    kind = checked.kinds.get(holds)
    if kind is Check.OVERFLOW:
        return not wrapping
    if numbers is not Numbers.FLOATS or element(checked.checked[holds].type) not in FLOATS:
        return False
    return kind in (Check.FINITE, Check.DIVISION, Check.DOMAIN)


def meaning(kinds: set[Element], numbers: Numbers, *, wrapping: bool, overflow: bool) -> str:
    """What the numbers of a system stand for."""
    parts: list[str] = []
    if kinds & MACHINE_INTEGERS:
        exact = "Int is a machine integer that is proved not to overflow" if overflow else "Int is an ideal integer"
        parts.append("BitVec is a machine integer" if wrapping else exact)
    if kinds & FLOATS:
        real = "Real is a float without rounding"
        rounded = "Real is a float, rounded within the bounds that facts state; ranges of floats are by intervals"
        parts.append(rounded if numbers is Numbers.FLOATS else real)
    return "; ".join(parts) or "exact"


def numbers_of(kinds: set[Element], *, machine: bool, floats: str) -> str:
    """What numbers mean in a proof, by the types that it depends on."""
    parts: list[str] = []
    if any(k in MACHINE_INTEGERS for k in kinds):
        parts.append("machine integers" if machine else "ideal integers")
    used = sorted(str(k) for k in kinds if k in FLOATS)
    if used:
        parts.append(floats.format(" and ".join(used)))
    return ", ".join(parts) or "exact"
