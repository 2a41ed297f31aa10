"""The names of the methods of a search, for command lines, which need no more of it to explain themselves."""

from __future__ import annotations

from enum import StrEnum


class Method(StrEnum):
    """How the runs of a search are chosen."""

    RANDOM = "random"
    CROSS_ENTROPY = "cross-entropy"
    IMPORTANCE = "importance"
    SUBSET = "subset"

    @property
    def estimates(self) -> bool:
        """Whether it says how probable a failure is."""
        return self is not Method.CROSS_ENTROPY
