"""What is carried from segment to segment as a whole: a stream, a record, or a tuple of these.

Rule: ``now`` is its value on the clock of the ends of the segments, ``next`` what it is in the segment after; each leaf
is a state of the segments, and as a parameter it goes on where a segment around its own begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from syncml.lang.kernel import when
from syncml.lang.segments import Segments
from syncml.lang.stream import Stream
from syncml.learn.trees import mapped

T = TypeVar("T")


class Remembered(Generic[T]):
    """A value of the segments; assign ``next`` once.

    Attributes:
        now: The value, on the clock of the ends of the segments.
    """

    def __init__(self, block: Segments, init: T) -> None:
        def carried(leaf: Stream[Any]) -> Stream[Any]:
            return block.carry(init=leaf, lasting=True)

        def at_end(leaf: Stream[Any]) -> Stream[Any]:
            return when(leaf, block.last)

        self._states: T = mapped(carried, init)
        self.now: T = mapped(at_end, self._states)

    if TYPE_CHECKING:

        @property
        def next(self) -> T:
            """The value in the next segment."""
            ...

        @next.setter
        def next(self, value: T) -> None: ...
    else:

        @property
        def next(self):
            """The value in the next segment."""
            return mapped(lambda leaf: leaf.next, self._states)

        @next.setter
        def next(self, value):
            mapped(_defined, self._states, value)


def _defined(leaf: Any, value: Any) -> Any:
    leaf.next = value
    return leaf


def remember(block: Segments, init: T) -> Remembered[T]:
    """Carry ``init``, constants in any form, from segment to segment: what an optimiser remembers, running means."""
    return Remembered(block, init)
