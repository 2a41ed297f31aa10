"""A method is a node; the object is a Python value."""

from syncml import Stream, f32, node, state


class Filter:
    """A low-pass filter."""

    def __init__(self, share: float) -> None:
        self.share = share

    @node
    def __call__(self, x: Stream[f32]) -> Stream[f32]:
        y = state(init=0.0)
        y.next = y + self.share * (x - y)
        return y

    @node
    def scaled(self, x: Stream[f32], by: float = 2.0) -> Stream[f32]:
        return x * self.share * by


slow, fast = Filter(0.1), Filter(0.9)


@node
def main(x: Stream[f32]) -> Stream[f32]:
    return slow(x) + fast(x) + fast(slow.scaled(x, by=3.0))
