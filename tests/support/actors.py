"""Scenarios of actors alone: every one of them does what the storyboard says."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syncml.scenario.arrays import COSINE, LANE, OFFSET, SINE, SPEED, S, T
from syncml.scenario.engine import step, stopped
from syncml.scenario.tables import compiled
from syncml.scenario.templates import Template, read_template

PERIOD = 0.01


@dataclass(frozen=True, slots=True)
class Played:
    """What actors did: one row a tick, one column an actor; headings are against the road, whose ``line`` it is."""

    s: NDArray[np.float64]
    t: NDArray[np.float64]
    speed: NDArray[np.float64]
    lane: NDArray[np.float64]
    offset: NDArray[np.float64]
    heading: NDArray[np.float64]
    line: NDArray[np.float64]

    @property
    def time(self) -> NDArray[np.float64]:
        return np.arange(len(self.s)) * PERIOD


def play(template: Template, seconds: float, run: int = 0, period: float = PERIOD) -> Played:
    """Run a storyboard without a program."""
    assert template.stage is not None
    board = compiled(*template.stage(template.runs.settings(run)))
    numbers = template.runs.numbers(run)
    w, x = board.ready(board.numbers(numbers), numbers, period)
    rows: list[NDArray[np.float64]] = []
    for tick in range(round(seconds / period)):
        step(w, x, tick, period, 0.0, 0.0)
        rows.append(x.motion.copy())
        if stopped(w, x):
            break
    motion = np.stack(rows)
    heading = np.arctan2(motion[:, :, SINE], motion[:, :, COSINE])
    return Played(*(motion[:, :, column] for column in (S, T, SPEED, LANE, OFFSET)), heading, w.line)


def play_yaml(folder: Path, text: str, seconds: float) -> Played:
    """Run the actors of a scenario file, the ego among them."""
    path = folder / "played.yaml"
    path.write_text(textwrap.dedent(text) + "\ninputs: {x: 1.0}\n")
    return play(read_template(path), seconds)
