"""Where tensors of one element type go in one block of memory, so that no two live elements meet.

    a, b at a + e meet  iff  some a[y + e] and b[y] are live at one moment
    b may lie at a + e  if   e <= -below  or  e >= above,
        below = 1 + max over y of (y - least x),  above = 1 + max over y of (greatest x - y)
        with x over the elements of a that die after b[y] is born

Rule: two tensors that are live together lie apart, except where one dies as the other is born: then the younger may run
behind the front at which the older is read (an elementwise operator in place, a convolution one row behind). Placing is
greedy: in a few orders, each tensor goes where it makes the block least larger; the smallest block wins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.step.overlay.lifetimes import NEVER, Lifetime


@dataclass(frozen=True, slots=True)
class Apart:
    """How far ``b`` has to be from ``a``: at ``a - below`` or lower, or at ``a + above`` or higher."""

    below: int
    above: int

    @property
    def swapped(self) -> Apart:
        """The same of ``a`` seen from ``b``."""
        return Apart(self.above, self.below)


def apart(a: Lifetime, b: Lifetime) -> Apart | None:
    """How far ``b`` has to be from ``a``, or None if it can be anywhere."""
    if a.end <= b.begin or b.end <= a.begin:
        return None
    if b.begin < a.begin:
        other = apart(b, a)
        return None if other is None else other.swapped
    order = np.argsort(a.death, kind="stable")
    deaths = a.death[order]
    least = np.minimum.accumulate(order[::-1])[::-1]
    greatest = np.maximum.accumulate(order[::-1])[::-1]
    touched = b.birth < NEVER
    after = np.searchsorted(deaths, b.birth, side="right")
    meets = touched & (after < len(deaths))
    if not bool(meets.any()):
        return None
    y, x = np.nonzero(meets)[0], after[meets]
    below, above = int((y - least[x]).max()) + 1, int((greatest[x] - y).max()) + 1
    return None if below + above <= 1 else Apart(below, above)


@dataclass(frozen=True, slots=True)
class Packing:
    """Where each tensor, by its number, starts, and the number of elements of the block."""

    offsets: tuple[int, ...]
    extent: int


def pack(tensors: Sequence[Lifetime], copies: Collection[tuple[int, int, int]] = ()) -> Packing:
    """Place ``tensors`` in one block.

    Args:
        tensors: Their lifetimes.
        copies: Copies (a, b, e) of tensor a to tensor b that are no work where b lies at a + e.
    """
    count = len(tensors)
    relations: list[dict[int, Apart]] = [{} for _ in range(count)]
    for i in range(count):
        for j in range(i):
            distance = apart(tensors[j], tensors[i])
            if distance is not None:
                relations[j][i] = distance
                relations[i][j] = distance.swapped
    sizes = [len(t.birth) for t in tensors]
    wishes: list[dict[int, int]] = [{} for _ in range(count)]
    for a, b, distance in copies:
        wishes[b][a], wishes[a][b] = distance, -distance
    orders = (
        sorted(range(count), key=lambda i: (tensors[i].begin, i)),
        sorted(range(count), key=lambda i: (-tensors[i].end, i)),
        sorted(range(count), key=lambda i: (-sizes[i], tensors[i].begin, i)),
        sorted(range(count), key=lambda i: (-sizes[i], -tensors[i].end, i)),
    )
    return min((_greedy(order, sizes, relations, wishes) for order in orders), key=lambda packing: packing.extent)


def _greedy(
    order: Sequence[int],
    sizes: Sequence[int],
    relations: Sequence[Mapping[int, Apart]],
    wishes: Sequence[Mapping[int, int]],
) -> Packing:
    """Each tensor in turn where it makes the block least larger; of several such places a copy, or the lowest."""
    placed: dict[int, int] = {}
    low: int = 0
    high: int = 0
    for number in order:
        near = [(placed[other], distance) for other, distance in relations[number].items() if other in placed]
        # Seen from the other: this tensor lies at ``other - above`` or lower, or at ``other + below`` or higher.
        free = [(at - d.above, at + d.below) for at, d in near]
        bounds = [bound for pair in free for bound in pair]
        wished = {placed[other] + distance for other, distance in wishes[number].items() if other in placed}
        candidates = {low, high - sizes[number], *bounds, *wished}
        allowed = [c for c in candidates if all(c <= under or c >= over for under, over in free)]
        size = sizes[number]
        chosen: int = min(allowed, key=lambda c: (max(high, c + size) - min(low, c), c not in wished, c))
        if not placed:
            chosen = 0
        placed[number] = chosen
        low, high = min(low, chosen), max(high, chosen + size)
    return Packing(tuple(placed[i] - low for i in range(len(sizes))), high - low)
