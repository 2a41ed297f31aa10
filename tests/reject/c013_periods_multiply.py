"""The periods have no common divisor, so that the clock repeats after their product."""

from syncml import Stream, every, f32, hold, node, sample


@node
def main(x: Stream[f32]) -> Stream[f32]:
    slow = sample(x, every(5003))
    slower = sample(slow, every(5009))  # error: [C013]
    return hold(hold(slower))
