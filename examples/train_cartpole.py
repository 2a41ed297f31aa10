"""Cart-pole by proximal policy optimisation: environments, policy and update are one program.

python examples/train_cartpole.py
syncml check examples/train_cartpole.py

A tick is a step of 16 environments, and 128 of them are a rollout, at whose end the policy is trained: 4 epochs of 4
mini-batches, with a learning rate that falls to 0 in 80 rollouts. It is solved when the mean return of the last 100
episodes is at least 475.
"""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from syncml import Stream, arange, f32, node, segment, state, u64, where, wire
from syncml.ir.step.lowering import Observe
from syncml.lang.load import program_of
from syncml.learn import Adam, linear, parameter
from syncml.learn.rl.distributions import Categorical
from syncml.learn.rl.experience import Experience
from syncml.learn.rl.networks import Layers
from syncml.learn.rl.ppo import PPO
from syncml.learn.rl.returns import following_value, gae
from syncml.nodes.classic import cart_pole
from syncml.nodes.random import random_bits
from syncml.pipeline import check
from syncml.sim.compiled import Simulation, compile_program

STEPS, GAMMA, LAMBDA = 128, 0.98, 0.9
EPOCHS, BATCHES, ROLLOUTS = 4, 4, 80
ACTOR, CRITIC = Layers((4, 64, 64, 2), last_gain=0.01), Layers((4, 64, 64, 1))
FIRST = np.concatenate([ACTOR.initial(1), CRITIC.initial(2)])
RATE, UPDATES = 3e-3, ROLLOUTS * EPOCHS * BATCHES
ALGORITHM = PPO(Adam(linear(RATE, UPDATES), epsilon=1e-5), EPOCHS, BATCHES)


def model(parameters: Any, observation: Any) -> Any:
    """The policy and the values of observations."""
    scores = ACTOR(parameters, observation)
    return Categorical(scores), CRITIC(parameters, observation, ACTOR.size)[:, 0]


@node
def main(seed: Stream[u64], environments: int = 16) -> tuple[Stream[f32], Stream[f32]]:
    """The sum of the returns of the episodes that end at a tick, and how many they are.

    Args:
        seed: Of starts, actions and mini-batches.
        environments: How many there are, a power of two.
    """
    tick = state(init=0, type=u64)
    tick.next = tick + 1
    bits = random_bits(random_bits(seed, 12345), tick)
    action: Any = wire(arange(environments))
    world = cart_pole(action, seed, environments)
    with segment(every=STEPS) as rollout:
        parameters = parameter(rollout, init=FIRST)
        actions, value = model(parameters, world.observation)
        chosen = actions.sample(random_bits(bits, arange(environments, type=u64)))
        action.define(chosen)
        after = model(parameters, world.after)[1]
        following = following_value(value, after, world.terminated, world.truncated)
        advantage = gae(world.reward, value, following, world.ended, gamma=GAMMA, lam=LAMBDA)
        experience = Experience(world.observation, chosen, actions.log_probability(chosen), value, advantage)
        ALGORITHM.learn(rollout, parameters, model, experience, bits)
    return where(world.ended, world.total, 0.0).sum(), where(world.ended, 1.0, 0.0).sum()


def compiled(environments: int = 16) -> Simulation:
    """The program as machine code."""
    return compile_program(check(program_of(main, environments=environments)).program, Observe.OUTPUTS)


def curve(simulation: Simulation, seed: int, rollouts: int, environments: int = 16) -> Iterator[tuple[int, float]]:
    """Train anew: after each ten rollouts the steps so far and the mean return of the last 100 episodes."""
    simulation.reset()
    returns: list[float] = []
    ticks = 10 * STEPS
    for count in range(10, rollouts + 1, 10):
        trace = simulation.run({"seed": np.full(ticks, seed, np.uint64)}, ticks)
        total, ends = (np.asarray(column.values) for column in trace.columns[-2:])
        for instant in np.flatnonzero(ends):
            returns += [float(total[instant] / ends[instant])] * int(ends[instant])
        yield count * STEPS * environments, float(np.mean(returns[-100:]))


def train(seed: int = 1, rollouts: int = ROLLOUTS) -> float:
    """The mean return of the last 100 episodes, after the rollouts in which that gets to 475, or after all of them."""
    begin = time.perf_counter()
    simulation = compiled()
    print(f"compiled in {time.perf_counter() - begin:.1f} s", flush=True)
    mean = 0.0
    for steps, mean in curve(simulation, seed, rollouts):
        print(f"{steps} steps, {time.perf_counter() - begin:.1f} s: mean return {mean:.1f}", flush=True)
        if mean >= 475.0:
            break
    return mean


if __name__ == "__main__":
    train()
