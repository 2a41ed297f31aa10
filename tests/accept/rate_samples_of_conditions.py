"""A Boolean at a slow rate is a condition at the slow rate; what it chooses is held twice."""

from syncml import Hz, Stream, f32, hold, node, pre, sample, when


@node(rate=Hz(100), at={"valid": Hz(20), "x": Hz(20)})
def main(valid: Stream[bool], x: Stream[f32], v: Stream[f32]) -> Stream[f32]:
    good = when(x, valid)
    change = good - pre(good, init=0.0)
    slow = sample(v, to=Hz(20))
    both = hold(change, init=0.0) + slow
    return hold(both) * v
