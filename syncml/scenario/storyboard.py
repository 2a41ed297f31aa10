"""Storyboards: what the actors of a scenario do, and when. Every file form is read into this one.

    storyboard ::= actors, initial actions, acts, events, stop trigger
    event      ::= trigger -> actions of its actors           (within a manoeuvre, within an act)
    trigger    ::= one of several groups, in which every condition holds

Numbers are expressions over the numeric parameters of the scenario; texts have their values already, so one storyboard
serves all runs that differ in numbers only. All quantities are in units of the SI.
"""

from __future__ import annotations

import enum
from dataclasses import field
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.scenario.expressions import Expression, constant

ZERO = constant(0.0)


class Shape(enum.IntEnum):
    """How a quantity goes from one value to another."""

    STEP = 0
    LINEAR = 1
    SINUSOIDAL = 2
    CUBIC = 3


class Dimension(enum.IntEnum):
    """What says how long that takes: a time, a distance, or the greatest rate of change on the way."""

    TIME = 0
    DISTANCE = 1
    RATE = 2


class Rule(enum.IntEnum):
    """How a condition compares."""

    GREATER = 0
    LESS = 1
    EQUAL = 2
    GREATER_OR_EQUAL = 3
    LESS_OR_EQUAL = 4
    NOT_EQUAL = 5


class Edge(enum.IntEnum):
    """Whether a condition holds while its test does, or at the tick at which that changes."""

    NONE = 0
    RISING = 1
    FALLING = 2
    BOTH = 3


class Measure(enum.IntEnum):
    """What a condition compares with its value."""

    TIME = 0
    ELEMENT = 1
    DISTANCE = 2
    HEADWAY = 3
    TIME_TO_COLLISION = 4
    SPEED = 5
    RELATIVE_SPEED = 6
    ACCELERATION = 7
    STANDSTILL = 8
    TRAVELLED = 9
    COLLISION = 10
    END_OF_ROAD = 11
    DISTANCE_TO_POINT = 12
    VARIABLE = 13


class Axis(enum.IntEnum):
    """Along what a distance is measured."""

    LONGITUDINAL = 0
    LATERAL = 1
    EUCLIDEAN = 2


class ElementState(enum.IntEnum):
    """What an element of the storyboard is, or has just done."""

    STANDBY = 0
    RUNNING = 1
    COMPLETE = 2
    STARTED = 3
    ENDED = 4
    STOPPED = 5
    SKIPPED = 6


class Priority(enum.IntEnum):
    """What an event does to the running events of its manoeuvre."""

    OVERRIDE = 0
    SKIP = 1
    PARALLEL = 2


class Frame(enum.IntEnum):
    """What a position is given in."""

    LANE = 0
    ROAD = 1
    WORLD = 2
    RELATIVE_LANE = 3
    RELATIVE_ROAD = 4
    RELATIVE_OBJECT = 5
    RELATIVE_WORLD = 6


@dataclass(frozen=True, slots=True)
class Position:
    """A place.

    Attributes:
        frame: What ``first``, ``second`` and ``lane`` mean: s and the offset in a lane; s and t; x and y; the same
            relative to ``to``, where ``lane`` counts lanes leftwards.
        heading: Relative to the direction of travel, or of the frame.
    """

    frame: Frame
    first: Expression
    second: Expression
    lane: Expression = ZERO
    heading: Expression = ZERO
    to: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class SetSpeed:
    """Reach a speed: ``target``, or the speed of ``to`` plus it, or times it; ``continuous``: and go with it."""

    shape: Shape
    dimension: Dimension
    value: Expression
    target: Expression
    to: str = ""
    times: bool = False
    continuous: bool = False


@dataclass(frozen=True, slots=True)
class SpeedProfile:
    """Go through speeds, linearly; each takes its time."""

    entries: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class ChangeLane:
    """Go to the middle of ``lane``, or as many lanes to the left of ``to``, plus ``offset``."""

    shape: Shape
    dimension: Dimension
    value: Expression
    lane: Expression
    to: str = ""
    offset: Expression = ZERO


@dataclass(frozen=True, slots=True)
class ShiftInLane:
    """Go to an offset from the middle of the lane, with at most ``limit`` of lateral acceleration (0: at once).

    Attributes:
        target: Leftwards; ``freespace`` is 1 if it is from the left side of the other's box to the right side of one's
            own, -1 if it is the other way round, 0 if it is between reference points.
        to: Whose t it is from, in the place of the middle of the lane.
        continuous: Whether the actor then goes with the other.
    """

    shape: Shape
    limit: Expression
    target: Expression
    to: str = ""
    continuous: bool = False
    freespace: int = 0


@dataclass(frozen=True, slots=True)
class TakeDistance:
    """Stand at once ``distance`` metres, or seconds of one's own speed, ahead of ``to`` or behind it.

    Attributes:
        continuous: Whether the actor then keeps the distance; seconds are then of the other's speed.
        limits: The greatest acceleration, deceleration and speed with which a continuous one takes the distance; then
            it does not stand there at once.
    """

    to: str
    distance: Expression
    seconds: bool
    freespace: bool
    ahead: bool
    continuous: bool = False
    limits: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Follow:
    """Go from point to point, each at its time after the start.

    Lines between places of the plane are straight there, others are in road coordinates.

    Attributes:
        points: Times and places.
        turns: Whether the actor faces the way it goes; if not, it keeps its heading.
    """

    points: tuple[tuple[Expression, Position], ...]
    turns: bool = True


@dataclass(frozen=True, slots=True)
class Teleport:
    """Be at a place."""

    place: Position


@dataclass(frozen=True, slots=True)
class Activate:
    """Hand the actor over to its controller: for the ego, the program."""

    on: bool


@dataclass(frozen=True, slots=True)
class Assign:
    """Give a variable of the storyboard a value: ``value``, or its own plus or times that."""

    variable: str
    value: Expression
    mode: int = 0


Action: TypeAlias = (
    SetSpeed | SpeedProfile | ChangeLane | ShiftInLane | TakeDistance | Follow | Teleport | Activate | Assign
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A test, with an edge and a delay.

    Attributes:
        actors: The actors that the test is about; ``every`` says whether all of them have to pass it.
        to: Another actor, an element of the storyboard, or a variable.
        value: What the measure is compared with; the state, for an element.
    """

    measure: Measure
    value: Expression
    rule: Rule = Rule.GREATER_OR_EQUAL
    edge: Edge = Edge.NONE
    delay: Expression = ZERO
    actors: tuple[str, ...] = ()
    every: bool = False
    to: str = ""
    axis: Axis = Axis.LONGITUDINAL
    freespace: bool = True
    along_actor: bool = False
    place: Position | None = None
    span: Span | None = None


Trigger: TypeAlias = tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor: the box about it, ``ahead`` metres from its reference point to the middle of the box."""

    name: str
    length: float
    width: float
    ahead: float = 0.0
    left: float = 0.0
    kind: str = "vehicle"


@dataclass(frozen=True, slots=True)
class Step:
    """A named action of an event, for one actor."""

    name: str
    actor: str
    action: Action
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What happens when a trigger fires; without one, when its act starts."""

    name: str
    trigger: Trigger | None
    steps: tuple[Step, ...]
    priority: Priority = Priority.OVERRIDE
    repeats: int = 1


@dataclass(frozen=True, slots=True)
class Manoeuvre:
    """Events that override each other; ``above`` are the names of what encloses it within the act."""

    name: str
    events: tuple[Event, ...]
    above: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """Manoeuvres between a start and a stop; ``story`` encloses it."""

    name: str
    manoeuvres: tuple[Manoeuvre, ...]
    start: Trigger | None = None
    stop: Trigger = ()
    story: str = ""


@dataclass(frozen=True, slots=True)
class Storyboard:
    """All that happens. ``stop`` ends the run; ``variables`` have their first values."""

    actors: tuple[Actor, ...]
    initial: tuple[Step, ...]
    acts: tuple[Act, ...] = ()
    stop: Trigger = ()
    variables: dict[str, Expression] = field(default_factory=dict[str, Expression])
