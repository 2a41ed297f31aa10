"""Random numbers that are functions of a seed and a place: no state, the same for every engine and number of lanes.

Rule: `random_bits` is the finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
generators", 2014; the constants are Stafford's variant 13) of ``seed + place * odd``, a bijection of the 64-bit
integers for each seed. Give each run a seed of its own, a stream of numbers a count of its instants as the place.
"""

from __future__ import annotations

from syncml.lang.functions import cast
from syncml.lang.stream import Stream
from syncml.lang.types import f64, u64

ODD = 0x9E3779B97F4A7C15
"""2**64 divided by the golden ratio."""


def random_bits(seed: Stream[u64], place: Stream[u64] | int) -> Stream[u64]:
    """64 random bits for each place of a seed; of the same clock as both."""
    z = seed + (place * ODD % 2**64 if isinstance(place, int) else place * ODD)
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB
    return z ^ (z >> 31)


def uniform(bits: Stream[u64]) -> Stream[f64]:
    """An evenly distributed number of [0, 1) from 64 random bits: the first 53 of them."""
    return cast(bits >> 11, f64) * 2.0**-53


def bell(bits: Stream[u64]) -> Stream[f64]:
    """A number with mean 0 and deviation 1 from 64 random bits: four evenly distributed ones of 16 bits, summed.

    The distribution is that of Irwin and Hall for four, near the normal one but bounded: no value is beyond 3.47.
    """
    mask = 0xFFFF
    total = (bits & mask) + ((bits >> 16) & mask) + ((bits >> 32) & mask) + (bits >> 48)
    return (cast(total, f64) - 131070.0) * (3.0**0.5 / 65536.0)
