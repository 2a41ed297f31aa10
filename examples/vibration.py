"""A machine is listened to: convolutions on the last 32 samples of an accelerometer, then a GRU, then an alarm.

syncml verify examples/vibration.py
syncml sim    examples/vibration.py --scenario examples/vibration.yaml --plot vibration.html
syncml export examples/vibration.py -o build/vibration && make -C build/vibration check

The network is written on a window; what is exported computes each value of it once (docs/how-to/streaming-networks.md).
Every layer has the layout of PyTorch. The weights are made up here from a seed; `load_weights(FILE)` reads others.
"""

from typing import Any
from typing import Literal as L

import numpy as np

from syncml import Hz, Stream, Vec, clip, ensure, f32, node, state, vec, where, window
from syncml.nodes.activations import hard_swish, relu
from syncml.nodes.convolution import Conv1d
from syncml.nodes.neural import GRU, Dense
from syncml.nodes.normalisation import BatchNorm, folded
from syncml.nodes.pooling import global_average_pool

rng = np.random.default_rng(4)


def trained(*shape: int) -> np.ndarray[Any, Any]:
    """Stands for trained weights."""
    return rng.normal(scale=1.5 / np.sqrt(np.prod(shape[1:])), size=shape).astype(np.float32)


NORM = BatchNorm(weight=np.ones(8), bias=np.zeros(8), mean=trained(8, 8)[0], variance=np.full(8, 0.8))
# A normalisation at inference is a factor and a summand: it disappears into the convolution in front of it.
FIRST = folded(Conv1d(trained(8, 3, 5), np.zeros(8), stride=2, channels_last=True, name="first"), NORM)
SECOND = Conv1d(trained(8, 8, 3), np.zeros(8), dilation=2, activation=relu, channels_last=True, name="second")
MEMORY = GRU(trained(18, 8), trained(18, 6), np.zeros(18), np.zeros(18))
READ = Dense(trained(1, 6), np.zeros(1), name="read")


@node(abstract=True)
def wear(acceleration: Stream[Vec[L[3]]]) -> Stream[f32]:
    """How worn the bearing sounds, from 0 to 1; in a proof, any such number."""
    last = window(acceleration, 32)
    features = global_average_pool(SECOND(hard_swish(FIRST(last))), channels_last=True)
    score = clip(0.5 + READ(MEMORY(features))[0], 0.0, 1.0)
    ensure((score >= 0.0) & (score <= 1.0), "a share")
    return score


@node(rate=Hz(100))
def vibration(ax: Stream[f32], ay: Stream[f32], az: Stream[f32]) -> tuple[Stream[f32], Stream[bool]]:
    """The score, smoothed over about half a second, and the alarm with a hysteresis."""
    smooth = state(init=0.0)
    alarm = state(init=False)
    score = smooth + 0.02 * (wear(vec(ax, ay, az)) - smooth)
    smooth.next = score
    worn = score > where(alarm, 0.36, 0.42)
    alarm.next = worn
    ensure((score >= 0.0) & (score <= 1.0), "the score stays a share")
    ensure(~worn | (score > 0.36), "no alarm without a reason")
    return score, worn
