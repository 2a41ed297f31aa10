"""Train the policy of the flagship in the language, and write it for `--set policy=FILE`.

python scenarios/highway_acc/learn_in_language.py -o my_policy.safetensors
syncml check scenarios/highway_acc/learn_in_language.py

64 times environment.py, with the flagship's tracker, controller, shield and car, the policy at 10 Hz, and proximal
policy optimisation at the end of each rollout are one program; nothing else is needed. The goal is that of learn.py:
on episodes that the training has not seen, a higher mean return than every constant time gap.
"""

from __future__ import annotations

import time
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

ENVIRONMENTS, STEPS, TICKS, LIMIT = 64, 128, 10, 600
"""Environments, decisions in a rollout, ticks of a decision, decisions in an episode."""
GAMMA, LAMBDA = 0.98, 0.95
ACTOR, CRITIC = Layers((4, 16, 16, 1), last_gain=0.01), Layers((4, 64, 64, 1))
ALGORITHM = PPO(Adam(1e-3, epsilon=1e-5), epochs=10, batches=8)


def first(seed: int) -> Any:
    """Parameters: those of the policy, of the values, and the logarithm of the deviation of choices."""
    return np.concatenate([ACTOR.initial(seed), CRITIC.initial(seed + 1), np.full(1, -1.0, np.float32)])


def model(parameters: Any, seen: Any) -> Any:
    """The policy and the values of observations."""
    deviation = parameters[ACTOR.size + CRITIC.size :]
    return Gaussian(ACTOR(parameters, seen), deviation), CRITIC(parameters, seen, ACTOR.size)[:, 0]


@node(rate=Hz(100))
def training(seed: int = 1) -> Stream[f32]:
    """What a tick was worth, the mean of all environments."""
    tick: Any = state(init=0, type=u64)
    tick.next = tick + 1
    # An episode has a decision more than steps: the last observation is the start of no step.
    length = (LIMIT + 1) * TICKS
    begins = tick % length == 0
    lanes = arange(ENVIRONMENTS, type=u64)
    seeds = random_bits(random_bits(constant(seed, u64), tick // length), lanes)
    choice: Any = state(init=zeros(ENVIRONMENTS))
    with reset_every(begins):
        seen, reward, touched = each(following)(choice, seeds)
    # What the ticks since the last decision were worth; that at which an episode begins is of no account.
    kept: Any = state(init=zeros(ENVIRONMENTS))
    gained = where(tick % TICKS == 1, 0.0, kept) + where(begins, 0.0, reward)
    kept.next = gained

    slow: Any = [sample(x, to=Hz(10)) for x in (seen, gained, touched, begins, random_bits(tick, seed))]
    seen_now, gain, ended, starts, bits = slow
    before: Any = state(init=zeros(ENVIRONMENTS, 4))
    chosen: Any = state(init=zeros(ENVIRONMENTS, 1))
    log, value_before = state(init=zeros(ENVIRONMENTS)), state(init=zeros(ENVIRONMENTS))
    with segment(every=STEPS) as rollout:
        parameters = parameter(rollout, init=first(seed))
        actions, value = model(parameters, seen_now)
        noise = normal(random_bits(bits, lanes), random_bits(bits, lanes + ENVIRONMENTS), value)
        action = actions.sample(noise.reshape(ENVIRONMENTS, 1))
        # A step that leads to the start of an episode was truncated; its state was worth about what it led to.
        later = where(ended, 0.0, where(starts, value_before, value))
        advantage = gae(gain, value_before, later, ended | starts, GAMMA, LAMBDA)
        experience = Experience(before, chosen, log, value_before, advantage)
        ALGORITHM.learn(rollout, parameters, model, experience, bits)
    before.next, chosen.next, value_before.next = seen_now, action, value
    log.next = actions.log_probability(action)
    choice.next = hold(clip(action[:, 0], -3.0, 3.0), init=zeros(ENVIRONMENTS))
    return reward.mean()


main = training


def learnt(seed: int, steps: int) -> dict[str, Any]:
    """The tensors of the policy that is found in a number of decisions, by the names that pipeline.py reads."""
    from syncml.ir.step.lowering import Observe
    from syncml.lang.load import program_of
    from syncml.pipeline import check
    from syncml.sim.compiled import compile_program

    begin = time.perf_counter()
    simulation = compile_program(check(program_of(training, seed=seed)).program, Observe.OUTPUTS)
    print(f"compiled in {time.perf_counter() - begin:.1f} s", flush=True)
    rollouts = max(steps // (STEPS * ENVIRONMENTS), 1)
    portion = max(rollouts // 10, 1)
    for done in range(0, rollouts, portion):
        now = min(portion, rollouts - done)
        trace = simulation.run({}, now * STEPS * TICKS)
        mean = float(np.mean(np.asarray(trace.columns[-1].values))) * TICKS
        total = (done + now) * STEPS * ENVIRONMENTS
        print(f"{total} decisions, {time.perf_counter() - begin:.1f} s: {mean:.4f} a decision", flush=True)
    return ACTOR.tensors(np.asarray(simulation.state()["parameters"]), "policy.")


if __name__ == "__main__":
    from judge import trained

    trained(learnt, "Train the policy of the flagship in the language.", 3_000_000)
