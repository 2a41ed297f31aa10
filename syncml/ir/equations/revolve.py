"""Where snapshots are taken when a segment is run backwards from a few of them.

Rule (Griewank and Walther 2000, Algorithm 799: revolve): with s snapshots, that of the start included, and at most r
repeats of each step, C(s+r, s) steps can be reversed, and no more. To reverse l steps from a snapshot with s - 1 more
to spare, advance k steps, take one there, reverse the l - k steps after it with one less, and then the k steps before
it. With r the least number for which C(s+r, s) >= l, the fewest steps forwards are

    r l - C(s+r, s+1)        for k = min(C(s+r-1, s), l - C(s+r-2, s-1))

Without one to spare, each step is reached from the snapshot itself.
"""

from __future__ import annotations

from math import comb


def repeats(length: int, slots: int) -> int:
    """How often a step is repeated at most: the least r for which ``slots`` snapshots reverse ``length`` steps."""
    found = 0
    while comb(slots + found, slots) < length:
        found += 1
    return found


def forward_steps(length: int, slots: int) -> int:
    """The fewest steps forwards that reverse ``length`` steps, the first way to the end included."""
    often = repeats(length, slots)
    return often * length - comb(slots + often, slots + 1)


def next_snapshot(length: int, slots: int) -> int:
    """How far from a snapshot the next is taken, of ``slots`` with that one; ``length`` steps are to be reversed."""
    often = repeats(length, slots)
    return min(comb(slots + often - 1, slots), length - comb(slots + often - 2, slots - 1))


def first_snapshots(length: int, slots: int) -> tuple[int, ...]:
    """The positions of the snapshots after the start that are taken on the first way to the end."""
    positions: list[int] = []
    at = 0
    while slots > 1 and length > 1:
        step = next_snapshot(length, slots)
        at, length, slots = at + step, length - step, slots - 1
        positions.append(at)
    return tuple(positions)


def reversed_by(length: int, slots: int) -> list[list[int]]:
    """How many steps s snapshots reverse with at most r repeats, by s <= ``slots`` and r; at most ``length``.

    There are as many r as any s from 2 on needs for ``length``.
    """
    most = repeats(length, 2)
    return [[min(comb(s + r, s), length) for r in range(most + 1)] for s in range(slots + 1)]
