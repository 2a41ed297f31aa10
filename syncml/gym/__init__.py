"""Programs as environments for reinforcement learning: gymnasium's ``Env`` and ``VectorEnv``, Stable-Baselines3.

    env = syncml.gym.make("cart.py", bounds={"force": (-1.0, 1.0)}, limit=500)
    envs = syncml.gym.make_vec("cart.py", 1024, bounds={"force": (-1.0, 1.0)}, limit=500)

Rule: an environment is a node. Its inputs are the actions, its outputs the observations, the reward (``reward``) and
the end (``terminated``); at its first instant it returns the initial observation. It runs as the compiled program runs
everywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

if TYPE_CHECKING:
    from syncml.gym.environments import Environment, Environments
    from syncml.gym.stable_baselines import StableBaselines
    from syncml.lang.node import Node

__all__ = ["Options", "make", "make_sb3", "make_vec"]


class Options(TypedDict, total=False):
    """How a node is an environment.

    Attributes:
        bounds: For actions the least and the greatest value that the agent may choose. Booleans and enumerations need
            none.
        observation: The outputs that the agent sees; all but ``reward`` and ``terminated`` if it is not given.
        inputs: Values of inputs that are no actions. An input ``seed`` (``u64``) without a value gets 64 random bits
            for each episode.
        ticks: Instants of the node in one step, during which the action is held; 1 if it is not given.
        limit: The steps after which an episode is truncated; 0, which is none, if it is not given.
        settings: Values of Python-valued arguments and parameters, as ``--set`` gives them.
    """

    bounds: Mapping[str, tuple[float, float]]
    observation: Sequence[str]
    inputs: Mapping[str, Any]
    ticks: int
    limit: int
    settings: Mapping[str, str]


def make(source: str | Node[..., Any], **options: Unpack[Options]) -> Environment:
    """One environment, a ``gymnasium.Env``.

    Args:
        source: A node, or ``FILE`` or ``FILE:NODE`` as on the command line.
        **options: See `Options`.

    Raises:
        DiagnosticError: the program is rejected; S001, S003 or U001, it is no environment; D006, gymnasium is missing.
    """
    from syncml.gym.compiled import task

    made = task(source, options)
    # Only now it is known that gymnasium is there.
    from syncml.gym.environments import Environment

    return Environment(made)


def make_vec(
    source: str | Node[..., Any],
    count: int,
    *,
    autoreset: str = "next_step",
    threads: int | None = None,
    **options: Unpack[Options],
) -> Environments:
    """Many environments, a ``gymnasium.vector.VectorEnv``.

    Args:
        source: As of `make`.
        count: How many.
        autoreset: When the next episode begins: in the step after an episode is over (``next_step``), in the same step
            (``same_step``; the last observations are ``final_obs`` of the infos), or when ``reset`` is called with a
            ``reset_mask`` (``disabled``), which has to be before the next step. The first is the fastest.
        threads: The most threads; all processors that this process may use if None. Results do not depend on it.
        **options: See `Options`.

    Raises:
        DiagnosticError: as of `make`.
    """
    from syncml.gym.compiled import task

    made = task(source, options)
    from syncml.gym.environments import environments

    return environments(made, count, autoreset, threads)


def make_sb3(
    source: str | Node[..., Any], count: int, *, threads: int | None = None, **options: Unpack[Options]
) -> StableBaselines:
    """Many environments, a ``VecEnv`` of Stable-Baselines3; the arguments are those of `make_vec`.

    Raises:
        DiagnosticError: as of `make`; D006, Stable-Baselines3 is missing.
    """
    from syncml.gym.compiled import task
    from syncml.gym.stable_baselines import stable_baselines

    return stable_baselines(task(source, options), count, threads)
