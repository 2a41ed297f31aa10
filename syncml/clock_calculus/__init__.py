"""The clock calculus: when each stream is present, and whether streams that meet are present together."""

from syncml.clock_calculus.inference import infer_clocks
from syncml.clock_calculus.words import (
    Buffer,
    adaptable,
    buffer_between,
    growth,
    least_delay,
    precedes,
    synchronisable,
)
from syncml.ir.rates import describe, hyperperiod, rate_of

__all__ = [
    "Buffer",
    "adaptable",
    "buffer_between",
    "describe",
    "growth",
    "hyperperiod",
    "infer_clocks",
    "least_delay",
    "precedes",
    "rate_of",
    "synchronisable",
]
