"""How good a set of weights is, on data that no training has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training import policy, tracker
from training.radar import record
from training.tape import Array, Value

SEED = 99
SETTLED = 20
"""Frames after a new target that are left out of the tracker's figures: 0.8 s."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Root mean square errors.

    Attributes:
        gap: Of the tracked gap, m; over all frames, lost ones included.
        raw_range: Of the radar's range on its valid frames, m.
        closing: Of the tracked closing speed, m/s; over all frames.
        raw_rate: Of the radar's range rate on its valid frames, m/s.
        headway: Of the policy against the reference, s.
        worst_headway: The policy's largest error, s.
    """

    gap: float
    raw_range: float
    closing: float
    raw_rate: float
    headway: float
    worst_headway: float

    def __str__(self) -> str:
        return (
            f"tracker: gap {self.gap:.3f} m rms (radar {self.raw_range:.3f}), "
            f"closing speed {self.closing:.3f} m/s rms (radar {self.raw_rate:.3f})\n"
            f"policy: {self.headway:.4f} s rms, at most {self.worst_headway:.3f} s from the reference"
        )


def evaluate(weights: Mapping[str, NDArray[np.float32]]) -> Figures:
    """Measure weights: 200 leads for 6 s, and 20,000 situations."""
    parameters = {name: Value(tensor.astype(np.float64)) for name, tensor in weights.items()}
    rng = np.random.default_rng(SEED)
    frames = record(rng, sequences=200, frames=150)
    gap, closing = tracker.follow(parameters, frames)
    since_new = np.zeros(len(gap))
    counted = np.zeros(gap.shape, dtype=np.bool_)
    for k in range(gap.shape[1]):
        since_new = np.where(frames.new[:, k] == 1.0, 0.0, since_new + 1.0)
        counted[:, k] = since_new >= SETTLED
    seen = counted & (frames.valid == 1.0)
    speed, distance, rate = policy.situations(rng, 20_000)
    off = policy.choose(parameters, speed, distance, rate) - policy.reference_headway(speed, distance, rate)
    return Figures(
        _rms((gap - frames.gap)[counted]),
        _rms((frames.range - frames.gap)[seen]),
        _rms((closing - frames.closing)[counted]),
        _rms((frames.range_rate - frames.closing)[seen]),
        _rms(off),
        float(np.abs(off).max()),
    )


def _rms(errors: Array) -> float:
    return float(np.sqrt(np.mean(errors * errors)))
