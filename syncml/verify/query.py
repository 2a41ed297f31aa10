"""A question for the demand-driven engine, as plain data that goes to a worker."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Query:
    """Is ``goal`` true at the last of ``length`` instants?

    Attributes:
        initial: Start from the initial state; otherwise from any state in which the hypotheses hold.
        hypotheses: Goals that hold at all instants but the last.
        lemmas: Goals that hold at the last instant too.
        margin: How much a violation must violate and assumptions must hold by, where they compare reals.
    """

    goal: str
    length: int
    initial: bool
    hypotheses: tuple[str, ...]
    lemmas: tuple[str, ...]
    margin: str = "0"
