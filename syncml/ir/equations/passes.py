"""The passes of a node over its segments, as a person counts them.

Rule: for each segment with streams that need the future there is one pass for each sweep, and

    before them   a forward pass, if a stream that does not need the future has a past in the segment, or if an output
                  follows an input within the segment: it is computed instant by instant as the inputs come
    after them    an update, if something is computed from what the sweeps give at the end of the segment

A segment without such streams is one forward pass, and so is a node without segments.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from syncml.dataclass import dataclass
from syncml.ir.equations.backward import Backward, Direction, backward_of, needs_of
from syncml.ir.equations.syntax import Apply, Equation, Fby, Node, Pack, Post, Segment, Var
from syncml.ir.operators import Op


class PassKind(Enum):
    """What a pass does."""

    FORWARD = "forward"
    BACKWARD = "backward"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass; ``streams`` are those of a sweep, or those that an update computes."""

    kind: PassKind
    segment: Segment | None
    streams: tuple[Var, ...]


def passes_of(node: Node) -> tuple[Pass, ...]:
    """The passes over each segment of a causal, clocked ``node``, in order."""
    backward = backward_of(node)
    segments: dict[Segment, None] = {}
    for equation in node.equations:
        if isinstance(equation.rhs, Post | Pack):
            segments[equation.rhs.segment] = None
    found: list[Pass] = []
    for segment in segments:
        sweeps = next((s for s in backward.sweeps if s.segment == segment), None)
        online = tuple(_online(node, segment, backward))
        if online or sweeps is None:
            found.append(Pass(PassKind.FORWARD, segment, online))
        if sweeps is None:
            continue
        for number, direction in enumerate(sweeps.directions):
            kind = PassKind.FORWARD if direction is Direction.FORWARD else PassKind.BACKWARD
            found.append(Pass(kind, segment, tuple(sweeps.streams(number))))
        exits = {target for target, source in backward.exits.items() if source in sweeps.number}
        if updated := _updates(node, exits):
            found.append(Pass(PassKind.UPDATE, segment, tuple(updated)))
    return tuple(found) or (Pass(PassKind.FORWARD, None, ()),)


def _online(node: Node, segment: Segment, backward: Backward) -> list[Var]:
    """The streams with a past in the segment, and the outputs, that depend on an input and not on the future."""
    # The borders of segments are no computation of the program.
    blocked = {*backward.ahead, *backward.exits, segment.first, segment.last}
    reached = _reached(node.equations, [v for v in node.inputs if v not in blocked], blocked)
    past = [e.target for e in node.equations if isinstance(e.rhs, Fby) and segment.first in e.rhs.resets]
    return [v for v in dict.fromkeys((*past, *node.outputs)) if v in reached]


def _updates(node: Node, exits: Collection[Var]) -> list[Var]:
    """What is computed at the end of a segment from what is taken there."""
    clocks = {node.clocks[v] for v in exits}
    reached = _reached(node.equations, list(exits), frozenset())
    return [
        e.target
        for e in node.equations
        if isinstance(e.rhs, Apply)
        and e.rhs.op not in (Op.COPY, Op.INDEX)
        and e.target in reached
        and e.clock in clocks
    ]


def _reached(equations: Collection[Equation], start: list[Var], blocked: Collection[Var]) -> set[Var]:
    """The streams that depend on ``start``, also through delays, by ways around ``blocked``."""
    readers: dict[Var, list[Var]] = {}
    for equation in equations:
        for needed, _ in needs_of(equation):
            readers.setdefault(needed, []).extend(t for t in equation.targets if t not in blocked)
    seen = set(start)
    pending = list(start)
    while pending:
        for reader in readers.get(pending.pop(), []):
            if reader not in seen:
                seen.add(reader)
                pending.append(reader)
    return seen
