"""A loop over a scalar stream, unpacking one, and its length."""

from syncml import Stream, f32, node


@node
def loop(x: Stream[f32]) -> Stream[f32]:
    total = 0.0
    for value in x:  # error: [L011]
        total = total + value
    return total


@node
def unpack(x: Stream[f32]) -> Stream[f32]:
    a, b = x  # error: [L011]
    return a + b


@node
def length(x: Stream[f32]) -> Stream[f32]:
    return x * len(x)  # error: [L011]
