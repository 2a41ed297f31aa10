"""Reachability beside the solvers: which clauses it takes, and for how long.

Rule: it takes clauses of contracts, unless all numbers are to be ideal, where a network is in what they depend on, or
all of them if no other engine is asked for. It comes first, with half of the time, because a network is out of reach of
a solver. What has no horizon is left to the solvers with a table in place of each network; of that, only proofs count.
Then the solvers see the node without the clauses that are decided.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from syncml.ir.equations.syntax import Apply, Node, Program, Property, PropertyKind
from syncml.ir.operators import Op
from syncml.verify.abstraction import opened
from syncml.verify.replay import Replay, qualified
from syncml.verify.verdicts import Proved, Result, Semantics, Unknown, VerifyOptions

ENGINE = "reach"

CELLS = (1, 8, 64)
"""The sizes of the tables that are tried, one after the other."""

Decided: TypeAlias = Mapping[tuple[str, str], Result]
"""Results by the qualified name and the kind of the clause."""


def reachability(program: Program, node: Node, options: VerifyOptions, replay: Replay, deadline: float) -> Decided:
    """Results for the clauses of a node, as far as reachability is asked for and decides them."""
    alone = set(options.engines) == {ENGINE}
    if options.semantics is Semantics.IDEAL or (options.engines and ENGINE not in options.engines):
        return {}
    # A network has a product of matrices; what looks for it takes long to load.
    if not alone and not any(_multiplies(each) for each in program.nodes):
        return {}
    from syncml.verify.reach.decide import decide
    from syncml.verify.reach.plan import networks_of, plan

    position = next(i for i, n in enumerate(program.nodes) if n.name == node.name)
    whole = opened(Program(program.nodes[: position + 1], node.name), frozenset(options.abstract))
    flat = whole.node(whole.main)
    if not alone and not networks_of(flat, {t: e for e in flat.equations for t in e.targets}):
        return {}
    goals = [
        p for p in flat.properties
        if p.kind is not PropertyKind.ASSUME
        and (not options.properties or qualified(p) in options.properties)
        and (alone or plan(flat, [p]).networks)
    ]  # fmt: skip
    if not goals:
        return {}
    started = time.monotonic()
    until = deadline if alone else started + 0.5 * (deadline - started)
    verdicts = {
        goal: (each.verdict, each.seconds) for goal, each in decide(flat, goals, replay, until, options.seed).items()
    }
    left = [g for g, (verdict, _) in verdicts.items() if isinstance(verdict, Unknown)]
    for goal, proof in () if alone else _by_cells(flat, left, options, replay, deadline):
        verdicts[goal] = proof, time.monotonic() - started
    return {
        _key(goal): Result(qualified(goal), goal.kind.value, node.label, goal.span, goal.requirement, verdict, seconds)
        for goal, (verdict, seconds) in verdicts.items()
        if alone or not isinstance(verdict, Unknown)
    }


def _by_cells(
    flat: Node, goals: Sequence[Property], options: VerifyOptions, replay: Replay, deadline: float
) -> Iterator[tuple[Property, Proved]]:
    """Proofs by the solvers with tables in place of networks, finer ones for what coarser ones do not prove."""
    from syncml.verify.driver import ENGINES, verify
    from syncml.verify.reach.cells import tabulated

    engines = tuple(e for e in options.engines or ENGINES if e != ENGINE)
    left = list(goals)
    # Induction alone is quick where the network does not matter once it is a table.
    alone = tuple(e for e in engines if e == "induction")
    for cells, engines_, share in [(CELLS[0], alone, 0.2), *((n, engines, 0.5) for n in CELLS)]:
        seconds = share * (deadline - time.monotonic())
        table = tabulated(flat, left, cells) if left and engines_ and seconds > 1.0 else None
        if table is None:
            continue
        # What a callee requires is to be proved here; of a main node it would be assumed.
        promised = tuple(
            replace(p, kind=PropertyKind.ENSURE) if p.kind is PropertyKind.REQUIRE else p for p in table.properties
        )
        wanted = tuple(map(qualified, left))
        asked = replace(
            options, timeout=seconds, engines=engines_, properties=wanted, abstract=(), explain=False, first=False
        )
        report = verify(Program((replace(table, properties=promised),), table.name), asked, replay)
        proved = {r.name: r.verdict for r in report.results if isinstance(r.verdict, Proved)}
        for goal in [g for g in left if qualified(g) in proved]:
            left.remove(goal)
            proof = proved[qualified(goal)]
            yield goal, replace(proof, method=f"{proof.method}, network in {cells} cell{'s' if cells > 1 else ''}")


def _multiplies(node: Node) -> bool:
    return any(isinstance(e.rhs, Apply) and e.rhs.op is Op.MATMUL for e in node.equations)


def without(program: Program, decided: Decided) -> Program:
    """An opened program without the clauses that are decided."""
    if not decided:
        return program
    flat = program.node(program.main)
    left = tuple(p for p in flat.properties if p.kind is PropertyKind.ASSUME or _key(p) not in decided)
    return Program((replace(flat, properties=left),), program.main)


def _key(clause: Property) -> tuple[str, str]:
    return qualified(clause), clause.kind.value
