"""A stream that left its node through a closure, and one that a called node reads from outside."""

from syncml import Stream, f32, node

kept: list[Stream[f32]] = []


@node
def giver(x: Stream[f32]) -> Stream[f32]:
    secret = x + 1.0
    kept.append(secret)
    return x


@node
def main(x: Stream[f32]) -> Stream[f32]:
    y = giver(x)

    @node
    def taker(z: Stream[f32]) -> Stream[f32]:
        return z + x  # error: [L007]

    return taker(y) + kept[0]  # error: [L007]
