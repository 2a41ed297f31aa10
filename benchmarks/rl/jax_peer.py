"""Proximal policy optimisation of the cart-pole, the whole of it one compiled function, in the style of PureJaxRL.

    python jax_peer.py ROUNDS < CONFIGURATION

Runs in an interpreter that has JAX; the configuration is the JSON that run.py makes. Environments, network, hyper-
parameters and the use of each number are those of examples/train_cartpole.py. Prints a JSON line: steps in a second of
wall time and of processor time, the best of the rounds, the time to compile, and the mean return of the last episodes.
"""

import itertools
import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np


def dense(parameters, sizes, x, start):
    for number, (rows, columns) in enumerate(itertools.pairwise(sizes)):
        weight = parameters[start : start + rows * columns].reshape(rows, columns)
        start += rows * columns
        x = x @ weight + parameters[start : start + columns]
        start += columns
        x = jnp.tanh(x) if number < len(sizes) - 2 else x
    return x


def pole(state, action):
    x, speed, angle, turn = state.T
    force = jnp.where(action == 1, 10.0, -10.0)
    pushed = (force + 0.05 * turn**2 * jnp.sin(angle)) / 1.1
    turned = (9.8 * jnp.sin(angle) - jnp.cos(angle) * pushed) / (0.5 * (4.0 / 3.0 - 0.1 * jnp.cos(angle) ** 2 / 1.1))
    moved = pushed - 0.05 * turned * jnp.cos(angle) / 1.1
    after = jnp.stack([x + 0.02 * speed, speed + 0.02 * moved, angle + 0.02 * turn, turn + 0.02 * turned], axis=1)
    return after, (abs(after[:, 0]) > 2.4) | (abs(after[:, 2]) > 12 * 2 * np.pi / 360)


def trained(c):
    """A function that runs ``c['rollouts']`` rollouts with their updates."""
    count, steps, rows = c["environments"], c["steps"], c["environments"] * c["steps"]
    actor, critic = c["actor"], c["critic"]
    head = sum((a + 1) * b for a, b in itertools.pairwise(actor))

    def model(parameters, seen):
        scores = jax.nn.log_softmax(dense(parameters, actor, seen, 0))
        return scores, dense(parameters, critic, seen, head)[:, 0]

    def act(carry, _):
        parameters, state, age, key = carry
        key, draw, again = jax.random.split(key, 3)
        logs, value = model(parameters, state)
        action = jax.random.categorical(draw, logs)
        after, terminated = pole(state, action)
        age = age + 1
        truncated = (age >= 500) & ~terminated
        ended = terminated | truncated
        bootstrap = model(parameters, after)[1]
        start = jax.random.uniform(again, (count, 4), minval=-0.05, maxval=0.05)
        log = jnp.take_along_axis(logs, action[:, None], 1)[:, 0]
        seen = (state, action, log, value, terminated, truncated, bootstrap, jnp.where(ended, age, 0))
        state = jnp.where(ended[:, None], start, after)
        return (parameters, state, jnp.where(ended, 0, age), key), seen

    def loss(parameters, batch):
        seen, action, old, value_old, advantage = batch
        logs, value = model(parameters, seen)
        target = advantage + value_old
        scaled = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        ratio = jnp.exp(jnp.take_along_axis(logs, action[:, None], 1)[:, 0] - old)
        gain = jnp.minimum(ratio * scaled, jnp.clip(ratio, 1 - c["clip"], 1 + c["clip"]) * scaled).mean()
        entropy = -(jnp.exp(logs) * logs).sum(axis=1).mean()
        return c["value_weight"] * 0.5 * ((value - target) ** 2).mean() - gain - c["entropy_weight"] * entropy

    def step(learnt, batch):
        parameters, m, v, n = learnt
        slope = jax.grad(loss)(parameters, batch)
        slope = slope * jnp.minimum(c["limit"] / (jnp.sqrt((slope * slope).sum()) + 1e-6), 1.0)
        m, v, n = 0.9 * m + 0.1 * slope, 0.999 * v + 0.001 * slope * slope, n + 1.0
        m_hat, v_hat = m / (1 - 0.9**n), v / (1 - 0.999**n)
        rate = c["rate"] * jnp.maximum(1.0 - (n - 1.0) / c["updates"], 0.0)
        return (parameters - rate * m_hat / (jnp.sqrt(v_hat) + 1e-5), m, v, n), None

    def rollout(carry, _):
        (parameters, m, v, n), state, age, key = carry
        (_, state, age, key), seen = jax.lax.scan(act, (parameters, state, age, key), None, steps)
        observation, action, log, value, terminated, truncated, bootstrap, lengths = seen
        later = jnp.concatenate([value[1:], bootstrap[-1:]])
        following = jnp.where(terminated, 0.0, jnp.where(truncated, bootstrap, later))
        error = 1.0 + c["gamma"] * following - value

        def back(advantage, at):
            e, end = at
            advantage = e + jnp.where(end, 0.0, c["gamma"] * c["lam"] * advantage)
            return advantage, advantage

        _, advantage = jax.lax.scan(back, jnp.zeros(count), (error, terminated | truncated), reverse=True)
        packed = [x.reshape(rows, *x.shape[2:]) for x in (observation, action, log, value, advantage)]

        def epoch(carry, _):
            learnt, key = carry
            key, draw = jax.random.split(key)
            order = jax.random.permutation(draw, rows).reshape(c["batches"], -1)
            learnt, _ = jax.lax.scan(step, learnt, [x[order] for x in packed])
            return (learnt, key), None

        (learnt, key), _ = jax.lax.scan(epoch, ((parameters, m, v, n), key), None, c["epochs"])
        return (learnt, state, age, key), (lengths.sum(), (lengths > 0).sum())

    return jax.jit(lambda carry: jax.lax.scan(rollout, carry, None, c["rollouts"]))


def main() -> None:
    c, rounds = json.load(sys.stdin), int(sys.argv[1])
    parameters = jnp.asarray(np.array(c["first"], np.float32))
    learnt = (parameters, jnp.zeros_like(parameters), jnp.zeros_like(parameters), 0.0)
    key, start = jax.random.split(jax.random.PRNGKey(1))
    state = jax.random.uniform(start, (c["environments"], 4), minval=-0.05, maxval=0.05)
    carry = (learnt, state, jnp.zeros(c["environments"], jnp.int32), key)
    begin = time.perf_counter()
    run = trained(c).lower(carry).compile()
    compiled = time.perf_counter() - begin
    wall = cpu = float("inf")
    totals, ends = [], []
    for _ in range(rounds):
        begin, used = time.perf_counter(), time.process_time()
        carry, (total, end) = jax.block_until_ready(run(carry))
        wall, cpu = min(wall, time.perf_counter() - begin), min(cpu, time.process_time() - used)
        totals, ends = [*totals, *np.asarray(total)], [*ends, *np.asarray(end)]
    steps = c["rollouts"] * c["steps"] * c["environments"]
    last = max(len(ends) // 4, 1)
    mean = float(np.sum(totals[-last:]) / max(np.sum(ends[-last:]), 1))
    print(json.dumps({"wall": steps / wall, "cpu": steps / cpu, "compile": compiled, "return": mean}))


if __name__ == "__main__":
    main()
