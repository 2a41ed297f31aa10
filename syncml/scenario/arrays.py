"""The arrays of a scenario: what the step function of the actors reads (`Table`) and writes (`State`).

Both are tuples of arrays, so that interpreted and compiled code take them alike. A reference to a number is its place
in `Table.numbers`, which is all that differs between runs of one storyboard.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Kind(IntEnum):
    """The kind of an action's row."""

    SPEED = 0
    PROFILE = 1
    LANE = 2
    OFFSET = 3
    DISTANCE = 4
    FOLLOW = 5
    TELEPORT = 6
    ACTIVATE = 7
    ASSIGN = 8


# Columns of `State.motion`: the state of an actor at a tick, and what it does until the next one.
# Its heading against the road is a unit vector, so that no tick needs the sine of an angle.
S, T, COSINE, SPEED, LANE, OFFSET, DIRECTION = 0, 1, 2, 3, 4, 5, 6
SPEED_NEXT, OFFSET_NEXT, S_RATE, JUMPED, TRAVELLED, STILL, ACTIVE = 7, 8, 9, 10, 11, 12, 13
S_NEXT, T_NEXT, PLACED, ACCELERATION, SINE = 14, 15, 16, 17, 18
MOTION = 19

# Columns of `Table.actions`.
A_EVENT, A_ELEMENT, A_ACTOR, A_KIND, A_SHAPE, A_DIMENSION, A_OTHER, A_SLOT, A_COUNT, A_MODE = range(10)
# Columns of `State.progress`: where an action started, from what to what, how long, and whether it runs.
P_RUNS, P_START, P_FROM, P_TO, P_SPAN, P_AT = range(6)
PROGRESS = 6

# Columns of `Table.conditions`; C_RING is the place of its first delayed value.
(
    C_GROUP,
    C_MEASURE,
    C_RULE,
    C_EDGE,
    C_SLOT,
    C_DELAY,
    C_FIRST,
    C_LAST,
    C_EVERY,
    C_OTHER,
    C_AXIS,
    C_FREE,
    C_ALONG,
    C_PLACE,
) = range(14)
# Columns of `Table.places`.
L_FRAME, L_OTHER, L_SLOT = range(3)
# Columns of `Table.acts` and `Table.events`.
Q_ELEMENT, Q_START, Q_STOP = range(3)
E_ELEMENT, E_ACT, E_MANOEUVRE, E_TRIGGER, E_PRIORITY, E_REPEATS = range(6)
# Columns of `State.status`: the state of an element, what it has just done (a bit for each
# `storyboard.ElementState`), and how often it ran.
STATE, CHANGE, COUNT = range(3)

# Columns of `State.senses` after those of `connection.Sense`.
KNOWN_SPEED, LEAST_GAP = 12, 13
SENSES = 14

NONE = -1
ALWAYS = -2
"""The trigger of what starts with what encloses it."""


class Table(NamedTuple):
    """What does not change during a run."""

    line: Floats
    widths: Floats
    shifts: Floats
    sizes: Floats
    """One row for each actor: length, width, distance from its reference point ahead and to the left to its middle."""
    numbers: Floats
    acts: Ints
    events: Ints
    actions: Ints
    conditions: Ints
    groups: Ints
    """The trigger of each group of conditions."""
    members: Ints
    """The actors that conditions are about."""
    places: Ints
    parents: Ints
    """For each element of the storyboard the one that encloses it, or -1, which comes before it; then 1 where its state
    follows from what it encloses."""
    rings: Ints
    """For each condition the place and the length of its delayed values in `State.delayed`."""
    ego: Floats
    """The ego's place among the actors or -1, its range, intrusion, the ticks that a lead is new, and the speed ahead
    of it where there is none; then 1 where the program gives its offset; then 1 where traffic keeps left."""


class State(NamedTuple):
    """What a run changes."""

    motion: Floats
    progress: Floats
    status: Ints
    fired: Ints
    """For each trigger whether it fires at this tick."""
    tested: Ints
    """For each condition its last test, or -1."""
    delayed: Ints
    variables: Floats
    senses: Floats
    lead: Ints
    """The lead of the last tick, the ticks that it is still new, and 1 more than the tick of the first collision."""
