"""Clocked equations: a node is a flat, unordered list of equations in three-address form.

    node ::= inputs, outputs, equation*, property*
    eq   ::= x :: ck = op(a, ..., a)            pointwise, an operator of the table
           | x :: ck = c fby a every r, ..  | x :: ck = pre a every r, ..
           | x :: ck = a when C(y)              y :: parent of ck
           | x :: ck = merge y (C -> a) ...     y :: ck, each branch on ck on C(y)
           | x :: ck = word u(v) every r, ..    a Boolean that reads a periodic word
           | (x, ..., x) :: ck = f(a, ..., a) every r, ..   one instance of node f, activated on ck
           | x :: ck = buffer a every r, ..     a at another clock of the same rate, in its order
           | x :: ck = a post a in s         at the last instant of a segment the second, before it a's next value
           | x :: ck on last(s) = pack a in s           the values of a in the segment that ends
    a    ::= x | c                              constants are on every clock

``every r, ..`` are resets: Boolean streams on ck or on a clock above it. At an instant at which one of them is present
and true, the memory of the equation is what it was at the start, before it is read, whether or not ck is present:

    now = init if a reset is true else memory;  x = now where ck;  memory' = a if ck else now

Variables are identity objects; spans stay out of equality. Before clock inference ``Equation.clock`` is None and
``Node.clocks`` holds only what the user declared; afterwards both are total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.ir.clocks import Clock, Word
from syncml.ir.constants import Const
from syncml.ir.operators import Op
from syncml.ir.types import Type
from syncml.ir.typing_rules import Attribute


@dataclass(frozen=True, slots=True, eq=False)
class Var:
    """One stream of a node. ``name`` is unique in its node; ``user`` tells whether the user named it."""

    name: str
    type: Type
    span: Span
    user: bool = False
    unit: str = ""

    def __repr__(self) -> str:
        return f"Var({self.name})"


Atom: TypeAlias = Var | Const


@dataclass(frozen=True, slots=True)
class Apply:
    """A pointwise operator of the table; every argument is on the clock of the equation."""

    op: Op
    arguments: tuple[Atom, ...]
    attribute: Attribute = None


@dataclass(frozen=True, slots=True)
class Fby:
    """``init fby following``; without ``init`` it is ``pre``, undefined at the first instant of its clock."""

    init: Const | None
    following: Atom
    resets: tuple[Var, ...] = ()


@dataclass(frozen=True, slots=True)
class When:
    """``source`` sampled at the instants at which ``condition`` equals ``constructor``."""

    source: Atom
    condition: Var
    constructor: bool | str


@dataclass(frozen=True, slots=True)
class Merge:
    """The branch that ``condition`` selects; exhaustive over the constructors of its type."""

    condition: Var
    branches: tuple[tuple[bool | str, Atom], ...]


@dataclass(frozen=True, slots=True)
class Wave:
    """A Boolean stream that reads a periodic word, one letter at each instant of its clock; a reset starts it again."""

    word: Word
    resets: tuple[Var, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """An instance of ``node``; ``instance`` names its state and is unique in the calling node.

    After a reset it is a fresh instance, the phases of its periodic clocks included. ``spread`` is the number of ticks
    among which the pass of that name divides its work.
    """

    node: str
    arguments: tuple[Atom, ...]
    instance: str
    resets: tuple[Var, ...] = ()
    spread: int = 1


@dataclass(frozen=True, slots=True)
class Iterate:
    """``extent`` instances of ``node``, each with its own state, one for each element of arrays.

    The accumulators are chained: an element takes them from the one before it, the first from ``arguments``, and the
    last gives them to the targets. Every stream of the node is on its base clock. Element ``i`` is the instance
    ``instance[i]``.

    Attributes:
        node: What each element is an instance of.
        arguments: One for each input of the node, the accumulators first.
        instance: The name of the array of instances, unique in the calling node.
        extent: The number of elements, at least 1.
        carried: How many of the first inputs, and of the first outputs, are accumulators.
        shared: The positions of the arguments that every element takes as they are; of each other one that is no
            accumulator element ``i`` takes the part at ``i`` of the first axis. The outputs that are no accumulators
            are collected along a new first axis.
        reversed: Whether the elements come in descending order.
        resets: As of a call, for all elements.
        names: The names of the elements, where they are not ``instance[0]``, ``instance[1]``, ...
    """

    node: str
    arguments: tuple[Atom, ...]
    instance: str
    extent: int
    carried: int = 0
    shared: frozenset[int] = frozenset()
    reversed: bool = False
    resets: tuple[Var, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The name of the instance of each element."""
        return self.names or tuple(f"{self.instance}[{i}]" for i in range(self.extent))

    @property
    def order(self) -> range:
        """The numbers of the elements in the order of the accumulators."""
        return range(self.extent - 1, -1, -1) if self.reversed else range(self.extent)

    def is_indexed(self, position: int) -> bool:
        """Whether each element takes its part of the argument at ``position``."""
        return position >= self.carried and position not in self.shared


@dataclass(frozen=True, slots=True)
class Buffer:
    """The values of ``source`` in their order, at the instants of another clock of the same rate.

    The pass ``buffers`` puts registers and rings in its place; what comes after that pass never sees one.

    Attributes:
        source: What is written into the buffer, at its own clock.
        condition: Where given, the values are read at the instants of its clock at which it equals ``constructor``;
            otherwise clock inference finds the clock.
        init: The values that are in the buffer at first, in the order in which they are read.
        size: The number of values that the buffer has room for, where the user fixed it.
        resets: At these instants it holds what it held at first.
    """

    source: Atom
    condition: Var | None = None
    constructor: bool | str = True
    init: tuple[Const, ...] = ()
    size: int | None = None
    resets: tuple[Var, ...] = ()


class Schedule(Enum):
    """When the values of a segment that need its future are computed; the value is the user's word for it."""

    BURST = "burst"
    """All of them at the last instant: as many slots as instants."""
    DOUBLE = "double buffer"
    """One at each instant of the next segment, from a second buffer."""
    ALTERNATING = "alternating"
    """As the double buffer, in one buffer that is filled upwards and downwards in turn; segments of equal length."""
    CHECKPOINTED = "checkpointed"
    """All of them at the last instant; what the memory of the segment leads to is computed again from snapshots."""
    TRANSPOSED = "transposed"
    """At each instant, as traces that run forwards: sums of what is linear in the future, and nothing else."""
    FIXED_LAG = "fixed lag"
    """At each instant that of some instants before, as if the segment had ended now."""
    AUTO = "auto"
    """By burst or from snapshots, as fits a budget; `choice` puts one of these in its place."""


LATE = frozenset({Schedule.DOUBLE, Schedule.ALTERNATING})
"""The schedules by which what is packed is that of the segment before."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A cut of the instants of a clock into stretches of at most ``longest`` instants.

    ``first`` and ``last`` are Boolean streams on that clock, true at the first and at the last instant of each.
    ``slots`` is the number of snapshots of the schedule *checkpointed*, that of the start included; ``lag`` is how many
    instants the schedule *fixed lag* looks ahead. ``memory`` (bytes) and ``latency`` (ticks) are the budget of *auto*.
    """

    first: Var
    last: Var
    longest: int
    schedule: Schedule = Schedule.BURST
    slots: int = 0
    lag: int = 0
    memory: int = 0
    latency: int | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """``following post init``: at the last instant of a segment ``init``, before it the next value of ``following``.

    It is on a clock that is as fast as that of the segment or slower, and "next" is at the next instant of that clock.
    """

    following: Atom
    init: Atom
    segment: Segment


@dataclass(frozen=True, slots=True)
class Pack:
    """The values of ``source``, on the clock of the segment, at the last instant of each.

    They are in their order along a new first axis of ``segment.longest``; a shorter segment is filled with zeros. By
    a schedule in `LATE` they are the values of the segment before, zeros in the first.
    """

    source: Atom
    segment: Segment
    resets: tuple[Var, ...] = ()

    @property
    def is_late(self) -> bool:
        """Whether the values are those of the segment before."""
        return self.segment.schedule in LATE


Rhs: TypeAlias = Apply | Fby | When | Merge | Wave | Call | Iterate | Buffer | Post | Pack


@dataclass(frozen=True, slots=True)
class Equation:
    """``targets = rhs``, computed on ``clock``. Only instances have more or fewer than one target."""

    targets: tuple[Var, ...]
    rhs: Rhs
    span: Span = field(compare=False)
    clock: Clock | None = None

    @property
    def target(self) -> Var:
        """The only target."""
        (only,) = self.targets
        return only


class PropertyKind(Enum):
    """What a contract clause says."""

    ASSUME = "assume"
    """Trusted about the environment; checked in simulation."""
    REQUIRE = "require"
    """The caller's duty: assumed inside of the node, an obligation at each call."""
    ENSURE = "ensure"
    """The node's promise: an obligation of the node, usable by callers."""
    INVARIANT = "invariant"
    """A lemma: an obligation of the node, usable in the proof of others."""
    COVER = "cover"
    """A goal that the user wants to see reached."""
    MODE = "mode"
    """A goal that nobody has to write: that a mode of the contract is active at some instant."""


GOALS = frozenset({PropertyKind.COVER, PropertyKind.MODE})
"""The kinds whose stream is to be false at some instant: it is the negation of what is to be reached."""


@dataclass(frozen=True, slots=True)
class Property:
    """A clause of a contract: the Boolean stream ``holds`` is true whenever it is present.

    Of a goal ``holds`` says that it is not reached at this instant, so that a run that reaches it is found, replayed
    and recorded as one that violates a promise is; and that it is never reached is a fact like any other.

    ``instance`` is the path of the instance that the clause came from when calls were inlined, empty for a node's own.
    """

    kind: PropertyKind
    name: str
    holds: Var
    span: Span = field(compare=False)
    requirement: str = ""
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A memory that is learned: ``var`` is defined by an `Fby`, and ``name`` is unique in the program.

    One that is ``frozen`` is a constant, and defined by a copy of it.
    """

    name: str
    var: Var
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A node. ``rate`` is the frequency of its base clock in hertz, where the user fixed it.

    ``abstract`` asks the verifier to put the contract in place of the body (a network, an external function).
    ``within`` says of streams, before clock inference, that they are on ``ck on C(x)`` where x is on ck, and ``beside``
    that they are on the clock of another one.
    ``external`` names the C function that exported code calls in place of the body, which is its model.
    ``parameters`` are what is learned in it, without that of the nodes that it calls.
    ``label`` is the name the user wrote; ``name`` is unique in the program (instances of a parametric node differ).
    """

    name: str
    label: str
    inputs: tuple[Var, ...]
    outputs: tuple[Var, ...]
    equations: tuple[Equation, ...]
    properties: tuple[Property, ...]
    span: Span = field(compare=False)
    rate: Fraction | None = None
    abstract: bool = False
    clocks: Mapping[Var, Clock] = field(default_factory=lambda: MappingProxyType({}))
    documentation: str = ""
    within: Mapping[Var, tuple[Var, bool | str]] = field(default_factory=lambda: MappingProxyType({}))
    beside: Mapping[Var, Var] = field(default_factory=lambda: MappingProxyType({}))
    external: str = ""
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """Nodes, each after the nodes that it calls; ``main`` names the last of them.

    ``undefined_first`` lets outputs and states be undefined at first, as in Lustre; they are the zero of their type.
    """

    nodes: tuple[Node, ...]
    main: str
    undefined_first: bool = False

    def node(self, name: str) -> Node:
        """The node called ``name``."""
        return next(n for n in self.nodes if n.name == name)


def resets(rhs: Rhs) -> tuple[Var, ...]:
    """The streams that put the memory of ``rhs`` back."""
    return rhs.resets if isinstance(rhs, Fby | Wave | Call | Iterate | Buffer | Pack) else ()


def atoms(rhs: Rhs) -> tuple[Atom, ...]:
    """Everything that ``rhs`` reads, in order, conditions and resets first."""
    match rhs:
        case Apply():
            return rhs.arguments
        case Call() | Iterate():
            return (*rhs.resets, *rhs.arguments)
        case Fby():
            return (*rhs.resets, rhs.following)
        case When():
            return (rhs.condition, rhs.source)
        case Merge():
            return (rhs.condition, *(atom for _, atom in rhs.branches))
        case Wave():
            return rhs.resets
        case Buffer():
            return (*rhs.resets, *(() if rhs.condition is None else (rhs.condition,)), rhs.source)
        case Post():
            return (rhs.segment.first, rhs.segment.last, rhs.init, rhs.following)
        case Pack():
            return (*rhs.resets, rhs.segment.first, rhs.segment.last, rhs.source)
