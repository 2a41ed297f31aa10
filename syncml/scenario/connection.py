"""How a program and the actors meet: which outputs drive the ego, and which inputs sense what is around it.

Rule: at tick k the inputs sense the state of the road at tick k; then the program computes; then everyone moves to
tick k + 1, the ego by the speed that the program put out at tick k.

The lead is the nearest actor ahead of the ego that reaches into the ego's lane by more than ``intrusion`` and is no
farther than ``range``. Its distance and its speed are along the ego's lane. Where there is none, its distance is
``range`` and its speed ``free_speed``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Literal

from pydantic import Field

from syncml.scenario.written import Written


class Sense(IntEnum):
    """What an input can sense; the number is its place in the engine's array."""

    TIME = 0
    LEAD_PRESENT = 1
    LEAD_NEW = 2
    LEAD_GAP = 3
    LEAD_SPEED = 4
    LEAD_ACCELERATION = 5
    EGO_START_SPEED = 6
    EGO_SPEED = 7
    EGO_OFFSET = 8
    EGO_CURVATURE = 9
    EGO_ACTIVE = 10
    COLLISION = 11


Sensed = Literal[
    "time", "lead.present", "lead.new", "lead.gap", "lead.speed", "lead.acceleration", "ego.start_speed", "ego.speed",
    "ego.offset", "ego.curvature", "ego.active", "collision",
]  # fmt: skip
TRUTHS = frozenset({"lead.present", "lead.new", "ego.active", "collision"})
"""What is sensed as true or false."""


def place(sensed: str) -> Sense:
    """The place of what is sensed."""
    return Sense[sensed.replace(".", "_").upper()]


class Ego(Written):
    """Outputs of the main node that drive the ego, and what it can see.

    Attributes:
        speed: The output that is its speed along the road, in m/s.
        offset: The output that is its offset from the middle of its lane, to the left; without one it keeps it.
        range: How far it sees, in metres.
        intrusion: By how many metres another has to reach into its lane to be the lead.
        settle: For how many seconds a lead counts as new.
        free_speed: The speed of the lead where there is none.
    """

    speed: str
    offset: str | None = None
    range: Annotated[float, Field(gt=0.0)] = 300.0
    intrusion: Annotated[float, Field(ge=0.0)] = 0.3
    settle: Annotated[float, Field(ge=0.0)] = 0.0
    free_speed: Annotated[float, Field(ge=0.0)] = 0.0
