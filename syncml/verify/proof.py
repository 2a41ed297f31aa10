"""A proof as the engines report it: what found it, and what it rests on."""

from __future__ import annotations

from syncml.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof in the ideal sense of the system; ``using`` names goals.

    Attributes:
        method: The engine that found it.
        k: How many instants its induction looks back.
        using: Goals that it rests on: at the same instant only those proved before it, one instant earlier also those
            proved together with it.
        invariant: The inductive invariant over the states, as SMT-LIB text, where the engine finds one.
        time_s: Seconds that it took.
        distinct: Whether the step is only about runs that visit no state twice.
        auxiliary: Formulas over the constants of the system as it was translated, as SMT-LIB text, that hold at the
            first instant and, all together, are kept by each; the proof may use them at every instant.
        cached: Whether it was found in an earlier run.
        roundings: The laws of rounding that it uses, as SMT-LIB text over constants ``x@0``, ``x@1`` of instants.
    """

    method: str
    k: int
    using: tuple[str, ...]
    invariant: str
    time_s: float
    distinct: bool = False
    auxiliary: tuple[str, ...] = ()
    cached: bool = False
    roundings: tuple[str, ...] = ()
