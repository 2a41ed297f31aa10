"""A recurrent network that learns in the loop: it predicts a measurement and is trained on it while it runs.

syncml check  examples/adapt.py:predictor     the passes: forward, backward, forward, update
syncml verify examples/adapt.py
syncml sim    examples/adapt.py --scenario examples/adapt.yaml --plot adapt.html
syncml export examples/adapt.py -o build/adapt && make -C build/adapt check

Every 16 samples are a segment. The network runs forwards through it as the samples come; at its last instant the error
is propagated back through time (`post`, the mirror image of `pre`), and the weights of the next segment are one step of
gradient descent further.
"""

from typing import Any
from typing import Literal as L

import numpy as np

from syncml import Hz, Mat, Stream, Vec, clip, ensure, f32, hold, node, post, segment, state, tanh, when, wire, zeros

UNITS = 4
SAMPLES = 16
RATE = 0.1
rng = np.random.default_rng(4)
HIDDEN = rng.normal(scale=0.5, size=(UNITS, UNITS))
INPUT = rng.normal(scale=0.8, size=UNITS)
OUTPUT = rng.normal(scale=0.3, size=UNITS)


def outer(a: Stream[Vec[L[4]]], b: Stream[Vec[L[4]]]) -> Any:
    """The matrix of all products."""
    return a.reshape(UNITS, 1) * b.reshape(1, UNITS)


@node(abstract=True)
def predictor(drive: Stream[f32], measured: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    """The prediction, and the mean squared error of the last complete segment; in a proof, anything in range."""
    with segment(every=SAMPLES) as batch:
        hidden = batch.carry(init=HIDDEN, type=Mat[L[4], L[4]])
        entry = batch.carry(init=INPUT, type=Vec[L[4]])
        read = batch.carry(init=OUTPUT, type=Vec[L[4]])

        before = state(init=zeros(UNITS))
        now = tanh(hidden @ before + entry * drive)
        before.next = now
        error = read @ now - measured

        d_before = wire(Vec[L[4]])
        d_sum = (error * read + post(d_before, init=zeros(UNITS))) * (1.0 - now * now)
        d_before.define(hidden.T @ d_sum)

        d_hidden = state(init=zeros(UNITS, UNITS))
        d_hidden.next = d_hidden + outer(d_sum, before)
        d_entry = state(init=zeros(UNITS))
        d_entry.next = d_entry + d_sum * drive
        d_read = state(init=zeros(UNITS))
        d_read.next = d_read + now * error
        squares = state(init=0.0)
        squares.next = squares + error * error

        step = RATE / SAMPLES
        last = batch.last
        hidden.next = when(hidden, last) - step * when(d_hidden.next, last)
        entry.next = when(entry, last) - step * when(d_entry.next, last)
        read.next = when(read, last) - step * when(d_read.next, last)
        prediction = clip(read @ now, -2.0, 2.0)
    # Outside, because a memory inside would start again with each segment.
    loss = hold(when(squares.next, last), init=0.0) / SAMPLES
    ensure((prediction >= -2.0) & (prediction <= 2.0), "prediction in range")
    return prediction, loss


@node(rate=Hz(100))
def adapt(drive: Stream[f32]) -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    """A plant with a lag, and the predictor beside it."""
    level = state(init=0.0)
    plant = 0.7 * level + 0.3 * drive
    level.next = plant
    prediction, loss = predictor(drive, plant)
    ensure((prediction >= -2.0) & (prediction <= 2.0), "a prediction that can be used")
    return prediction, plant, loss
