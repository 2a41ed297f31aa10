"""A node as episodes in machine code.

Rule: the seed of an environment is spread over 64 bits by `numpy.random.SeedSequence`, and each of its episodes has a
seed of its own from these. So what an environment does depends on its seed and its actions alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syncml import pipeline
from syncml.dataclass import dataclass
from syncml.diagnostics.model import DiagnosticError, error
from syncml.gym import Options
from syncml.gym.episodes import ENDED, RESTART, SEEDS, TOTAL, TRUNCATED, episodes
from syncml.gym.resting import ACTIVE, resting
from syncml.gym.roles import Roles, common, roles_of
from syncml.gym.spaces import Actions, actions, observation_space
from syncml.ir.equations.syntax import Program
from syncml.ir.types import F32
from syncml.lang.load import program_of
from syncml.lang.node import Node
from syncml.sim.lanes.many import compile_many
from syncml.sim.lanes.stepper import Given, Shown, Stepper

Values = NDArray[Any]

LANES = 32
"""Of a group, if there are so many environments and they are of 32-bit floats: two vectors of the widest processors.

The few numbers of 64 bits around the program, seeds and sums of rewards, would narrow it to one.
"""


@dataclass(frozen=True, slots=True)
class Task:
    """What there is to learn: a program, what its streams are to an agent, and how long it takes.

    Attributes:
        program: A program without clocks.
        roles: What its streams are.
        observations: The space of what the agent sees.
        actions: What it may choose.
        ticks: Instants of a step.
        limit: The most steps of an episode; 0 for any number.
    """

    program: Program
    roles: Roles
    observations: Any
    actions: Actions
    ticks: int
    limit: int


def task(source: str | Node[..., Any], options: Options) -> Task:
    """See `syncml.gym.make`."""
    ticks, limit, settings = options.get("ticks", 1), options.get("limit", 0), options.get("settings", {})
    for name, value, least in (("ticks", ticks, 1), ("limit", limit, 0)):
        if value < least:
            raise DiagnosticError(error("U001", f"{name} is {value}; it is at least {least}"))
    program = pipeline.load(source, settings) if isinstance(source, str) else program_of(source, **settings)
    checked = pipeline.on_machine(pipeline.check(program))
    roles = roles_of(checked.main, options.get("observation"), options.get("inputs", {}))
    return Task(
        program,
        roles,
        observation_space(roles.observations),
        actions(roles.actions, options.get("bounds", {})),
        ticks,
        limit,
    )


class Episodes:
    """Environments that run beside each other.

    Args:
        of: What they do.
        runs: How many there are.
        threads: The most threads.
        idle: Whether some of them may rest while others run.
    """

    def __init__(self, of: Task, runs: int, threads: int | None = None, *, idle: bool = False) -> None:
        program = pipeline.on_machine(pipeline.check(episodes(of.program, of.roles, of.ticks, of.limit))).program
        width = LANES if runs >= LANES and common(of.roles.observations) is F32 else None
        code = compile_many(resting(program) if idle else program, traced=None, width=width).code
        self._task, self._runs = of, runs
        self._stepper = Stepper(code, runs, threads)
        slots = {s.name: s for s in (*code.machine.inputs, *code.machine.outputs)}

        def inputs(*names: str) -> Given:
            return Given(self._stepper, [slots[n] for n in names])

        def output(name: str) -> Shown:
            return Shown(self._stepper, [slots[name]])

        self._actions = inputs(*(v.name for v in of.roles.actions))
        self._restart = inputs(RESTART)
        self._active = inputs(ACTIVE) if idle else None
        self._seeds = inputs(SEEDS) if of.roles.seed else None
        self._words = _words([None] * runs)
        self._observed = Shown(self._stepper, code.machine.outputs[: len(of.roles.observations)])
        self._total, self._ended, self._truncated = output(TOTAL), output(ENDED), output(TRUNCATED)
        self._all, self._none = np.ones((runs, 1), np.uint8), np.zeros((runs, 1), np.uint8)
        if self._active:
            self._active.write(self._all)
        self._write_seeds()

    def begin(self, seeds: Sequence[int | None] | None = None, which: Values | None = None) -> Values:
        """Begin an episode in all environments, or in those of a mask; the observations of all of them.

        Args:
            seeds: For each environment a seed, of which the first episode begins, or None for the next episode.
            which: The environments; that some may rest has to be said when they are made.
        """
        chosen = self._all if which is None else which.astype(np.uint8).reshape(-1, 1)
        how = self._all
        if seeds is not None and any(seed is not None for seed in seeds):
            given = np.array([seed is not None for seed in seeds], np.bool_) & (chosen[:, 0] > 0)
            self._words[given] = _words([seed for seed, use in zip(seeds, given, strict=True) if use])
            self._write_seeds()
            how = np.where(given, 2, 1).astype(np.uint8).reshape(-1, 1)
        self._restart.write(how)
        if self._active:
            self._active.write(chosen)
        block = self._stepper.run(self._task.ticks)
        self._restart.write(self._none)
        if self._active:
            self._active.write(self._all)
        return self._observed.rows(block)

    def step(self, chosen: Any) -> tuple[Values, Values, Values, Values]:
        """A step of all environments: observations, rewards, and which episodes ended or were cut off.

        They are of this step alone, and nothing else is in their memory, which they share.
        """
        rows = self._task.actions.rows(chosen, self._runs, self._actions.kind)
        self._actions.write(rows)
        block = self._stepper.run(self._task.ticks)
        seen, total = self._observed.rows(block), self._total.column(block)
        return seen, total, self._ended.column(block), self._truncated.column(block)

    def _write_seeds(self) -> None:
        if self._seeds:
            self._seeds.write(self._words.reshape(-1, 1))


def _words(seeds: Sequence[int | None]) -> NDArray[np.uint64]:
    """64 bits for each seed; from the operating system for None."""
    return np.array([np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] for seed in seeds], np.uint64)
