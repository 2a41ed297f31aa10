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

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

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


Relations: TypeAlias = tuple[dict[int, Apart], ...]
"""For each tensor how far others have to be from it, by number; those that are not here can be anywhere."""


def relations(tensors: Sequence[Lifetime]) -> Relations:
    """How far each pair of ``tensors`` has to be apart."""
    found: Relations = tuple({} for _ in tensors)
    for i in range(len(tensors)):
        _relate(tensors, found, i, range(i))
    return found


def related_anew(tensors: Sequence[Lifetime], known: Relations, changed: Collection[int]) -> Relations:
    """`relations` of ``tensors``, which are those of ``known`` but for those that ``changed``."""
    found: Relations = tuple(
        {} if i in changed else {j: apart for j, apart in near.items() if j not in changed}
        for i, near in enumerate(known)
    )
    done: set[int] = set()
    for i in sorted(changed):
        done.add(i)
        _relate(tensors, found, i, [j for j in range(len(tensors)) if j not in done])
    return found


def _relate(tensors: Sequence[Lifetime], found: Relations, i: int, others: Iterable[int]) -> None:
    for j in others:
        distance = apart(tensors[j], tensors[i])
        if distance is not None:
            found[j][i] = distance
            found[i][j] = distance.swapped


def pack(tensors: Sequence[Lifetime], near: Relations, copies: Collection[tuple[int, int, int]] = ()) -> Packing:
    """Place ``tensors`` in one block.

    Args:
        tensors: Their lifetimes.
        near: How far they have to be apart.
        copies: Copies (a, b, e) of tensor a to tensor b that are no work where b lies at a + e.
    """
    count = len(tensors)
    wishes: list[dict[int, int]] = [{} for _ in range(count)]
    for a, b, distance in copies:
        wishes[b][a], wishes[a][b] = distance, -distance
    sizes = [len(t.birth) for t in tensors]
    begin, end = [t.begin for t in tensors], [t.end for t in tensors]
    orders = (
        sorted(range(count), key=lambda i: (begin[i], i)),
        sorted(range(count), key=lambda i: (-end[i], i)),
        sorted(range(count), key=lambda i: (-sizes[i], begin[i], i)),
        sorted(range(count), key=lambda i: (-sizes[i], -end[i], i)),
    )
    return min((_greedy(order, sizes, near, wishes) for order in orders), key=lambda packing: packing.extent)


def _greedy(
    order: Sequence[int],
    sizes: Sequence[int],
    relations_: Relations,
    wishes: Sequence[Mapping[int, int]],
) -> Packing:
    """Each tensor in turn where it makes the block least larger; of several such places a copy, or the lowest."""
    placed: dict[int, int] = {}
    low: int = 0
    high: int = 0
    for number in order:
        near = [(placed[other], distance) for other, distance in relations_[number].items() if other in placed]
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
