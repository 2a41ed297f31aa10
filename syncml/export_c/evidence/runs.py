"""The recorded runs of a package: where each comes from and what it shows.

Rule: every run is one that the interpreter made; what it says of a clause is what the interpreter said at each tick at
which the clause was present.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import TypeAlias

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Span
from syncml.export_c.draft import Draft, Files
from syncml.export_c.vectors import Vectors, encode

Stated: TypeAlias = tuple[Span, str]
"""A clause of a contract: where and under which name it is stated."""

MAIN = "recorded"
"""The run that ``make check`` replays, in ``harness/vectors.bin``."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What a run showed of a clause: at how many ticks it was present, and at how many of these it was false."""

    instants: int
    failures: int


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One run.

    Attributes:
        name: What it is called, and its file.
        source: Where its inputs come from, in words.
        vectors: Inputs, outputs and state.
        reaches: What it was chosen for, each a decision, mode or transition in words.
        clauses: What it showed of each clause of a contract, of all instances of its node together.
    """

    name: str
    source: str
    vectors: Vectors
    reaches: tuple[str, ...] = ()
    clauses: Mapping[Stated, Observed] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def path(self) -> str:
        """Its file in the package."""
        return "harness/vectors.bin" if self.name == MAIN else f"evidence/vectors/{self.name}.bin"


def run_files(draft: Draft, runs: tuple[RecordedRun, ...]) -> Files:
    """The vector files of all runs but the one that the harness has already."""
    return {run.path: encode(draft.leaves, run.vectors) for run in runs if run.name != MAIN}
