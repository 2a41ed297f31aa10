"""What a stream depends on: data, clocks, registers, and the assumptions about any of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from syncml.ir.clocks import conditions
from syncml.ir.equations.syntax import Node, PropertyKind, Var, atoms


class Cones:
    """Dependency cones of a flat node; assumptions belong to every cone, because every proof may use them."""

    def __init__(self, node: Node) -> None:
        self._reads: Mapping[Var, frozenset[Var]] = {
            t: frozenset(a for a in atoms(e.rhs) if isinstance(a, Var)) | frozenset(conditions(node.clocks[t]))
            for e in node.equations
            for t in e.targets
        }
        self._always = [p.holds for p in node.properties if p.kind is PropertyKind.ASSUME]

    def of(self, var: Var) -> frozenset[Var]:
        """Everything that ``var``, or an assumption, depends on, themselves included."""
        return self.within([var, *self._always])

    def within(self, streams: Iterable[Var]) -> frozenset[Var]:
        """Everything that some streams depend on, themselves included."""
        seen: set[Var] = set()
        pending = list(streams)
        while pending:
            current = pending.pop()
            if current not in seen:
                seen.add(current)
                pending.extend(self._reads.get(current, ()))
        return frozenset(seen)
