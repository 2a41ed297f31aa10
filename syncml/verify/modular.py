"""Modular proofs: the contract of a node that is called in place of its body, and the body where that is not enough.

    1  each node with a contract is verified by itself, callees first: for all inputs that keep its requirements
    2  its instances become arbitrary values that meet what was proved in 1, as those of abstract nodes do
    3  a violation of 2 is replayed with all bodies: it is one there too, or some instance yields something else than in
       2; the first such instances tell whose bodies are needed, and 2 is done again with these

Rule: what is proved of a node by itself holds of each of its instances, on its clock, at every instant up to which its
requirements were kept since its start or last reset. For the proof is about all sequences of inputs, and what an
instance reads since its last reset is one, wherever it comes from, from its own outputs too. No more is assumed in 2
(`promises`). The proof of a node rests on no caller, and calls have no cycles, so no argument runs in a circle.

A clause of an instance is proved if it is proved of the node by itself and all requirements of the instance are proved.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace

from syncml.dataclass import dataclass
from syncml.diagnostics.model import InternalFault
from syncml.ir.equations.syntax import Call, Node, Program, PropertyKind, Var
from syncml.ir.types import FLOATS, element
from syncml.verify.abstraction import abstract_nodes, callees, opening, restricted
from syncml.verify.checks import Checked
from syncml.verify.derivation import Derivation
from syncml.verify.instances import Instance, Scope, Uses, follows, uses_of
from syncml.verify.replay import Replayed, shown
from syncml.verify.unit import Key, Unit
from syncml.verify.verdicts import (
    Counterexample,
    Modular,
    Proved,
    Reached,
    Result,
    Unreachable,
    VerifyOptions,
    Violated,
)

ALONE = 0.5
"""The part of the time for modular proofs that goes to nodes by themselves."""

ROUND = 0.6
"""The part of the time left that one opening may take."""

ENSURE, REQUIRE = PropertyKind.ENSURE.value, PropertyKind.REQUIRE.value


@dataclass(frozen=True, slots=True)
class Alone:
    """What is proved of a node by itself.

    Attributes:
        node: The node.
        proved: Its clauses and checks that are proved, and goals that are unreachable.
        uses: Where the values of its checks are used.
        promises: The names of the clauses that its callers may rely on.
        derivations: What the proofs are made of.
    """

    node: Node
    proved: Mapping[Key, Result]
    uses: Uses
    promises: frozenset[str]
    derivations: Sequence[Derivation]

    @staticmethod
    def of(
        node: Node, results: Sequence[Result], needed: frozenset[str], checked: Checked, made: Sequence[Derivation]
    ) -> Alone:
        """What the verification of a node found; its callers need the checks that are ``needed`` too."""
        failed = {r.name for r in results if not isinstance(r.verdict, Proved)}
        promises = frozenset(p.name for p in node.properties if p.kind is PropertyKind.ENSURE) - failed
        return Alone(node, _proofs(results), uses_of(checked), frozenset() if needed & failed else promises, made)

    def requirements(self, instance: Instance) -> frozenset[Key]:
        """What the node requires of the callers of an instance."""
        required = (p.name for p in self.node.properties if p.kind is PropertyKind.REQUIRE)
        return frozenset(instance.key((name, REQUIRE)) for name in required)


@dataclass(slots=True)
class Contracts:
    """The nodes of a program that are verified by themselves.

    Attributes:
        program: The program.
        chosen: Nodes that are left abstract besides those declared so.
        rounds: Whether floats are the machine's. What is proved of a node then is about finite inputs, which nobody
            asks of its callers, so no node that reads floats is verified by itself.
        verify: Verifies a node by itself, until a time of the monotonic clock.
    """

    program: Program
    chosen: frozenset[str]
    rounds: bool
    verify: Callable[[Node, float], Alone]
    _known: dict[str, Alone] = field(default_factory=dict[str, Alone])
    _used: dict[str, set[Key]] = field(default_factory=dict[str, set[Key]])

    def called(self, node: Node) -> list[Node]:
        """The nodes that ``node`` calls, itself or through others, and that promise something; callees first."""
        abstract = {n.name for n in abstract_nodes(self.program, self.chosen)}
        called = callees(self.program, node.name) - abstract
        return [
            n for n in self.program.nodes
            if n.name in called
            and any(p.kind is PropertyKind.ENSURE for p in n.properties)
            and not (self.rounds and any(element(v.type) in FLOATS for v in n.inputs))
        ]  # fmt: skip

    def alone(self, nodes: Sequence[Node], deadline: float) -> dict[str, Alone]:
        """What is proved of nodes by themselves, by their names; each has an equal share of the time."""
        for number, node in enumerate(nodes):
            if node.name not in self._known:
                now = time.monotonic()
                share = max(0.0, deadline - now) / (len(nodes) - number)
                self._known[node.name] = self.verify(node, now + share)
        return {n.name: self._known[n.name] for n in nodes}

    def use(self, node: str, keys: Iterable[Key]) -> None:
        """Note that something rests on clauses of a node by itself."""
        self._used.setdefault(node, set()).update(keys)

    def results(self) -> list[Result]:
        """What is proved of nodes by themselves, as far as something rests on it."""
        return [r for n, used in self._taken() for key, r in n.proved.items() if key in used]

    def derivations(self) -> list[Derivation]:
        """What these proofs are made of."""
        return [d for n, _ in self._taken() for d in n.derivations]

    def _taken(self) -> list[tuple[Alone, set[Key]]]:
        return [(self._known[n.name], self._used[n.name]) for n in self.program.nodes if n.name in self._used]


@dataclass(slots=True)
class Openings:
    """The verification of one node with contracts in place of bodies.

    Attributes:
        program: The node, as the main node, and what it calls.
        options: Limits, engines, semantics.
        contracts: The nodes that are verified by themselves.
        begun: Prepares the verification of an opened node, until a time of the monotonic clock.
        whole: The verification of the node with all bodies, which learns what is found.
        derivations: What the proofs are made of.
    """

    program: Program
    options: VerifyOptions
    contracts: Contracts
    begun: Callable[[Node, VerifyOptions, float], Unit]
    whole: Unit
    derivations: list[Derivation] = field(default_factory=list[Derivation])

    def decide(self, deadline: float) -> None:
        """Decide what is open, as far as contracts help."""
        nodes = self.contracts.called(self.program.node(self.program.main))
        known = self.contracts.alone(nodes, time.monotonic() + ALONE * (deadline - time.monotonic()))
        kept = {name: alone for name, alone in known.items() if alone.promises}
        while kept and self.whole.undecided() and time.monotonic() < deadline:
            needed = self._round(kept, nodes, deadline)
            kept = {name: alone for name, alone in kept.items() if name not in needed} if needed else {}

    def _round(self, kept: Mapping[str, Alone], nodes: Sequence[Node], deadline: float) -> set[str]:
        """One opening; the names of the callees whose bodies are needed."""
        program = restricted(self.program, {name: alone.promises for name, alone in kept.items()})
        opened, calls = opening(program, self.contracts.chosen, lemmas=True)
        instances = [
            Instance(e.rhs.instance, kept[e.rhs.node].node, e.rhs.arguments, e.targets)
            for e in calls if isinstance(e.rhs, Call) and e.rhs.node in kept
        ]  # fmt: skip
        asked = self.whole.undecided() & self.whole.clauses().keys()
        names = {name for name, _ in asked.union(*(kept[i.node.name].requirements(i) for i in instances))}
        options = replace(self.options, properties=tuple(sorted(names)), explain=False, first=False)
        unit = self.begun(opened.node(opened.main), options, time.monotonic() + ROUND * (deadline - time.monotonic()))
        unit.decide()
        results = unit.results()
        scope = Scope.of(unit.checked.node, instances, [n for n in nodes if n.name not in kept])
        self._take(unit, results, asked, scope, kept)
        for instance in instances:
            self._transfer(instance, kept[instance.node.name])
        return {name for r in results if (r.name, r.kind) in asked for name in self._guilty(unit, r, scope)}

    def _take(
        self, unit: Unit, results: Sequence[Result], asked: frozenset[Key], scope: Scope, kept: Mapping[str, Alone]
    ) -> None:
        """Settle what is proved of the opened node."""
        here, there = uses_of(unit.checked), uses_of(self.whole.checked)
        clauses, own = unit.clauses(), self.whole.clauses()
        taken: dict[Key, Result] = {}
        for key, result in _proofs(results).items():
            holds = clauses[key].holds.name
            if key in asked and own[key].holds.name == holds and follows(key, there, here):
                how = scope.modular(holds)
                taken[key] = _annotated(result, "modular", how) if how.contracts else result
                for instance in scope.instances(holds):
                    promises = kept[instance.node.name].promises
                    self.contracts.use(instance.node.name, ((name, ENSURE) for name in promises))
        self.whole.settle(taken)
        names = {i.path: i.node.label for i in scope.opened}
        for made in unit.derivations():
            reported = frozenset(g for g in made.reported if (made.claims[g].name, made.claims[g].kind) in taken)
            if reported:
                self.derivations.append(replace(made, reported=reported, assumed=_told(made.assumed, names)))

    def _transfer(self, instance: Instance, alone: Alone) -> None:
        """Settle what holds of an instance because it holds of its node."""
        if not alone.requirements(instance) <= self.whole.proved():
            return
        here, there = instance.uses(alone.uses), uses_of(self.whole.checked)
        clauses, open_ = self.whole.clauses(), self.whole.undecided()
        label = instance.node.label
        taken: dict[Key, Result] = {}
        for key, result in alone.proved.items():
            name = instance.key(key)
            if name not in open_ or name not in clauses or not follows(name, there, here):
                continue
            how = replace(_proof(result).modular or Modular(), alone=label, clause=key[0])
            told = _annotated(result, f"node {label} by itself", how).verdict
            stated = clauses[name]
            taken[name] = Result(
                *name, self.whole.label, stated.span, stated.requirement, told, 0.0, stated.instance
            )  # fmt: skip
            self.contracts.use(instance.node.name, (key,))
        self.whole.settle(taken)

    def _guilty(self, unit: Unit, result: Result, scope: Scope) -> set[str]:
        """The names of the nodes whose bodies undo a violation first; one of the program itself is its verdict."""
        if not isinstance(result.verdict, Violated | Reached):
            return set()
        key, found = (result.name, result.kind), result.verdict.counterexample
        own = {v.name for v in self.whole.checked.node.inputs}
        run = self.whole.replayed(key, {n: v for n, v in found.inputs.items() if n in own}, found.ticks)
        if key not in self.whole.undecided() or isinstance(result.verdict, Reached):
            return set()
        instances = scope.instances(unit.clauses()[key].holds.name)
        for tick in range(found.ticks):
            if other := {i.node.name for i in instances if any(_differs(found, run, t, tick) for t in i.targets)}:
                return other
        return set()


def _differs(found: Counterexample, run: Replayed, stream: Var, tick: int) -> bool:
    """Whether a stream is something else on a run than in a counterexample, of which it is an input."""
    value, other = found.inputs[stream.name][tick], shown(run.column(stream.name).at(tick), element(stream.type))
    # Values as they are shown are plain numbers, names, and lists of them.
    return bool(value != other)


def _proofs(results: Sequence[Result]) -> dict[Key, Result]:
    """The clauses that hold, without those that have their name and kind in common."""
    count = Counter((r.name, r.kind) for r in results)
    return {
        (r.name, r.kind): r for r in results
        if count[r.name, r.kind] == 1 and isinstance(r.verdict, Proved | Unreachable)
    }  # fmt: skip


def _proof(result: Result) -> Proved:
    """The proof of a clause that holds."""
    match result.verdict:
        case (Proved() as proof) | Unreachable(proof):
            return proof
        case _:
            raise InternalFault(f"{result.name} is not proved")


def _annotated(result: Result, how: str, modular: Modular) -> Result:
    """A clause that holds, with what its proof is about."""
    proof = _proof(result)
    proof = replace(proof, method=f"{proof.method}, {how}", modular=modular)
    return replace(result, verdict=Unreachable(proof) if isinstance(result.verdict, Unreachable) else proof)


def _told(assumed: Mapping[str, str], labels: Mapping[str, str]) -> dict[str, str]:
    """The names of assumptions, with the node of whose contract they are."""
    return {
        goal: next((f"{name}, proved of node {labels[p]} by itself" for p in labels if name.startswith(f"{p}.")), name)
        for goal, name in assumed.items()
    }
