"""Environments of gymnasium.

Rule: environment k of many has the seed ``seed + k`` and does what a single one with that seed does. The information
of a step is empty but for the last observations of episodes that ended in it (``final_obs``), where the next episode
begins in the same step.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from syncml.diagnostics.model import DiagnosticError, error
from syncml.gym.compiled import Episodes, Task

Values: TypeAlias = NDArray[Any]
Seeds: TypeAlias = "int | list[int | None] | None"


class Autoreset(Enum):
    """When the next episode of one of many environments begins."""

    NEXT_STEP = "next_step"
    SAME_STEP = "same_step"
    DISABLED = "disabled"


_MODES = {
    Autoreset.NEXT_STEP: AutoresetMode.NEXT_STEP,
    Autoreset.SAME_STEP: AutoresetMode.SAME_STEP,
    Autoreset.DISABLED: AutoresetMode.DISABLED,
}


class Environment(gymnasium.Env[Values, Any]):
    """One environment."""

    def __init__(self, of: Task) -> None:
        self.metadata = {"render_modes": []}
        self.observation_space = of.observations
        self.action_space = of.actions.space
        self._episodes = Episodes(of, 1)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Values, dict[str, Any]]:
        """Begin an episode: the first one of a seed, or the next one."""
        super().reset(seed=seed, options=options)
        return self._episodes.begin([seed])[0], {}

    def step(self, action: Any) -> tuple[Values, float, bool, bool, dict[str, Any]]:
        """The observation, the reward, and whether the episode ended or was cut off."""
        seen, rewards, ended, truncated = self._episodes.step(action)
        return seen[0], float(rewards[0]), bool(ended[0]), bool(truncated[0]), {}


class Environments(VectorEnv[Values, Any, Values]):
    """Many environments."""

    def __init__(self, of: Task, count: int, mode: Autoreset, threads: int | None) -> None:
        self.num_envs = count
        self.metadata = {"render_modes": [], "autoreset_mode": _MODES[mode]}
        self.single_observation_space = of.observations
        self.single_action_space = of.actions.space
        self.observation_space = batch_space(of.observations, count)
        self.action_space = batch_space(of.actions.space, count)
        self._same_step = mode is Autoreset.SAME_STEP
        self._episodes = Episodes(of, count, threads, idle=mode is not Autoreset.NEXT_STEP)

    def reset(self, *, seed: Seeds = None, options: dict[str, Any] | None = None) -> tuple[Values, dict[str, Any]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Begin an episode in all environments, or in those of ``options["reset_mask"]``.

        Raises:
            DiagnosticError: U001, the mask does not fit, or the mode of reset has none.
            ValueError: there are more or fewer seeds than environments.
        """
        super().reset(seed=seed if isinstance(seed, int) else None, options=options)
        seeds = [seed + k for k in range(self.num_envs)] if isinstance(seed, int) else seed or [None] * self.num_envs
        if len(seeds) != self.num_envs:
            raise ValueError(f"{len(seeds)} seeds for {self.num_envs} environments")
        mask = (options or {}).get("reset_mask")
        if mask is not None:
            mask = np.asarray(mask)
            if mask.shape != (self.num_envs,) or mask.dtype != np.bool_:
                message = f"reset_mask has shape {mask.shape} and type {mask.dtype}"
                raise DiagnosticError(error("U001", message, help=f"give {self.num_envs} Booleans"))
            if self.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP:
                message = "a reset_mask asks for environments that can wait for each other"
                raise DiagnosticError(error("U001", message, help='make them with autoreset="disabled"'))
        return self._episodes.begin(seeds, mask), {}

    def step(self, actions: Any) -> tuple[Values, Values, Values, Values, dict[str, Any]]:
        """A step of all environments."""
        seen, rewards, ended, truncated = self._episodes.step(actions)
        if self._same_step and (over := ended | truncated).any():
            last = np.full(self.num_envs, None, dtype=object)
            for k in np.flatnonzero(over):
                last[k] = seen[k]
            first = self._episodes.begin(which=over)
            return first, rewards, ended, truncated, {"final_obs": last, "_final_obs": over}
        return seen, rewards, ended, truncated, {}


def environments(of: Task, count: int, autoreset: str, threads: int | None) -> Environments:
    """Many environments.

    Raises:
        DiagnosticError: U001, the mode of reset or the number is none.
    """
    names = [mode.value for mode in Autoreset]
    if autoreset not in names:
        raise DiagnosticError(error("U001", f"there is no autoreset {autoreset!r}", help=", ".join(names)))
    if count < 1:
        raise DiagnosticError(error("U001", f"{count} environments"))
    return Environments(of, count, Autoreset(autoreset), threads)
