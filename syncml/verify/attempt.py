"""One attempt at the clauses of a node: one encoding of numbers, one session, and which of its proofs count.

Rule: a proof counts if what it rests on counts: the lemmas that it uses, and the checks of the operations that it
depends on, through data and clocks, whose failure the encoding does not follow. Over mathematical integers that is
overflow; where floats are rounded, also what would yield an infinity or NaN, and the clauses that ranges rest on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, Label, Severity
from syncml.ir.equations.syntax import Node, Property, PropertyKind, Var
from syncml.ir.types import FLOATS, MACHINE_INTEGERS, Element, element
from syncml.verify.checks import Check, Checked
from syncml.verify.cone import Cones
from syncml.verify.derivation import Claim, Derivation
from syncml.verify.replay import qualified
from syncml.verify.session import Session

if TYPE_CHECKING:
    from syncml.verify.floats.exactness import Exactness


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
    """One session on one encoding; it may run several times, and goes on where it was.

    Attributes:
        numbers: What floats are.
        wrapping: Whether integers are bit vectors.
        checked: The node with its checks.
        clauses: What was asked: goal ``i`` of the session is clause ``i``.
        session: The search.
        inputs: For each input stream the names of its elements in the system.
        meaning: What the sorts of the system stand for.
        known: The checks that hold by intervals.
        cones: What the streams of the node depend on.
        held: The clauses that the ranges of floats rest on.
        counted: The proofs that count, if numbers are what they are here.
        machine: The proofs that count for the semantics that was asked for.
        reported: The clauses whose verdict comes from here.
    """

    numbers: Numbers
    wrapping: bool
    checked: Checked
    clauses: Sequence[Property]
    session: Session
    inputs: Mapping[str, tuple[str, ...]]
    meaning: str
    known: frozenset[int]
    cones: Cones
    held: frozenset[int] = frozenset()
    counted: frozenset[int] = frozenset()
    machine: frozenset[int] = frozenset()
    reported: set[int] = field(default_factory=set[int])
    _positions: Mapping[str, int] = field(default_factory=dict[str, int])
    _operations: Mapping[Var, frozenset[int]] | None = None
    _risks: dict[int, frozenset[int]] = field(default_factory=dict[int, frozenset[int]])

    def __post_init__(self) -> None:
        self._positions = {c.holds.name: i for i, c in reversed(list(enumerate(self.clauses)))}

    def position(self, clause: Property) -> int | None:
        """The number of a clause here, if it was asked."""
        return self._positions.get(clause.holds.name)

    def valid(self) -> frozenset[int]:
        """The proofs that count, of those that there are by now."""
        proved = {index_of(g): p for g, p in self.session.proofs.items()}
        valid = set(proved)
        while True:
            failing = {
                i for i in valid
                if not self.risks(i) <= valid or any(index_of(g) not in valid for g in proved[i].using)
            }  # fmt: skip
            if not failing:
                return frozenset(valid)
            valid -= failing

    def count(self, exact: Exactness | None) -> None:
        """Count the proofs; with machine floats, those over the reals where nothing rounds, nor in what they use."""
        self.counted = self.machine = self.valid()
        if exact is not None and self.numbers is not Numbers.FLOATS:
            chosen = frozenset(i for i in self.counted if exact.holds(self.clauses[i].holds))
            self.machine = supported(chosen, self.session)

    def risks(self, index: int) -> frozenset[int]:
        """What a proof of a clause rests on: checks, and the clauses of the ranges."""
        if self._operations is None:
            self._operations = self._unfollowed()
        if not self._operations:
            return self.held
        if index not in self._risks:
            cone, checks = self.cones.of(self.clauses[index].holds), self._operations
            self._risks[index] = self.held | {n for v in cone & checks.keys() for n in checks[v]}
        return self._risks[index]

    def _unfollowed(self) -> dict[Var, frozenset[int]]:
        """The checks of each operation whose failure the encoding does not follow."""
        checks: dict[Var, frozenset[int]] = {}
        for i, clause in enumerate(self.clauses):
            held = clause.holds
            if i not in self.known and rests_on(self.checked, held, self.numbers, wrapping=self.wrapping):
                operation = self.checked.checked[held]
                checks[operation] = checks.get(operation, frozenset()) | {i}
        return checks

    def result(self, label: str) -> Derivation:
        """The proofs that count."""
        node, proofs, valid = self.checked.node, self.session.proofs, self.counted
        assumptions = (p for p in node.properties if p.kind is PropertyKind.ASSUME)
        claims = {goal_of(i): self._claim(c) for i, c in enumerate(self.clauses)}
        return Derivation(
            label,
            self.meaning,
            self.session.system,
            {g: p for g, p in proofs.items() if index_of(g) in valid},
            claims,
            {f"assumption!{i}": qualified(a) for i, a in enumerate(assumptions)},
            {goal_of(i): frozenset(map(goal_of, self.risks(i))) for i in valid},
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


def supported(chosen: frozenset[int], session: Session) -> frozenset[int]:
    """Those of the ``chosen`` proofs that use no others."""
    valid = set(chosen)
    while True:
        failing = {i for i in valid if any(index_of(g) not in valid for g in session.proofs[goal_of(i)].using)}
        if not failing:
            return frozenset(valid)
        valid -= failing


def rests_on(checked: Checked, holds: Var, numbers: Numbers, *, wrapping: bool) -> bool:
    """Whether proofs rest on a check, because the encoding does not follow what happens where it fails."""
    kind = checked.kinds.get(holds)
    if kind is None:
        return False
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


def contradiction(node: Node, label: str, tick: int) -> list[Diagnostic]:
    """A warning (V002) where no run meets the assumptions; without one it is an overflow that ends every run."""
    assumptions = [p for p in node.properties if p.kind is PropertyKind.ASSUME]
    if not assumptions:
        return []
    at, *others = assumptions
    return [Diagnostic(
        "V002", Severity.WARNING, f"no run of {label} meets all assumptions at tick {tick}",
        Label(at.span, f"{at.name}"), tuple(Label(p.span, p.name) for p in others),
        help="weaken one of the assumptions: whatever is proved under these says nothing",
    )]  # fmt: skip
