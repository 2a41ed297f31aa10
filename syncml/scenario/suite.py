"""Suites: all runs of all scenario files of a folder, and what became of each.

Rule: a run fails if a promise fails, or the ego collides, before any assumption fails; it is outside of what the
program was made for if an assumption fails first, or with it; else it passes. A run that the constraints of its
parameters rule out is counted and not run. Scenario files that a variation in the folder names are run by it, and
catalogs are no scenarios.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from enum import StrEnum
from pathlib import Path

import numpy as np

from syncml.dataclass import dataclass
from syncml.diagnostics.model import Diagnostic, DiagnosticError, error
from syncml.scenario.load import CONNECTION
from syncml.scenario.model import Connection
from syncml.scenario.templates import Template, read_template
from syncml.scenario.xml import read_xml
from syncml.sim.monitor import ClauseResult

COLLISION = "the ego touches another actor"
FORMS = (".yaml", ".yml", ".json", ".xosc")


class Verdict(StrEnum):
    """What became of a run."""

    PASSED = "passed"
    FAILED = "failed"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run.

    Attributes:
        run: Its number.
        verdict: What became of it.
        clause: What failed first, if anything did, and ``tick`` when.
        collided: Whether the boxes of the ego and another actor have overlapped.
        least_gap: The least distance to a lead, in metres.
        ticks: Its length.
    """

    run: int
    verdict: Verdict
    clause: str
    tick: int
    collided: bool
    least_gap: float
    ticks: int


@dataclass(slots=True)
class FileReport:
    """What became of the runs of one file."""

    template: Template
    runs: int
    left_out: int
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    seconds: float = 0.0

    def count(self, verdict: Verdict) -> int:
        """How many runs have a verdict."""
        return sum(outcome.verdict is verdict for outcome in self.outcomes)


def suite(place: Path, connection: Connection | None) -> list[Template]:
    """The templates of a folder, or of one file.

    Raises:
        DiagnosticError: every fault of every file; U001 if there is no scenario.
    """
    if not place.exists():
        raise DiagnosticError(error("D001", f"cannot read {place}: there is no such file or folder"))
    files = [place] if place.is_file() else list(_scenarios(place))
    faults: list[Diagnostic] = []
    templates: list[Template] = []
    for path in files:
        try:
            templates.append(read_template(path, connection))
        except DiagnosticError as fault:
            faults += fault.diagnostics
    if faults:
        raise DiagnosticError(*dict.fromkeys(faults))
    if not templates:
        help_ = f"name a folder with files that end in {', '.join(FORMS)}"
        raise DiagnosticError(error("U001", f"there is no scenario in {place}", help=help_))
    return templates


def _scenarios(folder: Path) -> Iterator[Path]:
    """The scenario files in a folder and below it, sorted."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in FORMS and p.name != CONNECTION)
    varied: set[Path] = set()
    skipped: set[Path] = set()
    for path in paths:
        if path.suffix.lower() != ".xosc":
            continue
        top = read_xml(path, "OpenSCENARIO", "reading OpenSCENARIO")
        distribution = top.find("ParameterValueDistribution")
        if distribution is not None:
            varied.add((path.parent / distribution.one("ScenarioFile").text("filepath")).resolve())
        elif top.find("Storyboard") is None:
            skipped.add(path)
    for path in paths:
        if path not in skipped and path.resolve() not in varied:
            yield path


def chosen(template: Template, sample: int | None) -> tuple[list[int], int]:
    """The runs to make, and how many the constraints leave out.

    With ``sample``, as many as that, evenly spread over those that are admitted.
    """
    admitted = [numbers[template.runs.admitted(numbers)] for numbers in template.runs.chunks()]
    runs = np.concatenate(admitted)
    left_out = template.runs.count - len(runs)
    if sample is not None and sample < len(runs):
        # The middle of each of as many equal parts.
        runs = runs[((2 * np.arange(sample) + 1) * len(runs)) // (2 * sample)]
    return [int(run) for run in runs], left_out


def judge(clauses: Sequence[ClauseResult], collision: int | None = None) -> tuple[Verdict, str, int]:
    """The verdict of a run, with the clause that failed first and its tick; a collision is like a broken promise."""
    failed = [] if collision is None else [(collision, False, COLLISION)]
    failed += [
        (c.first_failure, c.is_assumption, c.name) for c in clauses if c.first_failure is not None and not c.is_goal
    ]
    if not failed:
        return Verdict.PASSED, "", -1
    left = min((tick for tick, assumed, _ in failed if assumed), default=None)
    broken = sorted((tick, name) for tick, assumed, name in failed if not assumed and (left is None or tick < left))
    if broken:
        return Verdict.FAILED, broken[0][1], broken[0][0]
    tick, _, name = min((t, a, n) for t, a, n in failed if a)
    return Verdict.OUTSIDE, name, tick
