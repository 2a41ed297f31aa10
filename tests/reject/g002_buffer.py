"""A buffer between two clocks of one rate has no adjoint."""

from syncml import Stream, buffer, every, f32, node, when
from syncml.learn import grad


@node
def loss(x: Stream[f32]) -> Stream[f32]:
    early, late = when(x, every(2)), when(x, every(2, phase=1))
    return when(x, every(2, phase=1)) * (buffer(early) + late)  # error: [G002]


@node
def top(x: Stream[f32]) -> Stream[f32]:
    return grad(loss)(x)
