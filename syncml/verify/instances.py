"""Instances of a node that is opened: what its clauses are called there, and which instances a stream depends on.

Rule: a stream ``x`` of a node is ``i.x`` in its instance ``i``, but an input is the actual, and an output the target
unless it is a register. A run-time check says that an operation is safe wherever its value is used, that is, wherever
one of some conditions holds. It follows from a check of the same operation elsewhere if each of its conditions contains
one of the other's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.ir.clocks import conditions
from syncml.ir.equations.syntax import Atom, Fby, Node, PropertyKind, Var, atoms
from syncml.ir.graphs import components
from syncml.verify.checks import Check, Checked
from syncml.verify.unit import Key
from syncml.verify.verdicts import Modular

Uses: TypeAlias = Mapping[Key, frozenset[frozenset[tuple[str, bool]]]]
"""For each run-time check the conditions, by name, one of which holds where its value is used."""

KINDS = frozenset(c.value for c in Check)
"""What reports call run-time checks."""


def uses_of(checked: Checked) -> Uses:
    """Where the values of the checks of a node are used."""
    return {
        (h.name, kind.value): frozenset(frozenset((v.name, value) for v, value in need) for need in checked.needs[h])
        for h, kind in checked.kinds.items()
        if h.name == f"{kind.value}:{checked.checked[h].name}"
    }  # fmt: skip


def follows(key: Key, there: Uses, here: Uses) -> bool:
    """Whether a clause of a node holds there if the one of that name holds here."""
    if key[1] not in KINDS:
        return True
    return key in there and key in here and all(any(mine <= other for mine in here[key]) for other in there[key])


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of ``node``, with its actuals and targets; ``path`` is what the main node calls it."""

    path: str
    node: Node
    arguments: tuple[Atom, ...]
    targets: tuple[Var, ...]

    def key(self, key: Key) -> Key:
        """What a clause or check of the node is called in this instance."""
        name, kind = key
        return (f"{kind}:{self._name(name.partition(':')[2])}" if kind in KINDS else f"{self.path}.{name}"), kind

    def uses(self, uses: Uses) -> Uses:
        """The uses of the checks of the node in this instance; a constant is no condition."""
        return {
            self.key(key): frozenset(
                frozenset((self._name(name), value) for name, value in need)
                for need in needs
                if all(self._name(name) for name, _ in need)
            )
            for key, needs in uses.items()
        }

    def _name(self, name: str) -> str:
        """What a stream of the node is called in this instance; nothing if it is a constant here."""
        for formal, actual in zip(self.node.inputs, self.arguments, strict=True):
            if formal.name == name:
                return actual.name if isinstance(actual, Var) else ""
        registers = {e.target.name for e in self.node.equations if isinstance(e.rhs, Fby)}
        for formal, target in zip(self.node.outputs, self.targets, strict=True):
            if formal.name == name and name not in registers:
                return target.name
        return f"{self.path}.{name}"


@dataclass(frozen=True, slots=True)
class Scope:
    """What the clauses of an opened node depend on.

    Attributes:
        opened: The instances whose outputs are inputs of the node.
        bodies: The nodes with a contract of which there are no such instances.
        masks: For each stream a bit for each of both, in this order.
        always: The bits of what assumptions that belong to no such instance depend on.
        contracts: The bits of what the contract of each of the instances depends on.
    """

    opened: Sequence[Instance]
    bodies: Sequence[Node]
    masks: Mapping[str, int]
    always: int
    contracts: Sequence[int]

    @staticmethod
    def of(node: Node, opened: Sequence[Instance], bodies: Sequence[Node]) -> Scope:
        """The scope of an opened node with its checks."""
        masks = _masks(node, opened, bodies)
        number = {instance.path: i for i, instance in enumerate(opened)}
        contracts, always = [0] * len(opened), 0
        for clause in node.properties:
            if clause.kind is PropertyKind.ASSUME and clause.instance in number:
                contracts[number[clause.instance]] |= masks[clause.holds.name]
            elif clause.kind is PropertyKind.ASSUME:
                always |= masks[clause.holds.name]
        return Scope(opened, bodies, masks, always, contracts)

    def instances(self, holds: str) -> list[Instance]:
        """The opened instances that a proof about a stream may know something of."""
        mask = self._closed(holds)
        return [instance for i, instance in enumerate(self.opened) if mask >> i & 1]

    def modular(self, holds: str) -> Modular:
        """How a proof about a stream takes the nodes that are called."""
        mask = self._closed(holds) >> len(self.opened)
        bodies = (b.label for i, b in enumerate(self.bodies) if mask >> i & 1)
        contracts = (i.node.label for i in self.instances(holds))
        return Modular(tuple(dict.fromkeys(contracts)), tuple(dict.fromkeys(bodies)))

    def _closed(self, holds: str) -> int:
        mask, before = self.masks[holds] | self.always, -1
        while mask != before:
            before = mask
            for i, more in enumerate(self.contracts):
                mask |= more if before >> i & 1 else 0
        return mask


def _masks(node: Node, opened: Sequence[Instance], bodies: Sequence[Node]) -> dict[str, int]:
    streams = [*node.inputs, *(t for e in node.equations for t in e.targets)]
    number = {v: i for i, v in enumerate(streams)}
    masks = [0] * len(streams)
    for i, instance in enumerate(opened):
        for target in instance.targets:
            masks[number[target]] |= 1 << i
    within = _within(bodies, len(opened))
    reads: list[tuple[int, ...]] = [()] * len(streams)
    for equation in node.equations:
        for target in equation.targets:
            read = (*(a for a in atoms(equation.rhs) if isinstance(a, Var)), *conditions(node.clocks[target]))
            reads[number[target]] = tuple(number[v] for v in read)
            masks[number[target]] |= within.get(equation.span, 0)
    for component in components(reads):
        mask = 0
        for n in component:
            mask |= masks[n]
            for read in reads[n]:
                mask |= masks[read]
        for n in component:
            masks[n] = mask
    return {v.name: masks[i] for v, i in number.items()}


def _within(bodies: Sequence[Node], first: int) -> dict[Span, int]:
    """The bits of the nodes that have an equation at a place of the program."""
    found: dict[Span, int] = {}
    for i, body in enumerate(bodies, first):
        for equation in body.equations:
            found[equation.span] = found.get(equation.span, 0) | 1 << i
    return found
