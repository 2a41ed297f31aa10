"""The loops of loops.py in JAX: `vmap` over runs, `scan` over ticks. Runs in an interpreter that has JAX.

    python jax_peer.py LOOP FOLDER ROUNDS TICKS

Reads ``inputs.npz`` in FOLDER, writes ``figures.npz``, prints the best speed of several batch sizes, in million
scenario steps a second of processor time.
"""

import json
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

BATCHES = (1024, 4096, 16384)


def law(gap, speed, closing):
    return jnp.clip(0.23 * (gap - (4.0 + 1.5 * speed)) + 0.6 * closing, -6.0, 2.0)


def random_bits(seed, place):
    z = seed + place * jnp.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> 30)) * jnp.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> 27)) * jnp.uint64(0x94D049BB133111EB)
    return z ^ (z >> 31)


def network(x):
    draw = np.random.default_rng(7)
    for i, (rows, columns) in enumerate(((32, 4), (32, 32), (1, 32))):
        weight = (draw.normal(size=(rows, columns)) / columns**0.5).astype(np.float32)
        bias = (0.1 * draw.normal(size=rows)).astype(np.float32)
        x = jnp.asarray(weight) @ x + jnp.asarray(bias)
        x = jnp.tanh(x) if i < 2 else x
    return x[0]


def simulate(loop, ticks, inputs):
    """One run; `vmap` makes it many."""
    kind = inputs["start_gap"].dtype
    zero = jnp.zeros((), kind)
    fifo = jnp.zeros((4, 2), kind)

    def step(carry, tick):
        gap, speed, lead, last, held, fifo, least, hardest, effort, _ = carry
        seen_gap, rate = gap, lead - speed
        if loop == "sensors":
            bits = random_bits(inputs["seed"], tick.astype(jnp.uint64))
            parts = [(bits >> (16 * i)) & 0xFFFF for i in range(4)]
            now = jnp.stack(
                [
                    gap + ((parts[0] + parts[1]).astype(kind) - 65535.0) * 2.0**-17,
                    rate + (parts[2].astype(kind) - 32767.5) * 2.0**-19,
                ]
            )
            held = jnp.where((tick == 0) | (parts[3] >= 3277), now, held)
            fifo = jnp.where(tick == 0, jnp.broadcast_to(held, (4, 2)), jnp.roll(fifo, 1, 0).at[0].set(held))
            seen_gap, rate = fifo[3]
        if loop == "policy":
            command = jnp.clip(4.0 * network(jnp.stack([gap * 0.01, speed * 0.02, rate * 0.1, last * 0.2])), -6.0, 2.0)
        else:
            command = law(seen_gap, speed, rate)
        command = command.astype(kind)
        figures = jnp.minimum(least, gap), jnp.minimum(hardest, command), effort + command * command, speed
        dt = jnp.asarray(0.1, kind)
        braking = jnp.where(tick >= inputs["brakes_at"], -inputs["braking"], zero)
        return (
            gap + dt * (lead - speed), jnp.maximum(speed + dt * command, zero), jnp.maximum(lead + dt * braking, zero),
            command, held, fifo, *figures,
        ), None  # fmt: skip

    start = (
        inputs["start_gap"], inputs["start_speed"], inputs["start_speed"], zero, jnp.zeros(2, kind), fifo,
        jnp.asarray(1e9, kind), zero, zero, zero,
    )  # fmt: skip
    end, _ = jax.lax.scan(step, start, jnp.arange(ticks, dtype=jnp.int32))
    return end[-4:]


def main(loop, folder, rounds, ticks):
    inputs = dict(np.load(Path(folder) / "inputs.npz"))
    runs = len(inputs["start_gap"])
    program = jax.jit(jax.vmap(lambda given: simulate(loop, ticks, given)))
    best = 0.0
    for batch in BATCHES:
        batch = min(batch, runs)
        parts = [{n: jnp.asarray(v[i : i + batch]) for n, v in inputs.items()} for i in range(0, runs, batch)]
        program(parts[0])[0].block_until_ready()
        for _ in range(rounds):
            begin = time.process_time()
            figures = [jax.block_until_ready(program(part)) for part in parts]
            best = max(best, runs * ticks / (time.process_time() - begin) / 1e6)
    np.savez(Path(folder) / "figures.npz", *(np.concatenate(column) for column in zip(*figures, strict=True)))
    print(json.dumps({"speed": best, "jax": jax.__version__}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
