"""Traces: the values of streams, tick by tick.

Rule: two traces are equal iff they have the same streams, present at the same ticks, with the same bits; every NaN
counts as the same value, since IEEE-754 leaves its payload to the hardware.
"""

from __future__ import annotations

from dataclasses import field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from syncml.dataclass import dataclass
from syncml.ir.constants import dtype
from syncml.ir.types import EnumType, Type, element, shape
from syncml.lazy import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One stream. ``values`` has the shape (ticks, *shape of the type); ``present`` is (ticks,).

    Attributes:
        name: The stream, with the path of its instance: ``tracker.hidden``.
        clock: The clock in words, such as ``25 Hz``; empty for the base clock of a program without a rate.
        values: Arbitrary, but fixed, where the stream is absent.
    """

    name: str
    type: Type
    values: NDArray[Any]
    present: NDArray[np.bool_]
    clock: str = ""
    unit: str = ""

    @staticmethod
    def empty(name: str, type_: Type, ticks: int, clock: str = "", unit: str = "") -> Column:
        """A column that is absent at every tick."""
        values = np.zeros((ticks, *shape(type_)), dtype=dtype(element(type_)))
        return Column(name, type_, values, np.zeros(ticks, dtype=np.bool_), clock, unit)

    def at(self, tick: int) -> Any:
        """The value at ``tick``: None where absent, the constructor's name for an enumeration."""
        if not self.present[tick]:
            return None
        value = self.values[tick]
        kind = element(self.type)
        return kind.constructors[int(value)] if isinstance(kind, EnumType) and value.ndim == 0 else value


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place at which two traces differ, and the two values (None where absent)."""

    stream: str
    tick: int
    left: Any
    right: Any

    def __str__(self) -> str:
        return f"{self.stream} at tick {self.tick}: {self.left!r} against {self.right!r}"


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Streams over the same ``ticks`` base ticks; ``rate`` is the base rate in hertz, where there is one."""

    columns: tuple[Column, ...]
    ticks: int
    rate: Fraction | None = None
    _named: dict[str, Column] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_named", {c.name: c for c in self.columns})

    def names(self) -> tuple[str, ...]:
        """The streams, in order."""
        return tuple(c.name for c in self.columns)

    def column(self, name: str) -> Column:
        """The stream called ``name``; KeyError if the trace has none."""
        return self._named[name]

    def only(self, names: tuple[str, ...]) -> Trace:
        """The trace of some of the streams, in the order of ``names``."""
        return Trace(tuple(map(self.column, names)), self.ticks, self.rate)

    def value_count(self) -> int:
        """How many scalar values are present in all."""
        return sum(int(c.present.sum()) * int(np.prod(c.values.shape[1:], dtype=np.int64)) for c in self.columns)


def first_difference(left: Trace, right: Trace) -> Difference | None:
    """The earliest difference between two traces of the same streams, or None if they are equal bit for bit."""
    if set(left.names()) != set(right.names()) or left.ticks != right.ticks:
        raise ValueError("the traces have different streams or lengths")
    earliest: Difference | None = None
    for a in left.columns:
        b = right.column(a.name)
        unequal = (a.present != b.present) | (a.present & ~_same_bits(a.values, b.values))
        ticks = np.flatnonzero(unequal)
        if ticks.size and (earliest is None or ticks[0] < earliest.tick):
            tick = int(ticks[0])
            earliest = Difference(a.name, tick, a.at(tick), b.at(tick))
    return earliest


def _same_bits(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    if a.dtype != b.dtype:
        raise ValueError(f"values of {a.dtype} against values of {b.dtype}")
    same: NDArray[np.bool_] = np.asarray(a == b, dtype=np.bool_)
    if a.dtype.kind == "f":
        bits = np.dtype(f"u{a.dtype.itemsize}")
        same = (a.view(bits) == b.view(bits)) | (np.isnan(a) & np.isnan(b))
    return np.asarray(same.reshape(same.shape[0], -1).all(axis=1), dtype=np.bool_)
