"""A causal convolution over a window of the past, with several channels, pooled."""

from typing import Literal as L

import numpy as np

from syncml import Stream, Vec, concat, constant, einsum, f32, maximum, node, state, zeros

KERNEL = constant(np.linspace(-1.0, 1.0, 24).reshape(2, 4, 3).round(2), name="kernel")


@node
def main(x: Stream[Vec[L[3]]]) -> tuple[Stream[Vec[L[2]]], Stream[f32]]:
    past = state(init=zeros(4, 3))
    past.next = concat(past[1:], x.reshape(1, 3))
    channels = einsum("kti,ti->k", KERNEL, past.next)
    active = maximum(channels, 0.0)
    return active, active.max()
