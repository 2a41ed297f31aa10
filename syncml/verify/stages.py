"""The verification of one node: its networks as tables, as sets, and in the end as they are.

    1  reachability               what the passing of time makes true is followed up to there
    2  no tables                  what holds whatever the networks yield
    3  reachability               what needs no memory, and random runs in search of a violation
    4  tables                     what holds for networks with such outputs, cell by cell; finer ones after coarser ones
    5  the node                   everything that is left, and all that there is without networks

In the last one contracts may take the place of the bodies of callees (`modular`).

Rule: every run of the node is one of the node with tables, so of those all proofs count, and nothing else; where floats
are the machine's, only with their guards (`reach.cells`). What one stage decides the next ones do not ask. Of a node
without a network there is the last stage only, unless reachability is asked for by name.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import field, replace
from typing import TYPE_CHECKING

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic
from syncml.ir.constants import Const
from syncml.ir.equations.syntax import Apply, Equation, Node, Program, Property, PropertyKind, Var
from syncml.ir.operators import Op
from syncml.verify.abstraction import opening
from syncml.verify.cone import Cones
from syncml.verify.derivation import Derivation
from syncml.verify.handed import Handed, handed
from syncml.verify.pool import Pool
from syncml.verify.remote import Failure, called
from syncml.verify.replay import Replay, qualified
from syncml.verify.unit import ENGINES, Key, Unit
from syncml.verify.verdicts import Proofs, Proved, Result, Semantics, Tube, Unknown, Unreachable, VerifyOptions

if TYPE_CHECKING:
    from syncml.verify.modular import Contracts
    from syncml.verify.reach.cells import Table

REACH = "reach"
"""The engine that is no solver."""

CELLS = (1, 8, 64)
"""The sizes of the tables that are tried, one after the other."""

SHARE = 0.5
"""The part of the time left that reachability, or a table, may take."""

LATER = 0.3
"""The part for reachability of what time alone does not make true."""

FIRST = 0.7
"""The part for proofs without tables: most of what holds for the network at hand holds for all others."""

MOMENT = 0.7
"""The part of the time for first attempts on a node with all its bodies, before contracts take their place."""

OPENED, OPENED_BESIDES = 0.6, 0.4
"""The part of the time left for contracts in place of bodies: where that is wanted, and where it is an attempt."""


@dataclass(slots=True)
class Stages:
    """The stages of one node, and what they found.

    Attributes:
        warnings: Diagnostics about the contract itself.
        derivations: What the proofs among the results are made of.
        tubes: What reachability found, where it proved something.
        contracts: The nodes that may be verified by themselves.
        promises: The names of the checks that the contract of an abstract node rests on.
        whole: The last stage.
    """

    program: Program
    node: Node
    options: VerifyOptions
    replay: Replay
    pool: Pool
    deadline: float
    contracts: Contracts | None = None
    warnings: list[Diagnostic] = field(default_factory=list[Diagnostic])
    derivations: list[Derivation] = field(default_factory=list[Derivation])
    tubes: list[Tube] = field(default_factory=list[Tube])
    promises: frozenset[str] = frozenset()
    whole: Unit = field(init=False)
    _within: Program = field(init=False)
    _flat: Node = field(init=False)
    _handed: Handed = field(init=False)
    _decided: dict[Key, Result] = field(default_factory=dict[Key, Result])
    _asked: list[str] = field(default_factory=list[str])
    _undecided: dict[Key, Unknown] = field(default_factory=dict[Key, Unknown])

    def __post_init__(self) -> None:
        position = next(i for i, n in enumerate(self.program.nodes) if n.name == self.node.name)
        self._within = Program(self.program.nodes[: position + 1], self.node.name)
        flat, calls = opening(self._within, frozenset(self.options.abstract))
        self._flat, self._handed = flat.node(flat.main), handed(calls)

    def decide(self) -> list[Result]:
        """A verdict for every clause and check; an interrupt ends the work, and what is known then is reported."""
        try:
            if not self.pool.stopped:
                self._with_networks()
        except KeyboardInterrupt:
            self.pool.stop()
        unit = self.whole = self._unit(self._flat, self.options, self.deadline, self._decided)
        try:
            self._with_contracts(unit)
            unit.decide()
            results = unit.results()
        except KeyboardInterrupt:
            self.pool.stop()
            results = unit.results()
        self.promises = unit.wishes.promises
        self._keep(unit)
        return [self._explained(r) for r in results]

    def _with_contracts(self, unit: Unit) -> None:
        """Contracts in place of the bodies of callees, after a moment with the bodies unless that is not wanted."""
        proofs, contracts = self.options.proofs, self.contracts
        if proofs is Proofs.MONOLITHIC or self.pool.stopped or not contracts or not contracts.called(self.node):
            return
        if proofs is Proofs.AUTO:
            unit.attempt(MOMENT * self._left())
        if unit.undecided() and not self.pool.stopped:
            from syncml.verify.modular import Openings

            openings = Openings(self._within, self.options, contracts, self._opened, unit)
            part = OPENED if proofs is Proofs.MODULAR else OPENED_BESIDES
            openings.decide(time.monotonic() + part * self._left())
            self.derivations += openings.derivations

    def _opened(self, flat: Node, options: VerifyOptions, deadline: float) -> Unit:
        return self._unit(flat, options, deadline, {})

    def _unit(self, flat: Node, options: VerifyOptions, deadline: float, decided: Mapping[Key, Result]) -> Unit:
        abstract = self.node.name != self.program.main
        return Unit(
            flat,
            self.node.label,
            options,
            self.replay,
            self.pool,
            deadline,
            abstract=abstract,
            decided=decided,
            inputs=self._handed,
        )

    def _keep(self, unit: Unit, tables: tuple[Table, ...] = ()) -> None:
        known = {(w.code, w.message) for w in self.warnings}
        self.warnings += [w for w in unit.warnings if (w.code, w.message) not in known]
        self.derivations += [replace(d, tables=tables) for d in unit.derivations()]

    # Networks.

    def _with_networks(self) -> None:
        engines, only = self.options.engines or ENGINES, set(self.options.engines) == {REACH}
        # A network has a product of matrices; what looks for it takes long to load.
        if not only and not any(_multiplies(n) for n in self.program.nodes):
            return
        from syncml.verify.reach.plan import networks_of

        definitions = {t: e for e in self._flat.equations for t in e.targets}
        networks = networks_of(self._flat, definitions)
        # A recurrent layer is no network that has a table, but sets follow it.
        dense = {t for e in self._flat.equations if _is_dense(e) for t in e.targets}
        if not networks and not dense and not only:
            return
        goals = self._goals(networks.keys() | dense if not only else None)
        sets = REACH in engines and self.options.semantics is not Semantics.IDEAL
        solvers = bool(networks) and bool({"induction", "localised", "spacer"} & set(engines))
        if sets:
            self._reach(goals, 1.0 if only else SHARE, timed=not only)
        self._asked = [qualified(g) for g in self._open(goals)]
        if solvers:
            self._tables(goals, 0)
        if sets and networks:
            self._reach(goals, LATER, timed=False)
        if solvers:
            for cells in CELLS:
                self._tables(goals, cells)

    def _goals(self, networks: Set[Var] | None) -> list[Property]:
        """The clauses that are asked for, as far as they depend on one of some streams."""
        cones, wanted = Cones(self._flat), self.options.properties
        return [
            p for p in self._flat.properties
            if p.kind is not PropertyKind.ASSUME
            and (not wanted or qualified(p) in wanted)
            and (networks is None or networks & cones.of(p.holds))
        ]  # fmt: skip

    def _open(self, goals: Sequence[Property]) -> list[Property]:
        return [g for g in goals if _key(g) not in self._decided]

    def _left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    def _reach(self, goals: Sequence[Property], share: float, *, timed: bool) -> None:
        """Reachability, in a process of its own."""
        from syncml.verify.reach.decide import decide

        open_ = {_key(g): g for g in self._open(goals)}
        seconds = share * self._left()
        if not open_ or seconds < 0.1 or self.pool.stopped:
            return
        arguments = self._flat, tuple(open_.values()), self.replay, seconds, self.options.seed, timed
        only = set(self.options.engines) == {REACH}
        for found in called(self.pool, decide, arguments, seconds):
            if isinstance(found, Tube):
                self.tubes.append(found)
            elif isinstance(found, Failure):
                ended = Unknown(f"reachability failed: {found.reason}", 0, "give more memory with --memory")
                self._undecided |= dict.fromkeys(open_.keys() - self._decided.keys(), ended)
            elif isinstance(found.verdict, Unknown) and not only:
                self._undecided[found.goal] = found.verdict
            else:
                goal, (name, kind) = open_[found.goal], found.goal
                self._decided[found.goal] = Result(
                    name, kind, self.node.label, goal.span, goal.requirement, found.verdict, found.seconds,
                    goal.instance,
                )  # fmt: skip

    def _tables(self, goals: Sequence[Property], cells: int) -> None:
        """Proofs by the solvers with tables of so many cells in place of the networks."""
        from syncml.verify.reach.cells import Tabulated, emit_tabulated

        seconds = (SHARE if cells else FIRST) * self._left()
        if not self._asked or seconds < 1.0 or self.pool.stopped:
            return
        until = time.monotonic() + seconds
        rounded = self.options.semantics is Semantics.MACHINE
        made = [*called(self.pool, emit_tabulated, (self._flat, tuple(goals), cells, rounded), seconds)]
        found = made[0] if made else None
        if isinstance(found, Failure):
            self._failed("the table of a network", found, goals)
        if not isinstance(found, Tabulated):
            return
        if rounded and not found.guarded:
            return
        asked = self.options.properties
        if asked or cells:
            asked = (*self._asked, *found.guards)
        others = tuple(e for e in self.options.engines or ENGINES if e != REACH)
        options = replace(self.options, engines=others, properties=asked, explain=False, first=False)
        unit = self._unit(found.node, options, until, {})
        unit.decide()
        results = unit.results()
        proved = {(r.name, r.kind): r for r in results if isinstance(r.verdict, Proved | Unreachable)}
        if rounded and not all((g, PropertyKind.INVARIANT.value) in proved for g in found.guards):
            return
        kept = {
            k: _in_cells(r, cells) for k, r in proved.items() if k not in self._decided and k[0] not in found.guards
        }
        self._decided |= kept
        names = {r.name for r in results} if not self.options.properties else set(self._asked)
        open_ = [r.name for r in results if (r.name, r.kind) not in self._decided]
        self._asked = [n for n in open_ if n in names and n not in found.guards]
        if kept:
            self._keep(unit, found.tables)

    def _failed(self, what: str, failure: Failure, goals: Sequence[Property]) -> None:
        ended = Unknown(f"{what} failed: {failure.reason}", 0, "give more memory with --memory")
        self._undecided |= {_key(g): ended for g in self._open(goals)}

    def _explained(self, result: Result) -> Result:
        """What reachability says of a clause that nothing decides is part of the reason."""
        said = self._undecided.get((result.name, result.kind))
        if said is None or not isinstance(result.verdict, Unknown):
            return result
        reason = f"{result.verdict.reason}; {said.reason}"
        return replace(result, verdict=replace(result.verdict, reason=reason, advice=said.advice))


def _in_cells(result: Result, cells: int) -> Result:
    how = f"network in {cells} cell{'s' if cells > 1 else ''}" if cells else "any network"
    match result.verdict:
        case Proved() as proof:
            return replace(result, verdict=replace(proof, method=f"{proof.method}, {how}"))
        case Unreachable(proof):
            return replace(result, verdict=Unreachable(replace(proof, method=f"{proof.method}, {how}")))
        case _:
            return result


def _key(clause: Property) -> Key:
    return qualified(clause), clause.kind.value


def _multiplies(node: Node) -> bool:
    return any(isinstance(e.rhs, Apply) and e.rhs.op is Op.MATMUL for e in node.equations)


def _is_dense(equation: Equation) -> bool:
    """Whether it is a product with a matrix of weights."""
    rhs = equation.rhs
    return isinstance(rhs, Apply) and rhs.op is Op.MATMUL and any(isinstance(a, Const) for a in rhs.arguments)
