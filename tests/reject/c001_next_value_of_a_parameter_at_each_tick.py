"""A parameter gets its next value at each tick, and not at the ends of its segments; nothing here has an input."""

from syncml import Stream, f32, node, segment, state
from syncml.learn import grad, parameter


@node
def error(w: Stream[f32], x: Stream[f32]) -> Stream[f32]:
    return (w * x - 1.0) * (w * x - 1.0)


@node
def main() -> Stream[f32]:
    x = state(init=0.5)
    x.next = 1.0 - 0.5 * x
    with segment(every=2) as step:
        w = parameter(step, init=0.5)  # error: [C001]
    w.next = w - 0.1 * grad(error)(w, x)
    return w * x
