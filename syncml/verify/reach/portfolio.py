"""Reachability beside the solvers: which clauses it takes, and for how long.

Rule: it takes clauses of contracts under machine semantics, where a network is in what they depend on, or all of them
if no other engine is asked for. It comes first, with half of the time, because a network is out of reach of a solver.
The solvers see the node without the clauses that it decided.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from syncml.ir.equations.syntax import Node, Program, Property, PropertyKind
from syncml.verify.abstraction import opened
from syncml.verify.replay import Replay, qualified
from syncml.verify.verdicts import Result, Semantics, Unknown, VerifyOptions

ENGINE = "reach"

Decided: TypeAlias = Mapping[tuple[str, str], Result]
"""Results by the qualified name and the kind of the clause."""


def reachability(program: Program, node: Node, options: VerifyOptions, replay: Replay, deadline: float) -> Decided:
    """Results for the clauses of a node, as far as reachability is asked for and decides them."""
    alone = set(options.engines) == {ENGINE}
    if options.semantics is not Semantics.MACHINE or (options.engines and ENGINE not in options.engines):
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
    now = time.monotonic()
    until = deadline if alone else now + 0.5 * (deadline - now)
    found = decide(flat, goals, replay, until, options.seed)
    return {
        _key(goal): Result(
            qualified(goal), goal.kind.value, node.label, goal.span, goal.requirement, each.verdict, each.seconds
        )
        for goal, each in found.items()
        if alone or not isinstance(each.verdict, Unknown)
    }


def without(program: Program, decided: Decided) -> Program:
    """An opened program without the clauses that are decided."""
    if not decided:
        return program
    flat = program.node(program.main)
    left = tuple(p for p in flat.properties if p.kind is PropertyKind.ASSUME or _key(p) not in decided)
    return Program((replace(flat, properties=left),), program.main)


def _key(clause: Property) -> tuple[str, str]:
    return qualified(clause), clause.kind.value
