"""A node with a rate, called at that rate; a node with two rates inside, called at the base."""

from syncml import Hz, Stream, f32, hold, node, sample


@node(rate=Hz(25))
def tracker(x: Stream[f32]) -> tuple[Stream[f32], Stream[f32]]:
    return x + 1.0, sample(x, to=Hz(5))


@node
def polymorphic(x: Stream[f32]) -> Stream[f32]:
    return x * 2.0


@node(rate=Hz(100), at={"radar": Hz(25)})
def main(radar: Stream[f32], v: Stream[f32]) -> tuple[Stream[f32], Stream[f32], Stream[f32]]:
    fast, slow = tracker(radar)
    return hold(fast), hold(hold(slow)), polymorphic(v) + hold(polymorphic(radar))
