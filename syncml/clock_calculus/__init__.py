"""The clock calculus: when each stream is present, and whether streams that meet are present together."""

from syncml.clock_calculus.crossing import BufferUse, crossing
from syncml.clock_calculus.inference import infer_clocks
from syncml.clock_calculus.least import Solution, solve_system
from syncml.clock_calculus.rings import clauses, lower_buffers
from syncml.clock_calculus.spreading import spread_calls
from syncml.clock_calculus.systems import Constraint, NoSolutionError, Side, repetition_vector
from syncml.clock_calculus.words import (
    BufferSize,
    adaptable,
    buffer_between,
    growth,
    in_ticks,
    in_time,
    least_delay,
    least_initial,
    precedes,
    synchronisable,
)
from syncml.ir.rates import describe, hyperperiod, rate_of

__all__ = [
    "BufferSize",
    "BufferUse",
    "Constraint",
    "NoSolutionError",
    "Side",
    "Solution",
    "adaptable",
    "buffer_between",
    "clauses",
    "crossing",
    "describe",
    "growth",
    "hyperperiod",
    "in_ticks",
    "in_time",
    "infer_clocks",
    "least_delay",
    "least_initial",
    "lower_buffers",
    "precedes",
    "rate_of",
    "repetition_vector",
    "solve_system",
    "spread_calls",
    "synchronisable",
]
