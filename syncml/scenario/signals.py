"""Signals: the values of one input of a program over time.

Rule: a signal is a constant, a list of points in time (held or interpolated), or random numbers, or the sum of such, or
what the ego meets on the road, or the seed of the run. Times are in seconds.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from syncml.scenario.connection import Sensed
from syncml.scenario.written import Written

Value: TypeAlias = bool | int | float | str | list[Any]
"""A value of a stream: a Boolean, a number or a quantity, a constructor's name, or a nested list for a vector."""


class Points(Written):
    """Values at points in time; before the first point its value holds.

    ``held`` keeps each value until the next point; ``linear`` interpolates between numbers.
    """

    points: Annotated[list[tuple[float, Value]], Field(min_length=1)]
    between: Literal["held", "linear"] = "held"

    @model_validator(mode="after")
    def _ascending(self) -> Points:
        if any(b[0] <= a[0] for a, b in pairwise(self.points)):
            raise ValueError("the times of points must ascend")
        return self


class Normal(Written):
    """Normally distributed noise, clipped to ``mean`` plus or minus ``bound``."""

    mean: float = 0.0
    sigma: Annotated[float, Field(ge=0.0)]
    bound: Annotated[float, Field(ge=0.0)]


class Uniform(Written):
    """Evenly distributed numbers from ``low`` to ``high``."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class Chance(Written):
    """True with this probability at each tick.

    It is false from ``start`` to ``end`` of each of ``false_during``, and while ``unless`` is sensed.
    """

    probability: Annotated[float, Field(ge=0.0, le=1.0)]
    false_during: list[tuple[float, float]] = []
    unless: Literal["lead.present", "lead.new", "ego.active", "collision"] | None = None


class Sum(Written):
    """The sum of several signals of numbers."""

    sum: Annotated[list[Signal], Field(min_length=1)]


class Sense(Written):
    """What the ego meets on the road; see `syncml.scenario.connection`."""

    sense: Sensed


class Seed(Written):
    """The seed of the run, for random numbers of the program's own: `syncml.nodes.random`."""

    seed: Literal["run"]


def _kind(raw: Any) -> str:
    """Which model reads ``raw``: decided by its keys, so that a fault is reported once and in its place."""
    fields: Any = type(raw).model_fields if isinstance(raw, Written) else raw
    for key in ("points", "sigma", "probability", "sum", "low", "sense", "seed"):
        if isinstance(fields, dict) and key in fields:
            return key
    return "constant"


Signal: TypeAlias = Annotated[
    Annotated[Points, Tag("points")]
    | Annotated[Normal, Tag("sigma")]
    | Annotated[Chance, Tag("probability")]
    | Annotated[Sum, Tag("sum")]
    | Annotated[Uniform, Tag("low")]
    | Annotated[Sense, Tag("sense")]
    | Annotated[Seed, Tag("seed")]
    | Annotated[Value, Tag("constant")],
    Discriminator(_kind),
]
