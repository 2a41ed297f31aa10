"""Runs at the corners of what the flagship assumes: the lead appears exactly at the RSS distance, and all errors are at
their bounds. A shield that is a little too weak fails here, where a random run would not notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

RANGE, RANGE_RATE, SPEED = 0.5, 0.25, 0.1
"""Bounds of the errors, m and m/s."""
BEYOND = 3e-3
"""How much further than the exact distance a lead appears, m: the shield reserves as much for rounding."""
LAG, BRAKING, LEAD_BRAKING, RAMP, TICK, CLEARANCE, TOP_SPEED = 0.16, 6.0, 7.0, 25.0, 0.01, 0.5, 50.0


def safe_gap(speed: float, lead: float, error: tuple[float, float, float]) -> float:
    """The least gap at which a lead may appear while the car coasts, m; the formula of the derivation, written anew."""
    off_range, off_rate, off_speed = error
    fastest = min(speed + off_speed + SPEED, TOP_SPEED)
    slowest_lead = max(lead + off_rate + off_speed - RANGE_RATE - SPEED, 0.0)
    excess = fastest + BRAKING**2 / (2.0 * RAMP)
    stopping = LAG * fastest + excess**2 / (2.0 * BRAKING) + TICK * excess
    certain = max(stopping + CLEARANCE - slowest_lead**2 / (2.0 * LEAD_BRAKING), CLEARANCE)
    return certain + RANGE - off_range


def corner_runs(count: int, ticks: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Inputs of ``count`` runs of ``ticks`` ticks."""
    rng = np.random.default_rng(seed)
    while count:
        speed, lead = rng.uniform(0.0, 38.0), rng.uniform(0.0, 38.0)
        corner = rng.choice([-1.0, 1.0], 3) * np.array([RANGE, RANGE_RATE, SPEED])
        gap = safe_gap(speed, lead, (corner[0], corner[1], corner[2])) + BEYOND
        if gap > 290.0:
            continue
        count -= 1
        yield _inputs(rng, ticks, speed, lead, gap, corner)


def _inputs(
    rng: np.random.Generator, ticks: int, speed: float, lead: float, gap: float, corner: NDArray[np.float64]
) -> dict[str, Any]:
    def always(value: float) -> NDArray[np.float32]:
        return np.full(ticks, value, dtype=np.float32)

    # The lead brakes fully from some tick on, and the radar may be lost from another tick on.
    braking = np.arange(ticks) >= rng.integers(0, ticks // 2)
    lost = np.arange(ticks) >= rng.choice([1, 8, 40, ticks])
    keep_error = rng.random() < 0.5
    noise = [
        always(bound) if keep_error else (rng.choice([-1.0, 1.0], ticks) * abs(bound)).astype(np.float32)
        for bound in corner
    ]
    for drawn, bound in zip(noise, corner, strict=True):
        drawn[0] = bound
    return {
        "v_set": always(50.0),
        "start_speed": always(speed),
        "target_gap": always(gap),
        "target_speed": always(lead),
        "cut_in": np.zeros(ticks, dtype=np.bool_),
        "lead_acceleration": np.where(braking, -LEAD_BRAKING, rng.choice([0.0, 1.0, -2.0])).astype(np.float32),
        "radar_lost": lost,
        "error.range": noise[0],
        "error.range_rate": noise[1],
        "error.speed": noise[2],
    }
