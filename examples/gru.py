"""A recurrent network on a stream: a GRU with four units estimates a level from noisy samples at 25 Hz.

syncml verify examples/gru.py
syncml sim    examples/gru.py --scenario examples/gru.yaml --plot gru.html
syncml export examples/gru.py:level -o build/gru && make -C build/gru check

The weights are made up here from a seed; `load_weights(FILE)` reads trained ones.
"""

import numpy as np

from syncml import Hz, Stream, clip, ensure, f32, hold, node, pre, vec
from syncml.nodes.neural import GRU, Dense

UNITS = 4
rng = np.random.default_rng(1)
CELL = GRU(
    weight_ih=rng.normal(scale=0.5, size=(3 * UNITS, 2)),
    weight_hh=rng.normal(scale=0.5, size=(3 * UNITS, UNITS)),
    bias_ih=np.zeros(3 * UNITS),
    bias_hh=np.zeros(3 * UNITS),
)
READ = Dense(rng.normal(size=(1, UNITS)), np.zeros(1), name="read")


@node(abstract=True)
def estimator(sample: Stream[f32]) -> Stream[f32]:
    """The estimate; in a proof, any value in its range."""
    hidden = CELL(vec(sample, sample - pre(sample, init=0.0)))
    estimate = clip(READ(hidden)[0], -1.0, 1.0)
    ensure((estimate >= -1.0) & (estimate <= 1.0), "estimate in range")
    return estimate


@node(rate=Hz(100), at={"sample": Hz(25)})
def level(sample: Stream[f32]) -> Stream[f32]:
    """The estimate in per cent, held between samples."""
    percent = 50.0 + 50.0 * hold(estimator(sample))
    ensure((percent >= 0.0) & (percent <= 100.0), "between 0 and 100")
    return percent
