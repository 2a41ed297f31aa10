"""Data in a random order: epochs and mini-batches as nested segments.

    with segment(every=N) as epoch:
        row = shuffled_row(epoch, N, seed=1)                the row of this instant, in another order in each epoch
        x, y = constant(X)[row], constant(Y)[row]
        with batches(32) as batch: ...                      the last one is shorter where 32 does not divide N

Rule: the order of an epoch is that of Fisher and Yates (Durstenfeld 1964): for i from 0 on, element i is exchanged with
element ``i + r mod (N - i)``, where r is `random_bits` of the seed and the epoch at i. So it is a function of seed and
epoch, the same in every engine.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from syncml.lang.functions import arange, constant
from syncml.lang.functions import cast as converted
from syncml.lang.iterators import fold, shared
from syncml.lang.kernel import when
from syncml.lang.registers import State
from syncml.lang.segments import Segments, segment
from syncml.lang.stream import Stream
from syncml.lang.types import Vec, i32, u64
from syncml.nodes.random import random_bits

_EPOCH = 0xD1342543DE82EF95
"""Takes epochs to seeds far apart; odd, so that no two epochs share one."""


def batches(size: int) -> Segments:
    """Segments of ``size`` instants; the last one within a segment around ends with it, and may be shorter."""
    return segment(every=constant(False), longest=size)


def shuffled(size: int, seed: Stream[u64], epoch: Stream[u64]) -> Stream[Vec[Any, i32]]:
    """The numbers from 0 up to ``size`` in a random order, computed in one instant.

    Args:
        size: How many; at least 1.
        seed: One for each set of data.
        epoch: Another order for each.
    """
    key = seed + epoch * _EPOCH

    def swap(order: Any, i: Any, key: Any) -> Any:
        j = i + converted(random_bits(key, converted(i, u64)) % converted(size - i, u64), i32)
        return order.at[i].set(order[j]).at[j].set(order[i])

    found: Any = fold(swap, arange(size, type=i32))(arange(max(size - 1, 1), type=i32), shared(key))
    return found


def shuffled_row(epoch: Segments, size: int, seed: int = 0) -> Stream[i32]:
    """Which row of ``size`` rows this instant takes; used inside of ``with segment(every=size) as epoch``.

    Each epoch visits every row once, in an order of its own.
    """
    count: State[Any] = epoch.carry(init=0, type=u64)
    order: State[Any] = epoch.carry(init=permutation(size, seed, 0), type=i32)
    following: Stream[Any] = when(count, epoch.last) + 1
    count.next = following
    order.next = shuffled(size, following * 0 + seed, following)
    row: Any = order[epoch.index]
    return cast("Stream[i32]", row)


def permutation(size: int, seed: int, epoch: int) -> NDArray[np.int32]:
    """`shuffled` as numbers, for the first epoch and for what runs outside of the program."""
    order = np.arange(size, dtype=np.int32)
    places: Any = np.arange(size, dtype=np.uint64)
    key: Any = np.array([(seed + epoch * _EPOCH) % 2**64], dtype=np.uint64)
    bits: Any = random_bits(key, places)
    for i in range(size - 1):
        j = i + int(bits[i]) % (size - i)
        order[i], order[j] = order[j], order[i]
    return order
