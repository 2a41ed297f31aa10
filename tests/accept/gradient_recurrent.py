"""Back-propagation through time: a recurrent cell with its weights as parameters of the segment."""

from typing import Literal as L

from syncml import Mat, Stream, Vec, f32, node, segment, state, tanh, when, zeros
from syncml.learn import value_and_grad


@node
def loss(
    w: Stream[Mat[L[3], L[3]]], u: Stream[Vec[L[3]]], x: Stream[f32], y: Stream[f32]
) -> tuple[Stream[f32], Stream[f32]]:
    h = state(init=zeros(3))
    h.next = tanh(w @ h + u * x)
    error = h.next.sum() - y
    return error * error, error


@node
def fit(x: Stream[f32], y: Stream[f32]) -> tuple[Stream[f32], Stream[Vec[L[3]]]]:
    with segment(every=4) as batch:
        w = batch.carry(init=[[0.5, 0.1, 0.0], [0.0, 0.5, -0.2], [0.1, 0.0, 0.3]])
        u = batch.carry(init=[0.3, -0.2, 0.1])
        (_, error), (d_w, d_u) = value_and_grad(loss, wrt=("w", "u"))(w, u, x, y)
        sum_w, sum_u = state(init=zeros(3, 3)), state(init=zeros(3))
        sum_w.next, sum_u.next = sum_w + d_w, sum_u + d_u
        w.next = when(w - 0.1 * sum_w.next, batch.last)
        u.next = when(u - 0.1 * sum_u.next, batch.last)
    return error, u
