"""A derivative without memory needs no segment; the second derivative is the derivative of the first."""

from syncml import Stream, f32, node, sin, where
from syncml.learn import grad, jvp, stop_gradient, vjp


@node
def energy(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    return where(x > 0.0, sin(x) * y, x * x * stop_gradient(y))


@node
def force(x: Stream[f32], y: Stream[f32]) -> Stream[f32]:
    return -grad(energy, wrt="x")(x, y)


@node
def derivatives(x: Stream[f32], y: Stream[f32]) -> tuple[Stream[f32], Stream[f32], Stream[f32], Stream[f32]]:
    stiffness = grad(force)(x, y)
    _, along = jvp(energy, wrt=("x", "y"))((y, x), x, y)
    _, (d_x, d_y) = vjp(energy, wrt=("x", "y"))(2.0, x, y)
    return stiffness, along, d_x, d_y
