"""The clock calculus: when each stream is present, and whether streams that meet are present together."""

from syncml.clock_calculus.inference import infer_clocks
from syncml.ir.rates import describe, hyperperiod, rate_of

__all__ = ["describe", "hyperperiod", "infer_clocks", "rate_of"]
