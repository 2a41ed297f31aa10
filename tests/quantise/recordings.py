"""Weights and recorded inputs that tests of quantised programs share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def weights(*shape: int, seed: int = 0) -> Array:
    generator = np.random.default_rng(sum(shape) + seed)
    return (generator.normal(size=shape) / np.sqrt(shape[-1])).astype(np.float32)


def recorded(folder: Path, ticks: int = 48, **shapes: tuple[int, ...]) -> Path:
    generator = np.random.default_rng(5)
    arrays = {
        name: np.clip(np.cumsum(generator.normal(size=(ticks, *extents)) * 0.5, axis=0), -2, 2).astype(np.float32)
        for name, extents in shapes.items()
    }
    path = folder / "recorded.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path
