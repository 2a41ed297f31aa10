"""A question for the demand-driven engine, as plain data that goes to a worker."""

from __future__ import annotations

from enum import Enum
from typing import Any

from syncml.dataclass import dataclass


class Part(Enum):
    """What a query contributes to an inductive proof, or that it searches for a violation."""

    LOCAL = "local"
    """The goal follows at one instant from any state: neither base nor step is needed."""
    BASE = "base"
    """The goal holds at the first instant."""
    STEP = "step"
    """The goal holds at the instant after one at which the hypotheses hold."""
    SEARCH = "search"
    """The goal holds at a later instant from the start."""


@dataclass(frozen=True, slots=True)
class Query:
    """Is ``goal`` true at the last of ``length`` instants?

    Attributes:
        part: What the answer is for; a base or a search starts from the initial state, the others from any state.
        hypotheses: Goals that hold at all instants but the last.
        lemmas: Goals that hold at the last instant too.
        margin: How much a violation must violate and assumptions must hold by, where they compare reals.
    """

    goal: str
    length: int
    part: Part
    hypotheses: tuple[str, ...]
    lemmas: tuple[str, ...]
    margin: str = "0"

    @property
    def initial(self) -> bool:
        """Whether the first instant is the first of a run."""
        return self.part in (Part.BASE, Part.SEARCH)

    def to_data(self) -> dict[str, Any]:
        """The query as JSON data."""
        return {
            "goal": self.goal, "length": self.length, "part": self.part.value, "hypotheses": self.hypotheses,
            "lemmas": self.lemmas, "margin": self.margin,
        }  # fmt: skip

    @staticmethod
    def from_data(data: dict[str, Any]) -> Query:
        """The query that `to_data` took apart."""
        lists = tuple(data["hypotheses"]), tuple(data["lemmas"])
        return Query(data["goal"], data["length"], Part(data["part"]), *lists, data["margin"])
