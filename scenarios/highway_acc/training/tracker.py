"""The tracker of the pipeline as a differentiable function, and its training by back-propagation through time.

The step is that of the node `tracker` of pipeline.py: a filter whose three gains a GRU chooses from the innovations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from training.radar import FRAME, Recording, record
from training.tape import Adam, Array, Parameters, Tape, Value

HIDDEN, INPUTS, GAINS = 12, 4, 3
GAP_WEIGHT, CLOSING_WEIGHT = 4.0, 8.0
"""Weights of the two errors in the loss, 1/m² and s²/m²: about the inverse of what good filters leave."""

Report = Callable[[int, float], None]
"""Called with the number of an iteration and its loss."""


def initial(rng: np.random.Generator) -> Parameters:
    """Random weights; the biases of the gains start the filter at gains of 0.27, 0.38 and 0.05."""
    return {
        "tracker.gru.weight_ih": Value(rng.normal(0.0, 0.4, (3 * HIDDEN, INPUTS))),
        "tracker.gru.weight_hh": Value(rng.normal(0.0, 0.8 / np.sqrt(HIDDEN), (3 * HIDDEN, HIDDEN))),
        "tracker.gru.bias_ih": Value(np.zeros(3 * HIDDEN)),
        "tracker.gru.bias_hh": Value(np.zeros(3 * HIDDEN)),
        "tracker.gain.weight": Value(rng.normal(0.0, 0.1, (GAINS, HIDDEN))),
        "tracker.gain.bias": Value(np.array([-1.0, -0.5, -3.0])),
    }


@dataclass(frozen=True, slots=True)
class Track:
    """The state of the tracker: hidden (batch, HIDDEN); gap, m, and closing, m/s, (batch, 1)."""

    hidden: Value
    gap: Value
    closing: Value

    @staticmethod
    def start(batch: int) -> Track:
        """Before the first frame."""
        return Track(Value(np.zeros((batch, HIDDEN))), Value(np.zeros((batch, 1))), Value(np.zeros((batch, 1))))


def gru(tape: Tape, parameters: Parameters, x: Value, h: Value) -> Value:
    """The new hidden state; gates in the order reset, update, candidate, as in `syncml.nodes.neural.GRU`."""
    from_input = tape.affine(x, parameters["tracker.gru.weight_ih"], parameters["tracker.gru.bias_ih"])
    from_state = tape.affine(h, parameters["tracker.gru.weight_hh"], parameters["tracker.gru.bias_hh"])

    def gate(of: Value, index: int) -> Value:
        return tape.columns(of, index * HIDDEN, (index + 1) * HIDDEN)

    reset = tape.sigmoid(tape.add(gate(from_input, 0), gate(from_state, 0)))
    update = tape.sigmoid(tape.add(gate(from_input, 1), gate(from_state, 1)))
    candidate = tape.tanh(tape.add(gate(from_input, 2), tape.multiply(reset, gate(from_state, 2))))
    return tape.add(candidate, tape.multiply(update, tape.add(h, candidate, -1.0)))


def step(tape: Tape, parameters: Parameters, track: Track, frames: Recording, k: int) -> Track:
    """One radar frame, number ``k`` of ``frames``."""
    new, measured = frames.new[:, k : k + 1], frames.range[:, k : k + 1]
    rate, kept = frames.range_rate[:, k : k + 1], Value(1.0 - new)
    usable = Value(frames.valid[:, k : k + 1] * (1.0 - new))
    expected = tape.add(track.gap, track.closing, FRAME)
    off_range = tape.multiply(usable, tape.add(Value(measured), expected, -1.0))
    off_rate = tape.multiply(usable, tape.add(Value(rate), track.closing, -1.0))
    hidden = gru(
        tape, parameters, tape.join([off_range, off_rate, usable, tape.scale(track.closing, 0.1)]), track.hidden
    )
    gains = tape.sigmoid(tape.affine(hidden, parameters["tracker.gain.weight"], parameters["tracker.gain.bias"]))

    def corrected(value: Value, *terms: tuple[int, Value]) -> Value:
        for gain, off in terms:
            value = tape.add(value, tape.multiply(tape.columns(gains, gain, gain + 1), off))
        return value

    gap = corrected(expected, (0, off_range))
    closing = corrected(track.closing, (1, off_rate), (2, off_range))
    return Track(
        hidden,
        tape.add(tape.multiply(kept, gap), Value(new * measured)),
        tape.add(tape.multiply(kept, closing), Value(new * rate)),
    )


def follow(parameters: Parameters, frames: Recording) -> tuple[Array, Array]:
    """The estimated gap, m, and closing speed, m/s, after each frame; both (sequences, frames)."""
    track = Track.start(len(frames.gap))
    gaps: list[Array] = []
    closings: list[Array] = []
    for k in range(frames.gap.shape[1]):
        track = step(Tape(), parameters, track, frames, k)
        gaps.append(track.gap.data)
        closings.append(track.closing.data)
    return np.concatenate(gaps, axis=1), np.concatenate(closings, axis=1)


def loss_of(tape: Tape, parameters: Parameters, frames: Recording) -> Value:
    """The weighted mean square of both errors over a recording."""
    track, total = Track.start(len(frames.gap)), Value(np.zeros(()))
    count = frames.gap.shape[1]
    for k in range(count):
        track = step(tape, parameters, track, frames, k)
        total = tape.add(total, tape.square_error(track.gap, frames.gap[:, k : k + 1], GAP_WEIGHT))
        total = tape.add(total, tape.square_error(track.closing, frames.closing[:, k : k + 1], CLOSING_WEIGHT))
    return tape.scale(total, 1.0 / count)


def train(seed: int, iterations: int, report: Report) -> Parameters:
    """Train on new recordings of 64 leads for 3 s in each iteration."""
    rng = np.random.default_rng(seed)
    parameters = initial(rng)
    optimiser = Adam(parameters, 5e-3)
    for iteration in range(iterations):
        if iteration == int(0.7 * iterations):
            optimiser.rate *= 0.3
        tape = Tape()
        loss = loss_of(tape, parameters, record(rng, sequences=64, frames=75))
        tape.differentiate(loss)
        optimiser.step()
        report(iteration, float(loss.data))
    return parameters
