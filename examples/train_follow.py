"""Train the policy of follow.py by imitation, in NumPy, and write policy.safetensors.

python examples/train_follow.py

The teacher keeps a time gap of 1.8 s. The student is a network with one hidden layer of 8 units, trained by gradient
descent; on one machine and NumPy version the file is the same bit for bit. No proof depends on it.
"""

from pathlib import Path

import numpy as np

from syncml.networks.weights import save_weights

SEED, ROUNDS, RATE = 1, 3000, 0.1


def trained() -> tuple[dict[str, np.ndarray], float]:
    """The weights, and the mean error of the acceleration in m/s²."""
    rng = np.random.default_rng(SEED)
    gap, speed, closing = rng.uniform(0, 150, 2000), rng.uniform(0, 50, 2000), rng.uniform(-20, 20, 2000)
    x = np.stack([gap / 100.0, speed / 50.0, closing / 10.0], axis=1)
    wanted = np.clip(0.1 * (gap - 5.0 - 1.8 * speed) + 0.5 * closing, -4.0, 2.0) / 4.0

    w0, b0 = rng.normal(size=(8, 3)), np.zeros(8)
    w1, b1 = rng.normal(size=(1, 8)) / 3.0, np.zeros(1)
    error = -wanted
    for _ in range(ROUNDS):
        hidden = np.tanh(x @ w0.T + b0)
        error = (hidden @ w1.T + b1)[:, 0] - wanted
        to_hidden = error[:, None] * w1 * (1.0 - hidden**2)
        w1 -= RATE * (error @ hidden)[None, :] / len(x)
        b1 -= RATE * error.mean()
        w0 -= RATE * to_hidden.T @ x / len(x)
        b0 -= RATE * to_hidden.mean(axis=0)
    weights = {"0.weight": w0, "0.bias": b0, "1.weight": w1, "1.bias": b1}
    return weights, 4.0 * np.abs(error).mean()


# Reading this file as a program must leave the weights alone.
if __name__ == "__main__":
    weights, mean_error = trained()
    save_weights(Path(__file__).parent / "policy.safetensors", weights)
    print(f"mean error of the acceleration: {mean_error:.2f} m/s²")
