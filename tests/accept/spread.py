"""A policy with memory and modes, in three ticks of five."""

from typing import Literal as L

import numpy as np

from syncml import Hz, Stream, Vec, constant, f32, hold, merge, node, sample, spread, state, tanh, vec, when

W = constant(np.arange(9.0).reshape(3, 3) / 9, name="w")


@node
def policy(x: Stream[f32]) -> tuple[Stream[f32], Stream[Vec[L[3]]]]:
    h = state(init=np.zeros(3))
    h.next = tanh(W @ h + vec(x, -x, 1.0))
    near = x < 0.5
    scaled = merge(near, when(x, near) * 2.0, when(x, ~near) + 0.5)
    return scaled + (W @ h)[0], h


@node(rate=Hz(100))
def main(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    action, memory = spread(policy, ticks=3)(sample(x, to=Hz(20)))
    return hold(action, init=0.0), hold(memory[1], init=0.0)
