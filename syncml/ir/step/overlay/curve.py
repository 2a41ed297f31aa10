"""How many bytes are live at each moment of a step.

Rule: at a moment the elements that were born and are not yet dead are live, and nothing that keeps the values of all of
them takes less memory; the greatest number is the lower bound of every placement for this order of operations.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from syncml.dataclass import dataclass
from syncml.ir.step.overlay.lifetimes import NEVER, Lifetime


@dataclass(frozen=True, slots=True)
class Curve:
    """The number of live bytes from each of ``moments`` to the next."""

    moments: tuple[int, ...]
    live: tuple[int, ...]

    @property
    def peak(self) -> int:
        """The most bytes that are live at one moment."""
        return max(self.live, default=0)

    def steps(self, most: int) -> list[tuple[int, int]]:
        """The curve as at most ``most`` pairs of moment and bytes, none lower than the moments that it stands for."""
        stride = max(1, -(-len(self.moments) // most))
        return [(self.moments[k], max(self.live[k : k + stride])) for k in range(0, len(self.moments), stride)]


def live_bytes(tensors: Iterable[tuple[Lifetime, int]], blocks: Sequence[tuple[int, int, int]] = ()) -> Curve:
    """The curve of ``tensors``, each with the bytes of an element, and of ``blocks`` (from, to, bytes)."""
    times = [np.array([t for block in blocks for t in block[:2]], np.int64)]
    changes = [np.array([sign * block[2] for block in blocks for sign in (1, -1)], np.int64)]
    for lifetime, width in tensors:
        touched = lifetime.birth < NEVER
        for moments, change in ((lifetime.birth, width), (lifetime.death, -width)):
            times.append(moments[touched])
            changes.append(np.full(int(touched.sum()), change, np.int64))
    moments, group = np.unique(np.concatenate(times), return_inverse=True)
    total = np.zeros(len(moments), np.int64)
    np.add.at(total, group, np.concatenate(changes))
    return Curve(tuple(moments.tolist()), tuple(np.cumsum(total).tolist()))
