"""Spaces of gymnasium for streams.

Rule: observations are one vector of floats, the streams in their order, each in row-major order. Actions are one vector
of floats, or whole numbers: two for a Boolean, one for each constructor of an enumeration, those of the bounds for an
integer. What an agent may choose is bounded; nothing clips what it chooses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.extras import optional
from syncml.gym.roles import common
from syncml.ir.constants import dtype
from syncml.ir.equations.syntax import Var
from syncml.ir.types import BOOL, FLOATS, MACHINE_INTEGERS, EnumType, element, size

Bounds = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Actions:
    """What an agent chooses: the space, and the least values of the inputs if they are whole numbers.

    Attributes:
        space: ``Box``, ``Discrete`` or ``MultiDiscrete``.
        least: What is added to a choice to yield the inputs; none for floats.
    """

    space: Any
    least: NDArray[np.int64] | None

    def rows(self, chosen: Any, runs: int, kind: np.dtype[Any]) -> NDArray[Any]:
        """The inputs of all runs, ``[runs, columns]``."""
        values = np.asarray(chosen)
        columns = values.size // runs
        whole = values if self.least is None else values.reshape(runs, columns) + self.least
        return whole.astype(kind, copy=False).reshape(runs, columns)


def gymnasium() -> Any:
    """The package.

    Raises:
        DiagnosticError: D006, it is not installed.
    """
    return optional("gymnasium", "an environment for reinforcement learning", "gym")


def observation_space(observations: Sequence[Var]) -> Any:
    """A box without bounds."""
    kind = dtype(common(observations))
    return gymnasium().spaces.Box(-np.inf, np.inf, (sum(size(v.type) for v in observations),), kind.type)


def actions(inputs: Sequence[Var], bounds: Bounds) -> Actions:
    """The space of some inputs.

    Raises:
        DiagnosticError: U001, bounds are missing, of no input, or empty; floats beside whole numbers.
    """
    spaces = gymnasium().spaces
    names = {v.name for v in inputs}
    faults = [error("U001", f"there are bounds of {name!r}, which is no action", help=_listed(inputs))
              for name in bounds if name not in names]  # fmt: skip
    ranges: list[tuple[float, float]] = []
    for v in inputs:
        low, high = bounds.get(v.name, _range(v))
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            message = f"the action {v.name!r} has no bounds" if v.name not in bounds else f"{low} .. {high} is empty"
            faults.append(error("U001", message, v.span, help=f"give them: bounds={{{v.name!r}: (-1.0, 1.0)}}"))
        ranges.append((low, high))
    floats = [element(v.type) in FLOATS for v in inputs]
    if any(floats) and not all(floats):
        message = "actions are all floats or all whole numbers"
        faults.append(error("U001", message, inputs[0].span, help=_listed(inputs)))
    if faults:
        raise DiagnosticError(*faults)
    sizes = [size(v.type) for v in inputs]
    low = np.repeat([r[0] for r in ranges], sizes)
    high = np.repeat([r[1] for r in ranges], sizes)
    if floats[0]:
        kind = np.result_type(*(dtype(element(v.type)) for v in inputs))
        return Actions(spaces.Box(low.astype(kind), high.astype(kind), dtype=kind.type), None)
    counts = (high - low).astype(np.int64) + 1
    space = spaces.Discrete(int(counts[0])) if len(counts) == 1 else spaces.MultiDiscrete(counts)
    return Actions(space, low.astype(np.int64))


def _range(v: Var) -> tuple[float, float]:
    """The values of an input that its type allows, if they are few."""
    kind = element(v.type)
    if isinstance(kind, EnumType):
        return 0, len(kind.constructors) - 1
    if kind is BOOL:
        return 0, 1
    assert kind in FLOATS or kind in MACHINE_INTEGERS
    return -np.inf, np.inf


def _listed(inputs: Sequence[Var]) -> str:
    return "actions: " + ", ".join(f"{v.name} ({v.type})" for v in inputs)
