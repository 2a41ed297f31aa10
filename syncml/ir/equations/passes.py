"""The passes of a node over its segments, as a person counts them.

Rule: for each segment with streams that need the future there is one pass for each sweep, and

    before them   a forward pass, if a stream that does not need the future has a past in the segment, or if an output
                  follows an input within the segment: it is computed instant by instant as the inputs come
    after them    an update, if something is computed from what the sweeps give at the end of the segment

A segment without such streams is one forward pass, and so is a node without segments.

By a schedule that packs the segment before, what is computed at the ends is *late*: an update by what the sweeps give
comes one segment later, and every stream that is computed at the ends from what is packed is about the segment before.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum

from syncml.dataclass import dataclass
from syncml.ir.clocks import Clock, steps
from syncml.ir.equations.backward import Backward, Direction, backward_of, needs_of
from syncml.ir.equations.syntax import LATE, Apply, Equation, Fby, Merge, Node, Pack, Post, Segment, Var, atoms
from syncml.ir.operators import Op


class PassKind(Enum):
    """What a pass does."""

    FORWARD = "forward"
    BACKWARD = "backward"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass; ``streams`` are those of a sweep, or those that an update computes and changes.

    ``is_late`` is an update by the sums of the segment before the one at whose end it is.
    """

    kind: PassKind
    segment: Segment | None
    streams: tuple[Var, ...]
    is_late: bool = False


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
            found.append(Pass(PassKind.UPDATE, segment, tuple(updated), segment.schedule in LATE))
    return tuple(found) or (Pass(PassKind.FORWARD, None, ()),)


def late_streams(node: Node) -> frozenset[Var]:
    """What is computed, on the clock of the ends of segments, from what is packed one segment later."""
    packed = [e.target for e in node.equations if isinstance(e.rhs, Pack) and e.rhs.is_late]
    readers: dict[tuple[Var, Clock], list[Var]] = {}
    for equation in node.equations if packed else ():
        # A memory of the ends, or what goes on between them, is about more segments than one.
        for target in () if isinstance(equation.rhs, Fby) else equation.targets:
            for end in {node.clocks[p] for p in packed}.intersection(steps(node.clocks[target])):
                for source in (a for a in atoms(equation.rhs) if isinstance(a, Var)):
                    readers.setdefault((source, end), []).append(target)
    pending = {(target, node.clocks[target]) for target in packed}
    found = set(pending)
    while pending:
        pending = {(reader, end) for source, end in pending for reader in readers.get((source, end), ())} - found
        found |= pending
    return frozenset(var for var, _ in found)


def _online(node: Node, segment: Segment, backward: Backward) -> list[Var]:
    """The streams with a past in the segment, and the outputs, that depend on an input and not on the future."""
    # The borders of segments are no computation of the program.
    blocked = {*backward.ahead, *backward.exits, segment.first, segment.last}
    reached = _reached(node.equations, [v for v in node.inputs if v not in blocked], blocked)
    past = [e.target for e in node.equations if isinstance(e.rhs, Fby) and segment.first in e.rhs.resets]
    return [v for v in dict.fromkeys((*past, *node.outputs)) if v in reached]


def _updates(node: Node, exits: Collection[Var]) -> list[Var]:
    """What is computed at the end of a segment from what is taken there, then the memories that it goes into."""
    clocks = {node.clocks[v] for v in exits}
    reached = _reached(node.equations, list(exits), frozenset())
    computed = [
        e.target
        for e in node.equations
        if isinstance(e.rhs, Apply)
        and e.rhs.op not in (Op.COPY, Op.INDEX)
        and e.target in reached
        and e.clock in clocks
    ]
    given = {
        e.target
        for e in node.equations
        if isinstance(e.rhs, Merge)
        and any(isinstance(a, Var) and a in reached and node.clocks[a] in clocks for _, a in e.rhs.branches)
    }
    changed = [e.target for e in node.equations if isinstance(e.rhs, Fby) and e.rhs.following in given]
    return [*computed, *changed] if computed else []


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
