"""A memory of past steps, from which an algorithm that learns from the steps of other policies draws (Lin 1992).

Rule: at each instant the step of each of N environments takes the place of the oldest ones in a ring; what is drawn
comes from the instants before. There is no segment: what is remembered is `state`, changed in place.
"""

# Of what streams are of, a type checker knows nothing here.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

import numpy as np

from syncml.lang.functions import arange, cast, constant, maximum, minimum, where
from syncml.lang.records import Record
from syncml.lang.registers import state
from syncml.lang.stream import Stream
from syncml.lang.types import i32, u64
from syncml.learn.rl.batches import taken
from syncml.nodes.random import random_bits

FIELDS = ("observation", "action", "reward", "after", "terminated")
"""Those of `Steps`."""


class Steps(Record):
    """What N environments did at an instant; or steps that were drawn.

    Attributes:
        observation: (N, n).
        action: (N,), whole numbers; or (N, actions).
        reward: (N,).
        after: (N, n), what the step led to.
        terminated: (N,), whether nothing comes after it.
    """

    observation: Stream[Any]
    action: Stream[Any]
    reward: Stream[Any]
    after: Stream[Any]
    terminated: Stream[Any]


def replayed(steps: Steps, capacity: int, count: int, bits: Any) -> Steps:
    """Steps of the last ``capacity`` instants, drawn evenly and with replacement: ``count`` rows.

    Before anything is remembered, at the first instant, all rows are 0.

    Args:
        steps: At each instant.
        capacity: How many instants are remembered.
        count: How many steps are drawn at an instant.
        bits: 64 random bits at each instant.
    """
    held: Any = state(init=0)
    held.next = minimum(held + 1, capacity)
    lanes: int = steps.reward.shape[0]
    filled = cast(maximum(held, 1) * lanes, u64)
    places = cast(random_bits(bits, arange(count, type=u64)) % filled, i32)
    return Steps(*taken(places, *_remembered(steps, capacity)))


def _remembered(steps: Steps, capacity: int) -> list[Any]:
    """The rings, (capacity * N, ..) each, as they were before this instant."""
    slot: Any = state(init=0)
    slot.next = where(slot >= capacity - 1, 0, slot + 1)
    found: list[Any] = []
    for name in FIELDS:
        now: Any = getattr(steps, name)
        rows, *rest = now.shape
        width = rows * (rest[0] if rest else 1)
        ring: Any = state(init=cast(constant(np.zeros((capacity, width))), now))
        ring.next = ring.at[slot].set(now.reshape(width))
        found.append(ring.reshape(capacity * rows, *rest))
    return found
