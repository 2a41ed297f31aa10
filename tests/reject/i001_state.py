"""An undefined value would be stored."""

from syncml import Stream, arrow, f32, node, pre, state


@node
def total(x: Stream[f32]) -> Stream[f32]:
    change = x - pre(x)  # error: [I001]
    sum_ = state(init=0.0)
    sum_.next = sum_ + change
    return arrow(0.0, change) + sum_
