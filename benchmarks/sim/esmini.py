"""Where the actors of OpenSCENARIO files are, in syncml and in esmini, tick by tick.

    python -m benchmarks.sim.esmini ESMINI FOLDER [--rate HZ]

ESMINI is the program `esmini` (a release of it, or a build without OpenSceneGraph). Both play each scenario file of
FOLDER with the values that it declares, without controllers: the ego keeps what the storyboard gives it. For each actor
the table has the greatest distance between the two places of its reference point, and when that was; the time by which
esmini is ahead of syncml with the least such distance, in ticks; and the greatest distance with it. What differs and
why is told in docs/how-to/openscenario.md.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError
from syncml.scenario import engine
from syncml.scenario.arrays import S, T
from syncml.scenario.roads import to_world
from syncml.scenario.tables import compiled
from syncml.scenario.templates import read_template

Places = dict[str, NDArray[np.float64]]
"""For each actor x and y, a row for each tick."""
SHIFTS = range(-2, 3)
"""Ticks by which one player may be ahead of the other."""


def ours(path: Path, period: float) -> Places:
    """Where syncml has the actors."""
    template = read_template(path)
    assert template.stage is not None, f"{path} has no actors"
    road, storyboard = template.stage(template.runs.settings(0))
    numbers = template.runs.numbers(0)
    board = compiled(road, storyboard)
    w, x = board.ready(board.numbers(numbers), numbers, period)
    found: list[list[tuple[float, float]]] = []
    for tick in range(1 + round(float(template.duration.value(numbers)) / period)):
        engine.step(w, x, tick, period, 0.0, 0.0)
        found.append([to_world(w.line, m[S], m[T])[:2] for m in x.motion])
        if engine.stopped(w, x):
            break
    rows = np.array(found)
    return {name: rows[:, i] for i, name in enumerate(board.actors)}


def theirs(program: Path, path: Path, period: float) -> Places:
    """Where esmini has them, from its log."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.csv"
        options = ["--headless", "--disable_controllers", "--disable_log", "--disable_stdout"]
        command = [program, "--osc", path.resolve(), *options, "--fixed_timestep", f"{period}", "--csv_logger", log]
        subprocess.run(command, check=True, cwd=folder, capture_output=True, timeout=300)
        lines = log.read_text().splitlines()
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    top = next(i for i, row in enumerate(rows) if row and row[0].startswith("Index"))
    names = [i for i, title in enumerate(rows[top]) if "Entity_Name" in title]
    across = [i for i, title in enumerate(rows[top]) if "World_Position_X" in title]
    table = [row for row in rows[top + 1 :] if len(row) > across[-1] + 1]
    return {
        table[0][name]: np.array([(float(row[x]), float(row[x + 1])) for row in table])
        for name, x in zip(names, across, strict=True)
    }


@dataclass(frozen=True, slots=True)
class Difference:
    """How far apart the two have an actor.

    Attributes:
        most: The greatest distance at the same tick, m.
        at: When, s.
        ahead: By how many ticks esmini is ahead where the two are the closest.
        shifted: The greatest distance then, m.
    """

    most: float
    at: float
    ahead: int
    shifted: float


def difference(left: NDArray[np.float64], right: NDArray[np.float64], period: float) -> Difference:
    """Between places of ours and theirs, over the ticks that both have."""
    apart = {ahead: _apart(left, right, ahead) for ahead in SHIFTS}
    most = {ahead: float(distances.max()) for ahead, distances in apart.items()}
    best = min(SHIFTS, key=lambda ahead: (round(most[ahead], 6), abs(ahead)))
    return Difference(most[0], float(apart[0].argmax()) * period, best, most[best])


def _apart(left: NDArray[np.float64], right: NDArray[np.float64], ahead: int) -> NDArray[np.float64]:
    left, right = left[max(ahead, 0) :], right[max(-ahead, 0) :]
    count = min(len(left), len(right))
    return np.hypot(*(left[:count] - right[:count]).T)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare all files of a folder."""
    parser = argparse.ArgumentParser(description="Where actors are in syncml and in esmini.")
    parser.add_argument("esmini", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rate", type=float, default=100.0)
    given = parser.parse_args(arguments)
    period = 1.0 / given.rate
    print(f"{'scenario':<64} {'actor':<18} {'ticks':>12} {'most [m]':>9} {'at [s]':>8} {'ahead':>6} {'then [m]':>9}")
    for path in sorted(given.folder.glob("*.xosc")):
        try:
            left = ours(path, period)
        except DiagnosticError as fault:
            print(f"{path.stem:<64} not read: {fault}")
            continue
        right = theirs(given.esmini.resolve(), path, period)
        for actor, places in left.items():
            found = difference(places, right[actor], period)
            ticks = f"{len(places)}/{len(right[actor])}"
            print(
                f"{path.stem:<64} {actor:<18} {ticks:>12} {found.most:9.4f} {found.at:8.2f} {found.ahead:6d} "
                f"{found.shifted:9.4f}"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
