"""Contracts in simulation: each clause of a contract is a monitor.

Rule: a clause fails at a tick at which its stream is present and false. After a failed assumption the run says nothing
about the promises that follow it, so the report keeps the two apart.
"""

from __future__ import annotations

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.equations.syntax import GOALS, Node, Property, PropertyKind
from syncml.ir.step.lowering import Observe, observed
from syncml.sim.trace import Trace


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """What a run showed of one clause; a goal "fails" where it is reached.

    Attributes:
        clause: The clause, with its source position.
        name: Its name, under the path of its instance.
        instants: At how many ticks it was present.
        first_failure: The first tick at which it failed, or None.
        failures: At how many ticks it failed.
    """

    clause: Property
    name: str
    instants: int
    first_failure: int | None
    failures: int

    @property
    def is_assumption(self) -> bool:
        """Whether the clause speaks of the environment: an ``assume``, or a ``require`` of the main node."""
        kind = self.clause.kind
        return kind is PropertyKind.ASSUME or (kind is PropertyKind.REQUIRE and not self.clause.instance)

    @property
    def is_goal(self) -> bool:
        """Whether the clause says what is to be reached."""
        return self.clause.kind in GOALS


def clause_name(clause: Property) -> str:
    """The clause's name under the path of its instance."""
    return f"{clause.instance}.{clause.name}" if clause.instance else clause.name


def stream_names(node: Node) -> tuple[str, ...]:
    """The inputs, the outputs, and what the user named, without the conditions of contracts."""
    conditions = {clause.holds for clause in node.properties}
    named = (var for var in observed(node, Observe.NAMED) if var.user or var not in conditions)
    return tuple(dict.fromkeys(var.name for var in (*node.inputs, *node.outputs, *named)))


def monitor(node: Node, trace: Trace) -> tuple[ClauseResult, ...]:
    """The clauses of ``node`` (calls inlined) on a trace that has their streams."""
    results: list[ClauseResult] = []
    for clause in node.properties:
        column = trace.column(clause.holds.name)
        failed = np.flatnonzero(column.present & ~column.values)
        first = int(failed[0]) if failed.size else None
        results.append(ClauseResult(clause, clause_name(clause), int(column.present.sum()), first, int(failed.size)))
    return tuple(results)
