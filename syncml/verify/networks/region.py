"""Sets of inputs, many at a time: ``{c + G e + r s : e, s in [-1, 1]}``, a zonotope and a box added together.

Rule: `least` and `forms` bound linear functions over such a set, in binary64 with outward rounding.
"""

from __future__ import annotations

import numpy as np

from syncml.dataclass import dataclass
from syncml.verify.networks.rounding import Floats, gamma, up


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """``boxes`` sets of ``inputs`` numbers.

    Attributes:
        center: (boxes, inputs).
        generators: (boxes, inputs, symbols); none for a box.
        radius: (boxes, inputs), at least 0.
    """

    center: Floats
    generators: Floats
    radius: Floats

    @staticmethod
    def box(low: Floats, high: Floats) -> Region:
        """Boxes from ``low`` to ``high``, each (boxes, inputs)."""
        center = 0.5 * low + 0.5 * high
        radius = up(np.maximum(high - center, center - low) + 2.0**-53 * np.abs(center))
        return Region(center, np.zeros((*low.shape, 0)), radius)

    @property
    def spread(self) -> Floats:
        """How far each input is from the centre at most."""
        return up(np.abs(self.generators).sum(axis=2) + self.radius)

    @property
    def low(self) -> Floats:
        """The least value of each input."""
        return np.nextafter(self.center - self.spread, -np.inf)

    @property
    def high(self) -> Floats:
        """The greatest value of each input."""
        return np.nextafter(self.center + self.spread, np.inf)

    def part(self, chosen: slice) -> Region:
        """Some of the sets."""
        return Region(self.center[chosen], self.generators[chosen], self.radius[chosen])

    def least(self, slopes: Floats, constants: Floats) -> Floats:
        """Lower bounds of ``slopes @ x + constants``; (boxes, rows, inputs) and (boxes, rows)."""
        sizes = np.abs(slopes)
        along = np.abs(slopes @ self.generators).sum(axis=2) if self.generators.shape[2] else 0.0
        value = _dot(slopes, self.center) + constants - along - _dot(sizes, self.radius)
        terms = self.center.shape[1] + self.generators.shape[2] + 4
        magnitude = _dot(sizes, np.abs(self.center) + self.spread) + np.abs(constants)
        return value - up(gamma(terms) * up(magnitude))


def _dot(rows: Floats, vectors: Floats) -> Floats:
    """``rows @ vector`` for each box."""
    return (rows @ vectors[:, :, None])[:, :, 0]
