"""A derivative that a node declares and that is not linear in the change."""

from syncml import Stream, f32, node, where
from syncml.learn import grad, with_tangent


@node
def step(x: Stream[f32]) -> Stream[f32]:
    return where(x > 0.0, 1.0, 0.0)


@node
def rule(d_x: Stream[f32], x: Stream[f32]) -> Stream[f32]:  # error: [G005]
    return d_x * d_x * x


spike = with_tangent(step, rule)


@node
def top(x: Stream[f32]) -> Stream[f32]:
    return grad(spike)(x)
