"""The network of gru.py in JAX: `scan` over instants, `value_and_grad`, `jit`. Runs in an interpreter that has it.

    python jax_peer.py FOLDER ROUNDS THREADS RATE

As torch_peer.py, with ``jax.npz``; JAX takes the processors that the process has.
"""

import json
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

folder, rounds, rate = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[4])
given = {name: jnp.asarray(value) for name, value in np.load(folder / "inputs.npz").items()}
parameters = {name: given[name] for name in ("w", "u", "b", "v")}
batch, units = given["x"].shape[1], given["u"].shape[0]


def loss(p):
    def cell(h, now):
        x, y = now
        a, r = x @ p["w"] + p["b"], h @ p["u"]
        reset = jax.nn.sigmoid(a[:, :units] + r[:, :units])
        keep = jax.nn.sigmoid(a[:, units : 2 * units] + r[:, units : 2 * units])
        new = jnp.tanh(a[:, 2 * units :] + reset * r[:, 2 * units :])
        h = (1.0 - keep) * new + keep * h
        return h, ((h @ p["v"] - y) ** 2).sum()

    return jax.lax.scan(cell, jnp.zeros((batch, units), jnp.float32), (given["x"], given["y"]))[1].sum()


@jax.jit
def learn(p):
    value, gradient = jax.value_and_grad(loss)(p)
    return value, jax.tree.map(lambda a, d: a - rate * d, p, gradient)


value, parameters = jax.block_until_ready(learn(parameters))
first = float(value)
np.savez(folder / "jax.npz", **{name: np.asarray(value) for name, value in parameters.items()})
best = float("inf")
for _ in range(rounds):
    begin = time.perf_counter()
    value, parameters = jax.block_until_ready(learn(parameters))
    best = min(best, time.perf_counter() - begin)
print(json.dumps({"seconds": best, "loss": first}))
