"""What the radar sees of random leads: the data on which the tracker is trained and measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from shield import RANGE_NOISE, RANGE_RATE_NOISE

from training.tape import Array

FRAME = 0.04
"""The radar's period, s (25 Hz)."""
CHANGE_OF_ACCELERATION = 0.02
CUT_IN = 0.005
DROPOUT = 0.03
"""Probabilities per frame."""
LONGEST_DROPOUT = 9
"""Frames: 0.36 s, longer than the 0.3 s after which the pipeline stops to trust the radar."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Truth and radar frames; every array has the shape (sequences, frames).

    Attributes:
        gap: The true distance, m.
        closing: The true rate of change of the gap, m/s.
        range: The measured distance, m.
        range_rate: The measured rate, m/s.
        valid: 1 where there is a measurement, else 0.
        new: 1 where another target begins (always valid), else 0.
    """

    gap: Array
    closing: Array
    range: Array
    range_rate: Array
    valid: Array
    new: Array


def record(rng: np.random.Generator, sequences: int, frames: int) -> Recording:
    """Leads that accelerate at random and are at times replaced; noise within the bounds of the shield."""
    shape = (sequences, frames)
    new = rng.random(shape) < CUT_IN
    new[:, 0] = True
    gap, closing = np.zeros(shape), np.zeros(shape)
    g, c, acceleration = np.zeros(sequences), np.zeros(sequences), np.zeros(sequences)
    for k in range(frames):
        g = np.where(new[:, k], rng.uniform(5.0, 120.0, sequences), g)
        c = np.where(new[:, k], rng.uniform(-8.0, 8.0, sequences), c)
        gap[:, k], closing[:, k] = g, c
        acceleration = _acceleration(rng, g, c, acceleration)
        c = np.clip(c + FRAME * acceleration, -20.0, 20.0)
        g = g + FRAME * c
    noise = rng.uniform(-RANGE_NOISE, RANGE_NOISE, shape)
    rate_noise = rng.uniform(-RANGE_RATE_NOISE, RANGE_RATE_NOISE, shape)
    valid = _valid(rng, new)
    return Recording(gap, closing, gap + noise, closing + rate_noise, valid, new.astype(np.float64))


def _acceleration(rng: np.random.Generator, gap: Array, closing: Array, last: Array) -> Array:
    """The next relative acceleration, m/s²: piecewise constant, and such that gaps stay between 10 and 150 m."""
    drawn = rng.uniform(-5.0, 5.0, gap.size) * (rng.random(gap.size) < 0.7)
    chosen = np.where(rng.random(gap.size) < CHANGE_OF_ACCELERATION, drawn, last)
    chosen = np.where(gap < 10.0, 2.0 - closing, np.where(gap > 150.0, -2.0 - closing, chosen))
    return np.clip(chosen, -6.0, 6.0)


def _valid(rng: np.random.Generator, new: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Array:
    """1 but in bursts of lost frames, which a new target ends."""
    valid = np.ones(new.shape)
    left = np.zeros(len(new))
    for k in range(new.shape[1]):
        begins = (left <= 0) & (rng.random(len(new)) < DROPOUT)
        left = np.where(begins, rng.integers(1, LONGEST_DROPOUT + 1, len(new)), left - 1)
        left = np.where(new[:, k], 0, left)
        valid[:, k] = left <= 0
    return valid
