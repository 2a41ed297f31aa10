"""Streams that need the future of their segment, and the sweeps that compute them.

Rule: a stream is *ahead* in segment s iff it is a `post` in s or reads a stream that is, at the same, the previous or
the next instant; what is taken at the end of s (``when last``, `pack`) is not. The streams ahead are computed when the
segment ends, by sweeps over its instants in one direction or the other. A sweep number p exists for each, such that for
every v that needs u

    u at n     p(u) <= p(v)
    u at n-1   p(u) < p(v), or p(u) = p(v) is a forward sweep
    u at n+1   p(u) < p(v), or p(u) = p(v) is a backward sweep

iff no strongly connected component needs both the previous and the next instant. That is the rank ``(segment, pass, +n
or -n, order)``: it decreases along every dependency. To have more streams computed earlier never hurts, so a search
over the directions in which each sweep computes all that it can finds the fewest sweeps.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from enum import Enum

from syncml.dataclass import dataclass
from syncml.ir.clocks import Clock, conditions
from syncml.ir.equations.syntax import Call, Equation, Fby, Iterate, Node, Pack, Post, Segment, Var, When, atoms
from syncml.ir.graphs import components


class Instant(Enum):
    """When a stream is needed; the value is how a message says it."""

    SAME = "at the same instant"
    PREVIOUS = "at the previous instant"
    NEXT = "at the next instant"


class Direction(Enum):
    """The order in which a sweep visits the instants of a segment."""

    FORWARD = "forward"
    BACKWARD = "backward"


class Trouble(Enum):
    """Why a value that needs the future cannot be computed, or must not be used."""

    MIXED = "mixed"
    """A loop needs both the previous and the next instant; ``streams`` is the component."""
    UNCUT = "uncut"
    """A register (first of ``streams``) that is not cut at the start of the segment takes such a value (the second)."""
    SEGMENTS = "segments"
    """The first stream, in one segment, needs the second, which is ahead in another."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A trouble and the streams that it is about."""

    trouble: Trouble
    streams: tuple[Var, ...]


@dataclass(frozen=True, slots=True)
class Sweeps:
    """The streams ahead in one segment; ``number`` of a stream is its sweep, counted from 0.

    ``lookahead`` is how many instants ahead a stream needs, None for the whole segment. ``outside`` is, for each sweep,
    what it reads of streams that are not ahead.
    """

    segment: Segment
    directions: tuple[Direction, ...]
    number: Mapping[Var, int]
    lookahead: Mapping[Var, int | None]
    outside: tuple[tuple[Var, ...], ...]

    def streams(self, number: int) -> list[Var]:
        """The streams of one sweep, each after those that it needs at the same instant."""
        return [var for var, found in self.number.items() if found == number]


@dataclass(frozen=True, slots=True)
class Backward:
    """Everything in a node that needs the future."""

    sweeps: tuple[Sweeps, ...]
    faults: tuple[Fault, ...]
    ahead: Mapping[Var, Segment]
    """The segment of each stream that is ahead, one of a loop in both directions included."""
    exits: Mapping[Var, Var]
    """For each stream that is taken at the end of its segment, the stream ahead that it is taken from."""

    def of(self, var: Var) -> Sweeps | None:
        """The sweeps that ``var`` is computed by."""
        return next((s for s in self.sweeps if var in s.number), None)


NOTHING = Backward((), (), {}, {})


def has_future(node: Node) -> bool:
    """Whether some equation of ``node`` looks ahead or packs a segment."""
    return any(isinstance(e.rhs, Post | Pack) for e in node.equations)


def needs_of(equation: Equation) -> list[tuple[Var, Instant]]:
    """What the targets of ``equation`` need, and when; a call is taken to remember."""
    rhs = equation.rhs
    match rhs:
        case Fby():
            found = [(r, Instant.SAME) for r in rhs.resets]
            found += [(rhs.following, Instant.PREVIOUS)] if isinstance(rhs.following, Var) else []
        case Post():
            found = [(rhs.segment.first, Instant.SAME), (rhs.segment.last, Instant.SAME)]
            found += [(rhs.init, Instant.SAME)] if isinstance(rhs.init, Var) else []
            found += [(rhs.following, Instant.NEXT)] if isinstance(rhs.following, Var) else []
        case _:
            found = [(a, Instant.SAME) for a in atoms(rhs) if isinstance(a, Var)]
    if equation.clock is not None:
        found += [(c, Instant.SAME) for c in conditions(equation.clock)]
    return found


def backward_of(node: Node) -> Backward:
    """The streams of a clocked ``node`` that need the future, and their sweeps."""
    if not any(isinstance(e.rhs, Post) for e in node.equations):
        return NOTHING
    ahead, exits, faults = _ahead(node)
    definitions = {t: e for e in node.equations for t in e.targets if t in ahead}
    segments = dict.fromkeys(ahead.values())
    sweeps: list[Sweeps] = []
    for segment in segments:
        mine = {t: e for t, e in definitions.items() if ahead[t] == segment}
        found = _Scheduling(segment, mine, node.clocks[segment.last])
        faults += found.mixed()
        if not found.mixed():
            sweeps.append(found.sweeps())
    return Backward(tuple(sweeps), tuple(faults), ahead, exits)


def _ahead(node: Node) -> tuple[dict[Var, Segment], dict[Var, Var], list[Fault]]:
    """The segment of each stream that is ahead; what is taken from them at its end; what cannot be."""
    readers: dict[Var, list[Equation]] = {}
    for equation in node.equations:
        for needed, _ in needs_of(equation):
            readers.setdefault(needed, []).append(equation)
    ahead = {e.target: e.rhs.segment for e in node.equations if isinstance(e.rhs, Post)}
    exits: dict[Var, Var] = {}
    faults: list[Fault] = []
    pending = deque(ahead)
    while pending:
        var = pending.popleft()
        segment = ahead[var]
        for equation in readers.get(var, []):
            rhs = equation.rhs
            if (
                isinstance(rhs, When)
                and rhs.source is var
                and rhs.condition is segment.last
                and rhs.constructor is True
            ):
                exits[equation.target] = var
                continue
            if isinstance(rhs, Pack) and rhs.segment == segment:
                exits[equation.target] = var
                continue
            if isinstance(rhs, Fby) and segment.first not in rhs.resets:
                faults.append(Fault(Trouble.UNCUT, (equation.target, var)))
                continue
            for target in equation.targets:
                if target not in ahead:
                    ahead[target] = segment
                    pending.append(target)
                elif ahead[target] != segment:
                    faults.append(Fault(Trouble.SEGMENTS, (target, var)))
    return ahead, exits, faults


class _Scheduling:
    """The components of the streams that are ahead in one segment, and their sweeps."""

    def __init__(self, segment: Segment, definitions: Mapping[Var, Equation], tick: Clock) -> None:
        self._segment = segment
        self._streams = list(definitions)
        numbers = {var: i for i, var in enumerate(self._streams)}
        self._needs: list[list[tuple[int, Instant]]] = []
        self._outside: list[list[Var]] = []
        for equation in definitions.values():
            needs = needs_of(equation)
            inner = [(numbers[v], when) for v, when in needs if v in numbers]
            if isinstance(equation.rhs, Call | Iterate):
                inner += [(numbers[t], Instant.PREVIOUS) for t in equation.targets]
            if equation.clock != tick and isinstance(equation.rhs, Fby | Post):
                # The neighbour on a slower clock is anywhere in the segment: only a sweep towards it has met it.
                when = Instant.PREVIOUS if isinstance(equation.rhs, Fby) else Instant.NEXT
                inner.append((numbers[equation.target], when))
            self._needs.append(inner)
            self._outside.append([v for v, _ in needs if v not in numbers])
        self._posts = frozenset(numbers[t] for t, e in definitions.items() if isinstance(e.rhs, Post))
        self._same = [[u for u, when in needs if when is Instant.SAME] for needs in self._needs]
        self._components = components([[u for u, _ in needs] for needs in self._needs])

    def _inside(self, component: list[int]) -> set[Instant]:
        """When the streams of a component need each other."""
        members = set(component)
        return {when for v in component for u, when in self._needs[v] if u in members}

    def mixed(self) -> list[Fault]:
        """The loops that run in both directions."""
        both = {Instant.PREVIOUS, Instant.NEXT}
        return [
            Fault(Trouble.MIXED, tuple(self._streams[n] for n in component))
            for component in self._components
            if both <= self._inside(component)
        ]

    def sweeps(self) -> Sweeps:
        """The fewest sweeps, found by trying both directions for each, the larger sets of computed streams first."""
        everything = frozenset(range(len(self._components)))
        states: dict[frozenset[int], tuple[Direction, ...]] = {frozenset(): ()}
        while everything not in states:
            reached: dict[frozenset[int], tuple[Direction, ...]] = {}
            for done, directions in states.items():
                # Where either will do, a sweep that meets the next instant first needs no copy of it.
                for direction in (Direction.BACKWARD, Direction.FORWARD):
                    reached.setdefault(self._after(done, direction), (*directions, direction))
            states = {d: p for d, p in reached.items() if not any(d < other for other in reached)}
        return self._numbered(states[everything])

    def _after(self, done: frozenset[int], direction: Direction) -> frozenset[int]:
        """The components that are known after another sweep."""
        known = set(done)
        streams = {v for c in done for v in self._components[c]}
        now: set[int] = set()
        against = Instant.NEXT if direction is Direction.FORWARD else Instant.PREVIOUS
        for number, component in enumerate(self._components):
            if number in known:
                continue
            members = frozenset(component)
            needs = (need for v in component for need in self._needs[v] if need[0] not in streams)
            if all((u in now or u in members) and when is not against for u, when in needs):
                known.add(number)
                now |= members
        return frozenset(known)

    def _numbered(self, directions: tuple[Direction, ...]) -> Sweeps:
        number: dict[int, int] = {}
        done: frozenset[int] = frozenset()
        for sweep, direction in enumerate(directions):
            after = self._after(done, direction)
            number |= {v: sweep for c in after - done for v in self._components[c]}
            done = after
        order = [v for component in self._components for v in self._within(component)]
        look = self._lookahead()
        outside = tuple(
            tuple(dict.fromkeys(x for v in order if number[v] == k for x in self._outside[v]))
            for k in range(len(directions))
        )
        return Sweeps(
            self._segment,
            directions,
            {self._streams[v]: number[v] for v in order},
            {self._streams[v]: look[v] for v in order},
            outside,
        )

    def _lookahead(self) -> list[int | None]:
        """How far ahead each stream needs; None is to the end of the segment."""
        look: list[int | None] = [0] * len(self._streams)
        for component in self._components:
            members = set(component)
            furthest: int | None = 0
            for v in component:
                if v in self._posts:
                    furthest = _furthest(furthest, 1)
                for u, when in self._needs[v]:
                    if u not in members:
                        furthest = _furthest(furthest, _shifted(look[u], when))
            if Instant.NEXT in self._inside(component):
                furthest = None
            for v in component:
                look[v] = furthest
        return look

    def _within(self, component: list[int]) -> list[int]:
        """A component in an order in which what is needed at the same instant comes first."""
        return [n for part in components(self._same, component) for n in part]


def _shifted(look: int | None, when: Instant) -> int | None:
    if look is None or when is Instant.SAME:
        return look
    return look + 1 if when is Instant.NEXT else max(0, look - 1)


def _furthest(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else max(left, right)
