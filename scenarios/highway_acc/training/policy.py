"""The policy of the pipeline as a differentiable function, and its training by imitation of a reference.

The function is that of the node `policy` of pipeline.py.
"""

from __future__ import annotations

import numpy as np
from shield import RADAR_RANGE, TOP_SPEED

from training.tape import Adam, Array, Parameters, Tape, Value
from training.tracker import Report

LAYERS = (4, 32, 32, 1)
SPREAD = (0.5, 0.18, 0.1)
"""Standard deviations of the first weights of each layer."""
SPEEDS = np.array([0.0, 7.2, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 130.0]) / 3.6
TIME_GAPS = np.array([1.0, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8])
"""Speeds, m/s, and least time gaps, s: UN Regulation 157, 5.2.3.3, up to 60 km/h; 1.8 s at 130 km/h is ours."""


def reference_headway(speed: Array, gap: Array, closing: Array) -> Array:
    """The time gap to imitate, s: 0.1 s above the regulation's, and up to 0.4 s more when the gap closes fast."""
    urgency = np.clip(-closing / np.maximum(gap, 2.0), 0.0, 0.8)
    return np.clip(np.interp(speed, SPEEDS, TIME_GAPS) + 0.1 + 0.5 * urgency, 1.0, 2.5)


def features(speed: Array, gap: Array, closing: Array) -> Array:
    """The inputs of the network, shape (batch, 4)."""
    urgency = np.clip(-closing / np.maximum(gap, 2.0), -1.0, 1.0)
    return np.stack([speed / 25.0 - 1.0, np.minimum(gap, 150.0) / 75.0 - 1.0, closing / 10.0, urgency], axis=1)


def situations(rng: np.random.Generator, count: int) -> tuple[Array, Array, Array]:
    """Random speeds, m/s, gaps, m (more of the short ones), and closing speeds, m/s; all (count,)."""
    return (
        rng.uniform(0.0, TOP_SPEED, count),
        rng.uniform(0.0, 1.0, count) ** 2 * RADAR_RANGE,
        rng.normal(0.0, 6.0, count),
    )


def initial(rng: np.random.Generator) -> Parameters:
    """Random weights and zero biases."""
    parameters: Parameters = {}
    for i, spread in enumerate(SPREAD):
        parameters[f"policy.{i}.weight"] = Value(rng.normal(0.0, spread, (LAYERS[i + 1], LAYERS[i])))
        parameters[f"policy.{i}.bias"] = Value(np.zeros(LAYERS[i + 1]))
    return parameters


def headway(tape: Tape, parameters: Parameters, x: Value) -> Value:
    """The time gap above 1.75 s, in (-0.75 s, 0.75 s); shape (batch, 1)."""
    for i in range(len(SPREAD)):
        x = tape.tanh(tape.affine(x, parameters[f"policy.{i}.weight"], parameters[f"policy.{i}.bias"]))
    return tape.scale(x, 0.75)


def choose(parameters: Parameters, speed: Array, gap: Array, closing: Array) -> Array:
    """The time gap that the network chooses, s."""
    return 1.75 + headway(Tape(), parameters, Value(features(speed, gap, closing))).data[:, 0]


def train(seed: int, iterations: int, report: Report) -> Parameters:
    """Imitate the reference on 512 new situations in each iteration."""
    rng = np.random.default_rng(seed)
    parameters = initial(rng)
    optimiser = Adam(parameters, 3e-3)
    for iteration in range(iterations):
        if iteration == int(0.7 * iterations):
            optimiser.rate *= 0.2
        speed, gap, closing = situations(rng, 512)
        tape = Tape()
        chosen = headway(tape, parameters, Value(features(speed, gap, closing)))
        loss = tape.square_error(chosen, (reference_headway(speed, gap, closing) - 1.75)[:, None])
        tape.differentiate(loss)
        optimiser.step()
        report(iteration, float(loss.data))
    return parameters
