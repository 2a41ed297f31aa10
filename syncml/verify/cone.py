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

    def followers(self, streams: Iterable[Var]) -> frozenset[Var]:
        """Everything that depends on some streams, themselves included."""
        readers: dict[Var, list[Var]] = {}
        for reader, read in self._reads.items():
            for var in read:
                readers.setdefault(var, []).append(reader)
        return _closure(streams, readers)

    def within(self, streams: Iterable[Var]) -> frozenset[Var]:
        """Everything that some streams depend on, themselves included."""
        return _closure(streams, self._reads)


def _closure(streams: Iterable[Var], successors: Mapping[Var, Iterable[Var]]) -> frozenset[Var]:
    seen: set[Var] = set()
    pending = list(streams)
    while pending:
        current = pending.pop()
        if current not in seen:
            seen.add(current)
            pending.extend(successors.get(current, ()))
    return frozenset(seen)
