"""The ``VecEnv`` of Stable-Baselines3.

Rule: an episode that is over is followed by the next one in the same step; the last observation of the one is
``terminal_observation`` of its information, and ``TimeLimit.truncated`` says whether it was only cut off.
"""

# Stable-Baselines3 is optional; its values are `Any` from here on.
# pyright: reportUntypedBaseClass=false, reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from syncml.extras import optional
from syncml.gym.compiled import Episodes, Task

StableBaselines: TypeAlias = Any
"""A ``stable_baselines3.common.vec_env.VecEnv``."""


def stable_baselines(of: Task, count: int, threads: int | None) -> StableBaselines:
    """Many environments.

    Raises:
        DiagnosticError: D006, Stable-Baselines3 is not installed.
    """
    base: Any = optional("stable_baselines3.common.vec_env", "an environment of Stable-Baselines3", "sb3")

    class Adapter(base.VecEnv):
        def __init__(self) -> None:
            self._episodes = Episodes(of, count, threads, idle=True)
            self._chosen: Any = None
            super().__init__(count, of.observations, of.actions.space)

        def reset(self) -> NDArray[Any]:
            seen = self._episodes.begin(self._seeds)
            self._reset_seeds()
            self._reset_options()
            return seen

        def step_async(self, actions: NDArray[Any]) -> None:
            self._chosen = actions

        def step_wait(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], list[dict[str, Any]]]:
            seen, rewards, ended, truncated = self._episodes.step(self._chosen)
            over = ended | truncated
            infos: list[dict[str, Any]] = [{} for _ in range(count)]
            if over.any():
                for k in np.flatnonzero(over):
                    cut = bool(truncated[k] and not ended[k])
                    infos[k] = {"terminal_observation": seen[k], "TimeLimit.truncated": cut}
                seen = self._episodes.begin(which=over)
            return seen, rewards.astype(np.float32), over, infos

        def close(self) -> None:
            pass

        def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
            if attr_name != "render_mode":
                raise AttributeError(f"an environment in machine code has no attribute {attr_name!r}")
            return [None for _ in self._get_indices(indices)]

        def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
            raise AttributeError(f"an environment in machine code has no attribute {attr_name!r}")

        def env_method(self, method_name: str, *arguments: Any, indices: Any = None, **keywords: Any) -> list[Any]:
            raise AttributeError(f"an environment in machine code has no method {method_name!r}")

        def env_is_wrapped(self, wrapper_class: type[Any], indices: Any = None) -> Sequence[bool]:
            return [False for _ in self._get_indices(indices)]

    return Adapter()
