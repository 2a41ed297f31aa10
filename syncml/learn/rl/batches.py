"""Mini-batches of what was packed in a rollout, in a new order for each epoch.

Rule: `shuffled` is a bijection of the numbers below a count, chosen by random bits: each number goes through four
rounds of an odd factor, a shift and an addition modulo the next power of two, and walks on through them until it is
below the count (Black, Rogaway 2002: cycle walking, here for counts that are a power of two, where no step is needed).
No number is remembered, so all of them are found at once.
"""

# Of what streams are of, a type checker knows nothing here.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false, reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

from syncml.lang.functions import arange, cast
from syncml.lang.iterators import each, shared
from syncml.lang.types import i32, u64
from syncml.nodes.random import random_bits

ROUNDS = 4


def shuffled(count: int, bits: Any) -> Any:
    """The numbers below ``count`` in an order that 64 random bits choose, (count,) of ``i32``.

    Raises:
        ValueError: ``count`` is not a power of two from 2 to 2^31.
    """
    width = count.bit_length() - 1
    if count != 1 << width or not 1 <= width <= 31:
        raise ValueError(f"shuffled({count}): the count is a power of two, from 2 on")
    mask, half = count - 1, (width + 1) // 2
    numbers = arange(count, type=u64)
    for number in range(ROUNDS):
        key = random_bits(bits, number)
        # An odd factor, half of the bits folded onto the others and an offset are bijections modulo a power of two.
        numbers = (numbers * (key | 1)) & mask
        numbers = numbers ^ (numbers >> half)
        numbers = (numbers + (key >> 32)) & mask
    return cast(numbers, i32)


def taken(rows: Any, *arrays: Any) -> tuple[Any, ...]:
    """The elements of arrays at whole numbers, (n,): an array of n elements for each."""

    def pick(row: Any, *whole: Any) -> Any:
        return tuple(array[row] for array in whole)

    found = each(pick)(rows, *map(shared, arrays))
    return found if isinstance(found, tuple) else (found,)
