"""Train the tracker and the policy of the flagship from a seed, and write weights.safetensors.

python scenarios/highway_acc/train.py

NumPy only; about a minute. On one machine and NumPy version the file is the same bit for bit. Elsewhere exp, tanh
and matrix products may round otherwise, which training amplifies: the figures of `training.evaluation` then agree, the
bits do not. No proof depends on the weights.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from training import policy, tracker
from training.evaluation import evaluate
from training.tape import Parameters

from syncml.networks.weights import save_weights

OUTPUT = Path(__file__).parent / "weights.safetensors"
SEED = 1
TRACKER_ITERATIONS = 800
POLICY_ITERATIONS = 6000


def train(
    seed: int = SEED, tracker_iterations: int = TRACKER_ITERATIONS, policy_iterations: int = POLICY_ITERATIONS
) -> dict[str, NDArray[np.float32]]:
    """The tensors of both networks, by the names that pipeline.py reads."""
    parameters: Parameters = tracker.train(seed, tracker_iterations, _progress("tracker", tracker_iterations))
    parameters |= policy.train(seed + 1, policy_iterations, _progress("policy", policy_iterations))
    return {name: value.data.astype(np.float32) for name, value in parameters.items()}


def _progress(network: str, iterations: int) -> Callable[[int, float], None]:
    every = max(iterations // 8, 1)

    def report(iteration: int, loss: float) -> None:
        if iteration % every == 0 or iteration == iterations - 1:
            print(f"{network} {iteration + 1}/{iterations}: loss {loss:.6f}", flush=True)

    return report


def main() -> None:
    """Train, write and measure."""
    parser = argparse.ArgumentParser(description="Train the networks of the flagship.")
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT, help="a .safetensors file")
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    weights = train(arguments.seed)
    save_weights(arguments.output, weights)
    print(evaluate(weights))


if __name__ == "__main__":
    main()
