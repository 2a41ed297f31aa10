"""A pendulum swung up and held upright, by actor and critics that learn from a memory of past steps (TD3).

python examples/train_pendulum.py
syncml check examples/train_pendulum.py

A tick is a step of 4 environments, and after it the critics change twice and the actor once, so all is one program. It
is solved when the mean return of 100 episodes, each of 200 steps and with the actions of the policy without noise, is
above -200.
"""

import time
from collections.abc import Iterator
from typing import Any
from typing import Literal as L

import numpy as np
from numpy.typing import NDArray

from syncml import Stream, Vec, f32, node, state, u64, wire, zeros
from syncml.ir.step.lowering import Observe
from syncml.lang.load import program_of
from syncml.learn.optimisers import Adam
from syncml.learn.rl.networks import Layers
from syncml.learn.rl.replay import Steps
from syncml.learn.rl.td3 import TD3
from syncml.nodes.activations import relu
from syncml.nodes.classic import TORQUE, pendulum
from syncml.nodes.random import random_bits
from syncml.pipeline import check
from syncml.sim.compiled import Simulation, compile_program

LENGTH = 200
ACTOR, CRITIC = Layers((3, 64, 64, 1), relu, last_gain=0.01), Layers((4, 64, 64, 1), relu)
AGENT = TD3(ACTOR, CRITIC, Adam(1e-3))
SCALE = 0.1
"""Of rewards, so that values are of the size of some tens."""


@node
def main(seed: Stream[u64], environments: int = 4) -> tuple[Stream[f32], Stream[Vec[Any]]]:
    """The mean of the returns of the episodes so far at each tick, and the parameters.

    Args:
        seed: Of starts, actions and of what is drawn from the memory.
        environments: How many there are.
    """
    tick = state(init=0, type=u64)
    tick.next = tick + 1
    bits = random_bits(random_bits(seed, 12345), tick)
    parameters: Any = state(init=AGENT.initial(1))
    action: Any = wire(zeros(environments))
    world = pendulum(action, seed, environments, LENGTH)
    chosen = AGENT.explored(parameters, world.observation, random_bits(bits, 1))
    action.define(TORQUE * chosen[:, 0])
    steps = Steps(world.observation, chosen, SCALE * world.reward, world.after, world.terminated)
    parameters.next, _ = AGENT.learn(parameters, steps, random_bits(bits, 2))
    return world.total.mean(), parameters


@node
def judge(parameters: Stream[Vec[L[4481]]], seed: Stream[u64], episodes: int = 100) -> Stream[f32]:
    """The mean of the returns so far of the policy without noise, in as many environments as there are episodes."""
    action: Any = wire(zeros(episodes))
    world = pendulum(action, seed, episodes, LENGTH)
    action.define(TORQUE * AGENT.policy(parameters, world.observation)[:, 0])
    return world.total.mean()


def curve(seed: int, ticks: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Train anew: after each thousand ticks how many there were, and the parameters."""
    simulation = compiled(main)
    for count in range(1000, ticks + 1, 1000):
        yield count, last(simulation, 1000, seed=np.full(1000, seed, np.uint64))


def compiled(program: Any) -> Simulation:
    """A node as machine code."""
    return compile_program(check(program_of(program)).program, Observe.OUTPUTS)


def last(simulation: Simulation, ticks: int, **inputs: NDArray[Any]) -> NDArray[np.float32]:
    """The last output of a run, at its last tick."""
    found: NDArray[np.float32] = np.asarray(simulation.run(inputs, ticks).columns[-1].values, np.float32)[-1]
    return found


def judged(simulation: Simulation, parameters: NDArray[np.float32], seed: int) -> float:
    """The mean return of 100 episodes of `judge`."""
    simulation.reset()
    given = np.tile(parameters[: ACTOR.size], (LENGTH, 1))
    return float(last(simulation, LENGTH, parameters=given, seed=np.full(LENGTH, seed, np.uint64)))


def train(seed: int = 1, ticks: int = 20000) -> float:
    """Train until 100 episodes have a mean return above -200; the mean return of 100 other episodes is what counts."""
    begin = time.perf_counter()
    judges = compiled(judge)
    found = 0.0
    for count, parameters in curve(seed, ticks):
        mean, found = (judged(judges, parameters, start) for start in (7, 8))
        print(f"{count} ticks, {time.perf_counter() - begin:.1f} s: mean return {mean:.1f}", flush=True)
        if mean > -200.0:
            break
    print(f"100 other episodes: mean return {found:.1f}")
    return found


if __name__ == "__main__":
    train()
