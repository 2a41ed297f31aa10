"""What a scenario file writes of roads, actors and events.

Rule: each condition and each action is a mapping that one key names; a fault is reported once, at its key. Quantities
are numbers in units of the SI, or texts with a unit or an expression over the parameters.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from syncml.scenario.quantities import Acceleration, Angle, Curvature, Metres, Plain, Seconds, Speed


class Written(BaseModel):
    """A mapping of a scenario file: no key that is not known, and nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)


class Stretch(Written):
    """A piece of the reference line: straight, an arc, or a clothoid between two curvatures (positive to the left)."""

    length: Annotated[float, Field(gt=0.0)]
    curvature: Curvature | tuple[Curvature, Curvature] = 0.0


class RoadFile(Written):
    """The road of an OpenDRIVE file."""

    file: str


class Road(Written):
    """A road: its reference line, and the widths of the lanes from the middle outwards."""

    line: Annotated[list[Stretch], Field(min_length=1)]
    left: list[Annotated[float, Field(gt=0.0)]] = []
    right: list[Annotated[float, Field(gt=0.0)]] = [3.5]
    start: tuple[float, float, float] = (0.0, 0.0, 0.0)
    traffic: Literal["right", "left"] = "right"


class Actor(Written):
    """An actor by role: its box, and where it is at first.

    Attributes:
        size: Length and width.
        lane: From 1 leftwards, from -1 rightwards.
        at: The s of its middle; with ``ahead_of`` or ``behind`` the free distance is given instead.
        gap: Metres between the two boxes.
        time_gap: The same, in seconds of its own speed.
    """

    size: tuple[Annotated[float, Field(gt=0.0)], Annotated[float, Field(gt=0.0)]] = (4.5, 1.8)
    kind: Literal["vehicle", "pedestrian", "bicycle", "object"] = "vehicle"
    lane: int | str = -1
    offset: Metres = 0.0
    at: Metres | None = None
    ahead_of: str | None = None
    behind: str | None = None
    gap: Metres | None = None
    time_gap: Seconds | None = None
    heading: Angle = 0.0
    speed: Speed = 0.0

    @model_validator(mode="after")
    def _placed(self) -> Actor:
        relative = (self.ahead_of is not None) + (self.behind is not None)
        if relative + (self.at is not None) != 1:
            raise ValueError("say where it is: one of at, ahead_of, behind")
        if relative != (self.gap is not None) + (self.time_gap is not None):
            raise ValueError("ahead_of and behind take one of gap, time_gap")
        return self


class _When(Written):
    """What all conditions have: an edge, and a delay."""

    edge: Literal["rising", "falling", "both", "none"] = "rising"
    delay: Seconds = 0.0


class AtTime(_When):
    """The time since the start of the run has come."""

    time: Seconds


class After(_When):
    """An event, or a named action, has ended."""

    after: str


class _Compared(_When):
    below: Plain | str | None = None
    above: Plain | str | None = None

    @model_validator(mode="after")
    def _one_bound(self) -> _Compared:
        if (self.below is None) == (self.above is None):
            raise ValueError("say one of below, above")
        return self


class Gap(_Compared):
    """The free distance between two actors, along the road."""

    gap: tuple[str, str]
    below: Metres | None = None
    above: Metres | None = None


class Headway(_Compared):
    """The free distance from the first actor to the second, in seconds of the first one's speed."""

    headway: tuple[str, str]
    below: Seconds | None = None
    above: Seconds | None = None


class TimeToCollision(_Compared):
    """The free distance over the speed at which it shrinks."""

    ttc: tuple[str, str]
    below: Seconds | None = None
    above: Seconds | None = None


class SpeedOf(_Compared):
    """The speed of an actor."""

    speed_of: str
    below: Speed | None = None
    above: Speed | None = None


class Standstill(_When):
    """An actor has stood for a time."""

    standstill: str
    seconds: Annotated[Seconds, Field(alias="for")] = 0.0


class Collision(_When):
    """The boxes of two actors overlap."""

    collision: tuple[str, str]


def _named(keys: tuple[str, ...], models: dict[str, str] | None = None) -> Discriminator:
    """The key of a mapping that says what it is."""

    def kind(raw: Any) -> str | None:
        fields: Any = type(raw).model_fields if isinstance(raw, Written) else raw
        if not isinstance(fields, dict):
            return None
        return next((key for key in keys if key in fields), None)

    known = ", ".join(keys)
    return Discriminator(kind, custom_error_type="kind", custom_error_message=f"it is known by one of the keys {known}")


Condition: TypeAlias = Annotated[
    Annotated[AtTime, Tag("time")]
    | Annotated[After, Tag("after")]
    | Annotated[Gap, Tag("gap")]
    | Annotated[Headway, Tag("headway")]
    | Annotated[TimeToCollision, Tag("ttc")]
    | Annotated[SpeedOf, Tag("speed_of")]
    | Annotated[Standstill, Tag("standstill")]
    | Annotated[Collision, Tag("collision")],
    _named(("time", "after", "gap", "headway", "ttc", "speed_of", "standstill", "collision")),
]


class _Paced(Written):
    """What says how an action goes: a shape, and one of a time, a distance, or a greatest rate."""

    name: str = ""
    shape: Literal["linear", "sinusoidal", "cubic"] = "linear"
    time: Seconds | None = None
    distance: Metres | None = None

    @model_validator(mode="after")
    def _one_pace(self) -> _Paced:
        if sum(getattr(self, key, None) is not None for key in ("time", "distance", "rate", "acceleration")) > 1:
            raise ValueError("say one of time, distance, rate, acceleration, or none to go at once")
        return self


class ToSpeed(_Paced):
    """Reach a speed, or a difference to the speed of another actor."""

    speed: Speed
    relative_to: str | None = None
    rate: Acceleration | None = None


class ToLane(_Paced):
    """Go to the middle of a lane, or of the lane of another actor."""

    lane: int | str
    offset: Metres = 0.0
    rate: Speed | None = None
    shape: Literal["linear", "sinusoidal", "cubic"] = "sinusoidal"


class ToOffset(_Paced):
    """Go to an offset from the middle of the lane, by a greatest lateral acceleration."""

    offset: Metres
    acceleration: Acceleration | None = None
    shape: Literal["linear", "sinusoidal", "cubic"] = "sinusoidal"

    @model_validator(mode="after")
    def _by_acceleration(self) -> ToOffset:
        if self.time is not None or self.distance is not None:
            raise ValueError("an offset goes by its acceleration, or at once")
        return self


class AlongPath(Written):
    """Go through places in straight lines, facing the way it goes.

    Attributes:
        path: Times since the start of the action, and places: s and t (to the left) in road coordinates, x and y in
            those of the plane.
        frame: Which coordinates these are.
    """

    name: str = ""
    path: Annotated[list[tuple[Seconds, Metres, Metres]], Field(min_length=2)]
    frame: Literal["road", "plane"] = "road"


Action: TypeAlias = Annotated[
    Annotated[ToSpeed, Tag("speed")]
    | Annotated[ToLane, Tag("lane")]
    | Annotated[ToOffset, Tag("offset")]
    | Annotated[AlongPath, Tag("path")],
    _named(("speed", "lane", "path", "offset")),
]


class Event(Written):
    """What an actor does when all of some conditions hold."""

    name: str
    actor: str
    when: Annotated[list[Condition], Field(min_length=1)]
    do: Annotated[list[Action], Field(min_length=1)]
