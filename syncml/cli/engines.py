"""The engines of a simulation, by the names that `--engine` takes."""

from __future__ import annotations

import enum


class Engine(enum.StrEnum):
    """How the ticks are computed; the traces are the same, bit for bit."""

    INTERP = "interp"
