"""What became of one program of a suite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Result(Enum):
    """The outcomes, in the order in which they are counted."""

    SAME = "same"
    DIFFERENT = "different"
    WARNED = "warned of"
    NOT_READ = "not read"
    NOT_COMPARED = "not comparable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One program: its name, what became of it, and why."""

    name: str
    result: Result
    why: str = ""


def report(title: str, outcomes: Iterable[Outcome], *, verbose: bool) -> int:
    """Print the counts of a suite and what is not the same; the number of programs that differ."""
    found = list(outcomes)
    counts = Counter(o.result for o in found)
    print(f"{title}: " + ", ".join(f"{counts[r]} {r.value}" for r in Result))
    for outcome in found:
        if outcome.result is Result.DIFFERENT or (verbose and outcome.result is not Result.SAME):
            print(f"  {outcome.result.value}: {outcome.name}: {outcome.why}")
    return counts[Result.DIFFERENT]
