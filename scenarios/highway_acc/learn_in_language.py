"""Train the policy of the flagship in the language, and write it for `--set policy=FILE`.

syncml train scenarios/highway_acc/learn_in_language.py --steps 468480 --checkpoint run
python scenarios/highway_acc/learn_in_language.py run/weights.safetensors -o my_policy.safetensors --judge

64 times environment.py, with the flagship's tracker, controller, shield and car, the policy at 10 Hz, and proximal
policy optimisation at the end of each rollout are one program; nothing else is needed. The goal is that of learn.py:
on episodes that the training has not seen, a higher mean return than every constant time gap.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from environment import following

from syncml import (
    Hz,
    Stream,
    arange,
    clip,
    constant,
    each,
    f32,
    hold,
    node,
    reset_every,
    sample,
    segment,
    state,
    u64,
    where,
    zeros,
)
from syncml.learn import Adam, parameter
from syncml.learn.rl.distributions import Gaussian, normal
from syncml.learn.rl.experience import Experience
from syncml.learn.rl.networks import Layers
from syncml.learn.rl.ppo import PPO
from syncml.learn.rl.returns import gae
from syncml.nodes.random import random_bits

STEPS, TICKS, LIMIT = 128, 10, 600
"""Decisions in a rollout, ticks of a decision, decisions in an episode."""
GAMMA, LAMBDA = 0.98, 0.95
ACTOR = Layers((4, 16, 16, 1), last_gain=0.01)
ALGORITHM = PPO(Adam(1e-3, epsilon=1e-5), epochs=10, batches=8)


def first(seed: int, critic: Layers) -> Any:
    """Parameters: those of the policy, of the values, and the logarithm of the deviation of choices."""
    return np.concatenate([ACTOR.initial(seed), critic.initial(seed + 1), np.full(1, -1.0, np.float32)])


@node(rate=Hz(100))
def training(seed: int = 1, environments: int = 64, hidden: int = 64) -> Stream[f32]:
    """Minus what a tick was worth, the mean of all environments.

    Args:
        seed: Of the first parameters and of all chance.
        environments: How many there are; with the decisions of a rollout a power of two.
        hidden: The neurons in each of the two layers that estimate values.
    """
    critic = Layers((4, hidden, hidden, 1))

    def model(parameters: Any, seen: Any) -> Any:
        """The policy and the values of observations."""
        deviation = parameters[ACTOR.size + critic.size :]
        return Gaussian(ACTOR(parameters, seen), deviation), critic(parameters, seen, ACTOR.size)[:, 0]

    tick: Any = state(init=0, type=u64)
    tick.next = tick + 1
    # An episode has a decision more than steps: the last observation is the start of no step.
    length = (LIMIT + 1) * TICKS
    begins = tick % length == 0
    lanes = arange(environments, type=u64)
    seeds = random_bits(random_bits(constant(seed, u64), tick // length), lanes)
    choice: Any = state(init=zeros(environments))
    with reset_every(begins):
        seen, reward, touched = each(following)(choice, seeds)
    loss = -reward.mean()
    # What the ticks since the last decision were worth; that at which an episode begins is of no account.
    kept: Any = state(init=zeros(environments))
    gained = where(tick % TICKS == 1, 0.0, kept) + where(begins, 0.0, reward)
    kept.next = gained

    slow: Any = [sample(x, to=Hz(10)) for x in (seen, gained, touched, begins, random_bits(tick, seed))]
    seen_now, gain, ended, starts, bits = slow
    before: Any = state(init=zeros(environments, 4))
    chosen: Any = state(init=zeros(environments, 1))
    log, value_before = state(init=zeros(environments)), state(init=zeros(environments))
    with segment(every=STEPS) as rollout:
        parameters = parameter(rollout, init=first(seed, critic))
        actions, value = model(parameters, seen_now)
        noise = normal(random_bits(bits, lanes), random_bits(bits, lanes + environments), value)
        action = actions.sample(noise.reshape(environments, 1))
        # A step that leads to the start of an episode was truncated; its state was worth about what it led to.
        later = where(ended, 0.0, where(starts, value_before, value))
        advantage = gae(gain, value_before, later, ended | starts, GAMMA, LAMBDA)
        experience = Experience(before, chosen, log, value_before, advantage)
        ALGORITHM.learn(rollout, parameters, model, experience, bits)
    before.next, chosen.next, value_before.next = seen_now, action, value
    log.next = actions.log_probability(action)
    choice.next = hold(clip(action[:, 0], -3.0, 3.0), init=zeros(environments))
    return loss


main = training


def command(arguments: list[str] | None = None) -> None:
    """The command: from the parameters of a run to the tensors that pipeline.py reads."""
    from syncml.networks.weights import load_weights, save_weights

    parser = argparse.ArgumentParser(description="Write a policy that was trained in the language.")
    parser.add_argument("weights", type=Path, help="weights.safetensors of `syncml train --checkpoint`")
    parser.add_argument("-o", "--output", type=Path, default=Path("policy.safetensors"), help="a .safetensors file")
    parser.add_argument("--judge", action="store_true", help="compare it with constant time gaps, in minutes")
    given = parser.parse_args(arguments)
    policy = ACTOR.tensors(np.asarray(load_weights(given.weights)["parameters"]), "policy.")
    save_weights(given.output, policy)
    print(f"wrote {given.output}")
    if given.judge:
        from judge import verdict

        print(verdict(policy))


if __name__ == "__main__":
    command()
